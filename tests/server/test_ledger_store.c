#include "server/jobs/ledger_store.h"

#include "base/decimal.h"
#include "db/job_repo.h"
#include "db/ledger_repo.h"
#include "server/jobs/equity_record.h"
#include "tests/db/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char *folder;
    struct storage storage;
    struct uuid job;
};

static enum err create_job(struct db_write *w, void *context, struct error *e)
{
    struct fixture *f = context;
    struct job_row row = {.id = f->job,
                          .kind = "backtest",
                          .status = JOB_QUEUED,
                          .request = "{}",
                          .created_at_ns = 1,
                          .engine_version = "1"};
    return job_repo_create(w, &row, e);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->folder = fixture_folder();
    f->job = fixture_uuid(1);
    assert_int_equal(storage_open(f->folder, NULL, &f->storage, NULL), ERR_OK);
    assert_int_equal(writer_call(f->storage.writer, create_job, f, NULL), ERR_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    storage_close(&f->storage);
    fixture_remove(f->folder);
    free(f);
    return 0;
}

/* Every member of a trade differs from its neighbours', and from trade to trade. */
static struct trade make_trade(int64_t i)
{
    return (struct trade){.symbol = (int32_t)(i % 3),
                          .exit_reason = (enum exit_reason)(i % 6),
                          .ambiguous = i % 5 == 0,
                          .fire_bar = 10 * i,
                          .entry_bar = 10 * i + 1,
                          .exit_bar = 10 * i + 7,
                          .entry_at = {1000 + i, PHASE_OPEN},
                          .exit_at = {2000 + i, i % 2 ? PHASE_WITHIN : PHASE_CLOSE},
                          .entry_price = 100000000 + i,
                          .exit_price = 101000000 + i,
                          .quantity = 3000000 + i,
                          .entry_value = 300000000 + i,
                          .exit_value = 303000000 + i,
                          .commission = 500 + i,
                          .pnl = i % 2 ? -i : i,
                          .risk = 700 + i,
                          .return_on_value = (double)i / 7,
                          .bars_held = 6 + i};
}

static struct equity_point make_point(int64_t i)
{
    return (struct equity_point){.at_ns = 5000 + i,
                                 .equity = (i % 100 == 50 ? 900 : 1000) * DECIMAL_ONE + i,
                                 .cash = 800 * DECIMAL_ONE - i,
                                 .open_positions = (int32_t)(i % 4),
                                 .is_mark = i % 3 == 0};
}

static struct ledger make_ledger(int64_t trades, size_t points)
{
    struct ledger l = {.counts = {.trades = trades}, .point_count = points};
    l.trades = calloc((size_t)trades + 1, sizeof(*l.trades));
    l.points = calloc(points + 1, sizeof(*l.points));
    for (int64_t i = 0; i < trades; i++)
        l.trades[i] = make_trade(i);
    for (size_t i = 0; i < points; i++)
        l.points[i] = make_point((int64_t)i);
    return l;
}

static void release(struct ledger *l)
{
    free(l->trades);
    free(l->points);
}

static void assert_same_time(struct fill_time a, struct fill_time b)
{
    assert_int_equal(a.at_ns, b.at_ns);
    assert_int_equal(a.phase, b.phase);
}

static void assert_same_trade(const struct trade *a, const struct trade *b)
{
    assert_int_equal(a->symbol, b->symbol);
    assert_int_equal(a->exit_reason, b->exit_reason);
    assert_int_equal(a->ambiguous, b->ambiguous);
    assert_int_equal(a->fire_bar, b->fire_bar);
    assert_int_equal(a->entry_bar, b->entry_bar);
    assert_int_equal(a->exit_bar, b->exit_bar);
    assert_same_time(a->entry_at, b->entry_at);
    assert_same_time(a->exit_at, b->exit_at);
    assert_int_equal(a->entry_price, b->entry_price);
    assert_int_equal(a->exit_price, b->exit_price);
    assert_int_equal(a->quantity, b->quantity);
    assert_int_equal(a->entry_value, b->entry_value);
    assert_int_equal(a->exit_value, b->exit_value);
    assert_int_equal(a->commission, b->commission);
    assert_int_equal(a->pnl, b->pnl);
    assert_int_equal(a->risk, b->risk);
    assert_true(a->return_on_value == b->return_on_value);
    assert_int_equal(a->bars_held, b->bars_held);
}

static void assert_same_point(const struct equity_point *a, const struct equity_point *b)
{
    assert_int_equal(a->at_ns, b->at_ns);
    assert_int_equal(a->equity, b->equity);
    assert_int_equal(a->cash, b->cash);
    assert_int_equal(a->open_positions, b->open_positions);
    assert_int_equal(a->is_mark, b->is_mark);
}

struct reading {
    size_t record_bytes;
    struct strbuf bytes;
    int64_t count;
};

static enum err gather(void *context, const struct ledger_chunk *chunk, bool *stop, struct error *e)
{
    (void)stop;
    (void)e;
    struct reading *r = context;
    assert_int_equal(chunk->first, r->count);
    assert_int_equal(chunk->size_bytes, (size_t)chunk->count * r->record_bytes);
    strbuf_add(&r->bytes, chunk->data, chunk->size_bytes);
    r->count += chunk->count;
    return ERR_OK;
}

static struct reading read_all(struct fixture *f, enum ledger_series series, size_t record_bytes)
{
    struct reading r = {.record_bytes = record_bytes};
    struct db_read reader;
    strbuf_init(&r.bytes, SIZE_MAX / 4);
    assert_int_equal(readers_lease(f->storage.readers, &reader, NULL), ERR_OK);
    assert_int_equal(ledger_repo_each(&reader, &f->job, series, 0, gather, &r, NULL), ERR_OK);
    readers_return(f->storage.readers, &reader);
    return r;
}

static enum err find_totals(struct fixture *f, struct ledger_totals *ret)
{
    struct db_read reader;
    assert_int_equal(readers_lease(f->storage.readers, &reader, NULL), ERR_OK);
    enum err err = ledger_repo_find(&reader, &f->job, ret, NULL);
    readers_return(f->storage.readers, &reader);
    return err;
}

static void assert_stored(struct fixture *f, const struct ledger *l,
                          const struct stored_contract *contracts)
{
    struct ledger_totals totals;
    struct reading trades = read_all(f, LEDGER_TRADES, TRADE_RECORD_BYTES);
    struct reading points = read_all(f, LEDGER_EQUITY, EQUITY_RECORD_BYTES);
    int64_t peak = INT64_MIN;
    assert_int_equal(find_totals(f, &totals), ERR_OK);
    assert_int_equal(totals.trades, l->counts.trades);
    assert_int_equal(totals.points, l->point_count);
    assert_int_equal(trades.count, l->counts.trades);
    assert_int_equal(points.count, l->point_count);
    for (int64_t i = 0; i < trades.count; i++) {
        struct trade trade;
        struct stored_contract contract;
        trade_record_read(trades.bytes.data + i * TRADE_RECORD_BYTES, &trade, &contract);
        assert_same_trade(&trade, &l->trades[i]);
        assert_string_equal(contract.occ_symbol, contracts ? contracts[i].occ_symbol : "");
        assert_int_equal(contract.modelled, contracts && contracts[i].modelled);
    }
    for (int64_t i = 0; i < points.count; i++) {
        struct equity_record record;
        equity_record_read(points.bytes.data + i * EQUITY_RECORD_BYTES, &record);
        assert_same_point(&record.point, &l->points[i]);
        peak = l->points[i].equity > peak ? l->points[i].equity : peak;
        assert_int_equal(record.peak, peak);
    }
    strbuf_release(&trades.bytes);
    strbuf_release(&points.bytes);
}

static void ledgers_of_any_length_come_back_as_they_were(void **state)
{
    static const struct {
        int64_t trades;
        size_t points;
    } shapes[] = {{0, 0},       {0, 2},        {1, 3},        {1024, 4096},
                  {1025, 4097}, {12288, 8192}, {12289, 8193}, {30000, 70000}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct ledger l = make_ledger(shapes[i].trades, shapes[i].points);
        assert_int_equal(ledger_store(f->storage.writer, &f->job, &l, NULL, NULL, NULL), ERR_OK);
        assert_stored(f, &l, NULL);
        release(&l);
    }
}

static void a_shorter_ledger_replaces_a_longer_one_whole(void **state)
{
    struct fixture *f = *state;
    struct ledger longer = make_ledger(20000, 60000), shorter = make_ledger(3, 5);
    assert_int_equal(ledger_store(f->storage.writer, &f->job, &longer, NULL, NULL, NULL), ERR_OK);
    assert_int_equal(ledger_store(f->storage.writer, &f->job, &shorter, NULL, NULL, NULL), ERR_OK);
    assert_stored(f, &shorter, NULL);
    release(&longer);
    release(&shorter);
}

static void option_trades_keep_their_contract(void **state)
{
    struct fixture *f = *state;
    struct ledger l = make_ledger(3, 2);
    const struct stored_contract contracts[3] = {
        {.occ_symbol = "AAPL  261218C00200000", .modelled = true},
        {.occ_symbol = "", .modelled = false},
        {.occ_symbol = "abcdefghijklmnopqrstuvwx", .modelled = false}};
    assert_int_equal(ledger_store(f->storage.writer, &f->job, &l, contracts, NULL, NULL), ERR_OK);
    assert_stored(f, &l, contracts);
    release(&l);
}

static enum err put_leftover(struct db_write *w, void *context, struct error *e)
{
    struct fixture *f = context;
    const struct ledger_chunk chunk = {.first = 2, .count = 1, .data = "x", .size_bytes = 1};
    return ledger_repo_put(w, &f->job, LEDGER_TRADES, &chunk, e);
}

static void what_a_crash_left_is_removed_first(void **state)
{
    struct fixture *f = *state;
    struct ledger l = make_ledger(5, 5);
    assert_int_equal(writer_call(f->storage.writer, put_leftover, f, NULL), ERR_OK);
    assert_int_equal(ledger_store(f->storage.writer, &f->job, &l, NULL, NULL, NULL), ERR_OK);
    assert_stored(f, &l, NULL);
    release(&l);
}

static void a_canceled_store_leaves_no_ledger(void **state)
{
    struct fixture *f = *state;
    static const _Atomic bool cancel = true;
    struct ledger_totals totals;
    struct ledger l = make_ledger(5, 5);
    assert_int_equal(ledger_store(f->storage.writer, &f->job, &l, NULL, &cancel, NULL),
                     ERR_CANCELED);
    assert_int_equal(find_totals(f, &totals), ERR_NOT_FOUND);
    release(&l);
}

static void an_unknown_job_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct uuid unknown = fixture_uuid(9);
    struct ledger with = make_ledger(1, 1), without = make_ledger(0, 0);
    assert_int_equal(ledger_store(f->storage.writer, &unknown, &with, NULL, NULL, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(ledger_store(f->storage.writer, &unknown, &without, NULL, NULL, NULL),
                     ERR_NOT_FOUND);
    release(&with);
    release(&without);
}

static void a_drawdown_is_the_fraction_below_the_peak(void **state)
{
    (void)state;
    struct equity_record r = {.point = {.equity = 75 * DECIMAL_ONE}, .peak = 100 * DECIMAL_ONE};
    assert_true(equity_record_drawdown(&r) == 0.25);
    r.point.equity = r.peak;
    assert_true(equity_record_drawdown(&r) == 0);
    r.point.equity = -50 * DECIMAL_ONE;
    assert_true(equity_record_drawdown(&r) == 1.5);
    r.peak = 0;
    assert_true(isnan(equity_record_drawdown(&r)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ledgers_of_any_length_come_back_as_they_were),
        TEST(a_shorter_ledger_replaces_a_longer_one_whole),
        TEST(option_trades_keep_their_contract),
        TEST(what_a_crash_left_is_removed_first),
        TEST(a_canceled_store_leaves_no_ledger),
        TEST(an_unknown_job_is_not_found),
        cmocka_unit_test(a_drawdown_is_the_fraction_below_the_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
