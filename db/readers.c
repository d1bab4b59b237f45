#include "db/readers.h"

#include "base/limits.h"
#include "base/mutex.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct readers {
    struct mutex mutex;
    struct condition given_back;
    char *path;
    struct db_options options;
    int32_t max;
    /* behind the mutex */
    int32_t open; /* leased or free */
    int32_t free_count;
    /* A stack: the connection used last has the warmest cache. */
    struct db_connection *free_ones[LIMIT_READERS];
};

enum err readers_create(const char *path, const struct db_options *options, int32_t max,
                        struct readers **ret, struct error *e)
{
    assert(max >= 1 && max <= LIMIT_READERS);
    struct readers *r = calloc(1, sizeof *r);
    if (r == NULL || (r->path = strdup(path)) == NULL) {
        free(r);
        return error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
    }
    r->options = *options;
    r->options.mode = DB_READ_ONLY;
    r->max = max;
    mutex_init(&r->mutex, MUTEX_READERS);
    condition_init(&r->given_back);
    *ret = r;
    return ERR_OK;
}

void readers_free(struct readers *r)
{
    if (r == NULL)
        return;
    assert(r->free_count == r->open); /* else somebody still reads */
    for (int32_t i = 0; i < r->free_count; i++)
        db_close(r->free_ones[i]);
    condition_release(&r->given_back);
    mutex_release(&r->mutex);
    free(r->path);
    free(r);
}

/* A free connection, or NULL with the right to open one. */
static struct db_connection *take(struct readers *r)
{
    struct db_connection *c = NULL;
    mutex_lock(&r->mutex);
    while (r->free_count == 0 && r->open == r->max)
        condition_wait(&r->given_back, &r->mutex);
    if (r->free_count > 0)
        c = r->free_ones[--r->free_count];
    else
        r->open++;
    mutex_unlock(&r->mutex);
    return c;
}

enum err readers_lease(struct readers *r, struct db_read *ret, struct error *e)
{
    may_block("readers_lease");
    struct db_connection *c = take(r);
    if (c == NULL) {
        enum err err = db_open(r->path, &r->options, &c, e);
        if (err != ERR_OK) {
            mutex_lock(&r->mutex);
            r->open--;
            condition_signal(&r->given_back);
            mutex_unlock(&r->mutex);
            return err;
        }
    }
    ret->connection = c;
    return ERR_OK;
}

void readers_return(struct readers *r, struct db_read *lease)
{
    if (lease->connection == NULL)
        return;
    db_read_end(lease);
    mutex_lock(&r->mutex);
    r->free_ones[r->free_count++] = lease->connection;
    condition_signal(&r->given_back);
    mutex_unlock(&r->mutex);
    lease->connection = NULL;
}
