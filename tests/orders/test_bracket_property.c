/* What holds of step() and derive() whatever happens: thousands of random brackets each. A failure
 * tells its seed. */
#include "base/clock.h"
#include "base/decimal.h"
#include "orders/transitions.h"
#include "tests/orders/random_bracket.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#ifdef VARIANT_SANITIZED
enum { ROUNDS = 10000, WALKS = 1000, EDGE_WALKS = 1000 };
#else
enum { ROUNDS = 20000, WALKS = 4000, EDGE_WALKS = 30000 };
#endif
enum { WALK_STEPS = 150 };

static void assert_same(const struct bracket_state *a, const struct bracket_state *b,
                        const char *what, uint64_t seed)
{
    if (memcmp(a, b, sizeof(*a)) == 0)
        return;
    size_t at = 0;
    while (((const char *)a)[at] == ((const char *)b)[at])
        at++;
    fail_msg("%s: seed %llu, byte %zu of the state", what, (unsigned long long)seed, at);
}

/* ---- any event in any state ------------------------------------------------------------------ */

static void every_event_in_every_state_is_defined(void **state)
{
    (void)state;
    struct bracket_action actions[BRACKET_ACTIONS_MAX];
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct random r;
        random_seed(&r, seed);
        struct bracket_state s = random_state(&r), out;
        for (int i = 0; i < 10; i++) {
            struct order_event e = random_event(&r, &s);
            struct bracket_summary summary;
            bracket_step(&s, &e, &out);
            assert_true(bracket_derive(&out, e.clock, actions) <= BRACKET_ACTIONS_MAX);
            bracket_summarize(&out, e.clock, &summary);
            (void)bracket_next_steady_ns(&out, e.clock);
            (void)bracket_alerts(&s, &out);
            s = out;
        }
    }
}

static void stepping_in_place_is_stepping(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct random r;
        random_seed(&r, seed);
        struct bracket_state s = random_state(&r), out;
        struct order_event e = random_event(&r, &s);
        bracket_step(&s, &e, &out);
        bracket_step(&s, &e, &s);
        assert_same(&s, &out, "in place", seed);
    }
}

/* ---- along walks ----------------------------------------------------------------------------- */

static void an_event_applied_twice_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < WALKS; seed++) {
        struct walk w;
        struct bracket_state twice;
        walk_init(&w, seed);
        for (int i = 0; i < WALK_STEPS && walk_step(&w); i++) {
            bracket_step(&w.state, &w.event, &twice);
            assert_same(&w.state, &twice, order_event_name(w.event.type), seed);
        }
    }
}

static bool calls_broker(const struct bracket_action *a)
{
    return a->kind == ACTION_SUBMIT || a->kind == ACTION_CANCEL;
}

static bool same_call(const struct bracket_action *a, const struct bracket_action *b)
{
    return a->kind == b->kind && a->leg == b->leg && a->generation == b->generation;
}

static void what_was_derived_and_intended_is_not_derived_again(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < WALKS; seed++) {
        struct walk w;
        walk_init(&w, seed);
        for (int i = 0; i < WALK_STEPS && walk_step(&w); i++) {
            struct bracket_action first[BRACKET_ACTIONS_MAX], again[BRACKET_ACTIONS_MAX];
            struct bracket_state s = w.state;
            size_t count = bracket_derive(&s, w.clock, first);
            for (size_t k = 0; k < count; k++) {
                struct order_event e;
                if (!bracket_action_intent(&first[k], w.clock, &e))
                    continue;
                bracket_step(&s, &e, &s);
                if (!bracket_action_stands(&s, &first[k]))
                    fail_msg("seed %llu: the intent to %s %s%d does not stand",
                             (unsigned long long)seed, action_name(first[k].kind),
                             leg_name(first[k].leg), (int)first[k].generation);
            }
            size_t more = bracket_derive(&s, w.clock, again);
            for (size_t k = 0; k < more; k++)
                for (size_t j = 0; j < count && calls_broker(&again[k]); j++)
                    assert_false(same_call(&again[k], &first[j]));
        }
    }
}

