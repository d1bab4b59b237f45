#include "db/order_store.h"

#include "base/parker.h"
#include "orders/desk/desk.h"
#include "orders/desk/draft.h"
#include "orders/event_chain.h"
#include "orders/step.h"
#include "tests/db/fixture.h"
#include "tests/db/order_batches.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/orders/desk/script_broker.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench {
    char *folder;
    struct storage storage;
    struct order_store *store;
    struct draft *draft;
};

static void open_store(struct bench *b)
{
    assert_int_equal(storage_open(b->folder, NULL, &b->storage, NULL), ERR_OK);
    assert_int_equal(order_store_create(b->storage.writer, b->storage.readers, &b->store, NULL),
                     ERR_OK);
}

static void close_store(struct bench *b)
{
    order_store_free(b->store);
    storage_close(&b->storage);
    b->storage = (struct storage){0};
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->folder = fixture_folder();
    b->draft = draft_create();
    open_store(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    close_store(b);
    draft_free(b->draft);
    fixture_remove(b->folder);
    free(b);
    return 0;
}

/* ---- batches --------------------------------------------------------------------------------- */

static struct order_batch *accept(struct bench *b, int number, const char *client_order_id)
{
    return batch_accept(b->draft, number, client_order_id);
}

static struct order_batch *report(struct bench *b, int64_t filled)
{
    return batch_report(b->draft, filled);
}

static struct order_answer submit(struct bench *b, const struct order_batch *batch)
{
    struct order_answer a;
    assert_int_equal(order_submit(b->store, batch, &a), ERR_OK);
    order_answer_wait(&a);
    return a;
}

static void store(struct bench *b, const struct order_batch *batch)
{
    assert_int_equal(submit(b, batch).outcome, COMMIT_STORED);
}

/* ---- tests ----------------------------------------------------------------------------------- */

struct loaded {
    int count;
    size_t intents;
    struct bracket_state state;
    char broker_order_id[BROKER_ORDER_ID_TEXT];
};

static enum err load(void *context, const struct stored_order *order, struct error *e)
{
    struct loaded *l = context;
    l->count++;
    l->intents = order->intent_count;
    if (order->intent_count)
        memcpy(l->broker_order_id, order->intents[0].broker_order_id, sizeof l->broker_order_id);
    return event_chain_fold(order, &l->state, NULL, e);
}

static void a_bracket_is_loaded_as_it_was_stored(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, ""));
    store(b, report(b, 4 * ONE));
    struct bracket_state before = *b->draft->now;
    close_store(b);
    open_store(b);
    struct loaded l = {.count = 0};
    struct uuid id = fixture_uuid(1), unknown = fixture_uuid(2);
    assert_int_equal(b->store->operations->load(b->store, &id, load, &l, NULL), ERR_OK);
    assert_memory_equal(&l.state, &before, sizeof before);
    assert_int_equal(l.intents, 1);
    assert_string_equal(l.broker_order_id, "broker-1");
    assert_int_equal(b->store->operations->load_unfinished(b->store, load, &l, NULL), ERR_OK);
    assert_int_equal(l.count, 2);
    assert_int_equal(b->store->operations->load(b->store, &unknown, load, &l, NULL), ERR_NOT_FOUND);
}

static void an_order_is_intended_once(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, ""));
    struct order_batch again = *report(b, 4 * ONE);
    struct order_intent intent = b->draft->intents[0];
    intent.creates = true;
    again.intents = &intent;
    assert_int_equal(submit(b, &again).outcome, COMMIT_REFUSED);
    store(b, &b->draft->batch); /* nothing of the refused one was left */
}

static void a_batch_that_does_not_follow_is_refused(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, ""));
    const struct order_batch *next = report(b, 4 * ONE);
    store(b, next);
    struct order_answer a = submit(b, next);
    assert_int_equal(a.outcome, COMMIT_REFUSED);
    assert_int_equal(a.code, ERR_CONFLICT);
}

