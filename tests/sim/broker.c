#include "tests/sim/broker.h"

#include "base/clock.h"
#include "tests/sim/world.h"

#include <string.h>

static bool can(const struct world *w, enum broker_ability ability)
{
    return (w->schedule.abilities & ability) != 0;
}

static bool live(const struct sim_order *o)
{
    return !order_status_dead(o->report.status);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct sim_order *partner_of(struct sim_broker *b, const struct sim_order *o)
{
    return o->partner ? &b->orders[o->partner - 1] : NULL;
}

/* What may still fill; the legs of a native OCO share one quantity. */
static int64_t rest_of(const struct sim_broker *b, const struct sim_order *o)
{
    if (!live(o))
        return 0;
    int64_t rest = o->report.quantity - o->report.filled;
    return o->partner ? rest - b->orders[o->partner - 1].report.filled : rest;
}

static struct sim_order *find(struct sim_broker *b, enum leg leg, int32_t generation)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->orders[i].report.generation == generation && b->orders[i].report.leg == leg)
            return &b->orders[i];
    return NULL;
}

void broker_init(struct sim_broker *b)
{
    b->count = 0;
    b->external = 0;
    b->market = (struct market){.price = START_PRICE, .open = true};
}

void broker_exposure(const struct world *w, struct exposure *ret)
{
    const struct sim_broker *b = &w->broker;
    *ret = (struct exposure){0};
    if (w->schedule.spec.adopts_position)
        ret->entered = ret->entry_gross = w->schedule.spec.quantity;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct sim_order *o = &b->orders[i];
        int64_t net = o->report.filled - o->report.busted;
        int64_t rest = rest_of(b, o);
        if (o->report.leg == LEG_ENTRY) {
            ret->entered += net;
            ret->entry_gross += o->report.filled;
            ret->resting_entry += rest;
            ret->entries_live += live(o);
            continue;
        }
        ret->exited += net;
        ret->exits_live += live(o);
        if (o->report.leg == LEG_STOP_LOSS)
            ret->resting_stops += rest;
        if (o->report.leg == LEG_TAKE_PROFIT)
            ret->resting_profits += rest;
        /* A pair once: by its stop when that lives, which comes second. */
        if (!(o->partner && o->report.leg == LEG_TAKE_PROFIT && live(&b->orders[o->partner - 1])))
            ret->resting += rest;
    }
    ret->open = ret->entered - ret->exited - b->external;
}

/* ---- fills ----------------------------------------------------------------------------------- */

static void end(struct world *w, struct sim_order *o, enum order_status status)
{
    if (!live(o))
        return;
    o->report.status = status;
    o->cancel_ns = INT64_MAX;
    TRACE(w, "broker: %s %d is %s, filled %lld", leg_name(o->report.leg), o->report.generation,
          order_status_name(status), (long long)(o->report.filled / PRICE_ONE));
    struct sim_order *partner = partner_of(&w->broker, o);
    if (partner)
        end(w, partner, ORDER_STATUS_CANCELED);
}

static void fill(struct world *w, struct sim_order *o, int64_t quantity, int64_t price)
{
    o->report.filled += quantity;
    o->report.filled_value += quantity / PRICE_ONE * price;
    TRACE(w, "broker: %s %d fills %lld at %.2f", leg_name(o->report.leg), o->report.generation,
          (long long)(quantity / PRICE_ONE), (double)price / PRICE_ONE);
    if (rest_of(&w->broker, o) <= 0)
        end(w, o, ORDER_STATUS_FILLED);
}

/* The price at which the order would trade now; 0 = it would not. */
static int64_t tradable(struct sim_order *o, int64_t price)
{
    bool buys = o->side == ORDER_BUY;
    const struct sim_report *r = &o->report;
    if (r->type == ORDER_TYPE_STOP || r->type == ORDER_TYPE_STOP_LIMIT)
        o->triggered = o->triggered || (buys ? price >= r->stop_price : price <= r->stop_price);
    else
        o->triggered = true;
    if (!o->triggered)
        return 0;
    if (!r->limit_price)
        return price;
    return (buys ? price <= r->limit_price : price >= r->limit_price) ? price : 0;
}

