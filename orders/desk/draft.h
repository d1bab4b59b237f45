/* The next commit of one bracket while it is made: events stepped and encoded, actions derived with
 * their intents, and at the end the batch for the store.
 *
 * Memory from a pool of the desk's (draft_lease), so that a tracking thread's stack stays
 * small. One user at a time.
 */
#ifndef ORDERS_DESK_DRAFT_H
#define ORDERS_DESK_DRAFT_H

#include "base/strbuf.h"
#include "orders/derive.h"
#include "orders/order_store.h"

#include <stdatomic.h>

enum { DRAFT_EVENTS = 128 };

/* What a call of the broker's brought, until it is an event. */
struct draft_result {
    struct bracket_action action;
    enum outcome outcome;
    enum reject reject;
    bool reported;
    struct broker_report report;
};

struct draft_names {
    const char *instance; /* client order ids */
    int32_t incarnation;
    const char *broker;
};

struct draft {
    struct draft *next, *previous; /* in the pool */
    atomic_llong turn_began_ns;    /* monotonic: of the turn that uses it; 0 = none does */
    _Atomic(void *) user;          /* whose turn it is */
    struct bracket_state states[3];
    struct bracket_state *before, *now, *spare; /* committed; with this draft's events; scratch */
    struct order_header header;
    struct order_record records[DRAFT_EVENTS];
    size_t offsets[DRAFT_EVENTS];
    size_t record_count;
    struct strbuf bodies;
    struct order_intent intents[BRACKET_ORDERS_MAX];
    struct order_fill fills[2 * BRACKET_ORDERS_MAX];
    struct order_batch batch;
    _Alignas(max_align_t) unsigned char room[ORDER_STORE_ROOM_BYTES]; /* the batch's */
    struct bracket_action effects[BRACKET_ACTIONS_MAX];
    size_t effect_count;
    struct draft_result results[BRACKET_ACTIONS_MAX];
    size_t result_count;
    struct error error; /* why it was not stored */
};

/* NULL without memory. */
struct draft *draft_create(void);
void draft_free(struct draft *d); /* NULL is fine */

/* Starts from what is committed; results stay. */
void draft_begin(struct draft *d, const struct order_header *header,
                 const struct bracket_state *state);
/* Steps the event and keeps it for the log, unless it changes nothing. Returns whether it changed
 * something; a full draft takes nothing more. */
bool draft_feed(struct draft *d, const struct order_event *e);
/* Derives what is to be done, feeds the intents, and leaves in `effects` what stands. */
void draft_derive(struct draft *d, struct order_clock clock, const struct order_quote *quote);
/* Makes `batch`, which points into the draft; `broker_order_id` tells an order's id at the broker
 * ("" = not known). false when out of memory. Call when record_count > 0. */
bool draft_seal(struct draft *d, const struct draft_names *names,
                const char *(*broker_order_id)(void *context, enum leg leg, int32_t generation),
                void *context);

#endif
