#include "db/owner_repo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char SQL_TAKE[] = "UPDATE owner SET epoch = epoch + 1, pid = :pid, boot_id = :boot_id"
                               " WHERE one = 1 RETURNING epoch";
static const char SQL_EPOCH[] = "SELECT epoch FROM owner WHERE one = 1";
static const char SQL_SET_PAUSED[] = "UPDATE owner SET paused = :paused WHERE one = 1";
static const char SQL_GET_PAUSED[] = "SELECT paused FROM owner WHERE one = 1";

/* "" where the system tells none. */
static void read_boot_id(char *out, size_t size)
{
    out[0] = '\0';
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return;
    if (!fgets(out, (int)size, file))
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

enum err owner_repo_take(struct db_write *w, int64_t *ret_epoch, struct error *e)
{
    char boot_id[64];
    read_boot_id(boot_id, sizeof boot_id);
    struct statement *s = db_prepare(&w->read, SQL_TAKE);
    statement_bind_int(s, ":pid", getpid());
    statement_bind_text(s, ":boot_id", boot_id);
    int64_t epoch = statement_next(s) ? statement_int(s, "epoch") : 0;
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *ret_epoch = epoch;
    return err;
}

enum err owner_repo_check(const struct db_read *r, int64_t epoch, struct error *e)
{
    int64_t newest;
    enum err err = db_query_int(r, SQL_EPOCH, &newest, e);
    if (err == ERR_OK && newest != epoch)
        return error_set(e, ERR_CONFLICT, "another process has taken over the orders (epoch %lld)",
                         (long long)newest);
    return err;
}

enum err owner_repo_set_paused(struct db_write *w, bool paused, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_SET_PAUSED);
    statement_bind_int(s, ":paused", paused);
    return statement_run(s, NULL, e);
}

enum err owner_repo_get_paused(const struct db_read *r, bool *ret, struct error *e)
{
    int64_t paused;
    enum err err = db_query_int(r, SQL_GET_PAUSED, &paused, e);
    if (err == ERR_OK)
        *ret = paused != 0;
    return err;
}