static void try_to_fill(struct world *w, struct sim_order *o)
{
    const struct market *m = &w->broker.market;
    int64_t rest = rest_of(&w->broker, o);
    if (rest <= 0 || !m->open || w->now_ns < m->halted_until_ns)
        return;
    int64_t price = tradable(o, m->price);
    if (price <= 0)
        return;
    int64_t quantity = rest;
    bool whole = o->time_in_force == TIF_FOK && o->report.leg == LEG_ENTRY;
    if (rest > PRICE_ONE && !whole && fault_strikes(w, FAULT_PARTIAL_FILL))
        quantity = world_between(w, 1, rest / PRICE_ONE) * PRICE_ONE;
    fill(w, o, quantity, price);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* An exit for more than the position that no other order holds. */
static bool held(const struct world *w, int64_t quantity)
{
    struct exposure x;
    broker_exposure(w, &x);
    return w->schedule.checks_held && x.resting + quantity > x.open;
}

static struct sim_order *take(struct world *w, const struct bracket_action *a, enum leg leg,
                              int32_t generation)
{
    struct sim_broker *b = &w->broker;
    if (b->count == SIM_ORDERS_MAX) {
        violate(w, 21, "more than %d orders", SIM_ORDERS_MAX);
        return NULL;
    }
    struct sim_order *o = &b->orders[b->count++];
    *o = (struct sim_order){
        .report = {.leg = leg,
                   .generation = generation,
                   .status = ORDER_STATUS_NEW,
                   .type = a->type,
                   .quantity = a->quantity,
                   .limit_price = a->limit_price,
                   .stop_price = a->stop_price},
        .side = a->side,
        .time_in_force = a->time_in_force,
        .cancel_ns = INT64_MAX,
    };
    if (fault_strikes(w, FAULT_LISTING_LAG))
        o->visible_ns = w->now_ns + world_between(w, 100, 2500) * NS_PER_MS;
    return o;
}

static void take_pair(struct world *w, const struct bracket_action *a)
{
    struct bracket_action first = *a, second = *a;
    first.stop_price = 0;
    second.type = a->second_price ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP;
    second.limit_price = a->second_price;
    struct sim_order *profit = take(w, &first, LEG_TAKE_PROFIT, a->generation);
    struct sim_order *stop = take(w, &second, LEG_STOP_LOSS, a->paired);
    if (!profit || !stop)
        return;
    profit->partner = (uint32_t)(stop - w->broker.orders) + 1;
    stop->partner = (uint32_t)(profit - w->broker.orders) + 1;
    stop->visible_ns = profit->visible_ns;
}

enum outcome broker_submit(struct world *w, const struct bracket_action *a, enum reject *ret)
{
    bool seen = find(&w->broker, a->leg, a->generation) != NULL;
    check_unique(w, a, seen);
    *ret = REJECT_NONE;
    if (seen && can(w, BROKER_CAN_DEDUP))
        return OUTCOME_UNKNOWN;
    bool entry = a->leg == LEG_ENTRY;
    check_possible(w, a);
    if (!entry && (held(w, a->quantity) || fault_strikes(w, FAULT_HELD))) {
        *ret = REJECT_HELD;
        return OUTCOME_REJECTED;
    }
    if (w->broker.market.ended || fault_strikes(w, FAULT_REJECTED)) {
        *ret = REJECT_OTHER;
        return OUTCOME_REJECTED;
    }
    if (a->paired) {
        take_pair(w, a);
    } else if (!take(w, a, a->leg, a->generation)) {
        return OUTCOME_UNKNOWN;
    }
    w->coverage->submits++;
    check_accepted(w, a->leg);
    struct sim_order *o = find(&w->broker, a->leg, a->generation);
    bool at_once = a->time_in_force == TIF_IOC || a->time_in_force == TIF_FOK;
    if (at_once || world_chance(w, 4))
        try_to_fill(w, o);
    if (at_once)
        end(w, o, ORDER_STATUS_CANCELED);
    if (can(w, BROKER_CAN_BULK_LIST) && fault_strikes(w, FAULT_LIE)) {
        w->checks.lied = true;
        *ret = REJECT_OTHER;
        return OUTCOME_REJECTED;
    }
    return OUTCOME_OK;
}

enum outcome broker_cancel(struct world *w, enum leg leg, int32_t generation, enum reject *ret)
{
    struct sim_order *o = find(&w->broker, leg, generation);
    *ret = REJECT_NONE;
    if (!o || !live(o) || fault_strikes(w, FAULT_CANCEL_REFUSED)) {
        *ret = REJECT_GONE;
        return OUTCOME_REJECTED;
    }
    if (w->broker.market.open && fault_strikes(w, FAULT_FILL_IN_CANCEL)) {
        int64_t rest = rest_of(&w->broker, o) / PRICE_ONE;
        fill(w, o, world_between(w, 1, w->schedule.busy ? 1 : rest) * PRICE_ONE,
             w->broker.market.price);
    }
    if (!live(o))
        return OUTCOME_OK;
    if (!fault_strikes(w, FAULT_CANCEL_SLOW)) {
        end(w, o, ORDER_STATUS_CANCELED);
        return OUTCOME_OK;
    }
    o->cancel_ns = least(o->cancel_ns, w->now_ns + world_between(w, 100, 5000) * NS_PER_MS);
    w->at_ns[SLOT_CANCELS] = least(w->at_ns[SLOT_CANCELS], o->cancel_ns);
    return OUTCOME_OK;
}

void broker_carry_out_cancels(struct world *w)
{
    w->at_ns[SLOT_CANCELS] = INT64_MAX;
    for (uint32_t i = 0; i < w->broker.count; i++) {
        struct sim_order *o = &w->broker.orders[i];
        if (o->cancel_ns <= w->now_ns)
            end(w, o, ORDER_STATUS_CANCELED);
        else
            w->at_ns[SLOT_CANCELS] = least(w->at_ns[SLOT_CANCELS], o->cancel_ns);
    }
}

static bool shown(struct world *w, struct sim_order *o)
{
    if (o->forgotten || w->now_ns < o->visible_ns)
        return false;
    if (live(o) && !o->left_out && fault_strikes(w, FAULT_LISTING_GAP)) {
        o->left_out = true;
        return false;
    }
    return true;
}

bool broker_find(struct world *w, enum leg leg, int32_t generation, struct sim_report *ret)
{
    struct sim_order *o = find(&w->broker, leg, generation);
    if (!o || !shown(w, o))
        return false;
    *ret = o->report;
    return true;
}

uint32_t broker_list(struct world *w, struct sim_report ret[SIM_ORDERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->broker.count; i++)
        if (shown(w, &w->broker.orders[i]))
            ret[count++] = w->broker.orders[i].report;
    return count;
}

/* ---- what happens there ---------------------------------------------------------------------- */

/* Half or all of a fill of any order is taken back. */
static void bust(struct world *w)
{
    struct sim_order *o = &w->broker.orders[world_below(w, w->broker.count)];
    int64_t net = o->report.filled - o->report.busted;
    if (net <= 0 || o->partner || !fault_strikes(w, FAULT_BUST))
        return;
    int64_t quantity = world_between(w, 1, net / PRICE_ONE) * PRICE_ONE;
    int64_t price = o->report.filled_value / (o->report.filled / PRICE_ONE);
    o->report.busted += quantity;
    o->report.busted_value += quantity / PRICE_ONE * price;
    w->checks.bust = true;
}

static void fill_late(struct world *w)
{
    struct sim_order *o = &w->broker.orders[world_below(w, w->broker.count)];
    int64_t rest = o->report.quantity - o->report.filled;
    bool ended =
        o->report.status == ORDER_STATUS_CANCELED || o->report.status == ORDER_STATUS_EXPIRED;
    if (!ended || o->partner || rest <= 0 || o->forgotten || !fault_strikes(w, FAULT_LATE_FILL))
        return;
    w->checks.late_fill = true;
    int64_t quantity = world_between(w, 1, rest / PRICE_ONE) * PRICE_ONE;
    o->report.filled += quantity;
    o->report.filled_value += quantity / PRICE_ONE * w->broker.market.price;
    if (quantity == rest)
        o->report.status = ORDER_STATUS_FILLED;
}

static void trade_by_hand(struct world *w)
{
    struct exposure x;
    broker_exposure(w, &x);
    if (x.open <= 0 || !fault_strikes(w, FAULT_MANUAL_TRADE))
        return;
    w->broker.external += world_between(w, 1, x.open / PRICE_ONE) * PRICE_ONE;
    w->checks.external = true;
}

enum { STRAY_GENERATION = 1000 };

/* An exit that the tracker never made, of a generation that it is far from. */
static void send_stray(struct world *w)
{
    struct exposure x;
    broker_exposure(w, &x);
    if (x.open <= 0 || x.exits_live || !can(w, BROKER_CAN_BULK_LIST) ||
        find(&w->broker, LEG_EXIT, STRAY_GENERATION) || !fault_strikes(w, FAULT_STRAY))
        return;
    const struct bracket_action a = {
        .type = ORDER_TYPE_LIMIT,
        .side = order_side_opposite(w->schedule.spec.side),
        .time_in_force = TIF_GTC,
        .quantity = x.open,
        .limit_price = w->broker.market.price,
    };
    w->checks.lied = true;
    take(w, &a, LEG_EXIT, STRAY_GENERATION);
}

/* On one live order, by chance. What was taken for dead wrongly is found again by a listing alone,
 * so that only brokers with one hide orders. */
static void meddle(struct world *w)
{
    struct sim_order *o = &w->broker.orders[world_below(w, w->broker.count)];
    if (!live(o))
        return;
    if (fault_strikes(w, FAULT_MANUAL_CANCEL)) {
        end(w, o, ORDER_STATUS_CANCELED);
    } else if (o->partner && o->report.filled == 0 &&
               partner_of(&w->broker, o)->report.filled == 0 &&
               fault_strikes(w, FAULT_PAIR_BROKEN)) {
        partner_of(&w->broker, o)->partner = 0;
        o->partner = 0;
        end(w, o, ORDER_STATUS_CANCELED);
    } else if (fault_strikes(w, FAULT_REJECTED_LATER)) {
        end(w, o, ORDER_STATUS_REJECTED);
    } else if (!o->partner && fault_strikes(w, FAULT_AMNESIA)) {
        o->forgotten = true;
        end(w, o, ORDER_STATUS_CANCELED);
        w->checks.amnesia = true;
    } else if (!o->partner && can(w, BROKER_CAN_BULK_LIST) && fault_strikes(w, FAULT_HIDDEN)) {
        o->visible_ns = w->now_ns + 20 * NS_PER_SECOND;
        w->checks.lied = true;
    }
}

static void move_price(struct world *w)
{
    struct market *m = &w->broker.market;
    int64_t low = START_PRICE - 8 * PRICE_ONE, high = START_PRICE + 8 * PRICE_ONE;
    m->price += world_between(w, -60, 60) * (PRICE_ONE / 100) + w->schedule.drift;
    if (m->price < low || m->price > high) {
        m->price = m->price < low ? low : high;
        w->schedule.drift = -w->schedule.drift;
    }
}

void broker_move(struct world *w)
{
    struct market *m = &w->broker.market;
    if (!m->open)
        return;
    if (fault_strikes(w, FAULT_HALT))
        m->halted_until_ns = w->now_ns + world_between(w, 1, 20) * NS_PER_SECOND;
    if (!w->fair && w->now_ns >= m->halted_until_ns)
        move_price(w);
    for (uint32_t i = 0; i < w->broker.count; i++)
        try_to_fill(w, &w->broker.orders[i]);
    if (w->fair || w->broker.count == 0)
        return;
    bust(w);
    fill_late(w);
    trade_by_hand(w);
    meddle(w);
    send_stray(w);
}

void broker_expire(struct world *w, bool all)
{
    for (uint32_t i = 0; i < w->broker.count; i++)
        if (all || w->broker.orders[i].time_in_force == TIF_DAY)
            end(w, &w->broker.orders[i], ORDER_STATUS_EXPIRED);
}
