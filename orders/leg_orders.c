/* The orders that a bracket keeps: their statuses move by the table, and a new one takes the place
 * of the one that is needed least. */
#include "base/clock.h"
#include "orders/machine.h"

#include <string.h>

/* ---- statuses -------------------------------------------------------------------------------- */

/* A submit that was lost on its way, mostly with the process, was no refusal: the first is sent
 * anew at once, as a position may wait for it, and the waits begin with the second. */
static void count_refusal(struct leg_ledger *leg, enum death death, int64_t steady_ns)
{
    int32_t step = leg->refusals - (death == DEATH_ABSENT);
    int64_t wait_s = BRACKET_RETRY_MAX_S;
    if (step < 5)
        wait_s = step < 0 ? 0 : INT64_C(1) << step;
    leg->refusals += leg->refusals < INT32_MAX;
    leg->retry_ns = order_greater(leg->retry_ns, order_add(steady_ns, wait_s * NS_PER_SECOND));
}

void leg_order_move(struct bracket_state *s, struct leg_order *o, enum order_signal signal,
                    enum death death, const struct order_event *e)
{
    enum order_status to = order_transition(o->status, signal);
    if (to == o->status)
        return;
    o->status = to;
    o->death = order_status_dead(to) ? death : DEATH_NONE;
    if (signal == SIGNAL_LOST || signal == SIGNAL_RESTART)
        o->lost_ns = e->clock.steady_ns;
    if (!order_status_dead(to))
        return;
    o->cancel_calls = 0;
    /* Counted at the end of an order, so that it is the same whether its life was heard of or not.
     */
    if (to != ORDER_STATUS_REJECTED) {
        s->legs[o->leg].refusals = 0;
        return;
    }
    count_refusal(&s->legs[o->leg], death, e->clock.steady_ns);
    if (o->leg == LEG_TAKE_PROFIT)
        s->attempt_ns = 0;
}

/* ---- places for orders ----------------------------------------------------------------------- */

/* The dead order whose place can be taken best: one without fills before one with, the oldest
 * first; never the newest of its leg. NULL when all live. */
static struct leg_order *least_needed(struct bracket_state *s)
{
    struct leg_order *found = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        struct leg_order *o = &s->orders[i];
        if (leg_order_live(o) || o->generation == s->legs[o->leg].generation)
            continue;
        if (!found || (found->filled && !o->filled) ||
            (!found->filled == !o->filled && o->sent_ns < found->sent_ns))
            found = o;
    }
    return found;
}

static void fold(struct bracket_state *s, const struct leg_order *o)
{
    struct leg_ledger *leg = &s->legs[o->leg];
    if (!o->filled)
        return;
    leg->folded = order_add(leg->folded, o->filled);
    leg->folded_busted = order_add(leg->folded_busted, o->busted);
    leg->folded_value =
        order_add(leg->folded_value, order_subtract(o->filled_value, o->busted_value));
    if (o->generation > leg->folded_generation)
        leg->folded_generation = o->generation;
}

struct leg_order *bracket_take_place(struct bracket_state *s)
{
    struct leg_order *place = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX && !place; i++)
        if (!s->orders[i].generation)
            place = &s->orders[i];
    if (!place) {
        place = least_needed(s);
        if (!place)
            return NULL;
        fold(s, place);
    }
    memset(place, 0, sizeof(*place));
    return place;
}

size_t bracket_places_left(const struct bracket_state *s)
{
    size_t left = 0;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        left +=
            !leg_order_live(o) && (!o->generation || o->generation != s->legs[o->leg].generation);
    }
    return left;
}
