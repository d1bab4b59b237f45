/* Matching. A quote is looked at once: what trades is decided by bid, ask and the sizes that are
 * left of it, order by order as they arrived. Most quotes touch no order at all, and a market may
 * have thousands; so each keeps the prices at which any of its orders would act, and a quote within
 * them costs four comparisons. The bounds are made anew whenever the orders were gone through.
 */
#include "orders/paper/paper_market.h"

#include "base/decimal.h"
#include "orders/paper/paper_terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const struct paper_bounds no_bounds = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};

struct paper_market *paper_market_make(struct paper_book *b, const char *symbol)
{
    struct paper_market *m = paper_book_market(b, symbol);
    if (m || b->market_count == LIMIT_PAPER_MARKETS)
        return m;
    m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    snprintf(m->position.contract.symbol, sizeof m->position.contract.symbol, "%s", symbol);
    m->bounds = no_bounds;
    HASH_ADD_KEYPTR(by_symbol, b->markets, m->position.contract.symbol,
                    strlen(m->position.contract.symbol), m);
    b->market_count++;
    return m;
}

void paper_market_sweep(struct paper_book *b, struct order_clock now)
{
    struct paper_market *m, *next;
    if (!past_sweep_due(&b->sweep, (size_t)b->market_count, now.steady_ns))
        return;
    for (struct paper_order *o = b->all; o; o = o->all_next)
        o->market->used = true;
    HASH_ITER (by_symbol, b->markets, m, next) {
        bool used = m->used || m->positioned;
        int64_t age_ns = m->at_ns ? now.wall_ns - m->at_ns : INT64_MAX;
        m->used = false;
        if (used || !past_contract(m->position.contract.symbol, age_ns, now.wall_ns))
            continue;
        HASH_DELETE(by_symbol, b->markets, m);
        free(m);
        b->market_count--;
    }
    past_sweep_done(&b->sweep, (size_t)b->market_count, LIMIT_PAPER_MARKETS, now.steady_ns);
}

int64_t paper_market_price(const struct paper_market *m)
{
    if (m->bid > 0 && m->ask > 0)
        return m->bid + (m->ask - m->bid) / 2;
    return m->last;
}

