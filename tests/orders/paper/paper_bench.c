#include "tests/orders/paper/paper_bench.h"

#include "base/civil.h"
#include "orders/paper/paper_terms.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static const struct calendar *calendar_of(const char *name)
{
    const struct calendar *calendar = NULL;
    if (name)
        assert_int_equal(calendar_find(name, &calendar, NULL), ERR_OK);
    return calendar;
}

static int64_t new_york(int32_t day, int hour, int minute)
{
    int64_t local_s = (int64_t)day * 86400 + hour * 3600 + minute * 60;
    return zone_local_to_utc(calendar_zone(contract_calendar()), local_s, NULL) * NS_PER_SECOND;
}

void paper_bench_init(struct paper_bench *b, const char *calendar, int64_t latency_ns)
{
    int32_t day = civil_to_days((struct civil_date){2026, 11, 18});
    const struct paper_book_options options = {
        .calendar = calendar_of(calendar),
        .latency_ns = latency_ns,
        .quote_max_age_ns = NS_PER_MINUTE,
        .keep_ns = 15 * NS_PER_MINUTE,
    };
    memset(b, 0, sizeof *b);
    b->now = (struct order_clock){.wall_ns = new_york(day, 10, 0), .steady_ns = NS_PER_SECOND};
    paper_outbox_init(&b->outbox);
    paper_book_init(&b->book, &options, &b->outbox);
    paper_book_load_account(&b->book, &(struct paper_account_row){.cash = BENCH_CASH});
    paper_audit_init(&b->audit, BENCH_CASH);
}

void paper_bench_release(struct paper_bench *b)
{
    paper_book_release(&b->book);
    paper_outbox_release(&b->outbox);
}

void paper_bench_restart(struct paper_bench *b)
{
    struct paper_book_options options = b->book.options;
    const struct paper_audit *a = &b->audit;
    paper_bench_release(b);
    paper_outbox_init(&b->outbox);
    paper_book_init(&b->book, &options, &b->outbox);
    for (size_t i = 0; i < a->symbol_count; i++)
        assert_int_equal(paper_book_load_position(&b->book, &a->positions[i], NULL), ERR_OK);
    int64_t last_ended_ns = 0;
    for (size_t i = 0; i < a->order_count; i++) {
        const struct paper_order_row *row = &a->orders[i];
        if (!row->ended_ns)
            assert_int_equal(paper_book_load_order(&b->book, row, NULL), ERR_OK);
        if (row->ended_ns > last_ended_ns)
            last_ended_ns = row->ended_ns;
    }
    const struct paper_account_row account = {.cash = a->cash,
                                              .last_order_id = (int64_t)a->order_count,
                                              .last_seq = a->seq,
                                              .last_ended_ns = last_ended_ns};
    paper_book_load_account(&b->book, &account);
    paper_bench_pass(b, 0);
}

/* Everything in the outbox is stored, and audited. */
static void drain(struct paper_bench *b)
{
    struct paper_batch *batch;
    b->last_count = 0;
    while ((batch = paper_outbox_take(&b->outbox))) {
        for (size_t i = 0; i < batch->count; i++) {
            paper_audit_event(&b->audit, &batch->events[i]);
            if (b->last_count < sizeof b->last / sizeof b->last[0])
                b->last[b->last_count++] = batch->events[i].kind;
        }
        assert_null(paper_outbox_stored(&b->outbox));
        paper_outbox_recycle(&b->outbox, paper_outbox_news(&b->outbox));
    }
    paper_bench_check(b);
}

struct broker_submit paper_order(const char *client_id, const char *symbol, enum order_side side,
                                 int64_t quantity, int64_t limit_price, int64_t stop_price)
{
    static const enum order_type types[2][2] = {{ORDER_TYPE_MARKET, ORDER_TYPE_STOP},
                                                {ORDER_TYPE_LIMIT, ORDER_TYPE_STOP_LIMIT}};
    struct broker_submit s = {
        .client_id = client_id,
        .side = side,
        .type = types[limit_price > 0][stop_price > 0],
        .time_in_force = TIF_GTC,
        .quantity = quantity,
        .limit_price = limit_price,
        .stop_price = stop_price,
        .opens = side == ORDER_BUY,
    };
    enum contract_kind kind = strlen(symbol) >= OCC_COMPACT_MIN ? CONTRACT_OPTION : CONTRACT_SHARE;
    assert_int_equal(paper_contract(symbol, kind, &s.contract, NULL), ERR_OK);
    return s;
}

enum outcome paper_bench_submit(struct paper_bench *b, const struct broker_submit *s)
{
    struct paper_order *o = NULL;
    enum outcome outcome = paper_book_submit(&b->book, s, b->now, &o, &b->refusal);
    assert_int_equal(outcome == OUTCOME_OK, o != NULL);
    drain(b);
    return outcome;
}

void paper_bench_place(struct paper_bench *b, const char *client_id, const char *symbol,
                       enum order_side side, int64_t quantity, int64_t limit_price,
                       int64_t stop_price)
{
    struct broker_submit s =
        paper_order(client_id, symbol, side, quantity, limit_price, stop_price);
    if (paper_bench_submit(b, &s) != OUTCOME_OK)
        fail_msg("%s is refused: %s", client_id, b->refusal.message);
}

