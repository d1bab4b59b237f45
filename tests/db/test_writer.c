#include "db/writer.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "db/readers.h"
#include "tests/db/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const scripts[] = {
    "CREATE TABLE t(producer INTEGER, number INTEGER, UNIQUE(producer, number))"};
static const struct migration_set tables = {"t.db", 5, scripts, 1};

static const char SQL_INSERT[] = "INSERT INTO t VALUES(:producer, :number)";
static const char SQL_COUNT[] = "SELECT count(*) FROM t";

struct fixture {
    char *folder, *path;
    struct writer *writer;
};

static int setup_with(const struct writer_options *options, void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    f->path = strdup(fixture_path(f->folder, "t.db"));
    fixture_database(f->path, 0, &tables);
    assert_int_equal(writer_create(f->path, options, &f->writer, NULL), ERR_OK);
    *state = f;
    return 0;
}

static int setup(void **state)
{
    return setup_with(NULL, state);
}

static int setup_patient(void **state)
{
    const struct writer_options options = {.patience_ns = 60 * NS_PER_MINUTE};
    return setup_with(&options, state);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    writer_free(f->writer);
    fixture_remove(f->folder);
    free(f->path);
    free(f);
    return 0;
}

/* What is on disk, seen by a connection of its own. */
static int64_t count_stored(const char *path)
{
    const struct db_options options = {.mode = DB_READ_ONLY};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    struct db_read r = db_reading(c);
    int64_t count = -1;
    assert_int_equal(db_query_int(&r, SQL_COUNT, &count, NULL), ERR_OK);
    db_close(c);
    return count;
}

static enum err insert(struct db_write *w, int64_t producer, int64_t number, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_INSERT);
    statement_bind_int(s, ":producer", producer);
    statement_bind_int(s, ":number", number);
    return statement_run(s, NULL, e);
}

struct item {
    int64_t producer, number;
    enum err refuse; /* after inserting */
    int32_t runs;
    _Atomic int32_t done_count;
    enum err code;
    char message[64];
    _Atomic int32_t *all_done;
};

static enum err item_work(struct db_write *w, void *context, struct error *e)
{
    struct item *item = context;
    item->runs++;
    enum err err = insert(w, item->producer, item->number, e);
    if (err == ERR_OK && item->refuse != ERR_OK)
        return error_set(e, item->refuse, "refused %d", (int)item->number);
    return err;
}

static void item_done(void *context, enum err code, const struct error *e)
{
    struct item *item = context;
    may_block("done runs outside locks");
    item->code = code;
    assert_int_equal(e->code, code);
    memcpy(item->message, e->message, sizeof item->message - 1);
    atomic_fetch_add(&item->done_count, 1);
    if (item->all_done != NULL)
        atomic_fetch_add(item->all_done, 1);
}

struct target {
    _Atomic int32_t *counter;
    int32_t wanted;
};

static bool reached(void *context)
{
    const struct target *t = context;
    return atomic_load(t->counter) >= t->wanted;
}

static void wait_for(_Atomic int32_t *counter, int32_t wanted)
{
    struct target t = {counter, wanted};
    assert_true(test_wait(reached, &t, 20000));
}

/* Holds the writer thread inside an item until it is let go, so that others queue up behind it. */
struct gate {
    _Atomic int32_t entered;
    _Atomic bool open;
};

static enum err gate_work(struct db_write *w, void *context, struct error *e)
{
    (void)w;
    (void)e;
    struct gate *gate = context;
    atomic_store(&gate->entered, 1);
    while (!atomic_load(&gate->open))
        test_pause_ms(1);
    return ERR_OK;
}

static void no_done(void *context, enum err code, const struct error *e)
{
    (void)context;
    (void)code;
    (void)e;
}

static void close_gate(struct writer *w, struct gate *gate)
{
    assert_int_equal(writer_submit(w, gate_work, no_done, gate, NULL), ERR_OK);
    wait_for(&gate->entered, 1);
}

/* --- */

enum { PRODUCERS = 8, PER_PRODUCER = 200 };

struct producer {
    struct writer *writer;
    int64_t index;
    _Atomic int32_t all_done;
    struct item items[PER_PRODUCER];
};

static void *produce(void *context)
{
    struct producer *p = context;
    for (int i = 0; i < PER_PRODUCER; i++) {
        struct item *item = &p->items[i];
        item->producer = p->index;
        item->number = i;
        item->refuse = i % 10 == 9 ? ERR_CONFLICT : ERR_OK;
        item->all_done = &p->all_done;
        assert_int_equal(writer_submit(p->writer, item_work, item_done, item, NULL), ERR_OK);
    }
    return NULL;
}

