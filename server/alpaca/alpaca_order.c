#include "server/alpaca/alpaca_order.h"

#include "orders/exit_price.h"
#include "server/alpaca/alpaca_id.h"

#include <string.h>

const char *alpaca_status_name(enum alpaca_status status)
{
#define X(code, name, open) name,
    static const char *const names[] = {ALPACA_STATUS_TABLE(X)};
#undef X
    return names[status];
}

bool alpaca_status_open(enum alpaca_status status)
{
#define X(code, name, open) open,
    static const bool opens[] = {ALPACA_STATUS_TABLE(X)};
#undef X
    return opens[status];
}

/* ---- statuses -------------------------------------------------------------------------------- */

static enum alpaca_status status_of_live(const struct leg_order *o, int64_t filled)
{
    switch (o->status) {
    case ORDER_STATUS_PENDING_CANCEL:
        return o->replacing ? ALPACA_PENDING_REPLACE : ALPACA_PENDING_CANCEL;
    case ORDER_STATUS_PENDING_NEW:
    case ORDER_STATUS_UNKNOWN:
        return filled > 0 ? ALPACA_PARTIALLY_FILLED : ALPACA_PENDING_NEW;
    default:
        return filled > 0 ? ALPACA_PARTIALLY_FILLED : ALPACA_NEW;
    }
}

static enum alpaca_status status_of_dead(enum order_status status)
{
    switch (status) {
    case ORDER_STATUS_FILLED:
        return ALPACA_FILLED;
    case ORDER_STATUS_EXPIRED:
        return ALPACA_EXPIRED;
    case ORDER_STATUS_REJECTED:
        return ALPACA_REJECTED;
    default:
        return ALPACA_CANCELED;
    }
}

static const struct leg_order *newest_of(const struct bracket_state *s, enum leg leg)
{
    return bracket_find(s, leg, s->legs[leg].generation);
}

/* A stop whose level was passed while it was not at the broker has become a market order: that is
 * the stop loss at work, not another order. */
static bool stop_went_to_market(const struct bracket_state *s)
{
    return s->closing == CLOSE_STOP_LOSS && s->spec.stop_loss.kind != EXIT_NONE;
}

/* The newest order at the broker that served an exit; NULL when it was never sent. */
static const struct leg_order *newest_serving(const struct bracket_state *s, enum leg leg)
{
    const struct leg_order *market = newest_of(s, LEG_EXIT);
    return leg == LEG_STOP_LOSS && stop_went_to_market(s) && market ? market : newest_of(s, leg);
}

/* Of an entry that has no live order and is not filled: whether another one will be sent. */
static bool entry_goes_on(const struct bracket_state *s, const struct leg_order *newest)
{
    if (bracket_status_final(s->status) || s->entry_end)
        return false;
    if (s->status == BRACKET_SUBMITTING || !newest)
        return true;
    return newest->status == ORDER_STATUS_CANCELED && newest->replacing;
}

static enum alpaca_status entry_status(const struct bracket_state *s,
                                       const struct bracket_sums *sums)
{
    const struct leg_order *live = bracket_live(s, LEG_ENTRY), *newest = newest_of(s, LEG_ENTRY);
    int64_t filled = sums->filled[LEG_ENTRY];
    if (filled >= s->spec.quantity)
        return ALPACA_FILLED;
    if (live && s->entry_end == ENTRY_END_CANCEL)
        return ALPACA_PENDING_CANCEL;
    if (live)
        return status_of_live(live, filled);
    if (entry_goes_on(s, newest))
        return newest && newest->replacing ? ALPACA_PENDING_REPLACE : ALPACA_ACCEPTED;
    if (s->status == BRACKET_REJECTED)
        return ALPACA_REJECTED;
    if (s->status == BRACKET_EXPIRED || s->entry_end == ENTRY_END_TIME)
        return ALPACA_EXPIRED;
    return newest && !s->entry_end ? status_of_dead(newest->status) : ALPACA_CANCELED;
}

