/* The market feed: who gets which quotes, in which order, and what a refusal leaves behind. */
#include "tests/support/test.h"

#include "orders/past_contracts.h"
#include "server/market/market_feed.h"

#include <stdio.h>
#include <string.h>

enum { SEEN_MAX = 64, START_S = 1000 };

struct seen {
    struct market_quote quotes[SEEN_MAX];
    size_t count;
    int64_t now_ns;
    int64_t acts_at; /* a bid; 0 = at none */
    bool busy;       /* it acts */
};

struct fixture {
    struct manual_clock clock;
    struct market_feed *feed;
    bool busy, on_its_way;
    struct seen broker, watchers[2];
};

static void see(struct seen *s, const struct market_quote *quotes, size_t count)
{
    assert_true(s->count + count <= SEEN_MAX);
    memcpy(&s->quotes[s->count], quotes, count * sizeof *quotes);
    s->count += count;
}

static enum err tell_broker(void *context, const struct market_quote *quotes, size_t count,
                            struct error *e)
{
    struct fixture *f = context;
    if (f->busy)
        return error_set(e, ERR_BUSY, "too many quotes wait");
    see(&f->broker, quotes, count);
    return ERR_OK;
}

static void tell_watcher(void *context, const struct market_quote *quotes, size_t count,
                         int64_t now_ns)
{
    struct seen *s = context;
    see(s, quotes, count);
    s->now_ns = now_ns;
}

static size_t until_act(void *context, const struct market_quote *quotes, size_t count,
                        bool *ret_acts)
{
    const struct seen *s = context;
    for (size_t i = 0; i < count; i++)
        if (quotes[i].bid == s->acts_at) {
            *ret_acts = true;
            return i + 1;
        }
    *ret_acts = false;
    return count;
}

static bool watcher_has_settled(void *context, const char *symbol)
{
    return !((struct seen *)context)->busy || strcmp(symbol, "A") != 0;
}

static bool broker_has_settled(void *context)
{
    return !((struct fixture *)context)->on_its_way;
}

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    manual_clock_init(&f.clock, START_S * NS_PER_SECOND);
    const struct market_feed_options options = {
        .clock = &f.clock.clock,
        .broker = {&f, tell_broker, broker_has_settled},
        .watchers = {{.context = &f.watchers[0], .quotes = tell_watcher},
                     {&f.watchers[1], tell_watcher, until_act, watcher_has_settled}},
        .watcher_count = 2,
    };
    *state = &f;
    return market_feed_create(&options, &f.feed, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    market_feed_free(f->feed);
    return 0;
}

static struct market_quote quote(const char *symbol, int64_t bid, int64_t at_s)
{
    struct market_quote q = {.bid = bid, .ask = bid + 1, .at_ns = at_s * NS_PER_SECOND};
    snprintf(q.symbol, sizeof q.symbol, "%s", symbol);
    return q;
}

static size_t give(struct fixture *f, const struct market_quote *quotes, size_t count)
{
    size_t accepted = SIZE_MAX;
    assert_int_equal(market_feed_quotes(f->feed, quotes, count, &accepted, NULL), ERR_OK);
    return accepted;
}

static int64_t last_bid(struct fixture *f, const char *symbol)
{
    struct market_last last;
    return market_feed_last(f->feed, symbol, &last) ? last.quote.bid : -1;
}

static void everyone_sees_the_same_quotes_in_the_same_order(void **state)
{
    struct fixture *f = *state;
    const struct market_quote quotes[] = {quote("A", 1, 990), quote("B", 2, 995), quote("A", 3, 0)};
    assert_int_equal(give(f, quotes, 3), 3);
    const struct seen *all[] = {&f->broker, &f->watchers[0], &f->watchers[1]};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i]->count, 3);
        assert_string_equal(all[i]->quotes[1].symbol, "B");
        assert_int_equal(all[i]->quotes[2].bid, 3);
        assert_int_equal(all[i]->quotes[2].at_ns, START_S * NS_PER_SECOND);
    }
    assert_int_equal(f->watchers[1].now_ns, START_S * NS_PER_SECOND);
}

