#include "db/order_store.h"

#include "db/idempotency_repo.h"
#include "db/integrity.h"
#include "db/intent_repo.h"
#include "db/order_repo.h"
#include "db/owner_repo.h"

#include <stdlib.h>

/* The events of one bracket, or what an idempotency key answered. */
#define ARENA_BYTES ((size_t)64 << 20)

struct db_order_store {
    struct order_store store;
    struct writer *writer;
    struct readers *readers;
    int64_t epoch;
    int64_t checked_in; /* the last transaction in which it was; the writer's thread alone */
};

/* One batch under way. */
struct item {
    struct db_order_store *store;
    const struct order_batch *batch; /* borrowed until done */
    order_store_done *done;
    void *context;
    bool replaced; /* another process owns the orders now */
    bool replayed;
    int64_t sequence;
    struct arena arena; /* of a replay */
    struct idempotency_row row;
};
_Static_assert(sizeof(struct item) <= ORDER_STORE_ROOM_BYTES, "an item fits into a batch's room");

/* ---- writing, on the writer's thread --------------------------------------------------------- */

static enum err write_header(struct db_write *w, const struct order_batch *batch,
                             int64_t *ret_bracket, struct error *e)
{
    if (batch->creates)
        return order_repo_insert(w, &batch->header, ret_bracket, e);
    return order_repo_update(w, &batch->header, batch->header.rev - (int64_t)batch->record_count,
                             ret_bracket, e);
}

/* Written first, for the key is its own test: when it is there already, it tells what was answered
 * (item->replayed), or that it was for another body. */
static enum err write_idempotency(struct db_write *w, struct item *item, struct error *e)
{
    const struct order_batch *batch = item->batch;
    const struct order_idempotency *key = batch->idempotency;
    if (!key)
        return ERR_OK;
    const struct idempotency_row row = {.status = key->status,
                                        .response = key->response,
                                        .resource_id = batch->header.id,
                                        .created_at_ns = batch->header.created_at_ns};
    enum err err = idempotency_repo_put(w, &key->key_id, key->key, key->body_sha256, &row, e);
    if (err != ERR_CONFLICT)
        return err;
    err = idempotency_repo_find(&w->read, &key->key_id, key->key, key->body_sha256, &item->arena,
                                &item->replayed, &item->row, e);
    return err == ERR_OK && !item->replayed ? ERR_CONFLICT : err;
}

static enum err write_batch(struct db_write *w, struct item *item, struct error *e)
{
    const struct order_batch *batch = item->batch;
    int64_t bracket = 0;
    enum err err = write_header(w, batch, &bracket, e);
    for (size_t i = 0; err == ERR_OK && i < batch->record_count; i++)
        err = order_repo_add_event(w, bracket, &batch->records[i], &item->sequence, e);
    for (size_t i = 0; err == ERR_OK && i < batch->intent_count; i++)
        err = intent_repo_put(w, bracket, &batch->intents[i], e);
    for (size_t i = 0; err == ERR_OK && i < batch->fill_count; i++)
        err = fill_repo_add(w, &batch->fills[i], e);
    return err;
}

/* Once in a transaction: nobody else writes before it ends. */
static enum err check_owner(struct db_write *w, struct db_order_store *s, struct error *e)
{
    int64_t transaction = db_transaction(w);
    if (s->checked_in == transaction)
        return ERR_OK;
    enum err err = owner_repo_check(&w->read, s->epoch, e);
    if (err == ERR_OK)
        s->checked_in = transaction;
    return err;
}

static enum err work(struct db_write *w, void *context, struct error *e)
{
    struct item *item = context;
    item->replayed = false; /* it may run again */
    enum err err = check_owner(w, item->store, e);
    item->replaced = err == ERR_CONFLICT;
    if (err == ERR_OK)
        err = write_idempotency(w, item, e);
    if (err == ERR_OK && !item->replayed)
        err = write_batch(w, item, e);
    return err;
}

