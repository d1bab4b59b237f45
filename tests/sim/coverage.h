/* How often a run hit each fault, state, transition and so on: a simulator in which a row of these
 * is never hit does not test it, and the run fails.
 */
#ifndef SIM_COVERAGE_H
#define SIM_COVERAGE_H

#include "orders/derive.h"
#include "orders/transitions.h"
#include "tests/sim/faults.h"

#include <stdint.h>

struct coverage {
    uint64_t schedules, events, submits, crashes;
    uint64_t faults[FAULT_COUNT];
    uint64_t order_moves[ORDER_STATUS_COUNT][ORDER_STATUS_COUNT];
    uint64_t bracket_moves[BRACKET_STATUS_COUNT][BRACKET_STATUS_COUNT];
    uint64_t event_types[EVENT_COUNT];
    uint64_t actions[ACTION_COUNT];
    uint64_t close_reasons[CLOSE_REASON_COUNT];
    uint64_t deaths[DEATH_COUNT];
    uint64_t reviews[32];
    uint64_t alerts[32];
    uint64_t protections[PROTECTION_COUNT];
    uint64_t abilities[32];
    uint64_t ends[BRACKET_STATUS_COUNT]; /* where schedules ended */
};

/* Another thread's. */
void coverage_add(struct coverage *c, const struct coverage *more);
/* One step of the machine: which ways it took. */
void coverage_step(struct coverage *c, const struct bracket_state *before,
                   const struct bracket_state *after);
/* Prints all rows; returns how many that must be hit were not. */
unsigned coverage_report(const struct coverage *c);

#endif
