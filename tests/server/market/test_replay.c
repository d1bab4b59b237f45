/* A replay without thread and server: what it tells when, on a clock that the test moves. */
#include "tests/support/test.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/rfc3339.h"
#include "server/market/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES_MAX = 2, OUT_MAX = 4096 };

struct row {
    const char *at;
    double open, high, low, close;
};

struct fixture {
    struct replay *replay;
    int64_t now_ns, wake_ns;
    struct market_quote out[OUT_MAX];
    size_t count;
};

static const struct bars *make_bars(const struct row *rows, int64_t count)
{
    struct bars_builder b;
    const struct calendar *calendar;
    const struct bars *bars;
    assert_int_equal(calendar_find("XNYS", &calendar, NULL), ERR_OK);
    assert_int_equal(bars_builder_init(&b, count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(rfc3339_parse(rows[i].at, strlen(rows[i].at), &b.time_ns[i], NULL),
                         ERR_OK);
        b.column[BAR_OPEN][i] = rows[i].open;
        b.column[BAR_HIGH][i] = rows[i].high;
        b.column[BAR_LOW][i] = rows[i].low;
        b.column[BAR_CLOSE][i] = rows[i].close;
        b.column[BAR_VOLUME][i] = 1;
    }
    assert_int_equal(
        bars_publish(&b, calendar, (struct timeframe){.minutes = 1}, INT32_MIN, &bars, NULL),
        ERR_OK);
    return bars;
}

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.now_ns = 5 * NS_PER_SECOND;
    f.replay = calloc(1, sizeof *f.replay);
    f.replay->sources = calloc(SOURCES_MAX, sizeof *f.replay->sources);
    f.replay->corners = true;
    f.replay->speed = 1;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    replay_free(f->replay);
    return 0;
}

static struct replay_source *add(struct fixture *f, const char *as)
{
    struct replay_source *s = &f->replay->sources[f->replay->source_count++];
    snprintf(s->as, sizeof s->as, "%s", as);
    return s;
}

static void add_lane(struct fixture *f, struct replay_source *s, const struct row *rows,
                     int64_t count)
{
    s->bars[s->lanes] = make_bars(rows, count);
    s->end[s->lanes++] = count;
    f->replay->bars_total += s->lanes == 1 ? count : 0;
}

/* What is told at now_ns, in out[0..count). */
static void advance(struct fixture *f)
{
    f->count = replay_advance(f->replay, f->now_ns, f->out, OUT_MAX, &f->wake_ns);
}

static void begin(struct fixture *f)
{
    replay_begin(f->replay, f->now_ns);
    advance(f);
}

/* To the next moment at which it wants to be asked, but for repetitions. */
static void pass(struct fixture *f, double seconds)
{
    f->now_ns += (int64_t)(seconds * (double)NS_PER_SECOND);
    advance(f);
}

static void expect_last(const struct fixture *f, const char *symbol, double last)
{
    assert_true(f->count > 0);
    const struct market_quote *q = &f->out[f->count - 1];
    assert_string_equal(q->symbol, symbol);
    assert_int_equal(q->last, llround(last * DECIMAL_ONE));
}

static const struct row two_days[] = {
    {"2024-01-02T20:59:00Z", 10, 12, 9, 11},
    {"2024-01-03T14:30:00Z", 20, 22, 19, 21},
    {"2024-01-03T14:33:00Z", 30, 32, 29, 31},
};

static void a_bar_takes_its_time_by_the_speed(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->speed = 60;
    begin(f);
    assert_int_equal(f->count, 1);
    expect_last(f, "A", 10);
    assert_int_equal(f->out[0].at_ns, 0); /* now */
    pass(f, 0.3);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->wake_ns - f->now_ns, NS_PER_SECOND / 3 - 300 * NS_PER_MS);
    pass(f, 0.04);
    expect_last(f, "A", 9);
    pass(f, 0.33);
    expect_last(f, "A", 12);
    assert_int_equal(f->replay->bars_done, 0);
    pass(f, 0.33);
    expect_last(f, "A", 11);
    assert_int_equal(f->replay->status, REPLAY_FINISHED);
    assert_int_equal(f->replay->bars_done, 1);
    assert_int_equal(f->wake_ns, INT64_MAX);
    assert_int_equal(f->replay->quotes, 4);
}