static void an_idempotency_key_is_stored_with_its_order(void **state)
{
    struct bench *b = *state;
    struct order_idempotency key = {
        .key_id = fixture_uuid(900), .key = "k", .status = 201, .response = "made"};
    struct order_batch *batch = accept(b, 1, "");
    batch->idempotency = &key;
    store(b, batch);
    batch = accept(b, 2, "");
    batch->idempotency = &key;
    struct order_answer a = submit(b, batch);
    assert_int_equal(a.outcome, COMMIT_REPLAYED);
    assert_string_equal(a.response, "made");
    struct uuid first = fixture_uuid(1);
    assert_memory_equal(&a.id, &first, sizeof first);
    key.body_sha256[0] = 1;
    a = submit(b, batch);
    assert_int_equal(a.outcome, COMMIT_REFUSED);
    assert_int_equal(a.code, ERR_IDEMPOTENCY);
}

static void the_users_name_of_an_order_is_unique(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, "mine"));
    struct order_answer a = submit(b, accept(b, 2, "mine"));
    assert_int_equal(a.code, ERR_CONFLICT);
    struct uuid found, first = fixture_uuid(1);
    assert_int_equal(b->store->operations->find(b->store, "mine", &found, NULL), ERR_OK);
    assert_memory_equal(&found, &first, sizeof first);
    assert_int_equal(b->store->operations->find(b->store, "other", &found, NULL), ERR_NOT_FOUND);
}

static bool count_header(void *context, const struct order_header *header)
{
    int *seen = context;
    seen[0]++;
    seen[1] = seen[1] * 10 + header->id.bytes[15];
    return true;
}

static void lists_are_newest_first_and_filtered(void **state)
{
    struct bench *b = *state;
    for (int i = 1; i <= 4; i++)
        store(b, accept(b, i, ""));
    int all[2] = {0}, page[2] = {0}, none[2] = {0}, some[2] = {0};
    struct order_query q = {.limit = 10};
    const struct order_store_operations *o = b->store->operations;
    assert_int_equal(o->list(b->store, &q, count_header, all, NULL), ERR_OK);
    assert_int_equal(all[0], 4);
    q.has_before = true;
    q.before = fixture_uuid(3);
    q.limit = 1;
    assert_int_equal(o->list(b->store, &q, count_header, page, NULL), ERR_OK);
    assert_int_equal(page[0], 1);
    int oldest[2] = {0};
    struct order_query up = {.limit = 2, .oldest_first = true, .has_before = true};
    up.before = fixture_uuid(1);
    assert_int_equal(o->list(b->store, &up, count_header, oldest, NULL), ERR_OK);
    assert_int_equal(oldest[1], 23);
    up.has_before = false;
    assert_int_equal(o->list(b->store, &up, count_header, oldest, NULL), ERR_OK);
    assert_int_equal(oldest[1], 2312);
    struct order_query closed = {.limit = 10, .statuses = 1u << BRACKET_CLOSED};
    assert_int_equal(o->list(b->store, &closed, count_header, none, NULL), ERR_OK);
    assert_int_equal(none[0], 0);
    struct order_query early = {
        .limit = 10, .symbol = "ABC", .has_to = true, .to_ns = 3, .has_key_id = true};
    early.key_id = fixture_uuid(900);
    assert_int_equal(o->list(b->store, &early, count_header, some, NULL), ERR_OK);
    assert_int_equal(some[0], 2);
}

struct changed {
    int64_t ids; /* last digits, in the order told */
    int64_t sequence;
};

static bool note_change(void *context, const struct order_header *header, int64_t sequence)
{
    struct changed *c = context;
    assert_true(sequence > c->sequence);
    c->ids = c->ids * 10 + header->id.bytes[15];
    c->sequence = sequence;
    return true;
}

static void what_changed_is_told_once_each_at_its_newest_event(void **state)
{
    struct bench *b = *state;
    const struct order_store_operations *o = b->store->operations;
    int64_t newest = -1;
    assert_int_equal(o->newest(b->store, &newest, NULL), ERR_OK);
    assert_int_equal(newest, 0);
    store(b, accept(b, 1, ""));
    int64_t before = submit(b, accept(b, 2, "")).sequence;
    store(b, report(b, 4 * ONE)); /* of the second */
    struct order_query all = {.limit = 10}, one = {.limit = 1};
    struct order_query none = {.limit = 10, .underlying = "ABCD"};
    struct changed every = {0}, later = {0}, first = {0}, nobody = {0};
    assert_int_equal(o->changes(b->store, &all, 0, note_change, &every, NULL), ERR_OK);
    assert_int_equal(every.ids, 12);
    assert_int_equal(o->newest(b->store, &newest, NULL), ERR_OK);
    assert_int_equal(every.sequence, newest);
    assert_int_equal(o->changes(b->store, &all, before, note_change, &later, NULL), ERR_OK);
    assert_int_equal(later.ids, 2);
    assert_int_equal(o->changes(b->store, &one, 0, note_change, &first, NULL), ERR_OK);
    assert_int_equal(first.ids, 1);
    assert_int_equal(o->changes(b->store, &none, 0, note_change, &nobody, NULL), ERR_OK);
    assert_int_equal(nobody.ids, 0);
}

