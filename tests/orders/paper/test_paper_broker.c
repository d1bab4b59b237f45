/* The paper broker's threads: nobody is told of anything before it is stored, whoever asks; hints;
 * what a store that is slow, busy or broken means.
 */
#include "base/decimal.h"
#include "base/thread.h"
#include "tests/orders/paper/paper_audit.h"
#include "tests/orders/paper/paper_subject.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE DECIMAL_ONE

static int set_up(void **state)
{
    static struct paper_subject subject;
    paper_subject_open(&subject, clock_real(), 0);
    *state = &subject;
    return 0;
}

static int tear_down(void **state)
{
    struct paper_subject *s = *state;
    s->broker->operations->free(s->broker);
    paper_subject_close(s);
    return 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct broker_submit buy(const char *client_id, int64_t quantity, int64_t limit_price)
{
    struct broker_submit s = {
        .client_id = client_id,
        .side = ORDER_BUY,
        .type = ORDER_TYPE_LIMIT,
        .time_in_force = TIF_GTC,
        .quantity = quantity,
        .limit_price = limit_price,
        .opens = true,
    };
    assert_int_equal(contract_share("SPY", 3, &s.contract, NULL), ERR_OK);
    return s;
}

static enum outcome submit(struct broker *b, const struct broker_submit *s)
{
    bool reported = false;
    struct broker_report report;
    struct broker_refusal refusal;
    enum outcome outcome = b->operations->submit(b, s, &reported, &report, &refusal);
    assert_int_equal(outcome == OUTCOME_OK || outcome == OUTCOME_UNKNOWN, reported);
    return outcome;
}

static struct broker_report found(struct broker *b, const char *client_id)
{
    struct broker_report report;
    bool there = false;
    assert_int_equal(b->operations->find(b, client_id, &there, &report), OUTCOME_OK);
    assert_true(there);
    return report;
}

/* A call on a thread of its own, so that the test can look while it waits. */
struct call {
    struct broker *broker;
    struct thread thread;
    const char *client_id;
    enum outcome outcome;
    struct broker_report report;
    struct broker_account account;
    bool found;
    atomic_bool ended;
};

static void *call_submit(void *context)
{
    struct call *c = context;
    struct broker_submit s = buy(c->client_id, ONE, 100 * ONE);
    bool reported = false;
    struct broker_refusal refusal;
    c->outcome = c->broker->operations->submit(c->broker, &s, &reported, &c->report, &refusal);
    atomic_store(&c->ended, true);
    return NULL;
}

static void *call_find(void *context)
{
    struct call *c = context;
    c->outcome = c->broker->operations->find(c->broker, c->client_id, &c->found, &c->report);
    atomic_store(&c->ended, true);
    return NULL;
}

static void *call_account(void *context)
{
    struct call *c = context;
    c->outcome = c->broker->operations->account(c->broker, &c->account);
    atomic_store(&c->ended, true);
    return NULL;
}

static void begin(struct call *c, void *(*run)(void *))
{
    const struct thread_options options = {.name = "caller"};
    assert_int_equal(thread_start(&c->thread, &options, run, c, NULL), ERR_OK);
}

static void end(struct call *c)
{
    thread_join(&c->thread);
    assert_true(atomic_load(&c->ended));
}

/* ---- nothing is told before it is stored ----------------------------------------------------- */

static void a_call_is_answered_once_it_is_stored(void **state)
{
    struct paper_subject *s = *state;
    struct call c = {.broker = s->broker, .client_id = "o1"};
    memory_paper_store_hold(s->store, true);
    begin(&c, call_submit);
    test_pause_ms(20);
    assert_false(atomic_load(&c.ended));
    memory_paper_store_hold(s->store, false);
    end(&c);
    assert_int_equal(c.outcome, OUTCOME_OK);
    assert_int_equal(memory_paper_store_events(s->store), 1);
}

static void who_asks_is_told_of_a_fill_once_it_is_stored(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    memory_paper_store_hold(s->store, true);
    paper_subject_quote(s->broker, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    struct call by_id = {.broker = s->broker, .client_id = "o1"}, cash = {.broker = s->broker};
    begin(&by_id, call_find);
    begin(&cash, call_account);
    test_pause_ms(20);
    assert_false(atomic_load(&by_id.ended));
    assert_false(atomic_load(&cash.ended));
    memory_paper_store_hold(s->store, false);
    end(&by_id);
    end(&cash);
    assert_int_equal(by_id.report.status, ORDER_STATUS_FILLED);
    assert_int_equal(cash.account.cash, PAPER_SUBJECT_CASH - 100 * ONE);
}

static void what_is_stored_is_told_though_more_is_under_way(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    memory_paper_store_hold(s->store, true);
    struct call c = {.broker = s->broker, .client_id = "o2"};
    begin(&c, call_submit);
    assert_int_equal(found(s->broker, "o1").status, ORDER_STATUS_NEW);
    memory_paper_store_hold(s->store, false);
    end(&c);
}

/* A quote that touches an order and fills nothing begins a batch that stays empty. */
static void an_account_is_told_once_what_was_before_it_is_stored(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    struct occ_symbol occ;
    assert_int_equal(occ_symbol_parse("SPY351221C00500000", 18, &occ, NULL), ERR_OK);
    assert_int_equal(contract_option(&occ, -1, &o.contract, NULL), ERR_OK);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    memory_paper_store_hold(s->store, true);
    struct call place = {.broker = s->broker, .client_id = "o2"}, cash = {.broker = s->broker};
    begin(&place, call_submit);
    test_pause_ms(10);
    paper_subject_quote(s->broker, o.contract.symbol, 0, 0, 100 * ONE, ONE / 2);
    begin(&cash, call_account);
    test_pause_ms(20);
    assert_false(atomic_load(&cash.ended));
    memory_paper_store_hold(s->store, false);
    end(&place);
    end(&cash);
    assert_int_equal(cash.account.buying_power, PAPER_SUBJECT_CASH - 101 * 100 * ONE);
}

/* ---- hints ----------------------------------------------------------------------------------- */

struct hints {
    struct paper_subject *subject;
    atomic_int count;
    atomic_bool early; /* told before it was stored */
    atomic_size_t stored_before;
};

static void hint(void *context, const char *client_id)
{
    struct hints *h = context;
    if (memory_paper_store_events(h->subject->store) <= atomic_load(&h->stored_before))
        atomic_store(&h->early, true);
    if (strcmp(client_id, "o1") == 0)
        atomic_fetch_add(&h->count, 1);
}

static bool hinted(void *context)
{
    return atomic_load(&((struct hints *)context)->count) > 0;
}

static void a_fill_is_hinted_once_it_is_stored(void **state)
{
    struct paper_subject *s = *state;
    struct hints h = {.subject = s};
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    s->broker->operations->listen(s->broker, hint, &h);
    memory_paper_store_hold(s->store, true);
    atomic_store(&h.stored_before, memory_paper_store_events(s->store));
    paper_subject_quote(s->broker, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    test_pause_ms(10);
    assert_int_equal(atomic_load(&h.count), 0);
    memory_paper_store_hold(s->store, false);
    assert_true(test_wait(hinted, &h, 5000));
    assert_false(atomic_load(&h.early));
    s->broker->operations->listen(s->broker, NULL, NULL);
}

static void nobody_is_hinted_after_listening_ended(void **state)
{
    struct paper_subject *s = *state;
    struct hints h = {.subject = s};
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    s->broker->operations->listen(s->broker, hint, &h);
    s->broker->operations->listen(s->broker, NULL, NULL);
    paper_subject_quote(s->broker, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    assert_int_equal(found(s->broker, "o1").status, ORDER_STATUS_FILLED);
    test_pause_ms(5);
    assert_int_equal(atomic_load(&h.count), 0);
}

/* ---- a store that does not do as it should --------------------------------------------------- */

static void a_busy_store_is_tried_again(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    memory_paper_store_be_busy(s->store, 3);
    assert_int_equal(submit(s->broker, &o), OUTCOME_OK);
    assert_int_equal(memory_paper_store_events(s->store), 1);
}

static void a_full_disk_is_waited_for_and_nothing_is_told_meanwhile(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o1 = buy("o1", ONE, 100 * ONE);
    struct broker_report report;
    bool there;
    memory_paper_store_fail(s->store, ERR_DISK_FULL);
    assert_int_equal(submit(s->broker, &o1), OUTCOME_UNKNOWN); /* after two seconds */
    assert_int_equal(memory_paper_store_events(s->store), 0);
    struct call c = {.broker = s->broker, .client_id = "o1"};
    begin(&c, call_find);
    test_pause_ms(150);
    assert_false(atomic_load(&c.ended));
    memory_paper_store_fail(s->store, ERR_OK);
    end(&c);
    assert_int_equal(c.outcome, OUTCOME_OK);
    assert_true(c.found);
    assert_int_equal(memory_paper_store_count(s->store, "o1"), 1);
    o1.client_id = "o2";
    assert_int_equal(submit(s->broker, &o1), OUTCOME_OK);
    assert_int_equal(s->broker->operations->find(s->broker, "o2", &there, &report), OUTCOME_OK);
}

static void after_a_failed_commit_everything_is_unknown(void **state)
{
    struct paper_subject *s = *state;
    struct broker_submit o1 = buy("o1", ONE, 100 * ONE), o2 = buy("o2", ONE, 100 * ONE);
    struct broker_report report;
    struct broker_account account;
    bool there;
    assert_int_equal(submit(s->broker, &o1), OUTCOME_OK);
    memory_paper_store_fail(s->store, ERR_OUTCOME_UNKNOWN);
    assert_int_equal(submit(s->broker, &o2), OUTCOME_UNKNOWN);
    assert_int_equal(s->broker->operations->find(s->broker, "o1", &there, &report),
                     OUTCOME_UNKNOWN);
    assert_int_equal(s->broker->operations->account(s->broker, &account), OUTCOME_UNKNOWN);
    o2.client_id = "o3";
    assert_int_equal(submit(s->broker, &o2), OUTCOME_NOT_SENT);
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_filled(void *context)
{
    return found(context, "o1").status == ORDER_STATUS_FILLED;
}

static bool is_canceled(void *context)
{
    return found(context, "o2").status == ORDER_STATUS_CANCELED;
}

static void latency_passes_by_the_clock(void **state)
{
    (void)state;
    struct paper_subject s = {.store = NULL};
    struct manual_clock clock;
    struct broker_refusal refusal;
    manual_clock_init(&clock, INT64_C(1800000000) * NS_PER_SECOND);
    struct broker *b = paper_subject_open(&s, &clock.clock, NS_PER_SECOND);
    paper_subject_quote(b, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    struct broker_submit o = buy("o1", ONE, 100 * ONE);
    assert_int_equal(submit(b, &o), OUTCOME_OK);
    assert_int_equal(found(b, "o1").status, ORDER_STATUS_NEW);
    manual_clock_advance(&clock, NS_PER_SECOND);
    assert_true(test_wait(is_filled, b, 5000));
    o = buy("o2", ONE, 90 * ONE);
    assert_int_equal(submit(b, &o), OUTCOME_OK);
    assert_int_equal(b->operations->cancel(b, "o2", "", &refusal), OUTCOME_OK);
    assert_int_equal(found(b, "o2").status, ORDER_STATUS_NEW);
    manual_clock_advance(&clock, NS_PER_SECOND);
    assert_true(test_wait(is_canceled, b, 5000));
    b->operations->free(b);
    paper_subject_close(&s);
}

/* ---- listings -------------------------------------------------------------------------------- */

struct listing {
    int live, dead;
};

static bool count_report(void *context, const struct broker_report *r)
{
    struct listing *l = context;
    l->live += r->status == ORDER_STATUS_NEW;
    l->dead += r->status != ORDER_STATUS_NEW;
    return true;
}

static bool stop_at_once(void *context, const struct broker_report *r)
{
    (void)context;
    (void)r;
    return false;
}

static void a_listing_has_what_lives_and_what_ended_since(void **state)
{
    struct paper_subject *s = *state;
    struct broker *b = s->broker;
    struct broker_refusal refusal;
    char id[16];
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "o%d", i);
        struct broker_submit o = buy(id, ONE, ONE);
        assert_int_equal(submit(b, &o), OUTCOME_OK);
        if (i % 2)
            assert_int_equal(b->operations->cancel(b, id, "", &refusal), OUTCOME_OK);
    }
    struct listing all = {0}, live = {0}, again = {0};
    assert_int_equal(b->operations->list(b, 0, count_report, &all), OUTCOME_OK);
    assert_int_equal(all.live, 100);
    assert_int_equal(all.dead, 100);
    assert_int_equal(b->operations->list(b, INT64_MAX, count_report, &live), OUTCOME_OK);
    assert_int_equal(live.live, 100);
    assert_int_equal(live.dead, 0);
    assert_int_equal(b->operations->list(b, 0, stop_at_once, NULL), OUTCOME_UNKNOWN);
    /* What ended is in the store alone after a restart. */
    b->operations->free(b);
    b = paper_subject_open(s, clock_real(), 0);
    assert_int_equal(b->operations->list(b, 0, count_report, &again), OUTCOME_OK);
    assert_int_equal(again.live, 100);
    assert_int_equal(again.dead, 100);
    assert_int_equal(found(b, "o1").status, ORDER_STATUS_CANCELED);
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { TRADERS = 8, ROUNDS = 150 };

struct trader {
    struct broker *broker;
    struct thread thread;
    int number;
    int accepted;
};

/* Buys, sells what it bought, cancels what rests. */
static void *trade(void *context)
{
    struct trader *t = context;
    struct broker *b = t->broker;
    for (int i = 0; i < ROUNDS; i++) {
        char id[32];
        struct broker_refusal refusal;
        snprintf(id, sizeof id, "t%d-%d", t->number, i);
        struct broker_submit s = buy(id, (1 + i % 3) * ONE, (98 + i % 5) * ONE);
        if (i % 4 == 3) {
            s.side = ORDER_SELL;
            s.type = ORDER_TYPE_MARKET;
            s.opens = false;
        }
        enum outcome outcome = submit(b, &s);
        t->accepted += outcome == OUTCOME_OK;
        assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_REJECTED);
        if (i % 5 == 4)
            b->operations->cancel(b, id, "", &refusal);
    }
    return NULL;
}

static void audit(void *context, const struct paper_event *event)
{
    paper_audit_event(context, event);
}

static void many_callers_and_quotes_leave_a_journal_that_adds_up(void **state)
{
    struct paper_subject *s = *state;
    static struct trader traders[TRADERS];
    struct listing l;
    int accepted = 0;
    for (int i = 0; i < TRADERS; i++) {
        traders[i] = (struct trader){.broker = s->broker, .number = i};
        const struct thread_options options = {.name = "trader"};
        assert_int_equal(thread_start(&traders[i].thread, &options, trade, &traders[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < 100; i++) {
        paper_subject_quote(s->broker, "SPY", (98 + i % 3) * ONE, 3 * ONE, (99 + i % 3) * ONE,
                            5 * ONE);
        l = (struct listing){0};
        assert_int_equal(s->broker->operations->list(s->broker, 0, count_report, &l), OUTCOME_OK);
    }
    for (int i = 0; i < TRADERS; i++) {
        thread_join(&traders[i].thread);
        accepted += traders[i].accepted;
    }
    l = (struct listing){0};
    assert_int_equal(s->broker->operations->list(s->broker, 0, count_report, &l), OUTCOME_OK);
    assert_int_equal(l.live + l.dead, accepted);
    static struct paper_audit a;
    struct broker_account account;
    paper_audit_init(&a, PAPER_SUBJECT_CASH);
    memory_paper_store_each(s->store, audit, &a);
    assert_int_equal(a.order_count, accepted);
    assert_int_equal(s->broker->operations->account(s->broker, &account), OUTCOME_OK);
    assert_int_equal(account.cash, a.cash);
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static void too_many_quotes_are_refused_whole(void **state)
{
    struct paper_subject *s = *state;
    struct market_quote *quotes = calloc(LIMIT_PAPER_QUOTES + 1, sizeof *quotes);
    struct error e;
    struct contract contract;
    struct order_quote q;
    int64_t age_ns;
    for (int i = 0; i <= LIMIT_PAPER_QUOTES; i++)
        quotes[i] = (struct market_quote){.symbol = "NEVER", .bid = 1};
    assert_int_equal(paper_broker_quotes(s->broker, quotes, LIMIT_PAPER_QUOTES + 1, &e), ERR_BUSY);
    free(quotes);
    paper_subject_quote(s->broker, "SPY", ONE, 0, 2 * ONE, 0);
    assert_int_equal(contract_share("NEVER", 5, &contract, NULL), ERR_OK);
    assert_int_equal(s->broker->operations->quote(s->broker, &contract, &q, &age_ns),
                     OUTCOME_REJECTED);
}

static void quotes_without_orders_store_nothing(void **state)
{
    struct paper_subject *s = *state;
    for (int i = 1; i <= 50; i++)
        paper_subject_quote(s->broker, "SPY", i * ONE, 0, (i + 1) * ONE, 0);
    assert_int_equal(memory_paper_store_commits(s->store), 0);
}

static void what_happens_is_counted(void **state)
{
    struct paper_subject *s = *state;
    struct paper_stats stats;
    struct broker_submit rests = buy("o1", ONE, 90 * ONE), fills = buy("o2", ONE, 100 * ONE);
    struct broker_submit dear = buy("o3", 1000000 * ONE, 100 * ONE);
    struct market_quote old = {.symbol = "SPY", .bid = ONE, .at_ns = 1};
    assert_int_equal(submit(s->broker, &rests), OUTCOME_OK);
    assert_int_equal(submit(s->broker, &fills), OUTCOME_OK);
    assert_int_equal(submit(s->broker, &dear), OUTCOME_REJECTED);
    paper_subject_quote(s->broker, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    assert_int_equal(paper_broker_quotes(s->broker, &old, 1, NULL), ERR_OK);
    paper_subject_quote(s->broker, "SPY", 99 * ONE, 0, 100 * ONE, 0);
    paper_broker_stats(s->broker, &stats);
    assert_int_equal(stats.live, 1);
    assert_int_equal(stats.positions, 1);
    assert_int_equal(stats.markets, 2); /* SPY, and the mark of the test */
    assert_int_equal(stats.quotes, 4);
    assert_int_equal(stats.quotes_ignored, 1);
    assert_int_equal(stats.accepted, 2);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.fills, 1);
    assert_int_equal(stats.quotes_waiting, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered_once_it_is_stored),
        TEST(who_asks_is_told_of_a_fill_once_it_is_stored),
        TEST(what_is_stored_is_told_though_more_is_under_way),
        TEST(an_account_is_told_once_what_was_before_it_is_stored),
        TEST(a_fill_is_hinted_once_it_is_stored),
        TEST(nobody_is_hinted_after_listening_ended),
        TEST(a_busy_store_is_tried_again),
        TEST(a_full_disk_is_waited_for_and_nothing_is_told_meanwhile),
        TEST(after_a_failed_commit_everything_is_unknown),
        cmocka_unit_test(latency_passes_by_the_clock),
        TEST(a_listing_has_what_lives_and_what_ended_since),
        TEST(many_callers_and_quotes_leave_a_journal_that_adds_up),
        TEST(too_many_quotes_are_refused_whole),
        TEST(quotes_without_orders_store_nothing),
        TEST(what_happens_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