static void eight_producers_share_commits_and_each_item_ends_once(void **state)
{
    struct fixture *f = *state;
    struct producer *producers = calloc(PRODUCERS, sizeof *producers);
    pthread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i].writer = f->writer;
        producers[i].index = i;
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PRODUCERS; i++) {
        wait_for(&producers[i].all_done, PER_PRODUCER);
        for (int k = 0; k < PER_PRODUCER; k++) {
            const struct item *item = &producers[i].items[k];
            assert_int_equal(item->done_count, 1);
            assert_int_equal(item->code, item->refuse);
        }
    }
    assert_int_equal(count_stored(f->path), PRODUCERS * PER_PRODUCER * 9 / 10);
    struct writer_stats stats = writer_stats(f->writer);
    assert_int_equal(stats.items, PRODUCERS * PER_PRODUCER);
    assert_true(stats.commits <= stats.items);
    assert_true(stats.largest_group <= LIMIT_WRITER_GROUP);
    assert_int_equal(stats.queued, 0);
    free(producers);
}

static void what_queues_up_behind_a_commit_shares_the_next(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[20] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 20; i++) {
        items[i].number = i;
        items[i].all_done = &all_done;
        assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[i], NULL), ERR_OK);
    }
    assert_int_equal(writer_stats(f->writer).queued, 20);
    atomic_store(&gate.open, true);
    wait_for(&all_done, 20);
    struct writer_stats stats = writer_stats(f->writer);
    assert_int_equal(stats.largest_group, 20);
    assert_int_equal(stats.commits, 2);
}

static void an_items_failure_is_its_own(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[5] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 5; i++) {
        items[i].number = i == 3 ? 0 : i; /* 3 breaks the constraint inside SQLite */
        items[i].refuse = i == 1 ? ERR_FORBIDDEN : ERR_OK; /* 1 refuses after its insert */
        items[i].all_done = &all_done;
        assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[i], NULL), ERR_OK);
    }
    atomic_store(&gate.open, true);
    wait_for(&all_done, 5);
    const enum err wanted[5] = {ERR_OK, ERR_FORBIDDEN, ERR_OK, ERR_CONFLICT, ERR_OK};
    for (int i = 0; i < 5; i++)
        assert_int_equal(items[i].code, wanted[i]);
    assert_string_equal(items[1].message, "refused 1");
    assert_int_equal(count_stored(f->path), 3);
}

static void a_failure_costs_the_others_a_second_run_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[3] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 3; i++) {
        items[i].number = i;
        items[i].refuse = i == 1 ? ERR_FORBIDDEN : ERR_OK;
        items[i].all_done = &all_done;
        assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[i], NULL), ERR_OK);
    }
    atomic_store(&gate.open, true);
    wait_for(&all_done, 3);
    assert_int_equal(items[0].runs, 2);
    assert_int_equal(items[1].runs, 2);
    assert_int_equal(items[2].runs, 1); /* the first run ended before it */
    assert_int_equal(count_stored(f->path), 2);
    struct item alone = {.number = 1, .refuse = ERR_FORBIDDEN};
    assert_int_equal(writer_call(f->writer, item_work, &alone, NULL), ERR_FORBIDDEN);
    assert_int_equal(alone.runs, 1);
}

static enum err insert_then_fill_the_disk(struct db_write *w, void *context, struct error *e)
{
    (void)context;
    enum err err = insert(w, 99, 99, e);
    if (err == ERR_OK)
        err = db_execute(w->read.connection,
                         "PRAGMA max_page_count=1;"
                         "CREATE TABLE big AS SELECT zeroblob(1000000) AS x",
                         e);
    return err;
}

static void a_lost_transaction_fails_the_whole_group(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[2] = {0};
    struct item full = {.all_done = &all_done};
    close_gate(f->writer, &gate);
    items[0].number = 1;
    items[1].number = 2;
    items[0].all_done = items[1].all_done = &all_done;
    assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[0], NULL), ERR_OK);
    assert_int_equal(writer_submit(f->writer, insert_then_fill_the_disk, item_done, &full, NULL),
                     ERR_OK);
    assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[1], NULL), ERR_OK);
    atomic_store(&gate.open, true);
    wait_for(&all_done, 3);
    assert_int_equal(full.code, ERR_DISK_FULL);
    /* SQLite either undid the one statement (then the others are stored) or the transaction (then
     * they were told so); nobody was told OK for what is not there. */
    int64_t stored = (items[0].code == ERR_OK) + (items[1].code == ERR_OK);
    assert_int_equal(count_stored(f->path), stored);
    if (items[0].code != ERR_OK)
        assert_int_equal(items[0].code, ERR_DISK_FULL);
}

