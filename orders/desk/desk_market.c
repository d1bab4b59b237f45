#include "orders/desk/desk_private.h"
#include "orders/exit_price.h"
#include "orders/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hundredth, as prices: near a trigger. */
enum { NEAR_PART = 100 };

struct market *desk_market(struct desk *d, const char *symbol, bool make)
{
    struct market *m;
    HASH_FIND(by_symbol, d->markets, symbol, strlen(symbol), m);
    if (m || !make || d->market_count == LIMIT_DESK_MARKETS)
        return m;
    m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    snprintf(m->symbol, sizeof m->symbol, "%s", symbol);
    HASH_ADD_KEYPTR(by_symbol, d->markets, m->symbol, strlen(m->symbol), m);
    d->market_count++;
    return m;
}

struct order_quote desk_quote_of(struct desk_order *o)
{
    mutex_lock(&o->desk->mutex);
    struct order_quote quote = o->market->quote;
    mutex_unlock(&o->desk->mutex);
    return quote;
}

/* The side at which the position could be closed. */
static int64_t side_price(const struct bracket_state *s, const struct order_quote *q)
{
    return s->spec.side == ORDER_BUY ? q->bid : q->ask;
}

void desk_quote(struct desk *d, const char *symbol, int64_t bid, int64_t ask, bool halted,
                int64_t age_ns)
{
    mutex_lock(&d->mutex);
    struct market *m = desk_market(d, symbol, true);
    if (m) {
        m->quote = (struct order_quote){
            .bid = bid,
            .ask = ask,
            .at_steady_ns = desk_clock(d).steady_ns - age_ns,
            .halted = halted,
        };
        for (struct desk_order *o = m->first; o; o = o->market_next) {
            bool beyond = bid >= atomic_load(&o->wake_high) || ask >= atomic_load(&o->wake_high) ||
                          bid <= atomic_load(&o->wake_low) || ask <= atomic_load(&o->wake_low);
            if (beyond)
                desk_wake(o);
        }
    }
    mutex_unlock(&d->mutex);
}

bool desk_last_quote(struct desk *d, const char *symbol, struct order_quote *ret,
                     int64_t *ret_age_ns)
{
    mutex_lock(&d->mutex);
    const struct market *m = desk_market(d, symbol, false);
    bool known = m && m->quote.at_steady_ns;
    if (known) {
        *ret = m->quote;
        *ret_age_ns = desk_clock(d).steady_ns - m->quote.at_steady_ns;
    }
    mutex_unlock(&d->mutex);
    return known;
}

/* ---- triggers -------------------------------------------------------------------------------- */

struct levels {
    int64_t low, high; /* a quote at or beyond one of them matters */
};

static struct levels levels_of(const struct bracket_state *s)
{
    struct levels none = {INT64_MIN, INT64_MAX}, l = none;
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    if (sums.open <= 0 || s->closing || !bracket_manages(s))
        return none;
    bool rests = s->spec.protection == PROTECTION_RESTING_BOTH;
    int64_t profit = rests || s->attempt_ns ? 0 : exit_take_profit_price(s, &sums);
    int64_t stop = bracket_live(s, LEG_STOP_LOSS) ? 0 : exit_stop_price(s, &sums);
    bool trails =
        s->spec.stop_loss.kind == EXIT_TRAIL_PERCENT || s->spec.stop_loss.kind == EXIT_TRAIL_PRICE;
    bool bought = s->spec.side == ORDER_BUY;
    int64_t better = trails ? s->anchor : profit;
    if (trails && profit && (bought ? profit < better : profit > better))
        better = profit;
    if (better || trails)
        *(bought ? &l.high : &l.low) = better;
    if (stop)
        *(bought ? &l.low : &l.high) = stop;
    if (trails && !s->anchor)
        l = (struct levels){INT64_MAX, INT64_MIN}; /* any quote */
    return l;
}

void desk_set_triggers(struct desk_order *o, const struct bracket_state *s)
{
    struct levels l = levels_of(s);
    atomic_store(&o->wake_low, l.low);
    atomic_store(&o->wake_high, l.high);
}

static bool near(int64_t price, int64_t level)
{
    int64_t away = price > level ? order_subtract(price, level) : order_subtract(level, price);
    return price > 0 && away <= price / NEAR_PART;
}

bool desk_near_trigger(struct desk_order *o, const struct bracket_state *s)
{
    struct order_quote quote = desk_quote_of(o);
    struct levels l = levels_of(s);
    int64_t price = side_price(s, &quote);
    return (l.low > INT64_MIN && near(price, l.low)) || (l.high < INT64_MAX && near(price, l.high));
}

void desk_refresh_quote(struct desk_order *o, int64_t age_ns)
{
    struct desk *d = o->desk;
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    struct levels l = levels_of(&o->state);
    if (!d->options.broker->operations->quote || (l.low == INT64_MIN && l.high == INT64_MAX))
        return;
    mutex_lock(&d->mutex);
    struct market *m = o->market;
    bool old = !m->quote.at_steady_ns || desk_clock(d).steady_ns - m->quote.at_steady_ns >= age_ns;
    bool ask = old && (!m->asked_ns || now_ns - m->asked_ns >= age_ns);
    if (ask)
        m->asked_ns = now_ns;
    mutex_unlock(&d->mutex);
    struct order_quote quote;
    int64_t quote_age_ns;
    if (ask &&
        gateway_quote(d->gateway, &o->state.spec.contract, &quote, &quote_age_ns) == OUTCOME_OK)
        desk_quote(d, m->symbol, quote.bid, quote.ask, quote.halted != 0, quote_age_ns);
}
