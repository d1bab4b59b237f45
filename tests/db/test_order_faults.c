/* The orders' store under a file system, or a memory, that fails at each of its calls in turn: what
 * was answered STORED is there, identical, what was REFUSED is not, UNKNOWN may be either; chains,
 * intents, fills and idempotency keys agree, and the store can be written again.
 */
#include "tests/db/fault_vfs.h"

#include "base/log.h"
#include "db/order_store.h"
#include "orders/event_chain.h"
#include "orders/machine.h"
#include "tests/db/order_batches.h"
#include "tests/orders/bracket_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BRACKETS = 4, LATER = 9 };

/* What a bracket may be found as: as it was when it was last answered, or after a batch that nobody
 * knows of. rev 0 = it is not there. */
struct version {
    int64_t rev;
    unsigned char head[SHA256_BYTES];
};
struct told {
    struct version sure, maybe;
    bool in_doubt;
};

struct world {
    char *folder, *path;
    struct disk_guard *disk; /* NULL in most tests */
    struct writer *writer;
    struct readers *readers;
    struct order_store *store;
    struct draft *drafts[BRACKETS + 1]; /* by bracket */
    struct draft *before;               /* of bracket 1, as it was stored last */
    struct told told[BRACKETS + 1];
    bool paused, paused_in_doubt;
    atomic_int failures; /* told by the writer */
    int unknown, refused;
};

static const struct order_idempotency key = {
    .key_id = {{9}}, .key = "k", .status = 201, .response = "made"};

/* ---- a database to begin with, made once ----------------------------------------------------- */

static unsigned char *template_bytes;
static ssize_t template_size;

static int make_template(void **state)
{
    (void)state;
    enum { SIZE_MAX_BYTES = 1 << 20 };
    char *folder = fixture_folder();
    fixture_database(fixture_path(folder, "bracketd.db"), 0, &main_migrations);
    template_bytes = malloc(SIZE_MAX_BYTES);
    int fd = open(fixture_path(folder, "bracketd.db"), O_RDONLY);
    template_size = read(fd, template_bytes, SIZE_MAX_BYTES);
    close(fd);
    fixture_remove(folder);
    return template_size > 0 && template_size < SIZE_MAX_BYTES ? 0 : -1;
}

static int drop_template(void **state)
{
    (void)state;
    free(template_bytes);
    return 0;
}

static struct world *world_create(void)
{
    struct world *w = calloc(1, sizeof *w);
    w->folder = fixture_folder();
    w->path = strdup(fixture_path(w->folder, "bracketd.db"));
    int fd = open(w->path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, template_bytes, (size_t)template_size), template_size);
    close(fd);
    for (int i = 1; i <= BRACKETS; i++)
        w->drafts[i] = draft_create();
    w->before = draft_create();
    return w;
}

static void world_free(struct world *w)
{
    for (int i = 1; i <= BRACKETS; i++)
        draft_free(w->drafts[i]);
    draft_free(w->before);
    fixture_remove(w->folder);
    free(w->path);
    free(w);
}

static void note_failure(void *context, const struct error *e)
{
    assert_int_not_equal(e->code, ERR_OK);
    atomic_fetch_add(&((struct world *)context)->failures, 1);
}

static enum err open_world(struct world *w)
{
    const struct writer_options options = {.disk = w->disk, .failed = note_failure, .context = w};
    const struct db_options reading = {.cache_bytes = 1 << 20};
    enum err err = writer_create(w->path, &options, &w->writer, NULL);
    if (err == ERR_OK)
        err = readers_create(w->path, &reading, 4, &w->readers, NULL);
    if (err == ERR_OK)
        err = order_store_create(w->writer, w->readers, &w->store, NULL);
    return err;
}

static void close_world(struct world *w)
{
    order_store_free(w->store);
    readers_free(w->readers);
    writer_free(w->writer);
    w->store = NULL;
    w->readers = NULL;
    w->writer = NULL;
}

/* ---- what is done, and told ------------------------------------------------------------------ */

static struct version version_of(const struct order_batch *batch)
{
    struct version v = {.rev = batch->header.rev};
    memcpy(v.head, batch->header.head, sizeof v.head);
    return v;
}