static void done(void *context, enum err code, const struct error *e)
{
    struct item *item = context;
    struct order_commit commit = {.outcome = COMMIT_STORED, .sequence = item->sequence};
    if (code != ERR_OK) {
        bool unknown = code == ERR_OUTCOME_UNKNOWN || item->replaced;
        commit = (struct order_commit){
            .outcome = unknown ? COMMIT_UNKNOWN : COMMIT_REFUSED, .code = code, .error = e};
    } else if (item->replayed) {
        commit = (struct order_commit){.outcome = COMMIT_REPLAYED,
                                       .order_id = item->row.resource_id,
                                       .status = item->row.status,
                                       .response = item->row.response};
    }
    /* Once it is told, the batch's room is not ours any more. */
    struct arena arena = item->arena;
    void *allocated = item->batch->room ? NULL : item;
    item->done(item->context, &commit);
    arena_release(&arena);
    free(allocated);
}

static enum err submit(struct order_store *store, const struct order_batch *batch,
                       order_store_done *batch_done, void *context, struct error *e)
{
    struct db_order_store *s = (struct db_order_store *)store;
    struct item *item = batch->room ? batch->room : malloc(sizeof *item);
    if (!item)
        return error_set(e, ERR_NO_MEMORY, "no memory to store an order");
    *item = (struct item){.store = s, .batch = batch, .done = batch_done, .context = context};
    arena_init(&item->arena, ARENA_BYTES);
    enum err err = batch->patient ? writer_submit_patiently(s->writer, work, done, item, e)
                                  : writer_submit(s->writer, work, done, item, e);
    if (err != ERR_OK) {
        arena_release(&item->arena);
        if (!batch->room)
            free(item);
    }
    return err;
}

static void hurry(struct order_store *store)
{
    writer_hurry(((struct db_order_store *)store)->writer);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum err load_one(const struct db_read *r, const struct uuid *id, struct arena *arena,
                         stored_order_fn *visit, void *context, struct error *e)
{
    struct stored_order order = {.records = NULL};
    struct order_record *records = NULL;
    struct order_intent *intents = NULL;
    int64_t bracket = 0;
    enum err err = order_repo_find(r, id, &order.header, &bracket, e);
    if (err == ERR_OK)
        err = order_repo_events_of(r, bracket, arena, &records, &order.record_count, e);
    if (err == ERR_OK)
        err = intent_repo_of(r, bracket, arena, &intents, &order.intent_count, e);
    order.records = records;
    order.intents = intents;
    return err == ERR_OK ? visit(context, &order, e) : err;
}

/* One snapshot for the row, its events and its intents. */
static enum err load(struct order_store *store, const struct uuid *id, stored_order_fn *visit,
                     void *context, struct error *e)
{
    struct db_order_store *s = (struct db_order_store *)store;
    struct db_read r = {0};
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    enum err err = readers_lease(s->readers, &r, e);
    if (err == ERR_OK)
        err = db_read_begin(&r, e);
    if (err == ERR_OK)
        err = load_one(&r, id, &arena, visit, context, e);
    readers_return(s->readers, &r);
    arena_release(&arena);
    return err;
}

static enum err load_all(const struct db_read *r, struct arena *ids_arena, struct arena *arena,
                         stored_order_fn *visit, void *context, struct error *e)
{
    struct uuid *ids = NULL;
    size_t count = 0;
    enum err err = order_repo_unfinished(r, ids_arena, &ids, &count, e);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = load_one(r, &ids[i], arena, visit, context, e);
        arena_clear(arena);
    }
    return err;
}

