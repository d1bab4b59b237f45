/* The invariants of docs/orders.md, by their numbers, each where it can be checked: against the
 * truth of the fake broker, or against the states before and after a step. Nothing here calls the
 * core's own sums: what is checked is computed a second time.
 */
#ifndef SIM_INVARIANTS_H
#define SIM_INVARIANTS_H

#include "orders/derive.h"

struct world;

struct checks {
    int violated; /* number of the first invariant that did not hold; 0 = all did */
    char what[200];
    int64_t bare_since_ns; /* steady; 0 = covered */
    int64_t asked_most;    /* the largest quantity that was asked for */
    int64_t burst_ns;      /* submits at this instant so far */
    uint32_t burst;
    int64_t refused_ns[LEG_COUNT]; /* steady: when the leg's newest order was refused */
    int64_t held_ns;               /* steady: when an exit was last refused as held elsewhere */
    int64_t reconciled_ns;         /* steady: when the newest reconciliation was asked for */
    /* What the world did to us, after which the broker's numbers alone do not tell what is right.
     */
    bool late_fill, bust, amnesia, external, lied;
};

/* What the tracker knows, summed without the core's help. */
struct known {
    int64_t entered, exited, open;
    int64_t stops_working, exits_in_time;
    int64_t entry_reserved, exit_reserved; /* live orders in full, filled of dead ones */
    bool entry_live;
    uint32_t exits_live;
};
void known_sum(const struct bracket_state *s, struct order_clock now, struct known *ret);

/* The world did something without telling, after which "closed" may be wrong until it is heard. */
bool is_misled(const struct checks *c);

/* No exits were asked for: the position is left to who asked for the entry. */
bool is_plain(const struct bracket_state *s);

/* Seeds whose every event is stepped twice, and whose log is folded again from its bytes. */
bool is_thorough(const struct world *w);

__attribute__((format(printf, 3, 4))) void violate(struct world *w, int invariant,
                                                   const char *format, ...);

/* After a step of the draft. */
void check_step(struct world *w, const struct bracket_state *before, const struct order_event *e,
                const struct bracket_state *after);
/* What was derived from the draft. */
void check_derived(struct world *w, const struct bracket_state *s, const struct bracket_action *a,
                   size_t count);
/* After an intent was stepped and stands, before it is committed. */
void check_intent(struct world *w, const struct bracket_state *s, const struct bracket_action *a);
/* Whether the time to wake is in time, after a commit. */
void check_next(struct world *w, int64_t next_steady_ns);
/* After a commit. */
void check_commit(struct world *w);
/* Before a call that changes state leaves. */
void check_call(struct world *w, const struct bracket_action *a);
/* The broker is able to do what it is asked for. */
void check_possible(struct world *w, const struct bracket_action *a);
/* The broker received a submit of a (leg, generation) again. */
void check_unique(struct world *w, const struct bracket_action *a, bool seen);
/* The broker accepted an order. */
void check_accepted(struct world *w, enum leg leg);
/* The log folds to the committed state, which is left in `scratch`. */
void check_fold(struct world *w, struct bracket_state *scratch);

/* Whether all is at rest and as it should be (7, 8, 12, 22). */
bool check_settled(struct world *w);

#endif