static void note_answer(struct world *w, int bracket, const struct order_batch *batch,
                        const struct order_answer *a)
{
    struct told *t = &w->told[bracket];
    switch (a->outcome) {
    case COMMIT_STORED:
        t->sure = version_of(batch);
        break;
    case COMMIT_UNKNOWN:
        assert_int_equal(a->code, ERR_OUTCOME_UNKNOWN);
        t->maybe = version_of(batch);
        t->in_doubt = true;
        w->unknown++;
        break;
    default:
        assert_int_equal(a->outcome, COMMIT_REFUSED);
        w->refused++;
        break;
    }
}

static void submit(struct world *w, int bracket, const struct order_batch *batch)
{
    struct order_answer a;
    if (order_submit(w->store, batch, &a) != ERR_OK) {
        EVENTUALLY(w->failures == 1); /* it takes nothing more: the process is to end */
        w->refused++;
        return;
    }
    order_answer_wait(&a);
    note_answer(w, bracket, batch, &a);
}

/* The entry of bracket 1 is filled further, from what is stored of it. */
static void fill_first(struct world *w, int64_t filled)
{
    struct draft *d = w->drafts[1];
    draft_begin(w->before, &d->header, d->now);
    struct version before = w->told[1].sure;
    struct order_batch *batch = batch_report(d, filled);
    submit(w, 1, batch);
    if (w->told[1].sure.rev == before.rev) { /* not stored: it goes on from where it was */
        struct order_header header = w->before->header;
        struct bracket_state state = *w->before->now;
        draft_begin(d, &header, &state);
    }
}

struct gate {
    atomic_bool entered, open;
};

static enum err hold(struct db_write *w, void *context, struct error *e)
{
    (void)w;
    (void)e;
    struct gate *gate = context;
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open))
        test_pause_ms(1);
    return ERR_OK;
}

static void held(void *context, enum err code, const struct error *e)
{
    (void)context;
    (void)code;
    (void)e;
}

static bool is_entered(void *context)
{
    return atomic_load(&((struct gate *)context)->entered);
}

/* Three at once, of which the second is refused for its own sake: its name is taken. */
static void submit_group(struct world *w)
{
    struct gate gate = {0};
    struct order_answer answers[BRACKETS + 1];
    bool taken[BRACKETS + 1] = {false};
    /* Where the transaction cannot begin the gate is not run. */
    if (w->failures == 0 && writer_submit(w->writer, hold, held, &gate, NULL) == ERR_OK)
        (void)test_wait(is_entered, &gate, 50);
    for (int i = 2; i <= BRACKETS; i++) {
        struct order_batch *batch = batch_accept(w->drafts[i], i, i == 3 ? "mine" : "");
        taken[i] = order_submit(w->store, batch, &answers[i]) == ERR_OK;
        w->refused += !taken[i];
    }
    atomic_store(&gate.open, true);
    for (int i = 2; i <= BRACKETS; i++) {
        if (!taken[i])
            continue;
        order_answer_wait(&answers[i]);
        note_answer(w, i, &w->drafts[i]->batch, &answers[i]);
    }
}

static void pause_entries(struct world *w)
{
    enum err err = w->store->operations->set_paused(w->store, true, NULL);
    w->paused = err == ERR_OK;
    w->paused_in_doubt = err == ERR_OUTCOME_UNKNOWN;
    w->unknown += err == ERR_OUTCOME_UNKNOWN;
}

static void use(struct world *w)
{
    if (open_world(w) == ERR_OK) {
        struct order_batch *first = batch_accept(w->drafts[1], 1, "mine");
        first->idempotency = &key;
        submit(w, 1, first);
        bool there = w->told[1].sure.rev > 0;
        if (there)
            fill_first(w, 4 * ONE);
        submit_group(w);
        pause_entries(w);
        if (there && !w->told[1].in_doubt)
            fill_first(w, 10 * ONE);
    }
    close_world(w);
}

/* ---- what is found --------------------------------------------------------------------------- */

struct found {
    struct version version;
    int64_t entered; /* as the events have it */
    size_t intents;
};

static enum err look(void *context, const struct stored_order *order, struct error *e)
{
    struct found *f = context;
    struct bracket_state state;
    struct bracket_sums sums;
    enum err err = event_chain_fold(order, &state, NULL, e);
    if (err != ERR_OK)
        return err;
    bracket_sum(&state, &sums);
    f->version.rev = order->header.rev;
    memcpy(f->version.head, order->header.head, SHA256_BYTES);
    f->entered = sums.entered;
    f->intents = order->intent_count;
    return ERR_OK;
}