void paper_market_list_position(struct paper_book *b, struct paper_market *m)
{
    bool open = m->position.quantity != 0;
    if (open && !m->positioned)
        DL_APPEND2(b->positions, m, position_prev, position_next);
    if (!open && m->positioned)
        DL_DELETE2(b->positions, m, position_prev, position_next);
    m->positioned = open;
    int64_t end_ns = m->position.contract.end_ns;
    if (open && end_ns && end_ns < b->settle_ns)
        b->settle_ns = end_ns;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool waits_for_stop(const struct paper_order_row *row)
{
    return (row->type == ORDER_TYPE_STOP || row->type == ORDER_TYPE_STOP_LIMIT) && !row->triggered;
}

static bool is_limited(const struct paper_order_row *row)
{
    return row->type == ORDER_TYPE_LIMIT || row->type == ORDER_TYPE_STOP_LIMIT;
}

static void widen(struct paper_bounds *bounds, const struct paper_order_row *row)
{
    bool buys = row->side == ORDER_BUY, stop = waits_for_stop(row);
    if (buys && stop)
        bounds->ask_high = least(bounds->ask_high, row->stop_price);
    else if (buys)
        bounds->ask_low = most(bounds->ask_low, is_limited(row) ? row->limit_price : INT64_MAX);
    else if (stop)
        bounds->bid_low = most(bounds->bid_low, row->stop_price);
    else
        bounds->bid_high = least(bounds->bid_high, is_limited(row) ? row->limit_price : INT64_MIN);
}

static bool touches(const struct paper_market *m)
{
    const struct paper_bounds *bounds = &m->bounds;
    return (m->ask > 0 && (m->ask <= bounds->ask_low || m->ask >= bounds->ask_high)) ||
           (m->bid > 0 && (m->bid <= bounds->bid_low || m->bid >= bounds->bid_high));
}

/* ---- fills ----------------------------------------------------------------------------------- */

static int64_t short_cost(const struct paper_market *m)
{
    return m->position.quantity < 0 ? -paper_position_cost(&m->position) : 0;
}

/* The position and the cash of a trade. */
static void book_trade(struct paper_book *b, struct paper_market *m, enum order_side side,
                       int64_t quantity, int64_t price)
{
    bool buys = side == ORDER_BUY;
    int64_t cash = paper_cash(price, quantity, m->position.contract.multiplier, buys);
    b->short_cost -= short_cost(m);
    position_fill(&m->position, side, quantity, price);
    b->short_cost += short_cost(m);
    b->cash = buys ? order_subtract(b->cash, cash) : order_add(b->cash, cash);
    paper_market_list_position(b, m);
}

static void fill(struct paper_book *b, struct paper_order *o, int64_t quantity, int64_t price,
                 struct order_clock now)
{
    struct paper_market *m = o->market;
    int64_t *left = o->row.side == ORDER_BUY ? &m->ask_left : &m->bid_left;
    if (*left != INT64_MAX)
        *left -= quantity;
    o->row.filled += quantity;
    o->row.filled_value = order_add(o->row.filled_value, order_value(quantity, price));
    book_trade(b, m, o->row.side, quantity, price);
    bool whole = paper_order_rest(o) == 0;
    if (whole)
        paper_book_end_quietly(b, o, ORDER_STATUS_FILLED, PAPER_REASON_NONE, now);
    paper_order_tie_up(b, o);
    if (o->pair)
        paper_order_tie_up(b, o->pair);
    struct paper_event *event = paper_book_tell(b, PAPER_EVENT_FILLED, o, now);
    event->quantity = quantity;
    event->price = price;
    event->position = m->position;
    b->fills++;
    if (whole && o->pair)
        paper_book_end(b, o->pair, PAPER_EVENT_CANCELED, PAPER_REASON_PAIR, now);
}

/* Whether a purchase that opens may cost this: more than was reserved comes from what is free. */
static bool is_paid_for(struct paper_book *b, const struct paper_order *o, int64_t quantity,
                        int64_t price)
{
    if (!o->row.opens || o->row.side == ORDER_SELL || price <= o->row.reserve_price)
        return true;
    int32_t multiplier = o->market->position.contract.multiplier;
    int64_t cost = paper_cash(price, quantity, multiplier, true);
    int64_t rest = paper_order_rest(o) - quantity;
    int64_t released = o->reserved - paper_cash(o->row.reserve_price, rest, multiplier, true);
    return cost - released <= paper_book_buying_power(b);
}

/* How much of it trades at the quote; 0 = nothing. *ret_price is where. */
static int64_t tradable(const struct paper_order *o, int64_t *ret_price)
{
    const struct paper_market *m = o->market;
    const struct paper_order_row *row = &o->row;
    bool buys = row->side == ORDER_BUY;
    int64_t price = buys ? m->ask : m->bid, left = buys ? m->ask_left : m->bid_left;
    bool beyond = is_limited(row) && (buys ? price > row->limit_price : price < row->limit_price);
    if (price <= 0 || beyond || waits_for_stop(row))
        return 0;
    int64_t quantity = least(paper_order_rest(o), left);
    if (m->position.contract.kind == CONTRACT_OPTION)
        quantity -= quantity % DECIMAL_ONE;
    *ret_price = price;
    return quantity;
}

static void trigger(struct paper_book *b, struct paper_order *o, struct order_clock now)
{
    const struct paper_market *m = o->market;
    bool buys = o->row.side == ORDER_BUY;
    bool reached = buys ? m->ask > 0 && m->ask >= o->row.stop_price
                        : m->bid > 0 && m->bid <= o->row.stop_price;
    if (!waits_for_stop(&o->row) || !reached)
        return;
    o->row.triggered = true;
    paper_book_tell(b, PAPER_EVENT_TRIGGERED, o, now);
}

/* One order at the market's quote. */
static void work(struct paper_book *b, struct paper_order *o, struct order_clock now)
{
    int64_t price = 0;
    trigger(b, o, now);
    int64_t quantity = tradable(o, &price);
    if (o->row.time_in_force == TIF_FOK && quantity < paper_order_rest(o))
        return;
    if (quantity <= 0)
        return;
    if (is_paid_for(b, o, quantity, price))
        fill(b, o, quantity, price, now);
    else
        paper_book_end(b, o, o->row.filled ? PAPER_EVENT_CANCELED : PAPER_EVENT_REJECTED,
                       PAPER_REASON_CASH, now);
}

/* A session, and a quote that is neither halted, nor crossed, nor old. */
static bool is_trading(struct paper_book *b, const struct paper_market *m, struct order_clock now)
{
    bool crossed = m->bid > 0 && m->ask > 0 && m->bid > m->ask;
    return m->at_ns && !m->halted && !crossed &&
           now.steady_ns - m->at_steady_ns <= b->options.quote_max_age_ns &&
           paper_book_is_open(b, now.wall_ns);
}

/* ---- orders and quotes ----------------------------------------------------------------------- */

void paper_market_rest(struct paper_order *o)
{
    struct paper_market *m = o->market;
    DL_APPEND2(m->orders, o, prev, next);
    o->in_market = true;
    widen(&m->bounds, &o->row);
}

void paper_market_enter(struct paper_book *b, struct paper_order *o, struct order_clock now)
{
    enum time_in_force tif = o->row.time_in_force;
    paper_market_rest(o);
    if (is_trading(b, o->market, now))
        work(b, o, now);
    if (!order_status_dead(o->row.status) && (tif == TIF_IOC || tif == TIF_FOK))
        paper_book_end(b, o, PAPER_EVENT_CANCELED, PAPER_REASON_IMMEDIATE, now);
    if (!order_status_dead(o->row.status))
        widen(&o->market->bounds, &o->row); /* it may have been triggered */
}

void paper_market_trade(struct paper_book *b, struct paper_market *m, struct order_clock now)
{
    if (!m->orders || !touches(m) || !is_trading(b, m, now))
        return;
    /* Of the orders ahead only the pair of the one at work may end with it. */
    for (struct paper_order *o = m->orders, *next, *after; o; o = next) {
        next = o->next;
        after = next ? next->next : NULL;
        if (!paper_outbox_room(b->outbox, PAPER_STEP_EVENTS))
            break; /* the next quote goes on */
        work(b, o, now);
        if (next && order_status_dead(next->row.status))
            next = after;
    }
    m->bounds = no_bounds;
    for (const struct paper_order *o = m->orders; o; o = o->next)
        widen(&m->bounds, &o->row);
}

/* A time in the future (the clock was set back) says nothing about what is newer. */
static bool is_older(const struct paper_market *m, const struct market_quote *q, int64_t wall_ns)
{
    return q->at_ns && m->at_ns <= wall_ns && q->at_ns < m->at_ns;
}

void paper_book_quote(struct paper_book *b, const struct market_quote *q, struct order_clock now)
{
    struct paper_market *m = paper_market_make(b, q->symbol);
    if (!m || is_older(m, q, now.wall_ns)) {
        b->quotes_ignored++;
        return;
    }
    int64_t at_ns = q->at_ns && q->at_ns < now.wall_ns ? q->at_ns : now.wall_ns;
    b->quotes++;
    m->bid = q->bid;
    m->ask = q->ask;
    m->bid_left = q->bid_size > 0 ? q->bid_size : INT64_MAX;
    m->ask_left = q->ask_size > 0 ? q->ask_size : INT64_MAX;
    if (q->last > 0 || (q->bid > 0 && q->ask > 0))
        m->last = q->last;
    m->halted = q->halted;
    m->at_ns = at_ns;
    m->at_steady_ns = now.steady_ns - (now.wall_ns - at_ns);
    paper_market_trade(b, m, now);
}