static enum err load_unfinished(struct order_store *store, stored_order_fn *visit, void *context,
                                struct error *e)
{
    struct db_order_store *s = (struct db_order_store *)store;
    struct db_read r = {0};
    struct arena ids, arena;
    arena_init(&ids, ARENA_BYTES);
    arena_init(&arena, ARENA_BYTES);
    enum err err = readers_lease(s->readers, &r, e);
    if (err == ERR_OK)
        err = db_read_begin(&r, e);
    if (err == ERR_OK)
        err = load_all(&r, &ids, &arena, visit, context, e);
    readers_return(s->readers, &r);
    arena_release(&ids);
    arena_release(&arena);
    return err;
}

static struct readers *readers_of(struct order_store *store)
{
    return ((struct db_order_store *)store)->readers;
}

static enum err find(struct order_store *store, const char *client_order_id, struct uuid *ret,
                     struct error *e)
{
    READERS_RETURN(readers_of(store), order_repo_find_client_order_id(&r, client_order_id, ret, e));
}

static enum err list(struct order_store *store, const struct order_query *query,
                     order_header_fn *visit, void *context, struct error *e)
{
    READERS_RETURN(readers_of(store), order_repo_list(&r, query, visit, context, e));
}

static enum err changes(struct order_store *store, const struct order_query *query, int64_t since,
                        order_change_fn *visit, void *context, struct error *e)
{
    READERS_RETURN(readers_of(store), order_repo_changes(&r, query, since, visit, context, e));
}

static enum err newest(struct order_store *store, int64_t *ret_sequence, struct error *e)
{
    READERS_RETURN(readers_of(store), order_repo_newest(&r, ret_sequence, e));
}

static enum err events(struct order_store *store, const struct uuid *id, int64_t since,
                       int32_t limit, order_record_fn *visit, void *context, struct error *e)
{
    READERS_RETURN(readers_of(store), order_repo_events(&r, id, since, limit, visit, context, e));
}

static enum err fills(struct order_store *store, order_fill_fn *visit, void *context,
                      struct error *e)
{
    READERS_RETURN(readers_of(store), fill_repo_each(&r, visit, context, e));
}

static enum err get_paused(struct order_store *store, bool *ret_paused, struct error *e)
{
    READERS_RETURN(readers_of(store), owner_repo_get_paused(&r, ret_paused, e));
}

/* ---- the owner's row ------------------------------------------------------------------------- */

struct pause {
    int64_t epoch;
    bool paused;
};

static enum err write_paused(struct db_write *w, void *context, struct error *e)
{
    const struct pause *pause = context;
    enum err err = owner_repo_check(&w->read, pause->epoch, e);
    return err == ERR_OK ? owner_repo_set_paused(w, pause->paused, e) : err;
}

static enum err set_paused(struct order_store *store, bool paused, struct error *e)
{
    struct db_order_store *s = (struct db_order_store *)store;
    struct pause pause = {.epoch = s->epoch, .paused = paused};
    return writer_call(s->writer, write_paused, &pause, e);
}

static enum err take(struct db_write *w, void *context, struct error *e)
{
    return owner_repo_take(w, context, e);
}

static enum err check_tables(struct readers *readers, struct error *e)
{
    READERS_RETURN(readers, integrity_check_orders(&r, e));
}

enum err order_store_create(struct writer *writer, struct readers *readers,
                            struct order_store **ret, struct error *e)
{
    static const struct order_store_operations operations = {
        .submit = submit,
        .hurry = hurry,
        .load_unfinished = load_unfinished,
        .load = load,
        .find = find,
        .list = list,
        .changes = changes,
        .events = events,
        .newest = newest,
        .fills = fills,
        .set_paused = set_paused,
        .get_paused = get_paused,
    };
    struct db_order_store *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders' store");
    *s = (struct db_order_store){
        .store = {.operations = &operations}, .writer = writer, .readers = readers};
    enum err err = check_tables(readers, e);
    if (err == ERR_OK)
        err = writer_call(writer, take, &s->epoch, e);
    if (err != ERR_OK) {
        free(s);
        return err;
    }
    *ret = &s->store;
    return ERR_OK;
}

void order_store_free(struct order_store *store)
{
    free(store);
}
