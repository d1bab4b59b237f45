/* One schedule: time, the network between bracketd and its broker, and who acts when.
 *
 * Discrete events: the next thing that happens is the earliest of a small fixed table of instants
 * (a slot for each actor, and one for each message on its way); time jumps there. Equal instants go
 * by slot. One seed, one run, on every machine.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tests/sim/broker.h"
#include "tests/sim/coverage.h"
#include "tests/sim/faults.h"
#include "tests/sim/invariants.h"
#include "tests/sim/schedule.h"
#include "tests/sim/tracker.h"

#include <stdio.h>

enum call { CALL_SUBMIT, CALL_CANCEL, CALL_FIND, CALL_LIST, CALL_RECONCILE };

/* A call on its way to the broker, then its answer on its way back. */
struct message {
    enum call call;
    bool answered;
    int32_t process; /* who called: nobody else gets the answer */
    int64_t deadline_ns;
    int64_t asked_steady_ns;
    int64_t folded; /* what the caller's state held in sums alone when it asked */
    struct bracket_action action;
    enum outcome outcome;
    enum reject reject;
    int64_t position;
    uint32_t report_count;
    struct sim_report reports[SIM_ORDERS_MAX];
};

enum slot {
    SLOT_PROCESS, /* bracketd starts */
    SLOT_WAKE,    /* the tracker's own time */
    SLOT_MARKET,
    SLOT_COMMAND,
    SLOT_SESSION,
    SLOT_CONTRACT_END,
    SLOT_CANCELS, /* a slow cancel is carried out */
    SLOT_FAIR,
    SLOT_MESSAGES,
    MESSAGES_MAX = 24,
    SLOT_COUNT = SLOT_MESSAGES + MESSAGES_MAX
};

struct world {
    struct schedule schedule;
    struct random random;
    int64_t now_ns; /* since the schedule's start, from 1 */
    int64_t wall_offset_ns;
    bool fair;
    bool closing_at_end;
    uint32_t next_command;
    int32_t crashes_left;
    int64_t at_ns[SLOT_COUNT]; /* INT64_MAX = nothing */
    struct message messages[MESSAGES_MAX];
    struct sim_broker broker;
    struct tracker tracker;
    struct checks checks;
    struct coverage *coverage; /* borrowed */
    FILE *trace;               /* NULL = none */
};

/* Runs the seed's schedule. Returns whether every invariant held; w->checks says what did not. */
bool world_run(struct world *w, uint64_t seed);

int64_t world_wall_ns(const struct world *w);
uint64_t world_below(struct world *w, uint64_t bound);
/* From low to high, both included. */
int64_t world_between(struct world *w, int64_t low, int64_t high);
/* One of `of` chances. */
bool world_chance(struct world *w, uint64_t of);

/* Sends a call; false when too many are under way, which leaves it undone. */
bool world_call(struct world *w, enum call call, const struct bracket_action *a);
/* bracketd is dead from now on, and starts again some time later. */
void world_crash(struct world *w);
/* Calls under way of this kind and for this order (generation 0: any). */
bool world_calling(const struct world *w, enum call call, enum leg leg, int32_t generation);

#define NS_PER_MS INT64_C(1000000)

/* One line of the schedule, when it is being told. */
__attribute__((format(printf, 2, 3))) void world_trace(const struct world *w, const char *format,
                                                       ...);
#define TRACE(w, ...)                                                                              \
    do {                                                                                           \
        if ((w)->trace)                                                                            \
            world_trace(w, __VA_ARGS__);                                                           \
    } while (0)

#endif
