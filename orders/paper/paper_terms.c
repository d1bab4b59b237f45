#include "orders/paper/paper_terms.h"

#include "base/decimal.h"
#include "engine/trades/fills.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool refuse(struct broker_refusal *r, enum reject reject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct broker_refusal *r, enum reject reject, const char *format, ...)
{
    va_list arguments;
    r->reject = reject;
    va_start(arguments, format);
    vsnprintf(r->message, sizeof r->message, format, arguments);
    va_end(arguments);
    return false;
}

int64_t paper_cash(int64_t price, int64_t quantity, int32_t multiplier, bool is_buy)
{
    int64_t value = fill_value(price, quantity, is_buy), cash;
    return __builtin_mul_overflow(value, multiplier, &cash) ? INT64_MAX : cash;
}

int64_t paper_position_cost(const struct position *p)
{
    return order_value(p->cost, p->contract.multiplier * DECIMAL_ONE);
}

enum err paper_contract(const char *symbol, enum contract_kind kind, struct contract *ret,
                        struct error *e)
{
    struct occ_symbol occ;
    if (kind == CONTRACT_SHARE)
        return contract_share(symbol, strlen(symbol), ret, e);
    enum err err = occ_symbol_parse(symbol, strlen(symbol), &occ, e);
    return err == ERR_OK ? contract_option(&occ, -1, ret, e) : err;
}

bool paper_session(struct paper_book *b, int64_t wall_ns, int64_t *ret_open_ns,
                   int64_t *ret_close_ns)
{
    const struct calendar *calendar = b->options.calendar;
    struct session session;
    if (!calendar) {
        *ret_open_ns = INT64_MIN;
        *ret_close_ns = INT64_MAX;
        return true;
    }
    if (!calendar_session_at(calendar, wall_ns, &session)) {
        int32_t day = calendar_day_at(calendar, wall_ns);
        if (!calendar_next_session(calendar, day, &session))
            return false;
        if (session.close_ns <= wall_ns && !calendar_next_session(calendar, day + 1, &session))
            return false;
    }
    *ret_open_ns = session.open_ns;
    *ret_close_ns = session.close_ns;
    return true;
}

/* ---- the order itself ------------------------------------------------------------------------ */

static bool is_id(const char *id)
{
    size_t length = id ? strnlen(id, CLIENT_ID_TEXT) : 0;
    return length >= 1 && length <= CLIENT_ID_MAX;
}

static bool is_price(int64_t price)
{
    return price > 0 && price <= LIMIT_ORDER_PRICE;
}

static bool has_limit(enum order_type type)
{
    return type == ORDER_TYPE_LIMIT || type == ORDER_TYPE_STOP_LIMIT;
}

static bool has_stop(enum order_type type)
{
    return type == ORDER_TYPE_STOP || type == ORDER_TYPE_STOP_LIMIT;
}

static bool accept_pair(const struct broker_submit *s, struct broker_refusal *r)
{
    if (!s->oco_client_id)
        return true;
    bool sells = s->side == ORDER_SELL;
    if (!is_id(s->oco_client_id) || strcmp(s->client_id, s->oco_client_id) == 0)
        return refuse(r, REJECT_OTHER, "the second leg needs a client order id of its own");
    if (s->opens || s->type != ORDER_TYPE_LIMIT || s->time_in_force == TIF_IOC ||
        s->time_in_force == TIF_FOK)
        return refuse(r, REJECT_OTHER, "a pair closes, by a limit that rests");
    if (!is_price(s->oco_stop_price) || (s->oco_limit_price && !is_price(s->oco_limit_price)))
        return refuse(r, REJECT_OTHER, "a price of the second leg is out of range");
    if (sells ? s->oco_stop_price >= s->limit_price : s->oco_stop_price <= s->limit_price)
        return refuse(r, REJECT_OTHER, "the stop of a pair lies on the other side of its limit");
    return true;
}

static bool accept_words(const struct broker_submit *s, struct broker_refusal *r)
{
    bool is_option = s->contract.kind == CONTRACT_OPTION;
    bool immediate = s->time_in_force == TIF_IOC || s->time_in_force == TIF_FOK;
    if (!is_id(s->client_id))
        return refuse(r, REJECT_OTHER, "a client order id has 1 to %d characters", CLIENT_ID_MAX);
    if (s->quantity <= 0 || s->quantity > LIMIT_ORDER_QUANTITY)
        return refuse(r, REJECT_OTHER, "the quantity is out of range");
    if (is_option && s->quantity % DECIMAL_ONE != 0)
        return refuse(r, REJECT_OTHER, "options are traded in whole contracts");
    if (has_limit(s->type) && !is_price(s->limit_price))
        return refuse(r, REJECT_OTHER, "the limit is out of range");
    if (has_stop(s->type) && !is_price(s->stop_price))
        return refuse(r, REJECT_OTHER, "the stop is out of range");
    if (has_stop(s->type) && immediate)
        return refuse(r, REJECT_OTHER, "a stop waits: it cannot be %s",
                      time_in_force_name(s->time_in_force));
    return accept_pair(s, r);
}

