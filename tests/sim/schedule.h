/* What a seed decides in advance: the bracket that is asked for, the broker's abilities, when users
 * and sessions come in, and which faults there are. What is drawn on the way comes from the same
 * generator, so that a seed is a whole schedule and replays bit by bit.
 */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include "base/random.h"
#include "orders/bracket.h"
#include "orders/order_event.h"

enum { COMMANDS_MAX = 3 };

struct command {
    int64_t at_ns;
    enum order_event_type type;
};

struct schedule {
    uint64_t seed;
    struct bracket_spec spec;
    uint32_t abilities; /* BROKER_CAN_ */
    bool checks_held;   /* the broker refuses to sell more than the position that no order holds */
    bool closes_at_end; /* once all is stable, a user closes the bracket */
    bool busy;          /* many orders, most of which fill a little */
    bool reconciles;    /* also when nothing asks for it */
    uint64_t faults;    /* bits */
    int32_t crashes;    /* at most */
    int64_t drift;      /* per move of the price, 1e-6 */
    int64_t close_ns;   /* the first session's; 0 = always open */
    int64_t fair_ns;    /* from here on nothing goes wrong */
    struct command commands[COMMANDS_MAX];
    uint32_t command_count;
};

enum { PRICE_ONE = 1000000 };
#define START_PRICE (INT64_C(100) * PRICE_ONE)
/* 2026-06-01 14:00 UTC, when the schedule's time is 0. */
#define START_WALL_NS (INT64_C(1780322400) * 1000000000)
/* From a session's close to the next one's open. */
#define NIGHT_NS (INT64_C(63000) * 1000000000)

#define NOT_FOUND_BOUND_NS (INT64_C(5) * 1000000000)

/* The session that is at this wall-clock time, or the one that comes next; false: always open. */
bool schedule_session(const struct schedule *s, int64_t wall_ns, int64_t *ret_open_ns,
                      int64_t *ret_close_ns);

/* Draws it all; r goes on being used. */
void schedule_draw(struct schedule *s, uint64_t seed, struct random *r);

#endif