struct heard {
    int count;
    int64_t last;
};

static bool hear(void *context, const struct uuid *id, const struct order_record *record)
{
    struct heard *h = context;
    struct order_event e;
    assert_int_equal(order_event_decode(record->body, record->body_bytes, &e, NULL), ERR_OK);
    assert_int_equal(e.type, record->type);
    assert_true(record->sequence > h->last && id->bytes[0] == fixture_uuid(1).bytes[0]);
    h->count++;
    h->last = record->sequence;
    return true;
}

static void the_log_is_read_from_any_place(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, ""));
    struct order_answer a = submit(b, report(b, 4 * ONE));
    assert_int_equal(a.sequence, 3);
    store(b, accept(b, 2, ""));
    struct heard all = {0}, later = {0}, own = {0};
    struct uuid first = fixture_uuid(1);
    const struct order_store_operations *o = b->store->operations;
    assert_int_equal(o->events(b->store, NULL, 0, 100, hear, &all, NULL), ERR_OK);
    assert_int_equal(all.count, 5);
    later.last = a.sequence;
    assert_int_equal(o->events(b->store, NULL, a.sequence, 100, hear, &later, NULL), ERR_OK);
    assert_int_equal(later.count, 2);
    assert_int_equal(o->events(b->store, &first, 1, 100, hear, &own, NULL), ERR_OK);
    assert_int_equal(own.count, 2);
}

static bool add_fill(void *context, const struct order_fill *fill)
{
    *(int64_t *)context += fill->quantity;
    assert_string_equal(fill->broker, "test");
    assert_int_equal(fill->price, 100 * ONE);
    return true;
}

static void fills_are_what_was_added(void **state)
{
    struct bench *b = *state;
    store(b, accept(b, 1, ""));
    store(b, report(b, 4 * ONE));
    store(b, report(b, 10 * ONE));
    int64_t sum = 0;
    assert_int_equal(b->store->operations->fills(b->store, add_fill, &sum, NULL), ERR_OK);
    assert_int_equal(sum, 10 * ONE);
}

static void an_owner_that_was_replaced_cannot_commit(void **state)
{
    struct bench *b = *state;
    struct order_store *old = b->store;
    store(b, accept(b, 1, ""));
    assert_int_equal(order_store_create(b->storage.writer, b->storage.readers, &b->store, NULL),
                     ERR_OK);
    struct order_store *newer = b->store;
    b->store = old;
    struct order_answer a = submit(b, accept(b, 2, ""));
    assert_int_equal(a.outcome, COMMIT_UNKNOWN);
    assert_int_equal(old->operations->set_paused(old, true, NULL), ERR_CONFLICT);
    order_store_free(old);
    b->store = newer;
    store(b, accept(b, 2, ""));
}

/* Writes over the only page that the table has. */
static void damage(struct bench *b, const char *sql_root_page)
{
    const struct db_options options = {.mode = DB_READ_ONLY};
    struct db_connection *c = NULL;
    int64_t page = 0;
    unsigned char garbage[2000];
    const char *path = fixture_path(b->folder, "bracketd.db");
    memset(garbage, 0xa5, sizeof garbage);
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    assert_int_equal(db_query_int(&r, sql_root_page, &page, NULL), ERR_OK);
    db_close(c);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, (page - 1) * 4096), sizeof garbage);
    close(fd);
}

static void finds_damage(struct bench *b, const char *sql_root_page)
{
    struct error e = {0};
    for (int i = 1; i <= 10; i++)
        store(b, accept(b, i, ""));
    close_store(b);
    damage(b, sql_root_page);
    assert_int_equal(storage_open(b->folder, NULL, &b->storage, NULL), ERR_OK);
    b->store = NULL;
    assert_int_equal(order_store_create(b->storage.writer, b->storage.readers, &b->store, &e),
                     ERR_DATA);
    assert_non_null(strstr(e.message, "damaged"));
}

