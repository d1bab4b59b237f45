/* A broker that hangs: whom it does not answer waits, and nobody else does; and what it leaves
 * without protection is told of meanwhile. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

#include <limits.h>
#include <stdlib.h>

enum { SOON_MS = 5000 };

static struct desk_view view_of(struct bench *b, const struct uuid *id)
{
    struct desk_view view;
    assert_int_equal(desk_load(b->desk, id, &view, NULL), ERR_OK);
    return view;
}

static struct uuid place(struct bench *b)
{
    struct bracket_spec spec = bench_terms();
    const struct desk_placement p = {.spec = &spec};
    struct answer a = bench_place(b, &p);
    assert_int_equal(a.outcome, DESK_DONE);
    EVENTUALLY(script_broker_live(b->broker, &a.id, LEG_ENTRY, NULL) == 1);
    EVENTUALLY(view_of(b, &a.id).state.status == BRACKET_WORKING);
    return a.id;
}

static void fill(struct bench *b, const struct uuid *id)
{
    script_broker_fill(b->broker, id, LEG_ENTRY, 10 * ONE, 100 * ONE);
}

static bool stop_works(struct bench *b, const struct uuid *id)
{
    return script_broker_live(b->broker, id, LEG_STOP_LOSS, NULL) == 1;
}

static void a_submit_that_hangs_holds_up_nobody_elses_stop(void **state)
{
    struct bench *b = *state;
    struct uuid slow = place(b), other = place(b);
    script_broker_hold(b->broker, &slow);
    fill(b, &slow);
    EVENTUALLY(script_broker_hanging(b->broker) == 1);
    fill(b, &other);
    EVENTUALLY(stop_works(b, &other));
    assert_int_equal(script_broker_hanging(b->broker), 1);
    script_broker_hold(b->broker, NULL);
    EVENTUALLY(stop_works(b, &slow));
}

static void a_listing_that_hangs_holds_up_no_stop(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    script_broker_mute(b->broker, true);
    script_broker_hold_listings(b->broker, true);
    EVENTUALLY(script_broker_hanging(b->broker) == 1);
    fill(b, &id);
    EVENTUALLY(stop_works(b, &id));
    assert_int_equal(script_broker_hanging(b->broker), 1);
    script_broker_hold_listings(b->broker, false);
}

/* ---- told of meanwhile ----------------------------------------------------------------------- */

static atomic_int begun, ended;

static void count_exposed(void *context, const struct desk_news *news)
{
    (void)context;
    atomic_fetch_add(news->alerts & ALERT_UNPROTECTED ? &begun : &ended, 1);
}

static int set_up_listening(void **state)
{
    struct bench *b = malloc(sizeof *b);
    bench_init(b);
    b->options.listener.exposed = count_exposed;
    atomic_store(&begun, 0);
    atomic_store(&ended, 0);
    bench_open(b);
    *state = b;
    return 0;
}

static struct desk_stats stats_of(struct bench *b)
{
    struct desk_stats stats;
    desk_stats(b->desk, &stats);
    return stats;
}

static void whom_the_broker_does_not_answer_is_told_of(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    script_broker_hold(b->broker, &id);
    fill(b, &id);
    /* The listing brings the fill; the stop's submit hangs. */
    EVENTUALLY(stats_of(b).unprotected == 1);
    assert_int_equal(atomic_load(&begun), 1);
    assert_int_equal(stats_of(b).unprotected_quantity, 10 * ONE);
    struct desk_view view = view_of(b, &id);
    assert_int_equal(view.state.status, BRACKET_PROTECTING); /* its thread cannot say so */
    assert_true(view.exposure.alarm);
    assert_int_equal(view.exposure.reason, EXPOSURE_PENDING);

    script_broker_hold(b->broker, NULL);
    EVENTUALLY(stop_works(b, &id));
    EVENTUALLY(stats_of(b).unprotected == 0);
    EVENTUALLY(atomic_load(&ended) == 1);
    assert_int_equal(atomic_load(&begun), 1);
    assert_int_equal(stats_of(b).unprotected_quantity, 0);
}