static void older_quotes_are_ignored_within_a_batch_too(void **state)
{
    struct fixture *f = *state;
    const struct market_quote quotes[] = {quote("A", 1, 990), quote("A", 2, 980),
                                          quote("A", 3, 990)};
    assert_int_equal(give(f, quotes, 3), 2);
    assert_int_equal(f->broker.count, 2);
    assert_int_equal(last_bid(f, "A"), 3);
    const struct market_quote old = quote("A", 4, 989);
    assert_int_equal(give(f, &old, 1), 0);
    assert_int_equal(f->watchers[0].count, 2);
}

static void a_quote_without_a_time_is_newest_also_when_the_clock_goes_back(void **state)
{
    struct fixture *f = *state;
    const struct market_quote first = quote("A", 1, 0), second = quote("A", 2, 0);
    give(f, &first, 1);
    manual_clock_step(&f->clock, -100 * NS_PER_SECOND);
    assert_int_equal(give(f, &second, 1), 1);
    assert_int_equal(last_bid(f, "A"), 2);
    struct market_last last;
    assert_true(market_feed_last(f->feed, "A", &last));
    assert_int_equal(last.age_ns, 0);
}

static void the_age_is_that_of_the_quote_and_grows_with_steady_time(void **state)
{
    struct fixture *f = *state;
    const struct market_quote old = quote("A", 1, START_S - 7);
    struct market_last last;
    give(f, &old, 1);
    manual_clock_advance(&f->clock, 3 * NS_PER_SECOND);
    manual_clock_step(&f->clock, 500 * NS_PER_SECOND);
    assert_true(market_feed_last(f->feed, "A", &last));
    assert_int_equal(last.age_ns, 10 * NS_PER_SECOND);
}

static void what_the_broker_refuses_nobody_sees_and_may_come_again(void **state)
{
    struct fixture *f = *state;
    struct error e;
    const struct market_quote first = quote("A", 1, 980),
                              quotes[] = {quote("A", 2, 990), quote("B", 3, 0)};
    give(f, &first, 1);
    f->busy = true;
    size_t accepted = 77;
    assert_int_equal(market_feed_quotes(f->feed, quotes, 2, &accepted, &e), ERR_BUSY);
    assert_int_equal(accepted, 77);
    assert_int_equal(f->watchers[0].count, 1);
    assert_int_equal(last_bid(f, "A"), 1);
    assert_int_equal(last_bid(f, "B"), -1);
    f->busy = false;
    const struct market_quote between = quote("A", 4, 985);
    assert_int_equal(give(f, &between, 1), 1);
    assert_int_equal(give(f, quotes, 2), 2);
    assert_int_equal(last_bid(f, "B"), 3);
}

static void quotes_are_counted_by_what_became_of_them(void **state)
{
    struct fixture *f = *state;
    const struct market_quote quotes[] = {quote("A", 1, 990), quote("A", 2, 980), quote("B", 3, 0)};
    give(f, quotes, 3);
    f->busy = true;
    market_feed_quotes(f->feed, &quotes[2], 1, NULL, NULL);
    struct market_feed_stats stats = market_feed_stats(f->feed);
    assert_int_equal(stats.accepted, 2);
    assert_int_equal(stats.ignored, 1);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.symbols, 2);
}

static void a_batch_without_news_reaches_nobody(void **state)
{
    struct fixture *f = *state;
    const struct market_quote quotes[] = {quote("A", 1, 990), quote("A", 2, 980)};
    give(f, &quotes[0], 1);
    f->busy = true; /* would refuse it */
    assert_int_equal(give(f, &quotes[1], 1), 0);
    assert_int_equal(f->watchers[0].count, 1);
}

static void symbols_are_listed_in_the_order_in_which_they_came(void **state)
{
    struct fixture *f = *state;
    char name[8];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "S%d", 99 - i);
        const struct market_quote q = quote(name, i + 1, 0);
        give(f, &q, 1);
    }
    struct market_last page[20];
    size_t place = 0, seen = 0;
    bool more = true;
    while (more) {
        size_t count = market_feed_list(f->feed, &place, 20, page, &more);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(page[i].quote.bid, ++seen);
    }
    assert_int_equal(seen, 50);
    place = 1000;
    assert_int_equal(market_feed_list(f->feed, &place, 20, page, &more), 0);
    assert_false(more);
}

