#include "server/results/fire_cells.h"

#include "db/fire_repo.h"
#include "server/app.h"
#include "server/jobs/fire_record.h"

#include <stdlib.h>

struct gathering {
    struct fire_cells *cells; /* in order of symbol and time, then sorted */
    size_t horizon_count;
};

static enum err add_cell(struct fire_cells *c, const struct study_fire *fire, struct error *e)
{
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 1024;
        void *grown = realloc(c->items, capacity * sizeof(*c->items));
        if (!grown)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the fire map");
        c->items = grown;
        c->capacity = capacity;
    }
    c->items[c->count++] =
        (struct study_map_cell){.day = fire->day, .minute = fire->minute, .fires = 1};
    return ERR_OK;
}

static enum err visit(void *context, const struct fire_chunk *chunk, bool *stop, struct error *e)
{
    (void)stop;
    struct gathering *g = context;
    size_t record_bytes = fire_record_bytes(g->horizon_count);
    enum err err = ERR_OK;
    for (int64_t i = 0; i < chunk->count && !err; i++) {
        struct study_fire fire;
        double forward[LIMIT_HORIZONS];
        fire_record_read((const char *)chunk->data + (size_t)i * record_bytes, g->horizon_count,
                         &fire, forward);
        err = add_cell(g->cells, &fire, e);
    }
    return err;
}

static int compare(const void *a, const void *b)
{
    const struct study_map_cell *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->minute > y->minute) - (x->minute < y->minute);
}

/* Sorts, and adds up the cells of one day and minute. */
static void merge(struct fire_cells *c)
{
    if (c->count == 0)
        return;
    qsort(c->items, c->count, sizeof(*c->items), compare);
    size_t last = 0;
    for (size_t i = 1; i < c->count; i++) {
        if (compare(&c->items[last], &c->items[i]) == 0)
            c->items[last].fires += c->items[i].fires;
        else
            c->items[++last] = c->items[i];
    }
    c->count = last + 1;
}

enum err fire_cells_read(struct fire_cells *ret, const struct job_results *job, struct error *e)
{
    struct readers *readers = job->app->storage.readers;
    struct gathering g = {.cells = ret, .horizon_count = job->horizon_count};
    struct db_read reader = {0};
    enum err err = readers_lease(readers, &reader, e);
    if (!err)
        err = fire_repo_each(&reader, &job->id, 0, visit, &g, e);
    readers_return(readers, &reader);
    if (!err)
        merge(ret);
    return err;
}

void fire_cells_release(struct fire_cells *c)
{
    free(c->items);
    *c = (struct fire_cells){0};
}