static void what_waits_behind_it_on_the_shared_loop_is_told_of_too(void **state)
{
    struct bench *b = *state;
    struct uuid slow = place(b), other = place(b);
    fill(b, &other);
    EVENTUALLY(stop_works(b, &other));
    bench_stop(b);
    b->options.threads_max = -1;
    bench_open(b);
    assert_int_equal(stats_of(b).shared, 2);
    script_broker_hold(b->broker, &slow);
    fill(b, &slow);
    EVENTUALLY(script_broker_hanging(b->broker) == 1);
    EVENTUALLY(stats_of(b).unprotected == 1);
    script_broker_hold(b->broker, NULL);
    EVENTUALLY(stop_works(b, &slow));
    EVENTUALLY(stats_of(b).unprotected == 0);
    assert_int_equal(atomic_load(&begun), 1);
}

static void what_the_store_refuses_is_told_of(void **state)
{
    struct bench *b = *state;
    struct uuid id = place(b);
    fill(b, &id);
    EVENTUALLY(stop_works(b, &id));
    EVENTUALLY(view_of(b, &id).state.status == BRACKET_PROTECTING);
    struct desk_order *o = desk_find(b->desk, &id);
    assert_int_equal(desk_close(o, 0, NULL, NULL, NULL), ERR_OK);
    desk_unref(o);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_EXIT, NULL) == 1);
    memory_store_fail(b->store, COMMIT_REFUSED, INT_MAX);
    /* The exit does not fill, and ten seconds later it is no protection any more. */
    EVENTUALLY(stats_of(b).unprotected == 1);
    assert_int_equal(atomic_load(&begun), 1);
    memory_store_fail(b->store, COMMIT_REFUSED, 0);
    script_broker_fill(b->broker, &id, LEG_EXIT, 10 * ONE, 99 * ONE);
    EVENTUALLY(view_of(b, &id).state.status == BRACKET_CLOSED);
    EVENTUALLY(stats_of(b).unprotected == 0);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* ---- the rate -------------------------------------------------------------------------------- */

/* One call a second, and a broker without listings: the questions of many brackets wait for half a
 * minute, and a fifth of the rate is kept for protection. */
static void start_scarce(struct bench *b)
{
    bench_stop(b);
    script_broker_limit(b->broker, 60);
    bench_start(b);
}

static int set_up_without_listings(void **state)
{
    struct bench *b = malloc(sizeof *b);
    bench_init(b);
    script_broker_free(b->broker);
    b->broker = script_broker_create(BROKER_CAN_DEDUP | BROKER_CAN_FIND);
    b->options.broker = script_broker_of(b->broker);
    bench_open(b);
    *state = b;
    return 0;
}

static void questions_that_wait_for_the_rate_hold_up_no_exit(void **state)
{
    enum { OTHERS = 40, SETTLE_MS = 500 };
    struct bench *b = *state;
    struct uuid id = place(b);
    fill(b, &id);
    EVENTUALLY(stop_works(b, &id));
    for (int i = 0; i < OTHERS; i++)
        place(b);
    start_scarce(b);
    assert_false(test_wait(never, NULL, SETTLE_MS)); /* by now all of them wait */

    struct desk_order *o = desk_find(b->desk, &id);
    struct answer a = {.outcome = DESK_REFUSED};
    int64_t asked_ns = clock_monotonic_ns(clock_real());
    assert_int_equal(desk_close(o, 0, bench_answered, &a, NULL), ERR_OK);
    desk_unref(o);
    EVENTUALLY(script_broker_live(b->broker, &id, LEG_EXIT, NULL) == 1);
    assert_true(clock_monotonic_ns(clock_real()) - asked_ns < SOON_MS * NS_PER_MS);
    assert_int_equal(answer_outcome(&a), DESK_DONE);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

#define LISTENING(test) cmocka_unit_test_setup_teardown(test, set_up_listening, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_submit_that_hangs_holds_up_nobody_elses_stop),
        WITH_DESK(a_listing_that_hangs_holds_up_no_stop),
        LISTENING(whom_the_broker_does_not_answer_is_told_of),
        LISTENING(what_waits_behind_it_on_the_shared_loop_is_told_of_too),
        LISTENING(what_the_store_refuses_is_told_of),
        cmocka_unit_test_setup_teardown(questions_that_wait_for_the_rate_hold_up_no_exit,
                                        set_up_without_listings, bench_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
