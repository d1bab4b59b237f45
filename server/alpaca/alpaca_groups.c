#include "server/alpaca/alpaca_groups.h"

#include "base/limits.h"
#include "base/mutex.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    struct uuid id;
    int64_t rev;
    struct alpaca_group group;
    UT_hash_handle by_id;
};

/* The table is in order of use, the oldest first. */
struct alpaca_groups {
    struct order_store *store;
    struct mutex mutex; /* guards what follows */
    struct entry *table;
};

enum err alpaca_groups_create(struct order_store *store, struct alpaca_groups **ret,
                              struct error *e)
{
    struct alpaca_groups *g = calloc(1, sizeof *g);
    if (!g)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders");
    g->store = store;
    mutex_init(&g->mutex, MUTEX_ALPACA_GROUPS);
    *ret = g;
    return ERR_OK;
}

static void drop(struct alpaca_groups *g, struct entry *entry)
{
    HASH_DELETE(by_id, g->table, entry);
    free(entry);
}

void alpaca_groups_free(struct alpaca_groups *g)
{
    if (!g)
        return;
    while (g->table)
        drop(g, g->table);
    mutex_release(&g->mutex);
    free(g);
}

static bool take(struct alpaca_groups *g, const struct uuid *bracket, int64_t rev,
                 struct alpaca_group *ret)
{
    struct entry *entry;
    mutex_lock(&g->mutex);
    HASH_FIND(by_id, g->table, bracket, sizeof *bracket, entry);
    bool good = entry && entry->rev >= rev;
    if (good) {
        *ret = entry->group;
        HASH_DELETE(by_id, g->table, entry);
        HASH_ADD(by_id, g->table, id, sizeof entry->id, entry);
    }
    mutex_unlock(&g->mutex);
    return good;
}

/* What cannot be kept is folded again by who asks next. */
static void keep(struct alpaca_groups *g, const struct alpaca_group *group, int64_t rev)
{
    struct entry *entry = malloc(sizeof *entry), *old;
    if (!entry)
        return;
    *entry = (struct entry){.id = group->bracket, .rev = rev, .group = *group};
    mutex_lock(&g->mutex);
    HASH_FIND(by_id, g->table, &entry->id, sizeof entry->id, old);
    if (old)
        drop(g, old);
    else if (HASH_CNT(by_id, g->table) == LIMIT_ALPACA_GROUPS)
        drop(g, g->table);
    HASH_ADD(by_id, g->table, id, sizeof entry->id, entry);
    mutex_unlock(&g->mutex);
}

struct folding {
    struct alpaca_group *group;
    int64_t rev;
};

static enum err fold(void *context, const struct stored_order *stored, struct error *e)
{
    struct folding *f = context;
    f->rev = stored->header.rev;
    return alpaca_group_fold(stored, f->group, NULL, e);
}

enum err alpaca_groups_get(struct alpaca_groups *g, const struct uuid *bracket, int64_t rev,
                           struct alpaca_group *ret, struct error *e)
{
    struct folding f = {.group = ret};
    if (take(g, bracket, rev, ret))
        return ERR_OK;
    enum err err = g->store->operations->load(g->store, bracket, fold, &f, e);
    if (err == ERR_OK)
        keep(g, ret, f.rev);
    return err;
}
