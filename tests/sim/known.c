/* What the tracker knows, summed without the core's help: by the contract's words, not by its code.
 */
#include "base/clock.h"
#include "tests/sim/invariants.h"

static bool lives(const struct leg_order *o)
{
    return o->generation > 0 && !order_status_dead(o->status);
}

static bool works(const struct leg_order *o)
{
    return o->status == ORDER_STATUS_NEW || o->status == ORDER_STATUS_PARTIALLY_FILLED ||
           o->status == ORDER_STATUS_PENDING_CANCEL;
}

/* An exit at the market, or a take profit that is tried, counts for so long. */
static int64_t ttl_of(const struct bracket_state *s, const struct leg_order *o)
{
    return o->leg == LEG_EXIT ? BRACKET_EXIT_TTL_S * NS_PER_SECOND : s->spec.take_profit_ttl_ns;
}

/* What the legs of a native OCO may sell together: told for the take profit. */
static int64_t pair_reserved(const struct bracket_state *s, const struct leg_order *o)
{
    bool stop = o->leg == LEG_STOP_LOSS;
    const struct leg_order *other =
        bracket_find(s, stop ? LEG_TAKE_PROFIT : LEG_STOP_LOSS, o->paired);
    int64_t filled = o->filled - o->busted;
    if (!other)
        return lives(o) && o->quantity > filled ? o->quantity : filled;
    if (stop)
        return 0;
    filled += other->filled - other->busted;
    return (lives(o) || lives(other)) && o->quantity > filled ? o->quantity : filled;
}

static int64_t folded_net(const struct bracket_state *s, enum leg leg)
{
    return s->legs[leg].folded - s->legs[leg].folded_busted;
}

void known_sum(const struct bracket_state *s, struct order_clock now, struct known *ret)
{
    *ret = (struct known){.entered = folded_net(s, LEG_ENTRY)};
    if (s->spec.adopts_position)
        ret->entered = s->spec.quantity;
    for (int leg = LEG_ENTRY + 1; leg < LEG_COUNT; leg++)
        ret->exited += folded_net(s, (enum leg)leg);
    ret->entry_reserved = s->legs[LEG_ENTRY].folded;
    ret->exit_reserved = ret->exited;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        int64_t net = o->filled - o->busted, rest = o->quantity - o->filled;
        if (o->generation <= 0)
            continue;
        int64_t most = lives(o) && o->quantity > net ? o->quantity : net;
        if (o->leg == LEG_ENTRY) {
            ret->entered += s->spec.adopts_position ? 0 : net;
            ret->entry_reserved += most;
            ret->entry_live |= lives(o);
            continue;
        }
        ret->exited += net;
        ret->exits_live += lives(o);
        ret->exit_reserved += o->paired ? pair_reserved(s, o) : most;
        if (o->leg == LEG_STOP_LOSS && works(o))
            ret->stops_working += rest;
        else if (o->leg != LEG_STOP_LOSS && !o->paired && lives(o) &&
                 o->status != ORDER_STATUS_UNKNOWN && now.steady_ns - o->sent_ns < ttl_of(s, o))
            ret->exits_in_time += rest;
    }
    ret->open = ret->entered - ret->exited - s->external;
}
