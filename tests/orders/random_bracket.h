/* Random brackets for property tests: terms, events that know nothing of sense, states that no
 * events lead to, and a walk beside a small broker that tells the truth, late and several times.
 *
 * The simulator (tests/sim/) has the broker with faults; this is the core's own, and fast.
 */
#ifndef TESTS_ORDERS_RANDOM_BRACKET_H
#define TESTS_ORDERS_RANDOM_BRACKET_H

#include "base/random.h"
#include "orders/derive.h"
#include "orders/step.h"

/* Terms that bracket_spec_check accepts. */
struct bracket_spec random_spec(struct random *r);

/* Members within the ranges of their enums, numbers from -1 to the ends of int64. */
struct order_event random_event(struct random *r, const struct bracket_state *s);
struct bracket_state random_state(struct random *r);

/* An order at the small broker. */
struct truth {
    enum leg leg;
    int32_t generation;
    enum order_status status; /* NEW, or dead; NONE: never arrived */
    int64_t quantity, filled;
};

enum { WALK_TRUTHS_MAX = 256 };

struct walk {
    struct random random;
    struct bracket_state state, before;
    struct order_clock clock;
    struct order_event event; /* the newest that was stepped */
    struct truth truths[WALK_TRUTHS_MAX];
    size_t truth_count;
    bool plain; /* no late fills, no busts */
};

void walk_init(struct walk *w, uint64_t seed);
/* One event of any kind that can happen, stepped. false when the walk has come to its end. */
bool walk_step(struct walk *w);

#endif