static void the_night_takes_no_time(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 3);
    f->replay->speed = 60;
    begin(f);
    pass(f, 1);
    expect_last(f, "A", 20);
    assert_int_equal(f->replay->bars_done, 1);
    pass(f, 0.34); /* and goes on with the same rhythm */
    expect_last(f, "A", 19);
}

static void a_gap_within_the_session_takes_its_time_and_says_nothing(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 3);
    f->replay->speed = 60;
    begin(f);
    pass(f, 2);
    assert_int_equal(f->replay->bars_done, 2);
    pass(f, 1.9);
    assert_int_equal(f->count, 0);
    pass(f, 0.1);
    expect_last(f, "A", 30);
}

static void what_stands_within_a_bar_is_told_again(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    begin(f);
    pass(f, 0.4);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->wake_ns - f->now_ns, 100 * NS_PER_MS);
    pass(f, 0.1);
    assert_int_equal(f->count, 1);
    expect_last(f, "A", 10);
    pass(f, 20);
    expect_last(f, "A", 9);
}

static void symbols_go_in_order_of_time_closes_before_opens(void **state)
{
    static const struct row other[] = {
        {"2024-01-02T20:58:00Z", 50, 50, 50, 50},
        {"2024-01-02T20:59:00Z", 60, 60, 60, 60},
    };
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    add_lane(f, add(f, "B"), other, 2);
    f->replay->speed = INFINITY;
    begin(f);
    static const struct {
        const char *symbol;
        int last;
    } order[] = {{"B", 50}, {"B", 50}, {"A", 10}, {"B", 60},
                 {"A", 9},  {"A", 12}, {"A", 11}, {"B", 60}};
    assert_int_equal(f->count, sizeof order / sizeof order[0]);
    for (size_t i = 0; i < f->count; i++) {
        assert_string_equal(f->out[i].symbol, order[i].symbol);
        assert_int_equal(f->out[i].last, order[i].last * DECIMAL_ONE);
    }
    assert_int_equal(f->replay->status, REPLAY_FINISHED);
}

static void at_full_speed_a_turn_is_bounded(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 3);
    f->replay->speed = INFINITY;
    replay_begin(f->replay, f->now_ns);
    assert_int_equal(replay_advance(f->replay, f->now_ns, f->out, 5, &f->wake_ns), 5);
    assert_int_equal(f->wake_ns, f->now_ns);
    assert_int_equal(replay_advance(f->replay, f->now_ns, f->out, OUT_MAX, &f->wake_ns), 7);
    assert_int_equal(f->replay->status, REPLAY_FINISHED);
    assert_int_equal(replay_eta_ns(f->replay), -1);
}

static void a_pause_stands_still_and_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->speed = 60;
    begin(f);
    pass(f, 0.34);
    replay_pause(f->replay);
    pass(f, 100);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->wake_ns, INT64_MAX);
    assert_int_equal(replay_eta_ns(f->replay), -1);
    replay_resume(f->replay, f->now_ns);
    pass(f, 0);
    assert_int_equal(f->count, 1); /* what stands is told again */
    expect_last(f, "A", 9);
    pass(f, 0.33);
    assert_int_equal(f->count, 0);
    pass(f, 0.01);
    expect_last(f, "A", 12);
}

static void another_speed_holds_from_now_on(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->speed = 60;
    begin(f);
    pass(f, 1.0 / 6); /* half of the way to the low */
    replay_set_speed(f->replay, 6, f->now_ns);
    pass(f, 0.3);
    assert_int_equal(f->count, 0);
    pass(f, 1.4);
    expect_last(f, "A", 9);
    replay_set_speed(f->replay, INFINITY, f->now_ns);
    pass(f, 0);
    assert_int_equal(f->replay->status, REPLAY_FINISHED);
}

static void the_time_left_is_that_of_the_bars_left(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 3);
    f->replay->speed = 60;
    begin(f);
    assert_int_equal(replay_eta_ns(f->replay), 3 * NS_PER_SECOND);
    pass(f, 1.1);
    assert_int_equal(replay_eta_ns(f->replay), 2 * NS_PER_SECOND);
}

static void expect_spread(struct fixture *f, int64_t bid, int64_t ask)
{
    begin(f);
    assert_int_equal(f->out[0].last, 10 * DECIMAL_ONE);
    assert_int_equal(f->out[0].bid, bid);
    assert_int_equal(f->out[0].ask, ask);
}