/* A foreign key that is looked at only at the end makes the COMMIT itself fail. */
static enum err break_the_commit(struct db_write *w, void *context, struct error *e)
{
    (void)context;
    return db_execute(w->read.connection,
                      "CREATE TABLE parents(id INTEGER PRIMARY KEY);"
                      "CREATE TABLE children(parent INTEGER REFERENCES parents(id)"
                      " DEFERRABLE INITIALLY DEFERRED);"
                      "INSERT INTO children VALUES(7)",
                      e);
}

static void a_commit_that_fails_is_told_to_every_item(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[3] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 3; i++) {
        items[i].number = i;
        items[i].refuse = i == 2 ? ERR_FORBIDDEN : ERR_OK; /* keeps its own error */
        items[i].all_done = &all_done;
        assert_int_equal(writer_submit(f->writer, i == 1 ? break_the_commit : item_work, item_done,
                                       &items[i], NULL),
                         ERR_OK);
    }
    atomic_store(&gate.open, true);
    wait_for(&all_done, 3);
    assert_int_equal(items[0].code, ERR_CONFLICT);
    assert_non_null(strstr(items[0].message, "FOREIGN KEY"));
    assert_int_equal(items[1].code, ERR_CONFLICT);
    assert_int_equal(items[2].code, ERR_FORBIDDEN);
    assert_int_equal(count_stored(f->path), 0);
    struct item next = {.number = 5};
    assert_int_equal(writer_call(f->writer, item_work, &next, NULL), ERR_OK);
    assert_int_equal(count_stored(f->path), 1);
}

static enum err roll_back(struct db_write *w, void *context, struct error *e)
{
    (void)context;
    return db_execute(w->read.connection, "ROLLBACK", e);
}

static void a_transaction_that_ended_under_us_is_told_to_all(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item items[3] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 3; i++) {
        items[i].number = i;
        items[i].all_done = &all_done;
        assert_int_equal(
            writer_submit(f->writer, i == 1 ? roll_back : item_work, item_done, &items[i], NULL),
            ERR_OK);
    }
    atomic_store(&gate.open, true);
    wait_for(&all_done, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(items[i].code, ERR_IO);
    assert_int_equal(count_stored(f->path), 0);
    /* The writer is usable afterwards. */
    struct item next = {.number = 5, .all_done = &all_done};
    assert_int_equal(writer_submit(f->writer, item_work, item_done, &next, NULL), ERR_OK);
    wait_for(&all_done, 4);
    assert_int_equal(next.code, ERR_OK);
    assert_int_equal(count_stored(f->path), 1);
}

static void a_full_queue_refuses(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    _Atomic int32_t all_done = 0;
    struct item *items = calloc(LIMIT_WRITER_QUEUE + 1, sizeof *items);
    struct error e = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i <= LIMIT_WRITER_QUEUE; i++) {
        items[i].number = i;
        items[i].all_done = &all_done;
        enum err err = writer_submit(f->writer, item_work, item_done, &items[i], &e);
        assert_int_equal(err, i < LIMIT_WRITER_QUEUE ? ERR_OK : ERR_BUSY);
    }
    assert_non_null(strstr(e.message, "waiting"));
    atomic_store(&gate.open, true);
    wait_for(&all_done, LIMIT_WRITER_QUEUE);
    assert_int_equal(items[LIMIT_WRITER_QUEUE].done_count, 0);
    assert_int_equal(writer_stats(f->writer).largest_group, LIMIT_WRITER_GROUP);
    free(items);
}

static void stopping_drains_the_queue(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    struct item items[300] = {0};
    close_gate(f->writer, &gate);
    for (int i = 0; i < 300; i++) {
        items[i].number = i;
        assert_int_equal(writer_submit(f->writer, item_work, item_done, &items[i], NULL), ERR_OK);
    }
    atomic_store(&gate.open, true);
    writer_free(f->writer);
    f->writer = NULL;
    for (int i = 0; i < 300; i++)
        assert_int_equal(items[i].done_count, 1);
    assert_int_equal(count_stored(f->path), 300);
}

static void a_call_returns_what_the_work_returned_and_is_on_disk(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct item item = {.number = 1};
    assert_int_equal(writer_call(f->writer, item_work, &item, &e), ERR_OK);
    assert_int_equal(count_stored(f->path), 1);
    struct item second = {.number = 2, .refuse = ERR_NOT_FOUND};
    assert_int_equal(writer_call(f->writer, item_work, &second, &e), ERR_NOT_FOUND);
    assert_string_equal(e.message, "refused 2");
    assert_int_equal(count_stored(f->path), 1);
}

