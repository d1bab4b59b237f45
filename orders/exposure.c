#include "orders/exposure.h"

#include "orders/machine.h"
#include "orders/names.h"

NAME_OF(exposure_reason_name, enum exposure_reason, reason, EXPOSURE_TABLE, NAME_SECOND_OF_3)
NAME_OF(exposure_reason_text, enum exposure_reason, reason, EXPOSURE_TABLE, NAME_THIRD_OF_3)

static enum exposure_reason reason_of_quote(const struct order_quote *q)
{
    if (!q->at_steady_ns)
        return EXPOSURE_NO_QUOTE;
    if (q->halted)
        return EXPOSURE_HALTED;
    /* Of an age of none: what is wrong is the quote itself. */
    return order_quote_usable(q, q->at_steady_ns, 0) ? EXPOSURE_STALE_QUOTE : EXPOSURE_BAD_QUOTE;
}

static enum exposure_reason reason_of_live(const struct leg_order *o)
{
    if (o->status == ORDER_STATUS_UNKNOWN)
        return EXPOSURE_IN_DOUBT;
    if (o->leg != LEG_STOP_LOSS)
        return EXPOSURE_LATE;
    return o->status == ORDER_STATUS_PENDING_NEW ? EXPOSURE_PENDING : EXPOSURE_SHORT;
}

static enum exposure_reason reason_of_dead(const struct leg_order *o)
{
    if (o->status != ORDER_STATUS_REJECTED)
        return EXPOSURE_NO_EXIT;
    bool lost = o->death == DEATH_ABSENT || o->death == DEATH_NOT_SENT;
    return lost ? EXPOSURE_LOST : EXPOSURE_REFUSED;
}

/* The exit that was sent last, of those that may live or of those that are dead. */
static const struct leg_order *newest_exit(const struct bracket_state *s, bool live)
{
    const struct leg_order *newest = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (o->generation > 0 && o->leg != LEG_ENTRY && leg_order_live(o) == live &&
            (!newest || o->sent_ns > newest->sent_ns))
            newest = o;
    }
    return newest;
}

static enum exposure_reason reason_of_exits(const struct bracket_state *s)
{
    const struct leg_order *live = newest_exit(s, true), *dead = newest_exit(s, false);
    if (live)
        return reason_of_live(live);
    return dead ? reason_of_dead(dead) : EXPOSURE_NO_EXIT;
}

/* Since when the position has lacked cover. When no event has noted that yet, the exit that covered
 * it has run out of its time; a stop that is not there is noted at once. */
static int64_t since_steady_ns(const struct bracket_state *s, struct order_clock now)
{
    if (s->uncovered_ns)
        return s->uncovered_ns;
    const struct leg_order *o = newest_exit(s, true);
    if (!o || o->leg == LEG_STOP_LOSS)
        return now.steady_ns;
    int64_t end_ns = order_add(o->sent_ns, bracket_exit_ttl_s(s, o) * NS_PER_SECOND);
    return end_ns < now.steady_ns ? end_ns : now.steady_ns;
}

void bracket_exposure(const struct bracket_state *s, struct order_clock now,
                      const struct order_quote *quote, struct bracket_exposure *ret)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    *ret = (struct bracket_exposure){.quantity = bracket_uncovered(s, &sums, now)};
    if (!ret->quantity)
        return;
    int64_t for_ns = order_subtract(now.steady_ns, since_steady_ns(s, now));
    ret->reason = s->blind ? reason_of_quote(quote) : reason_of_exits(s);
    ret->since_wall_ns = order_subtract(now.wall_ns, for_ns);
    ret->alarm = for_ns >= bracket_grace_ns(s);
}
