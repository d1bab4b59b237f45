#include "db/paper_store.h"

#include "db/paper_repo.h"

#include <stdlib.h>

struct db_paper_store {
    struct paper_store store;
    struct writer *writer;
    struct readers *readers;
};

/* Events under way. */
struct item {
    const struct paper_event *events; /* borrowed until done */
    size_t count;
    paper_store_done *done;
    void *context;
};

/* ---- writing, on the writer's thread --------------------------------------------------------- */

static enum err work(struct db_write *w, void *context, struct error *e)
{
    const struct item *item = context;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < item->count; i++)
        err = paper_repo_add(w, &item->events[i], e);
    return err;
}

static void done(void *context, enum err code, const struct error *e)
{
    struct item item = *(struct item *)context;
    free(context);
    item.done(item.context, code, e);
}

static enum err submit(struct paper_store *store, const struct paper_event *events, size_t count,
                       paper_store_done *events_done, void *context, struct error *e)
{
    struct db_paper_store *s = (struct db_paper_store *)store;
    struct item *item = calloc(1, sizeof *item);
    if (!item)
        return error_set(e, ERR_BUSY, "no memory to store the paper broker's events now");
    *item =
        (struct item){.events = events, .count = count, .done = events_done, .context = context};
    enum err err = writer_submit(s->writer, work, done, item, e);
    if (err != ERR_OK)
        free(item);
    return err;
}

static enum err open_account(struct db_write *w, void *context, struct error *e)
{
    const int64_t *cash = context;
    return paper_repo_open(w, *cash, e);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum err load_all(const struct db_read *r, struct paper_account_row *ret,
                         paper_position_fn *position, paper_order_fn *order, void *context,
                         struct error *e)
{
    enum err err = paper_repo_account(r, ret, e);
    if (err == ERR_OK)
        err = paper_repo_positions(r, position, context, e);
    return err == ERR_OK ? paper_repo_live(r, order, context, e) : err;
}

/* One snapshot for all of it. */
static enum err load(struct paper_store *store, int64_t cash, struct paper_account_row *ret,
                     paper_position_fn *position, paper_order_fn *order, void *context,
                     struct error *e)
{
    struct db_paper_store *s = (struct db_paper_store *)store;
    struct db_read r = {0};
    enum err err = writer_call(s->writer, open_account, &cash, e);
    if (err == ERR_OK)
        err = readers_lease(s->readers, &r, e);
    if (err == ERR_OK)
        err = db_read_begin(&r, e);
    if (err == ERR_OK)
        err = load_all(&r, ret, position, order, context, e);
    readers_return(s->readers, &r);
    return err;
}

static struct readers *readers_of(struct paper_store *store)
{
    return ((struct db_paper_store *)store)->readers;
}

static enum err find(struct paper_store *store, const char *client_id, bool *ret_found,
                     struct paper_order_row *ret, struct error *e)
{
    READERS_RETURN(readers_of(store), paper_repo_find(&r, client_id, ret_found, ret, e));
}

static enum err ended(struct paper_store *store, int64_t since_ns, int64_t until_ns,
                      paper_order_fn *visit, void *context, struct error *e)
{
    READERS_RETURN(readers_of(store), paper_repo_ended(&r, since_ns, until_ns, visit, context, e));
}

static enum err executions(struct paper_store *store, int64_t since_ns, paper_execution_fn *visit,
                           void *context, struct error *e)
{
    READERS_RETURN(readers_of(store), paper_repo_executions(&r, since_ns, visit, context, e));
}

enum err paper_store_create(struct writer *writer, struct readers *readers,
                            struct paper_store **ret, struct error *e)
{
    static const struct paper_store_operations operations = {
        .submit = submit,
        .load = load,
        .find = find,
        .ended = ended,
        .executions = executions,
    };
    struct db_paper_store *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for the paper broker's store");
    *s = (struct db_paper_store){
        .store = {.operations = &operations}, .writer = writer, .readers = readers};
    *ret = &s->store;
    return ERR_OK;
}

void paper_store_free(struct paper_store *store)
{
    free(store);
}