struct chain {
    struct writer *writer;
    struct item next;
};

static void submit_next(void *context, enum err code, const struct error *e)
{
    (void)code;
    (void)e;
    struct chain *chain = context;
    writer_submit(chain->writer, item_work, item_done, &chain->next, NULL);
}

static enum err do_nothing(struct db_write *w, void *context, struct error *e)
{
    (void)w;
    (void)context;
    (void)e;
    return ERR_OK;
}

static void done_may_submit_more(void **state)
{
    struct fixture *f = *state;
    struct chain chain = {.writer = f->writer};
    assert_int_equal(writer_submit(f->writer, do_nothing, submit_next, &chain, NULL), ERR_OK);
    wait_for(&chain.next.done_count, 1);
    assert_int_equal(chain.next.code, ERR_OK);
}

/* ---- patience; in this fixture it lasts for an hour ---- */

static void submit_patiently(struct fixture *f, struct item *items, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        items[i].number = i;
        assert_int_equal(writer_submit_patiently(f->writer, item_work, item_done, &items[i], NULL),
                         ERR_OK);
    }
}

static void what_nobody_waits_for_shares_the_commit_of_the_next(void **state)
{
    struct fixture *f = *state;
    struct item items[3] = {{0}}, pressing = {.number = 3};
    submit_patiently(f, items, 3);
    test_pause_ms(20);
    assert_int_equal(writer_stats(f->writer).commits, 0);
    assert_int_equal(writer_submit(f->writer, item_work, item_done, &pressing, NULL), ERR_OK);
    wait_for(&pressing.done_count, 1);
    assert_int_equal(writer_stats(f->writer).commits, 1);
    assert_int_equal(items[2].done_count, 1);
    assert_int_equal(count_stored(f->path), 4);
}

static void what_nobody_waits_for_behind_another_needs_no_other(void **state)
{
    struct fixture *f = *state;
    struct gate gate = {0};
    struct item items[2] = {{0}}, pressing = {.number = 2};
    close_gate(f->writer, &gate);
    assert_int_equal(writer_submit(f->writer, item_work, item_done, &pressing, NULL), ERR_OK);
    submit_patiently(f, items, 2);
    atomic_store(&gate.open, true);
    wait_for(&items[1].done_count, 1);
    assert_int_equal(writer_stats(f->writer).commits, 2);
}

static void patience_ends_when_it_is_hurried(void **state)
{
    struct fixture *f = *state;
    struct item items[2] = {{0}};
    submit_patiently(f, items, 2);
    writer_hurry(f->writer);
    wait_for(&items[1].done_count, 1);
    assert_int_equal(count_stored(f->path), 2);
}

static void patience_ends_with_a_whole_group(void **state)
{
    struct fixture *f = *state;
    struct item *items = calloc(LIMIT_WRITER_GROUP, sizeof *items);
    submit_patiently(f, items, LIMIT_WRITER_GROUP);
    wait_for(&items[LIMIT_WRITER_GROUP - 1].done_count, 1);
    assert_int_equal(writer_stats(f->writer).commits, 1);
    free(items);
}

static void patience_ends_with_the_writer(void **state)
{
    struct fixture *f = *state;
    struct item items[2] = {{0}};
    submit_patiently(f, items, 2);
    writer_free(f->writer);
    f->writer = NULL;
    assert_int_equal(items[1].done_count, 1);
    assert_int_equal(count_stored(f->path), 2);
}

static void patience_ends_by_itself(void **state)
{
    struct fixture *f = *state; /* of the usual patience */
    struct item item = {0};
    submit_patiently(f, &item, 1);
    wait_for(&item.done_count, 1);
    assert_int_equal(count_stored(f->path), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(eight_producers_share_commits_and_each_item_ends_once),
        T(what_queues_up_behind_a_commit_shares_the_next),
        T(an_items_failure_is_its_own),
        T(a_failure_costs_the_others_a_second_run_and_no_more),
        T(a_lost_transaction_fails_the_whole_group),
        T(a_transaction_that_ended_under_us_is_told_to_all),
        T(a_commit_that_fails_is_told_to_every_item),
        T(a_full_queue_refuses),
        T(stopping_drains_the_queue),
        T(a_call_returns_what_the_work_returned_and_is_on_disk),
        T(done_may_submit_more),
        T(patience_ends_by_itself),
#define P(name) cmocka_unit_test_setup_teardown(name, setup_patient, teardown)
        P(what_nobody_waits_for_shares_the_commit_of_the_next),
        P(what_nobody_waits_for_behind_another_needs_no_other),
        P(patience_ends_when_it_is_hurried),
        P(patience_ends_with_a_whole_group),
        P(patience_ends_with_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