static void damaged_orders_are_found_before_anything_is_built_on_them(void **state)
{
    finds_damage(*state, "SELECT rootpage FROM sqlite_schema WHERE name = 'orders'");
}

static void a_damaged_paper_broker_is_found_too(void **state)
{
    finds_damage(*state, "SELECT rootpage FROM sqlite_schema WHERE name = 'paper_orders'");
}

static void the_kill_switch_is_durable(void **state)
{
    struct bench *b = *state;
    bool paused = true;
    assert_int_equal(b->store->operations->get_paused(b->store, &paused, NULL), ERR_OK);
    assert_false(paused);
    assert_int_equal(b->store->operations->set_paused(b->store, true, NULL), ERR_OK);
    close_store(b);
    open_store(b);
    assert_int_equal(b->store->operations->get_paused(b->store, &paused, NULL), ERR_OK);
    assert_true(paused);
}

static void note_done(void *context, const struct desk_result *r)
{
    assert_int_equal(r->outcome, DESK_DONE);
    atomic_fetch_add((atomic_int *)context, 1);
}

static struct desk *start_desk(struct bench *b, struct script_broker *broker)
{
    const struct desk_options options = {.broker = script_broker_of(broker),
                                         .store = b->store,
                                         .clock = clock_real(),
                                         .instance = "t",
                                         .poll_interval_ns = 20 * NS_PER_MS};
    struct desk *desk;
    struct parker parker;
    parker_init(&parker);
    assert_int_equal(desk_create(&options, &desk, NULL), ERR_OK);
    assert_int_equal(desk_start(desk, NULL), ERR_OK);
    while (!desk_ready(desk, NULL))
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS);
    parker_release(&parker);
    return desk;
}

static void a_desk_on_the_database_resumes(void **state)
{
    enum { COUNT = 50 };
    struct bench *b = *state;
    struct script_broker *broker =
        script_broker_create(BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_BULK_LIST);
    struct desk *desk = start_desk(b, broker);
    struct bracket_spec spec = fixture_spec();
    spec.not_found_bound_ns = 30 * NS_PER_MS;
    struct desk_placement p = {.spec = &spec};
    atomic_int placed = 0;
    struct parker parker;
    parker_init(&parker);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(desk_place(desk, &p, note_done, &placed, NULL), ERR_OK);
    while (atomic_load(&placed) < COUNT ||
           script_broker_live(broker, NULL, LEG_ENTRY, NULL) < COUNT)
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS);
    assert_int_equal(desk_stop(desk, 5 * NS_PER_SECOND, NULL), ERR_OK);
    desk_free(desk);
    for (int i = 0; i < COUNT; i++)
        script_broker_fill(broker, NULL, LEG_ENTRY, 10 * ONE, 100 * ONE);
    close_store(b);
    open_store(b);
    desk = start_desk(b, broker);
    int64_t covered = 0;
    while (covered < COUNT * 10 * ONE) {
        script_broker_live(broker, NULL, LEG_STOP_LOSS, &covered);
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS);
    }
    assert_int_equal(desk_stop(desk, 5 * NS_PER_SECOND, NULL), ERR_OK);
    desk_free(desk);
    assert_int_equal(script_broker_doubles(broker), 0);
    assert_int_equal(script_broker_submits(broker), 2 * COUNT);
    script_broker_free(broker);
    parker_release(&parker);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_bracket_is_loaded_as_it_was_stored),
        WITH_STORE(an_order_is_intended_once),
        WITH_STORE(a_batch_that_does_not_follow_is_refused),
        WITH_STORE(an_idempotency_key_is_stored_with_its_order),
        WITH_STORE(the_users_name_of_an_order_is_unique),
        WITH_STORE(lists_are_newest_first_and_filtered),
        WITH_STORE(what_changed_is_told_once_each_at_its_newest_event),
        WITH_STORE(the_log_is_read_from_any_place),
        WITH_STORE(fills_are_what_was_added),
        WITH_STORE(an_owner_that_was_replaced_cannot_commit),
        WITH_STORE(damaged_orders_are_found_before_anything_is_built_on_them),
        WITH_STORE(a_damaged_paper_broker_is_found_too),
        WITH_STORE(the_kill_switch_is_durable),
        WITH_STORE(a_desk_on_the_database_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