static void a_feed_without_broker_and_watchers_keeps_the_newest(void **state)
{
    struct fixture *f = *state;
    const struct market_feed_options options = {.clock = &f->clock.clock};
    struct market_feed *alone;
    struct market_last last;
    const struct market_quote q = quote("A", 5, 0);
    assert_int_equal(market_feed_create(&options, &alone, NULL), ERR_OK);
    assert_false(market_feed_last(alone, "A", &last));
    assert_int_equal(market_feed_quotes(alone, &q, 1, NULL, NULL), ERR_OK);
    assert_true(market_feed_last(alone, "A", &last));
    assert_int_equal(last.quote.bid, 5);
    market_feed_free(alone);
    market_feed_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_batch_goes_as_far_as_nobody_acts(void **state)
{
    struct fixture *f = *state;
    const struct market_quote quotes[] = {quote("A", 5, 0), quote("A", 6, 0), quote("A", 7, 0)};
    bool acts;
    assert_int_equal(market_feed_until_act(f->feed, quotes, 3, &acts), 3);
    assert_false(acts);
    f->watchers[1].acts_at = 6;
    assert_int_equal(market_feed_until_act(f->feed, quotes, 3, &acts), 2);
    assert_true(acts);
    assert_int_equal(f->broker.count, 0); /* nobody was told anything */
}

static void quotes_have_settled_when_all_have(void **state)
{
    struct fixture *f = *state;
    assert_true(market_feed_settled(f->feed, "A"));
    f->watchers[1].busy = true;
    assert_false(market_feed_settled(f->feed, "A"));
    assert_true(market_feed_settled(f->feed, "B"));
    f->watchers[1].busy = false;
    f->on_its_way = true;
    assert_false(market_feed_settled(f->feed, "A"));
}

static void quotes_of_contracts_that_are_over_are_forgotten(void **state)
{
    enum { OVER = PAST_FIRST - 1 };
    struct fixture *f = *state;
    char symbol[LIMIT_SYMBOL_BYTES];
    manual_clock_advance(&f->clock, 60 * 365 * NS_PER_DAY);
    for (int i = 0; i < OVER; i++) {
        snprintf(symbol, sizeof symbol, "QQQ240119C%08d", 100000 + i * 1000);
        const struct market_quote q = quote(symbol, 5, 0);
        f->broker.count = f->watchers[0].count = f->watchers[1].count = 0;
        assert_int_equal(give(f, &q, 1), 1);
    }
    const struct market_quote share = quote("QQQ", 5, 0);
    assert_int_equal(give(f, &share, 1), 1);
    assert_int_equal(market_feed_stats(f->feed).symbols, OVER + 1);
    manual_clock_advance(&f->clock, 2 * NS_PER_DAY);
    const struct market_quote again = quote(symbol, 6, 0);
    assert_int_equal(give(f, &again, 1), 1);
    assert_int_equal(market_feed_stats(f->feed).symbols, 2);
    assert_int_equal(last_bid(f, "QQQ"), 5);
    assert_int_equal(last_bid(f, symbol), 6);
    assert_int_equal(last_bid(f, "QQQ240119C00100000"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everyone_sees_the_same_quotes_in_the_same_order),
        TEST(older_quotes_are_ignored_within_a_batch_too),
        TEST(a_quote_without_a_time_is_newest_also_when_the_clock_goes_back),
        TEST(the_age_is_that_of_the_quote_and_grows_with_steady_time),
        TEST(what_the_broker_refuses_nobody_sees_and_may_come_again),
        TEST(quotes_are_counted_by_what_became_of_them),
        TEST(a_batch_without_news_reaches_nobody),
        TEST(symbols_are_listed_in_the_order_in_which_they_came),
        TEST(a_feed_without_broker_and_watchers_keeps_the_newest),
        TEST(a_batch_goes_as_far_as_nobody_acts),
        TEST(quotes_have_settled_when_all_have),
        TEST(quotes_of_contracts_that_are_over_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
