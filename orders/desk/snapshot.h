/* One listing of all our orders at the broker, with the positions of the moment: immutable, shared
 * by every tracking thread, counted references.
 *
 * Positions and orders are two calls, between which an order may fill. So the positions of a
 * snapshot are asked for between the listing before it and its own; a report that is the same in
 * both (`stable`) was the same when the positions were told.
 *
 * Each report knows since which snapshot it has been as it is, so that a poll that brings nothing
 * new costs a look.
 */
#ifndef ORDERS_DESK_SNAPSHOT_H
#define ORDERS_DESK_SNAPSHOT_H

#include "orders/broker.h"

/* Of broker_report what a bracket needs; thousands of them are kept. */
struct snapshot_report {
    struct uuid bracket;
    enum leg leg;
    int32_t generation;
    enum order_status status;
    enum order_type type;
    int64_t quantity, limit_price, stop_price;
    int64_t filled, filled_value, busted, busted_value;
    int64_t since; /* number of the first of the snapshots that tell the same */
    char broker_order_id[BROKER_ORDER_ID_TEXT];
};

struct snapshot {
    _Atomic int references;
    int64_t number;                  /* ascending from 1 */
    int64_t asked_monotonic_ns;      /* before the listing was asked for */
    struct snapshot_report *reports; /* by bracket, leg and generation */
    size_t count, capacity;
    bool has_positions; /* complete: what is not in them is flat */
    struct broker_position *positions;
    size_t position_count, position_capacity;
    bool failed; /* out of memory while it was made */
};

/* Empty, one reference; NULL without memory. */
struct snapshot *snapshot_create(int64_t asked_monotonic_ns);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

/* While it is made, by one thread. `id` is the report's client id, parsed. */
bool snapshot_add_report(struct snapshot *s, const struct client_id *id,
                         const struct broker_report *report);
/* broker_position_fn */
bool snapshot_add_position(void *snapshot, const struct broker_position *position);
/* Sorts, and compares with the snapshot before (NULL = none). false when it ran out of memory. */
bool snapshot_seal(struct snapshot *s, const struct snapshot *before);

/* The bracket's reports: the first of them, and how many. */
const struct snapshot_report *snapshot_of(const struct snapshot *s, const struct uuid *bracket,
                                          size_t *ret_count);
/* Of one order, or NULL. */
const struct snapshot_report *snapshot_find(const struct snapshot *s, const struct uuid *bracket,
                                            enum leg leg, int32_t generation);
/* The same as in the snapshot before. */
static inline bool snapshot_stable(const struct snapshot *s, const struct snapshot_report *r)
{
    return r->since < s->number;
}
/* Signed; 0 when it is not there. */
int64_t snapshot_position(const struct snapshot *s, const char *symbol);

#endif