static bool accept_time(struct paper_book *b, const struct broker_submit *s, int64_t wall_ns,
                        int64_t *ret_expires_ns, struct broker_refusal *r)
{
    int64_t open_ns, close_ns, end_ns = s->contract.end_ns;
    if (end_ns && wall_ns >= end_ns)
        return refuse(r, REJECT_OTHER, "the contract has expired");
    if (!paper_session(b, wall_ns, &open_ns, &close_ns))
        return refuse(r, REJECT_OTHER, "the calendar has no session any more");
    bool lives_on = s->time_in_force == TIF_GTC || close_ns == INT64_MAX;
    int64_t expires_ns = lives_on ? 0 : close_ns;
    if (end_ns && (!expires_ns || end_ns < expires_ns))
        expires_ns = end_ns;
    *ret_expires_ns = expires_ns;
    return true;
}

/* ---- what it ties up ------------------------------------------------------------------------- */

/* By which price an opening order is paid for in advance; 0 = nothing is known. */
static int64_t reserve_price(const struct broker_submit *s, const struct paper_market *m)
{
    if (has_limit(s->type))
        return s->limit_price;
    int64_t market = !m ? 0 : s->side == ORDER_BUY ? m->ask : m->bid;
    if (m && !market)
        market = m->last;
    return s->type == ORDER_TYPE_STOP && s->stop_price > market ? s->stop_price : market;
}

static bool accept_opening(struct paper_book *b, const struct broker_submit *s,
                           const struct paper_market *m, int64_t price, struct broker_refusal *r)
{
    bool buys = s->side == ORDER_BUY;
    int64_t held = m ? m->position.quantity : 0;
    if (!buys && s->contract.kind == CONTRACT_OPTION)
        return refuse(r, REJECT_OTHER, "options are not sold to open");
    if (m && ((buys ? held < 0 : held > 0) || m->openings[order_side_opposite(s->side)] > 0))
        return refuse(r, REJECT_OTHER, "there is a position or an opening order of the other side");
    int64_t cost = paper_cash(price, s->quantity, s->contract.multiplier, true);
    int64_t power = paper_book_buying_power(b);
    if (cost > power) {
        char cost_text[DECIMAL_MAX_TEXT], power_text[DECIMAL_MAX_TEXT];
        decimal_format(cost, cost_text);
        decimal_format(power, power_text);
        return refuse(r, REJECT_OTHER, "insufficient buying power: it costs %s, there is %s",
                      cost_text, power_text);
    }
    return true;
}

static bool accept_closing(const struct broker_submit *s, const struct paper_market *m,
                           struct broker_refusal *r)
{
    int64_t held = m ? m->position.quantity : 0;
    if (s->side == ORDER_BUY)
        held = -held;
    int64_t claimed = m ? m->claimed : 0;
    if (held < 0)
        held = 0;
    if (s->quantity <= held - claimed)
        return true;
    char held_text[DECIMAL_MAX_TEXT], claimed_text[DECIMAL_MAX_TEXT];
    decimal_format(held, held_text);
    decimal_format(claimed, claimed_text);
    return refuse(r, REJECT_HELD, "insufficient quantity: %s is there, %s is held by other orders",
                  held_text, claimed_text);
}

bool paper_terms_accept(struct paper_book *b, const struct broker_submit *s,
                        const struct paper_market *m, struct order_clock now,
                        int64_t *ret_reserve_price, int64_t *ret_expires_ns,
                        struct broker_refusal *r)
{
    *ret_reserve_price = s->opens ? reserve_price(s, m) : 0;
    if (!accept_words(s, r) || !accept_time(b, s, now.wall_ns, ret_expires_ns, r))
        return false;
    if (b->live + 2 > LIMIT_PAPER_ORDERS)
        return refuse(r, REJECT_OTHER, "too many orders are live: at most %d", LIMIT_PAPER_ORDERS);
    if (!m && b->market_count == LIMIT_PAPER_MARKETS)
        return refuse(r, REJECT_OTHER, "too many symbols: at most %d", LIMIT_PAPER_MARKETS);
    return s->opens ? accept_opening(b, s, m, *ret_reserve_price, r) : accept_closing(s, m, r);
}

int64_t paper_order_rest(const struct paper_order *o)
{
    if (order_status_dead(o->row.status))
        return 0;
    return o->row.quantity - o->row.filled - (o->pair ? o->pair->row.filled : 0);
}

void paper_order_tie_up(struct paper_book *b, struct paper_order *o)
{
    struct paper_market *m = o->market;
    int64_t rest = paper_order_rest(o);
    int64_t reserved =
        paper_cash(o->row.reserve_price, rest, m->position.contract.multiplier, true);
    bool stands_for_pair = !o->pair || o->row.id < o->pair->row.id;
    int64_t claimed = o->row.opens || !stands_for_pair ? 0 : rest;
    b->reserved += reserved - o->reserved;
    m->claimed += claimed - o->claimed;
    o->reserved = reserved;
    o->claimed = claimed;
}
