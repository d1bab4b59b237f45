/* A broker that hangs: whom it does not answer waits, and nobody else does; and what it leaves
 * without protection is told of meanwhile. */
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_submit_that_hangs_holds_up_nobody_elses_stop),
        WITH_DESK(a_listing_that_hangs_holds_up_no_stop),
        cmocka_unit_test_setup_teardown(questions_that_wait_for_the_rate_hold_up_no_exit,
                                        set_up_without_listings, bench_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