static void exits_that_may_live_never_exceed_what_is_known_to_be_filled(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < WALKS; seed++) {
        struct walk w;
        walk_init(&w, seed);
        while (w.truth_count < WALK_TRUTHS_MAX / 2 && w.clock.steady_ns < 300 * NS_PER_SECOND &&
               walk_step(&w)) {
            struct bracket_sums sums;
            bracket_sum(&w.state, &sums);
            if (w.event.type != EVENT_SUBMIT)
                continue;
            if (w.event.leg == LEG_ENTRY)
                assert_true(sums.entry_reserved <= w.state.spec.quantity);
            else
                assert_true(sums.exit_room >= 0);
        }
    }
}

static void a_decoded_log_folds_to_the_same_bytes(void **state)
{
    (void)state;
    static unsigned char log[WALK_STEPS + 1][ORDER_EVENT_BYTES_MAX];
    static size_t sizes[WALK_STEPS + 1];
    for (uint64_t seed = 0; seed < WALKS; seed++) {
        struct walk w;
        walk_init(&w, seed);
        size_t count = 0;
        sizes[count] = order_event_encode(&w.event, log[count]);
        count++;
        while (count <= WALK_STEPS && walk_step(&w)) {
            /* A tick that changes nothing is not stored. */
            if (w.event.type == EVENT_TICK && memcmp(&w.before, &w.state, sizeof(w.state)) == 0)
                continue;
            sizes[count] = order_event_encode(&w.event, log[count]);
            count++;
        }
        struct bracket_state folded;
        bracket_state_init(&folded);
        for (size_t i = 0; i < count; i++) {
            struct order_event e;
            assert_int_equal(order_event_decode(log[i], sizes[i], &e, NULL), ERR_OK);
            bracket_step(&folded, &e, &folded);
        }
        assert_same(&folded, &w.state, "fold", seed);
    }
}

/* ---- confluence ------------------------------------------------------------------------------ */

enum { SNAPSHOTS_MAX = 64 };

/* What a broker may tell of each kept order from now on: a history that ends in a last snapshot. */
struct history {
    struct order_event snapshots[SNAPSHOTS_MAX], last[BRACKET_ORDERS_MAX];
    size_t count, last_count;
};

static struct order_event snapshot(const struct walk *w, const struct truth *t)
{
    struct order_event e;
    order_event_init(&e, EVENT_REPORT, w->clock);
    e.leg = t->leg;
    e.generation = t->generation;
    e.status = t->status;
    e.quantity = t->quantity;
    e.filled = t->filled;
    e.filled_value = order_value(t->filled, 100 * DECIMAL_ONE);
    e.from_ns = w->clock.steady_ns;
    return e;
}

static void add_history(struct walk *w, struct truth t, struct history *h)
{
    const struct leg_order *o = bracket_find(&w->state, t.leg, t.generation);
    if (!o || t.status == ORDER_STATUS_NONE || o->paired)
        return;
    for (int i = 0; i < 3 && h->count < SNAPSHOTS_MAX; i++) {
        h->snapshots[h->count++] = snapshot(w, &t);
        if (t.status != ORDER_STATUS_NEW)
            break;
        int64_t more =
            (int64_t)random_below(&w->random, (uint64_t)(t.quantity - t.filled) / DECIMAL_ONE + 1);
        t.filled += more * DECIMAL_ONE;
        if (t.filled == t.quantity)
            t.status = ORDER_STATUS_FILLED;
        else if (random_below(&w->random, 3) == 0)
            t.status = ORDER_STATUS_CANCELED;
    }
    h->last[h->last_count++] = snapshot(w, &t);
}