static bool same(const struct version *a, const struct version *b)
{
    return a->rev == b->rev && (a->rev == 0 || memcmp(a->head, b->head, SHA256_BYTES) == 0);
}

static bool add_fill(void *context, const struct order_fill *fill)
{
    *(int64_t *)context += fill->quantity;
    return true;
}

static void check_brackets(struct world *w)
{
    const struct order_store_operations *o = w->store->operations;
    int64_t entered = 0, filled = 0;
    for (int i = 1; i <= BRACKETS; i++) {
        struct found f = {0};
        struct uuid id = fixture_uuid(i);
        enum err err = o->load(w->store, &id, look, &f, NULL);
        assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
        const struct told *t = &w->told[i];
        assert_true(same(&f.version, &t->sure) || (t->in_doubt && same(&f.version, &t->maybe)));
        if (err == ERR_OK)
            assert_true(f.intents >= 1);
        entered += f.entered;
    }
    assert_int_equal(o->fills(w->store, add_fill, &filled, NULL), ERR_OK);
    assert_int_equal(filled, entered);
}

static void check_rest(struct world *w)
{
    static const char SQL_INTEGRITY[] = "PRAGMA integrity_check";
    struct db_read r = {0};
    bool paused;
    assert_int_equal(w->store->operations->get_paused(w->store, &paused, NULL), ERR_OK);
    assert_true(paused == w->paused || w->paused_in_doubt);
    assert_int_equal(readers_lease(w->readers, &r, NULL), ERR_OK);
    struct statement *s = db_prepare(&r, SQL_INTEGRITY);
    assert_true(statement_next(s));
    assert_string_equal(statement_text(s, "integrity_check"), "ok");
    assert_int_equal(statement_finish(s, NULL), ERR_OK);
    readers_return(w->readers, &r);
}

/* The key answers as it did if its order is there, and is free if it is not. */
static void check_key(struct world *w)
{
    struct order_answer a;
    struct uuid first = fixture_uuid(1);
    struct found f = {0};
    bool there = w->store->operations->load(w->store, &first, look, &f, NULL) == ERR_OK;
    struct order_batch *batch = batch_accept(w->before, LATER, "");
    batch->idempotency = &key;
    assert_int_equal(order_submit(w->store, batch, &a), ERR_OK);
    order_answer_wait(&a);
    assert_int_equal(a.outcome, there ? COMMIT_REPLAYED : COMMIT_STORED);
    if (there)
        assert_memory_equal(&a.id, &first, sizeof first);
}

static void check(struct world *w)
{
    /* The process is told of a failure once, and always when an outcome is unknown. */
    assert_true(w->failures <= 1 && (w->unknown == 0 || w->failures == 1));
    assert_int_equal(open_world(w), ERR_OK);
    check_brackets(w);
    check_rest(w);
    check_key(w);
    close_world(w);
}

/* ---- loops ----------------------------------------------------------------------------------- */

struct tally {
    int runs, unknown, refused, ended;
};

static bool run_with(const struct fault_plan *plan, enum fault_end end, struct tally *tally)
{
    struct world *w = world_create();
    fault_vfs_arm(plan);
    use(w);
    bool reached = fault_vfs_calls() >= plan->at;
    fault_vfs_settle(w->folder, end, (uint64_t)plan->at);
    check(w);
    tally->runs++;
    tally->unknown += w->unknown;
    tally->refused += w->refused;
    tally->ended += w->failures;
    world_free(w);
    return reached;
}

static struct tally at_each_call(enum fault_kind kind, bool for_good)
{
    struct tally tally = {0};
    for (enum fault_end end = FAULT_KEPT; end <= FAULT_TORN; end++) {
        struct fault_plan plan = {.kind = kind, .for_good = for_good, .at = 1};
        while (run_with(&plan, end, &tally))
            plan.at++;
    }
    assert_true(tally.runs > 100);
    return tally;
}

static void an_io_error_once(void **state)
{
    (void)state;
    struct tally tally = at_each_call(FAULT_IO, false);
    assert_true(tally.unknown > 0 && tally.refused > 0 && tally.ended > 0);
}