static void without_a_spread_both_sides_are_the_price(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->size = 7 * DECIMAL_ONE;
    expect_spread(f, 10 * DECIMAL_ONE, 10 * DECIMAL_ONE);
    assert_int_equal(f->out[0].bid_size, 7 * DECIMAL_ONE);
    assert_int_equal(f->out[0].ask_size, 7 * DECIMAL_ONE);
}

static void a_spread_lies_around_the_price_and_on_ticks(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->spread = (struct replay_spread){.has_percent = true, .percent = 250000};
    expect_spread(f, 9980000, 10020000); /* half of 0.25 % is 0.0125: outwards */
}

static void a_spread_may_be_a_price_or_ticks(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->spread = (struct replay_spread){.has_price = true, .price = 100000};
    expect_spread(f, 9950000, 10050000);
    f->replay->spread = (struct replay_spread){.has_ticks = true, .ticks = 3};
    pass(f, 1);
    assert_int_equal(f->out[0].bid, 9950000); /* what stands is told again as it was */
    pass(f, 20);
    assert_int_equal(f->out[0].bid, 8980000); /* the low is 9: 0.015 on each side, outwards */
    assert_int_equal(f->out[0].ask, 9020000);
}

static void a_spread_wider_than_the_price_leaves_no_bid(void **state)
{
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), two_days, 1);
    f->replay->size = DECIMAL_ONE;
    f->replay->spread = (struct replay_spread){.has_price = true, .price = 20 * DECIMAL_ONE};
    expect_spread(f, 0, 20 * DECIMAL_ONE);
    assert_int_equal(f->out[0].bid_size, 0);
}

static void stored_sides_are_told_as_they_are_stored(void **state)
{
    static const struct row bids[] = {
        {"2024-01-03T14:30:00Z", 5, 5.5, 4.5, 5.25},
        {"2024-01-03T14:32:00Z", 6, 6, 6, 6},
    };
    static const struct row asks[] = {
        {"2024-01-03T14:31:00Z", 7, 7, 7, 7},
        {"2024-01-03T14:32:00Z", 8, 9, 7, 8},
    };
    static const int64_t expected[][2] = {
        {500, 0},   {450, 0},   {550, 0},   {525, 0}, /* no ask has come yet */
        {525, 700}, {525, 700}, /* no bid in this minute: the last one stands */
        {600, 800}, {600, 700}, {600, 900}, {600, 800},
    };
    struct fixture *f = *state;
    struct replay_source *s = add(f, "GOOG270115C00750000");
    s->kind = CONTRACT_OPTION;
    add_lane(f, s, bids, 2);
    add_lane(f, s, asks, 2);
    f->replay->speed = INFINITY;
    begin(f);
    assert_int_equal(f->count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < f->count; i++) {
        assert_int_equal(f->out[i].bid, expected[i][0] * 10000);
        assert_int_equal(f->out[i].ask, expected[i][1] * 10000);
        assert_int_equal(f->out[i].last, 0);
    }
    assert_int_equal(f->replay->bars_done, 3);
}

static void a_bar_without_a_price_is_no_quote(void **state)
{
    static const struct row rows[] = {
        {"2024-01-03T14:30:00Z", 5, 5, 0, 5},
        {"2024-01-03T14:31:00Z", 6, 6, 6, 6},
    };
    struct fixture *f = *state;
    add_lane(f, add(f, "A"), rows, 2);
    f->replay->speed = INFINITY;
    begin(f);
    assert_int_equal(f->count, 4);
    assert_int_equal(f->out[0].bid, 0);
    assert_int_equal(f->out[1].ask, 0);
    assert_int_equal(f->out[2].bid, 6 * DECIMAL_ONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bar_takes_its_time_by_the_speed),
        TEST(the_night_takes_no_time),
        TEST(a_gap_within_the_session_takes_its_time_and_says_nothing),
        TEST(what_stands_within_a_bar_is_told_again),
        TEST(symbols_go_in_order_of_time_closes_before_opens),
        TEST(at_full_speed_a_turn_is_bounded),
        TEST(a_pause_stands_still_and_goes_on_where_it_was),
        TEST(another_speed_holds_from_now_on),
        TEST(the_time_left_is_that_of_the_bars_left),
        TEST(without_a_spread_both_sides_are_the_price),
        TEST(a_spread_lies_around_the_price_and_on_ticks),
        TEST(a_spread_may_be_a_price_or_ticks),
        TEST(a_spread_wider_than_the_price_leaves_no_bid),
        TEST(stored_sides_are_told_as_they_are_stored),
        TEST(a_bar_without_a_price_is_no_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