static void play(struct random *r, const struct bracket_state *from, const struct history *h,
                 struct bracket_state *out)
{
    *out = *from;
    size_t told = h->count ? random_below(r, 2 * h->count + 1) : 0;
    for (size_t i = 0; i < told; i++)
        bracket_step(out, &h->snapshots[random_below(r, h->count)], out);
    size_t first = h->last_count ? random_below(r, h->last_count) : 0;
    for (size_t i = 0; i < h->last_count; i++)
        bracket_step(out, &h->last[(first + i) % h->last_count], out);
}

static void reports_in_any_order_and_number_give_one_state(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < WALKS; seed++) {
        struct walk w;
        struct history h = {.count = 0};
        struct bracket_state one, other;
        walk_init(&w, seed);
        int steps = (int)random_below(&w.random, WALK_STEPS);
        for (int i = 0; i < steps && walk_step(&w); i++)
            ;
        /* For how long the position has lacked protection does depend on when what was heard. */
        w.state.uncovered_ns = 0;
        for (size_t i = 0; i < w.truth_count && h.last_count < BRACKET_ORDERS_MAX; i++)
            add_history(&w, w.truths[i], &h);
        play(&w.random, &w.state, &h, &one);
        for (int i = 0; i < 8; i++) {
            play(&w.random, &w.state, &h, &other);
            assert_same(&one, &other, "confluence", seed);
        }
    }
}

/* ---- edges ----------------------------------------------------------------------------------- */

enum { REACHED_PLAIN = 1, REACHED_LATE = 2 };

static int edge_kinds(int from, int to)
{
    for (size_t i = 0; i < bracket_edge_count; i++)
        if ((int)bracket_edges[i].from == from && (int)bracket_edges[i].to == to)
            return bracket_edges[i].kind == EDGE_NORMAL ? REACHED_PLAIN | REACHED_LATE
                                                        : REACHED_LATE;
    bool review = from == BRACKET_NEEDS_REVIEW || to == BRACKET_NEEDS_REVIEW;
    return from == to || review ? REACHED_PLAIN | REACHED_LATE : 0;
}

static void walks_take_the_edges_of_the_table_and_all_normal_ones(void **state)
{
    (void)state;
    static int reached[BRACKET_STATUS_COUNT][BRACKET_STATUS_COUNT];
    for (uint64_t seed = 0; seed < EDGE_WALKS; seed++) {
        struct walk w;
        walk_init(&w, seed);
        w.plain = seed % 2;
        do {
            int kind = w.plain ? REACHED_PLAIN : REACHED_LATE;
            reached[w.before.status][w.state.status] |= kind;
            if (kind & ~edge_kinds((int)w.before.status, (int)w.state.status))
                fail_msg("%s to %s is in no row: seed %llu", bracket_status_name(w.before.status),
                         bracket_status_name(w.state.status), (unsigned long long)seed);
        } while (w.clock.steady_ns < 120 * NS_PER_SECOND && walk_step(&w));
    }
    for (size_t i = 0; i < bracket_edge_count && EDGE_WALKS > 10000; i++) {
        const struct bracket_edge *edge = &bracket_edges[i];
        if (edge->kind == EDGE_NORMAL && !(reached[edge->from][edge->to] & REACHED_PLAIN))
            fail_msg("%s to %s is never taken", bracket_status_name(edge->from),
                     bracket_status_name(edge->to));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state_is_defined),
        cmocka_unit_test(stepping_in_place_is_stepping),
        cmocka_unit_test(an_event_applied_twice_changes_nothing),
        cmocka_unit_test(what_was_derived_and_intended_is_not_derived_again),
        cmocka_unit_test(exits_that_may_live_never_exceed_what_is_known_to_be_filled),
        cmocka_unit_test(a_decoded_log_folds_to_the_same_bytes),
        cmocka_unit_test(reports_in_any_order_and_number_give_one_state),
        cmocka_unit_test(walks_take_the_edges_of_the_table_and_all_normal_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
