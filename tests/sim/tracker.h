/* bracketd, as far as the simulator needs it: what a tracking thread does around the pure core, in
 * the one order of effects: event -> step -> derive -> commit (events, intents) -> effects, of
 * which it may die between any two. The log is what survives.
 */
#ifndef SIM_TRACKER_H
#define SIM_TRACKER_H

#include "orders/derive.h"

enum { LOG_MAX = 2048, SEEN_MAX = 16 };

struct message;
struct world;

/* What was last told of an order, so that the same news are not told twice. */
struct seen {
    enum leg leg;
    int32_t generation;
    enum order_status status;
    int64_t filled, busted;
};

struct tracker {
    /* Of the process: lost when it dies. */
    bool up;
    int32_t process;
    int64_t lag_ns; /* the schedule's time minus the steady clock */
    int64_t next_poll_ns, next_query_ns, next_reconcile_ns;
    bool must_query, must_reconcile;
    struct order_quote quote;
    struct seen seen[SEEN_MAX];
    uint32_t seen_next;
    struct bracket_state states[3];
    struct bracket_state *draft, *spare;
    uint32_t draft_count;
    /* Committed: `state` is the fold of the log, and is compared with it. */
    struct bracket_state *state;
    uint32_t log_count;
    struct order_event log[LOG_MAX];
};

void tracker_init(struct tracker *t);
struct order_clock tracker_clock(const struct world *w);

/* Starts, for the first time or again: fold, derive, ask. */
void tracker_start(struct world *w);
/* Time has passed. */
void tracker_wake(struct world *w);
void tracker_quote(struct world *w, const struct order_quote *quote);
/* The answer of a call that this process made. */
void tracker_hear(struct world *w, const struct message *m);
/* A user asks for something. */
void tracker_command(struct world *w, enum order_event_type type);

#endif
