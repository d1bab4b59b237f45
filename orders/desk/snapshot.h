/* One listing of all our orders at the broker, with the positions of the moment: immutable, shared
 * by every tracking thread, counted references.
 *
 * Positions and orders are two calls, between which an order may fill. So the positions of a
 * snapshot are asked for between the listing before it and its own; a report that is the same in
 * both (`stable`) was the same when the positions were told.
 */
#ifndef ORDERS_DESK_SNAPSHOT_H
#define ORDERS_DESK_SNAPSHOT_H

#include "orders/broker.h"

struct snapshot_report {
    struct broker_report report;
    bool stable;
};

struct snapshot {
    _Atomic int references;
    int64_t asked_monotonic_ns;      /* before the listing was asked for */
    struct snapshot_report *reports; /* by client id */
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

/* While it is made, by one thread: broker_report_fn and broker_position_fn. */
bool snapshot_add_report(void *snapshot, const struct broker_report *report);
bool snapshot_add_position(void *snapshot, const struct broker_position *position);
/* Sorts, and compares with the snapshot before (NULL = none). false when it ran out of memory. */
bool snapshot_seal(struct snapshot *s, const struct snapshot *before);

/* The first report whose client id begins with `prefix`, and how many follow it that do. */
const struct snapshot_report *snapshot_of(const struct snapshot *s, const char *prefix,
                                          size_t *ret_count);
/* By whole client id, or NULL. */
const struct snapshot_report *snapshot_find(const struct snapshot *s, const char *client_id);
/* Signed; 0 when it is not there. */
int64_t snapshot_position(const struct snapshot *s, const char *symbol);

#endif
