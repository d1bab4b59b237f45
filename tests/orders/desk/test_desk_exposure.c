/* A position without protection is told of within a second: by its status, the figures and the
 * listener, whatever its thread waits for. Polls are far apart here, so that none helps. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_S = 30, SOON_MS = 5000 };

struct alarms {
    struct bench bench; /* the first member: what the tests' *state points to */
    atomic_int begun, ended;
    atomic_int reason;
};

static void told(void *context, const struct desk_news *news)
{
    struct alarms *a = context;
    if (news->alerts & ALERT_UNPROTECTED) {
        atomic_store(&a->reason, (int)news->reason);
        atomic_fetch_add(&a->begun, 1);
    }
    if (news->alerts & ALERT_PROTECTED)
        atomic_fetch_add(&a->ended, 1);
}

static int set_up(void **state)
{
    struct alarms *a = calloc(1, sizeof *a);
    bench_init(&a->bench);
    a->bench.options.poll_interval_ns = POLL_S * NS_PER_SECOND;
    a->bench.options.listener.context = a;
    a->bench.options.listener.committed = told;
    bench_open(&a->bench);
    *state = a;
    return 0;
}

static struct desk_view view_of(struct bench *b, const struct uuid *id)
{
    struct desk_view view;
    assert_int_equal(desk_load(b->desk, id, &view, NULL), ERR_OK);
    return view;
}

struct expected {
    struct bench *bench;
    struct uuid id;
    enum bracket_status status;
};

static bool has_status(void *context)
{
    struct expected *e = context;
    return view_of(e->bench, &e->id).state.status == e->status;
}

/* Long before the next poll. */
static void soon(struct bench *b, const struct uuid *id, enum bracket_status status)
{
    struct expected e = {.bench = b, .id = *id, .status = status};
    if (!test_wait(has_status, &e, SOON_MS))
        fail_msg("not soon %s", bracket_status_name(status));
}

static struct uuid place(struct bench *b, enum protection protection)
{
    struct bracket_spec spec = bench_terms();
    spec.protection = protection;
    const struct desk_placement p = {.spec = &spec};
    struct answer a = bench_place(b, &p);
    assert_int_equal(a.outcome, DESK_DONE);
    EVENTUALLY(script_broker_live(b->broker, &a.id, LEG_ENTRY, NULL) == 1);
    return a.id;
}

static struct uuid open_watched(struct bench *b)
{
    struct uuid id = place(b, PROTECTION_WATCHED);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    return id;
}

static void quote(struct bench *b, int64_t bid, int64_t ask)
{
    desk_quote(b->desk, bench_terms().contract.symbol, bid, ask, false, 0);
}

static struct desk_stats stats_of(struct bench *b)
{
    struct desk_stats stats;
    desk_stats(b->desk, &stats);
    return stats;
}

static void a_watched_position_without_quotes_is_told_of_once(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    struct uuid id = open_watched(b);
    soon(b, &id, BRACKET_UNPROTECTED);
    struct bracket_exposure x = view_of(b, &id).exposure;
    assert_int_equal(x.reason, EXPOSURE_NO_QUOTE);
    assert_int_equal(x.quantity, 10 * ONE);
    assert_true(x.alarm);
    EVENTUALLY(atomic_load(&a->begun) == 1);
    assert_int_equal(atomic_load(&a->reason), EXPOSURE_NO_QUOTE);
    assert_int_equal(stats_of(b).unprotected, 1);
    assert_int_equal(stats_of(b).unprotected_quantity, 10 * ONE);

    quote(b, 100 * ONE, 101 * ONE);
    soon(b, &id, BRACKET_PROTECTING);
    EVENTUALLY(atomic_load(&a->ended) == 1);
    assert_int_equal(stats_of(b).unprotected, 0);
    assert_int_equal(stats_of(b).unprotected_quantity, 0);
    assert_int_equal(atomic_load(&a->begun), 1);
}

static void a_crossed_quote_is_noticed_when_it_comes(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    quote(b, 100 * ONE, 101 * ONE);
    struct uuid id = open_watched(b);
    soon(b, &id, BRACKET_PROTECTING);
    quote(b, 102 * ONE, 101 * ONE);
    soon(b, &id, BRACKET_UNPROTECTED);
    assert_int_equal(view_of(b, &id).exposure.reason, EXPOSURE_BAD_QUOTE);
    quote(b, 100 * ONE, 101 * ONE);
    soon(b, &id, BRACKET_PROTECTING);
}