static void a_disk_that_is_gone(void **state)
{
    (void)state;
    struct tally tally = at_each_call(FAULT_IO, true);
    assert_true(tally.unknown > 0 && tally.refused > tally.unknown);
}

static void half_a_write(void **state)
{
    (void)state;
    at_each_call(FAULT_SHORT, false);
}

static void a_kill_or_a_power_cut(void **state)
{
    (void)state;
    at_each_call(FAULT_STOP, true);
}

static void a_full_disk_once(void **state)
{
    (void)state;
    struct tally full = at_each_call(FAULT_SPACE, false), io = at_each_call(FAULT_IO, false);
    assert_true(full.refused > 0);
    /* A write without room ends nothing: only an fsync does. */
    assert_true(full.ended < io.ended);
    assert_true(full.unknown < io.unknown);
}

static void a_full_disk_for_good(void **state)
{
    (void)state;
    at_each_call(FAULT_SPACE, true);
}

static bool much_is_free(void *context, int64_t *ret_free_bytes)
{
    (void)context;
    *ret_free_bytes = INT64_C(1) << 40;
    return true;
}

/* The commit that found the disk full is made again in the ballast's room: nobody is told. */
static void the_ballast_saves_the_commit_that_finds_the_disk_full(void **state)
{
    (void)state;
    const struct disk_guard_options guarding = {
        .ballast_bytes = 1 << 20, .look_ns = 3600 * NS_PER_SECOND, .measure = much_is_free};
    int saved = 0;
    for (int64_t at = 1; at <= 12; at++) {
        const struct fault_plan full = {.kind = FAULT_SPACE, .at = at};
        struct world *w = world_create();
        struct disk_guard_options options = guarding;
        options.folder = w->folder;
        assert_int_equal(disk_guard_create(&options, &w->disk, NULL), ERR_OK);
        assert_int_equal(open_world(w), ERR_OK);
        fault_vfs_arm(&full);
        submit(w, 1, batch_accept(w->drafts[1], 1, ""));
        assert_int_equal(w->refused, 0);
        if (fault_vfs_calls() > at + 1 && w->failures == 0) {
            struct disk_guard_stats stats;
            saved++;
            disk_guard_stats(w->disk, &stats);
            assert_int_equal(stats.given_up, 1);
            assert_int_equal(disk_guard_check(w->disk, NULL), ERR_DISK_FULL);
            assert_int_equal(w->told[1].sure.rev, 2);
        }
        close_world(w);
        fault_vfs_settle(w->folder, FAULT_DROPPED, 0);
        disk_guard_free(w->disk);
        world_free(w);
    }
    assert_true(saved > 0);
}

static bool without_memory(int64_t at, bool for_good, struct tally *tally)
{
    const struct fault_plan none = {.kind = FAULT_NONE};
    struct world *w = world_create();
    fault_vfs_arm(&none);
    fault_memory_arm(at, for_good);
    use(w);
    bool reached = fault_memory_calls() >= at;
    fault_memory_arm(0, false);
    fault_vfs_settle(w->folder, FAULT_DROPPED, 0);
    check(w);
    tally->runs++;
    tally->refused += w->refused;
    world_free(w);
    return reached;
}

static void an_allocation_that_fails(void **state)
{
    (void)state;
    struct tally tally = {0};
    for (int for_good = 0; for_good < 2; for_good++)
        for (int64_t at = 1; without_memory(at, for_good, &tally);)
            at += 1 + at / 40; /* dense where the connections are set up, sparser later */
    assert_true(tally.runs > 100 && tally.refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_io_error_once),
        cmocka_unit_test(a_disk_that_is_gone),
        cmocka_unit_test(half_a_write),
        cmocka_unit_test(a_kill_or_a_power_cut),
        cmocka_unit_test(a_full_disk_once),
        cmocka_unit_test(a_full_disk_for_good),
        cmocka_unit_test(the_ballast_saves_the_commit_that_finds_the_disk_full),
        cmocka_unit_test(an_allocation_that_fails),
    };
    log_set_level(LOG_ERROR);
    fault_memory_install();
    fault_vfs_install();
    return cmocka_run_group_tests(tests, make_template, drop_template);
}
