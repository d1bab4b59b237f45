/* A bracket under a clock that the test moves, and short ways to say what happens to it. */
#ifndef TESTS_ORDERS_BRACKET_FIXTURE_H
#define TESTS_ORDERS_BRACKET_FIXTURE_H

#include "base/clock.h"
#include "base/decimal.h"
#include "orders/derive.h"
#include "orders/step.h"

#define ONE DECIMAL_ONE
#define CENT (DECIMAL_ONE / 100)
#define START_NS (INT64_C(1790000000) * NS_PER_SECOND)

/* Buys 10 of a share at 100 or less, take profit at 110, stop at 95, partial arming, resting stop;
 * attempts of 10 s, quotes of 5 s, a not-found bound of 3 s. */
struct bracket_spec fixture_spec(void);

struct fixture {
    struct bracket_state state, before;
    struct order_clock clock;
    struct order_quote quote;
    struct bracket_action actions[BRACKET_ACTIONS_MAX];
    size_t action_count;
};

/* Accepted, nothing else. */
void bracket_fixture_init(struct fixture *f, const struct bracket_spec *spec);

struct order_event fixture_event(const struct fixture *f, enum order_event_type type);
/* Steps; each call also checks that the event applied twice changes nothing, that it survives its
 * encoding, and what must hold of every state. */
void fixture_step(struct fixture *f, const struct order_event *e);
void fixture_simple(struct fixture *f, enum order_event_type type); /* an event without members */
void fixture_pass(struct fixture *f, int64_t seconds);              /* both clocks, then a TICK */
void fixture_quote(struct fixture *f, int64_t bid, int64_t ask);    /* fresh, then a TICK */

/* The first action of the kind and leg that is derived now, or NULL. */
const struct bracket_action *fixture_action(struct fixture *f, enum action_kind kind, enum leg leg);
/* Fails unless there is such an action; steps its intent, and returns the generation. */
int32_t fixture_intend(struct fixture *f, enum action_kind kind, enum leg leg);
/* Fails when anything is derived that would change something at the broker. */
void fixture_is_quiet(struct fixture *f);

void fixture_submit_outcome(struct fixture *f, enum leg leg, int32_t generation,
                            enum outcome outcome, enum reject reject);
void fixture_cancel_outcome(struct fixture *f, enum leg leg, int32_t generation,
                            enum outcome outcome);
/* filled at `price` each. */
void fixture_report(struct fixture *f, enum leg leg, int32_t generation, enum order_status status,
                    int64_t filled, int64_t price);
void fixture_absent(struct fixture *f, enum leg leg, int32_t generation);

/* Intends and acknowledges. */
int32_t fixture_place(struct fixture *f, enum leg leg);
/* The entry placed and filled with `quantity` at `price`. */
void fixture_enter(struct fixture *f, int64_t quantity, int64_t price);
/* The entry filled whole at 100, the stop working. */
void fixture_protect(struct fixture *f);
/* Intends the cancel and reports the order as canceled with `filled` at `price`. */
void fixture_cancel(struct fixture *f, enum leg leg, int64_t filled, int64_t price);

const struct leg_order *fixture_order(const struct fixture *f, enum leg leg, int32_t generation);
void fixture_status_is(const struct fixture *f, enum bracket_status status);

#endif