static void a_quote_that_comes_of_age_is_noticed(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    struct uuid id = open_watched(b);
    soon(b, &id, BRACKET_UNPROTECTED);
    /* It has been on its way for nearly all of the time that it may be used for. */
    desk_quote(b->desk, bench_terms().contract.symbol, 100 * ONE, 101 * ONE, false,
               4 * NS_PER_SECOND);
    soon(b, &id, BRACKET_PROTECTING);
    soon(b, &id, BRACKET_UNPROTECTED);
    assert_int_equal(view_of(b, &id).exposure.reason, EXPOSURE_STALE_QUOTE);
}

static void after_a_restart_without_quotes_it_is_told_at_once(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    quote(b, 100 * ONE, 101 * ONE);
    struct uuid id = open_watched(b);
    soon(b, &id, BRACKET_PROTECTING);
    bench_stop(b);
    bench_open(b);
    soon(b, &id, BRACKET_UNPROTECTED);
    quote(b, 100 * ONE, 101 * ONE);
    soon(b, &id, BRACKET_PROTECTING);
    quote(b, 94 * ONE, 95 * ONE); /* and it is watched again */
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_EXIT, NULL) == 1);
}

static void the_broker_is_asked_for_quotes(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    script_broker_quote(b->broker, 100 * ONE, 101 * ONE);
    struct uuid id = open_watched(b);
    soon(b, &id, BRACKET_PROTECTING);
    bench_stop(b);
    bench_open(b);
    struct order_quote seen;
    int64_t age_ns;
    EVENTUALLY(desk_last_quote(b->desk, bench_terms().contract.symbol, &seen, &age_ns));
    assert_int_equal(seen.bid, 100 * ONE);
    EVENTUALLY(view_of(b, &id).exposure.reason == EXPOSURE_NONE);
    assert_int_equal(atomic_load(&a->begun), 0);
}

/* ---- a store that refuses -------------------------------------------------------------------- */

static void a_commit_that_is_refused_is_told_until_one_is_stored(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    struct uuid id = place(b, PROTECTION_RESTING_STOP);
    soon(b, &id, BRACKET_WORKING);
    assert_int_equal(view_of(b, &id).tracker.commit_refusals, 0);
    memory_store_fail(b->store, COMMIT_REFUSED, INT_MAX);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(view_of(b, &id).tracker.commit_refusals >= 2);
    struct desk_tracker t = view_of(b, &id).tracker;
    assert_int_not_equal(t.commit_error, ERR_OK);
    assert_true(t.commit_refused_since_ns > START_NS);
    assert_int_equal(stats_of(b).unstored, 1);
    assert_true(stats_of(b).commits_refused >= 2);
    memory_store_fail(b->store, COMMIT_REFUSED, 0);
    soon(b, &id, BRACKET_PROTECTING);
    EVENTUALLY(view_of(b, &id).tracker.commit_refusals == 0);
    assert_int_equal(view_of(b, &id).tracker.commit_refused_since_ns, 0);
    assert_int_equal(stats_of(b).unstored, 0);
}

static void a_desk_that_stops_leaves_no_refusal_behind(void **state)
{
    struct alarms *a = *state;
    struct bench *b = &a->bench;
    struct uuid id = place(b, PROTECTION_RESTING_STOP);
    soon(b, &id, BRACKET_WORKING);
    memory_store_fail(b->store, COMMIT_REFUSED, INT_MAX);
    script_broker_fill(b->broker, &id, LEG_ENTRY, 10 * ONE, 100 * ONE);
    EVENTUALLY(stats_of(b).unstored == 1);
    memory_store_fail(b->store, COMMIT_REFUSED, 0);
    bench_stop(b);
    bench_open(b);
    soon(b, &id, BRACKET_PROTECTING);
    assert_int_equal(stats_of(b).unstored, 0);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_watched_position_without_quotes_is_told_of_once),
        WITH_DESK(a_crossed_quote_is_noticed_when_it_comes),
        WITH_DESK(a_quote_that_comes_of_age_is_noticed),
        WITH_DESK(after_a_restart_without_quotes_it_is_told_at_once),
        WITH_DESK(the_broker_is_asked_for_quotes),
        WITH_DESK(a_commit_that_is_refused_is_told_until_one_is_stored),
        WITH_DESK(a_desk_that_stops_leaves_no_refusal_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