/* `waiting`: what it is called while it is not at the broker. */
static enum alpaca_status exit_status(const struct bracket_state *s, enum leg leg, int64_t filled,
                                      enum alpaca_status waiting)
{
    const struct leg_order *newest = newest_serving(s, leg);
    const struct leg_order *live = newest && newest->leg != leg ? NULL : bracket_live(s, leg);
    if (!live && newest && !order_status_dead(newest->status))
        live = newest;
    if (live)
        return status_of_live(live, filled);
    if (newest && newest->status == ORDER_STATUS_FILLED)
        return ALPACA_FILLED;
    return bracket_status_final(s->status) ? ALPACA_CANCELED : waiting;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static void fill_sums(const struct bracket_state *s, const struct bracket_sums *sums, enum leg leg,
                      struct alpaca_order *o)
{
    int64_t filled = sums->filled[leg], value = sums->value[leg];
    if (leg == LEG_STOP_LOSS && stop_went_to_market(s)) {
        filled = order_add(filled, sums->filled[LEG_EXIT]);
        value = order_add(value, sums->value[LEG_EXIT]);
    }
    o->filled = filled > 0 ? filled : 0;
    o->average_price = order_average(value, filled);
}

/* Of all orders that served the leg: what those before the newest filled, and the newest. One that
 * was never sent is for what there is to close, or will be. */
static int64_t exit_quantity(const struct bracket_state *s, const struct bracket_sums *sums,
                             enum leg leg, int64_t filled)
{
    const struct leg_order *newest = newest_serving(s, leg);
    if (newest) {
        int64_t net = order_subtract(newest->filled, newest->busted);
        return order_add(order_subtract(filled, net), newest->quantity);
    }
    if (leg == LEG_EXIT)
        return sums->open;
    bool entered = sums->entered > 0 && !sums->entries_live;
    return entered ? sums->entered : s->spec.quantity;
}

static void make_entry(const struct bracket_state *s, const struct bracket_sums *sums,
                       struct alpaca_order *o)
{
    o->leg = LEG_ENTRY;
    o->status = entry_status(s, sums);
    o->type = (enum alpaca_type)s->spec.entry_type;
    o->side = s->spec.side;
    o->time_in_force = s->spec.time_in_force;
    o->quantity = s->spec.quantity;
    o->limit_price = s->spec.limit_price;
    o->stop_price = s->spec.stop_price;
}

static void make_exit(const struct bracket_state *s, const struct bracket_sums *sums, enum leg leg,
                      enum alpaca_status waiting, struct alpaca_order *o)
{
    o->leg = leg;
    o->status = exit_status(s, leg, o->filled, waiting);
    o->side = order_side_opposite(s->spec.side);
    o->time_in_force = s->spec.exit_time_in_force;
    o->quantity = exit_quantity(s, sums, leg, o->filled);
}

static void make_take_profit(const struct bracket_state *s, const struct bracket_sums *sums,
                             enum alpaca_status waiting, struct alpaca_order *o)
{
    make_exit(s, sums, LEG_TAKE_PROFIT, waiting, o);
    o->type = ALPACA_TYPE_LIMIT;
    o->limit_price = exit_take_profit_price(s, sums);
}

static void make_stop_loss(const struct bracket_state *s, const struct bracket_sums *sums,
                           enum alpaca_status waiting, struct alpaca_order *o)
{
    const struct exit_terms *t = &s->spec.stop_loss;
    make_exit(s, sums, LEG_STOP_LOSS, waiting, o);
    o->stop_price = exit_stop_price(s, sums);
    o->limit_price = t->limit_price;
    o->type = t->limit_price ? ALPACA_TYPE_STOP_LIMIT : ALPACA_TYPE_STOP;
    if (t->kind == EXIT_TRAIL_PERCENT || t->kind == EXIT_TRAIL_PRICE) {
        *(t->kind == EXIT_TRAIL_PERCENT ? &o->trail_percent : &o->trail_price) = t->value;
        o->type = ALPACA_TYPE_TRAILING_STOP;
        o->high_water_mark = s->anchor;
    }
}

static void make_market_exit(const struct bracket_state *s, const struct bracket_sums *sums,
                             struct alpaca_order *o)
{
    make_exit(s, sums, LEG_EXIT, ALPACA_ACCEPTED, o);
    o->type = ALPACA_TYPE_MARKET;
    o->time_in_force = TIF_DAY;
}

/* ---- the group ------------------------------------------------------------------------------- */

/* An exit that the terms have no longer, but that has been at work, is shown nevertheless. */
static bool has_leg(const struct bracket_state *s, const struct bracket_sums *sums, enum leg leg)
{
    switch (leg) {
    case LEG_TAKE_PROFIT:
        return s->spec.take_profit.kind != EXIT_NONE || s->legs[leg].generation > 0;
    case LEG_STOP_LOSS:
        return s->spec.stop_loss.kind != EXIT_NONE || s->legs[leg].generation > 0;
    case LEG_EXIT:
        return !stop_went_to_market(s) &&
               (s->legs[leg].generation > 0 || (s->closing && sums->open > 0));
    default:
        return !s->spec.adopts_position;
    }
}

static enum alpaca_class class_of(const struct bracket_state *s, const struct bracket_sums *sums)
{
    int exits = has_leg(s, sums, LEG_TAKE_PROFIT) + has_leg(s, sums, LEG_STOP_LOSS);
    if (s->spec.adopts_position)
        return exits == 2 ? ALPACA_CLASS_OCO : ALPACA_CLASS_SIMPLE;
    return exits == 2 ? ALPACA_CLASS_BRACKET : exits == 1 ? ALPACA_CLASS_OTO : ALPACA_CLASS_SIMPLE;
}

static void add_order(const struct bracket_state *s, const struct bracket_sums *sums, enum leg leg,
                      const struct order_header *header, struct alpaca_group *g)
{
    struct alpaca_order *o = &g->orders[g->count];
    /* The first is what the client has placed: it is not held back by another. */
    enum alpaca_status waiting = g->count == 0 ? ALPACA_ACCEPTED : ALPACA_HELD;
    o->id = g->count == 0 ? header->id : alpaca_leg_id(&header->id, leg);
    o->created_ns = header->created_at_ns;
    o->updated_ns = header->updated_at_ns;
    fill_sums(s, sums, leg, o);
    if (leg == LEG_ENTRY)
        make_entry(s, sums, o);
    else if (leg == LEG_TAKE_PROFIT)
        make_take_profit(s, sums, waiting, o);
    else if (leg == LEG_STOP_LOSS)
        make_stop_loss(s, sums, waiting, o);
    else
        make_market_exit(s, sums, o);
    g->leg_count += g->count > 0 && leg != LEG_EXIT;
    g->count++;
}

void alpaca_group_make(const struct order_header *header, const struct bracket_state *state,
                       struct alpaca_group *ret)
{
    static const enum leg legs[] = {LEG_ENTRY, LEG_TAKE_PROFIT, LEG_STOP_LOSS, LEG_EXIT};
    struct bracket_sums sums;
    memset(ret, 0, sizeof *ret);
    ret->bracket = header->id;
    memcpy(ret->client_order_id, header->client_order_id, sizeof ret->client_order_id);
    memcpy(ret->symbol, state->spec.contract.symbol, sizeof ret->symbol);
    ret->option = state->spec.contract.kind == CONTRACT_OPTION;
    ret->held = state->spec.adopts_position != 0;
    if (state->status == BRACKET_NONE)
        return;
    bracket_sum(state, &sums);
    ret->order_class = class_of(state, &sums);
    for (size_t i = 0; i < sizeof legs / sizeof legs[0]; i++)
        if (has_leg(state, &sums, legs[i]))
            add_order(state, &sums, legs[i], header, ret);
}

const struct alpaca_order *alpaca_group_find(const struct alpaca_group *group,
                                             const struct uuid *order)
{
    for (size_t i = 0; i < group->count; i++)
        if (memcmp(&group->orders[i].id, order, sizeof *order) == 0)
            return &group->orders[i];
    return NULL;
}

bool alpaca_group_open(const struct alpaca_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (alpaca_status_open(group->orders[i].status))
            return true;
    return false;
}