enum outcome paper_bench_cancel(struct paper_bench *b, const char *client_id)
{
    struct paper_order *o = paper_book_find(&b->book, client_id);
    assert_non_null(o);
    enum outcome outcome = paper_book_cancel(&b->book, o, b->now);
    drain(b);
    return outcome;
}

void paper_bench_take(struct paper_bench *b, const struct market_quote *q)
{
    paper_book_quote(&b->book, q, b->now);
    drain(b);
}

void paper_bench_quote(struct paper_bench *b, const char *symbol, int64_t bid, int64_t bid_size,
                       int64_t ask, int64_t ask_size)
{
    struct market_quote q = {.bid = bid, .ask = ask, .bid_size = bid_size, .ask_size = ask_size};
    snprintf(q.symbol, sizeof q.symbol, "%s", symbol);
    paper_bench_take(b, &q);
}

int64_t paper_bench_pass(struct paper_bench *b, int64_t ns)
{
    b->now.wall_ns += ns;
    b->now.steady_ns += ns;
    int64_t next_ns = paper_book_advance(&b->book, b->now, false);
    drain(b);
    return next_ns;
}

void paper_bench_pass_to(struct paper_bench *b, int hour, int minute)
{
    int32_t day = calendar_day_at(contract_calendar(), b->now.wall_ns);
    int64_t to_ns = new_york(day, hour, minute);
    if (to_ns <= b->now.wall_ns)
        to_ns = new_york(day + 1, hour, minute);
    paper_bench_pass(b, to_ns - b->now.wall_ns);
}

const struct paper_order_row *paper_bench_row(struct paper_bench *b, const char *client_id)
{
    for (size_t i = 0; i < b->audit.order_count; i++)
        if (strcmp(b->audit.orders[i].client_id, client_id) == 0)
            return &b->audit.orders[i];
    fail_msg("there is no order %s", client_id);
    return NULL;
}

int64_t paper_bench_held(struct paper_bench *b, const char *symbol)
{
    return paper_audit_held(&b->audit, symbol);
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void check_market(const struct paper_market *m)
{
    const struct paper_order *before = NULL;
    for (const struct paper_order *o = m->orders; o; before = o, o = o->next) {
        assert_false(order_status_dead(o->row.status));
        assert_ptr_equal(o->market, m);
        assert_true(o->in_market);
        assert_true(!before || o->prev == before);
    }
    int64_t held = m->position.quantity < 0 ? -m->position.quantity : m->position.quantity;
    assert_true(m->claimed >= 0 && m->claimed <= held);
    assert_int_equal(m->positioned, held != 0);
}

void paper_bench_check(struct paper_bench *b)
{
    const struct paper_book *k = &b->book;
    int64_t reserved = 0, claimed = 0, short_cost = 0, live = 0;
    for (const struct paper_order *o = k->all; o; o = o->all_next) {
        bool dead = order_status_dead(o->row.status);
        live += !dead;
        reserved += o->reserved;
        claimed += o->claimed;
        if (dead)
            assert_true(o->reserved == 0 && o->claimed == 0);
        if (o->pair)
            assert_int_equal(order_status_dead(o->pair->row.status), dead);
    }
    for (const struct paper_market *m = k->markets; m; m = m->by_symbol.next) {
        check_market(m);
        claimed -= m->claimed;
        if (m->position.quantity < 0)
            short_cost -= paper_position_cost(&m->position);
    }
    assert_int_equal(k->live, live);
    assert_int_equal(k->reserved, reserved);
    assert_int_equal(claimed, 0);
    assert_int_equal(k->short_cost, short_cost);
    assert_int_equal(k->cash, b->audit.cash);
}

/* ---- what tests of the rules share ----------------------------------------------------------- */

int paper_bench_setup(void **state)
{
    static struct paper_bench bench;
    paper_bench_init(&bench, "XNYS", 0);
    *state = &bench;
    return 0;
}

int paper_bench_setup_late(void **state)
{
    static struct paper_bench bench;
    paper_bench_init(&bench, "XNYS", 50 * NS_PER_MS);
    *state = &bench;
    return 0;
}

int paper_bench_teardown(void **state)
{
    paper_bench_release(*state);
    return 0;
}

void paper_assert_order(struct paper_bench *b, const char *client_id, enum order_status status,
                        int64_t filled, int64_t filled_value)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    assert_string_equal(order_status_name(row->status), order_status_name(status));
    assert_int_equal(row->filled, filled);
    assert_int_equal(row->filled_value, filled_value);
}

void paper_assert_live(struct paper_bench *b, const char *client_id, int64_t filled)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    assert_string_equal(order_status_name(row->status), order_status_name(ORDER_STATUS_NEW));
    assert_int_equal(row->filled, filled);
}

void paper_assert_filled(struct paper_bench *b, const char *client_id, int64_t price)
{
    const struct paper_order_row *row = paper_bench_row(b, client_id);
    paper_assert_order(b, client_id, ORDER_STATUS_FILLED, row->quantity,
                       order_value(row->quantity, price));
}

void paper_bench_hold(struct paper_bench *b, const char *symbol, int64_t quantity)
{
    paper_bench_quote(b, symbol, 99 * ONE, 0, 100 * ONE, 0);
    paper_bench_place(b, "hold", symbol, ORDER_BUY, quantity, 0, 0);
    paper_assert_filled(b, "hold", 100 * ONE);
}

struct broker_submit paper_order_with(struct broker_submit s, enum time_in_force tif)
{
    s.time_in_force = tif;
    return s;
}
