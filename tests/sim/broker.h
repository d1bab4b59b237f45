/* The fake broker: orders, position and a market that fills them. What it holds is the truth that
 * the invariants are checked against.
 *
 * Orders are named by (leg, generation), there is one bracket. Fixed arrays, no allocation.
 */
#ifndef SIM_BROKER_H
#define SIM_BROKER_H

#include "orders/broker.h"
#include "orders/derive.h"

enum { SIM_ORDERS_MAX = 48 };

struct sim_report {
    enum leg leg;
    int32_t generation;
    enum order_status status;
    enum order_type type;
    int64_t quantity, limit_price, stop_price;
    int64_t filled, filled_value, busted, busted_value;
};

struct sim_order {
    struct sim_report report; /* NEW while it lives */
    enum order_side side;
    enum time_in_force time_in_force;
    uint32_t partner; /* index + 1 of the other leg of a native OCO; 0 = none */
    bool triggered;   /* a stop that has become a market or limit order */
    bool forgotten;   /* not in any answer any more */
    bool left_out;    /* had its gap in a listing */
    int64_t visible_ns;
    int64_t cancel_ns; /* when its cancel is carried out; 0 = none */
};

struct market {
    int64_t price; /* 1e-6, the middle */
    bool open;
    bool ended; /* the contract has expired: no order is taken any more */
    int64_t halted_until_ns;
};

struct sim_broker {
    struct sim_order orders[SIM_ORDERS_MAX];
    uint32_t count;
    int64_t external; /* of the position, closed by somebody else */
    struct market market;
};

/* E, X, W as the broker has them, all in 1e-6; P = entered - exited - external. */
struct exposure {
    int64_t entered, exited, open;
    int64_t entry_gross;   /* filled, before busts */
    int64_t resting;       /* of live exits, a native OCO once */
    int64_t resting_stops; /* of live stop losses, alone or in a pair */
    int64_t resting_profits;
    int64_t resting_entry;
    uint32_t entries_live, exits_live;
};

struct world;

void broker_init(struct sim_broker *b);
void broker_exposure(const struct world *w, struct exposure *ret);

/* The broker takes a submit, or refuses it. */
enum outcome broker_submit(struct world *w, const struct bracket_action *a, enum reject *ret);
enum outcome broker_cancel(struct world *w, enum leg leg, int32_t generation, enum reject *ret);
/* Whether the answers of now have it, and what they say. */
bool broker_find(struct world *w, enum leg leg, int32_t generation, struct sim_report *ret);
/* All that it knows of, at most SIM_ORDERS_MAX. */
uint32_t broker_list(struct world *w, struct sim_report ret[SIM_ORDERS_MAX]);

/* The price moves; orders that can fill do; what other people do there happens. */
void broker_move(struct world *w);
/* Slow cancels whose time has come. */
void broker_carry_out_cancels(struct world *w);
/* Day orders, or all of them, expire. */
void broker_expire(struct world *w, bool all);

#endif
