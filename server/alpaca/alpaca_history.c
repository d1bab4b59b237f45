/* When an order came to be what it is: the state keeps no times of fills and cancels, so they are
 * read off the events. After each, the bracket's orders are made anew; what of an order differs
 * from before has changed at that event. */
#include "orders/event_chain.h"
#include "server/alpaca/alpaca_order.h"

#include <string.h>

struct history {
    const struct order_header *header;
    struct alpaca_group group;
};

static bool same_content(const struct alpaca_order *a, const struct alpaca_order *b)
{
    return a->status == b->status && a->type == b->type && a->quantity == b->quantity &&
           a->filled == b->filled && a->average_price == b->average_price &&
           a->limit_price == b->limit_price && a->stop_price == b->stop_price &&
           a->time_in_force == b->time_in_force && a->trail_percent == b->trail_percent &&
           a->trail_price == b->trail_price && a->high_water_mark == b->high_water_mark;
}

static int64_t *end_of(struct alpaca_order *o)
{
    switch (o->status) {
    case ALPACA_FILLED:
        return &o->filled_ns;
    case ALPACA_CANCELED:
        return &o->canceled_ns;
    case ALPACA_EXPIRED:
        return &o->expired_ns;
    case ALPACA_REJECTED:
        return &o->failed_ns;
    default:
        return NULL;
    }
}

/* An order that the first event made is as old as the bracket. */
static void take_times(struct alpaca_order *o, const struct alpaca_order *before, bool first,
                       int64_t at_ns)
{
    if (!first)
        o->created_ns = before ? before->created_ns : at_ns;
    o->updated_ns = before && same_content(o, before) ? before->updated_ns : at_ns;
    if (before && before->status == o->status) {
        o->filled_ns = before->filled_ns;
        o->canceled_ns = before->canceled_ns;
        o->expired_ns = before->expired_ns;
        o->failed_ns = before->failed_ns;
    } else if (end_of(o)) {
        *end_of(o) = at_ns;
    }
}

/* An exit that the terms have no longer and that was never sent has left no trace in the state. It
 * was an order here, so it stays one, canceled. */
static void keep(struct alpaca_group *g, const struct alpaca_order *gone, int64_t at_ns)
{
    size_t at = g->count;
    for (; at > 1 && g->orders[at - 1].leg > gone->leg; at--)
        g->orders[at] = g->orders[at - 1];
    struct alpaca_order *o = &g->orders[at];
    *o = *gone;
    g->count++;
    g->leg_count++;
    if (alpaca_status_open(o->status)) {
        o->status = ALPACA_CANCELED;
        o->canceled_ns = o->updated_ns = at_ns;
    }
}

static void keep_gone(struct alpaca_group *g, const struct alpaca_group *before, int64_t at_ns)
{
    for (size_t i = 1; i < before->count; i++) {
        if (g->count == ALPACA_ORDERS_MAX || alpaca_group_find(g, &before->orders[i].id))
            continue;
        keep(g, &before->orders[i], at_ns);
        g->order_class = before->order_class;
    }
}

static void after_event(void *context, const struct order_record *record,
                        const struct bracket_state *state)
{
    struct history *h = context;
    struct alpaca_group now;
    alpaca_group_make(h->header, state, &now);
    for (size_t i = 0; i < now.count; i++)
        take_times(&now.orders[i], alpaca_group_find(&h->group, &now.orders[i].id),
                   record->seq == 1, record->at_ns);
    keep_gone(&now, &h->group, record->at_ns);
    h->group = now;
}

enum err alpaca_group_fold(const struct stored_order *stored, struct alpaca_group *ret,
                           struct bracket_state *ret_state, struct error *e)
{
    struct history h = {.header = &stored->header};
    struct bracket_state state;
    enum err err = event_chain_walk(stored, after_event, &h, &state, NULL, e);
    if (err)
        return err;
    *ret = h.group;
    if (ret_state)
        *ret_state = state;
    return ERR_OK;
}
