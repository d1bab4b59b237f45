#include "orders/desk/desk_private.h"
#include "orders/exit_price.h"
#include "orders/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hundredth, as prices: near a trigger. */
enum { NEAR_PART = 100 };

static bool is_held(struct desk *d, const char *symbol) REQUIRES(d->mutex)
{
    struct held_position *p;
    HASH_FIND(by_symbol, d->positions, symbol, strlen(symbol), p);
    return p && p->position.quantity;
}

/* Contracts that are over, in which nobody has a bracket or a position, nor looks at one. */
static void forget_past_markets(struct desk *d) REQUIRES(d->mutex)
{
    int64_t steady_ns = desk_clock(d).steady_ns;
    int64_t wall_ns = clock_realtime_ns(d->options.clock);
    struct market *m, *next;
    HASH_ITER (by_symbol, d->markets, m, next) {
        int64_t at_ns = atomic_load(&m->quote.at_steady_ns);
        int64_t age_ns = at_ns ? steady_ns - at_ns : INT64_MAX;
        if (atomic_load(&m->users) || is_held(d, m->symbol) ||
            !past_contract(m->symbol, age_ns, wall_ns))
            continue;
        HASH_DELETE(by_symbol, d->markets, m);
        free(m);
        d->market_count--;
    }
}

static void sweep_markets(struct desk *d) REQUIRES(d->mutex)
{
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    if (!past_sweep_due(&d->sweep, (size_t)d->market_count, now_ns))
        return;
    forget_past_markets(d);
    past_sweep_done(&d->sweep, (size_t)d->market_count, LIMIT_DESK_MARKETS, now_ns);
}

struct market *desk_market(struct desk *d, const char *symbol, bool make)
{
    struct market *m;
    HASH_FIND(by_symbol, d->markets, symbol, strlen(symbol), m);
    if (m || !make)
        return m;
    sweep_markets(d);
    if (d->market_count == LIMIT_DESK_MARKETS)
        return NULL;
    m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    snprintf(m->symbol, sizeof m->symbol, "%s", symbol);
    HASH_ADD_KEYPTR(by_symbol, d->markets, m->symbol, strlen(m->symbol), m);
    d->market_count++;
    return m;
}

/* ---- the newest quote ------------------------------------------------------------------------ */

struct order_quote desk_market_quote(const struct market *m)
{
    const struct shared_quote *q = &m->quote;
    for (;;) {
        unsigned version = atomic_load(&q->version);
        struct order_quote quote = {.bid = atomic_load(&q->bid),
                                    .ask = atomic_load(&q->ask),
                                    .at_steady_ns = atomic_load(&q->at_steady_ns),
                                    .halted = atomic_load(&q->halted)};
        if (version % 2 == 0 && atomic_load(&q->version) == version)
            return quote;
    }
}

static void set_quote(struct market *m, const struct order_quote *quote)
{
    struct shared_quote *q = &m->quote;
    atomic_fetch_add(&q->version, 1);
    atomic_store(&q->bid, quote->bid);
    atomic_store(&q->ask, quote->ask);
    atomic_store(&q->at_steady_ns, quote->at_steady_ns);
    atomic_store(&q->halted, quote->halted);
    atomic_fetch_add(&q->version, 1);
}

/* The market of a bracket in the book never changes. */
struct order_quote desk_quote_of(const struct desk_order *o)
{
    return desk_market_quote(o->market);
}

static bool has_triggers(const struct desk_order *o)
{
    return atomic_load(&o->wake_low) != INT64_MIN || atomic_load(&o->wake_high) != INT64_MAX;
}

static bool is_outside(const struct order_quote *q, int64_t low, int64_t high)
{
    return q->bid >= high || q->ask >= high || q->bid <= low || q->ask <= low;
}

static bool is_beyond(const struct desk_order *o, const struct order_quote *q)
{
    return is_outside(q, atomic_load(&o->wake_low), atomic_load(&o->wake_high));
}

/* But for its age. */
static bool is_sound(const struct order_quote *q)
{
    return order_quote_usable(q, q->at_steady_ns, 0);
}

void desk_quote(struct desk *d, const char *symbol, int64_t bid, int64_t ask, bool halted,
                int64_t age_ns)
{
    mutex_lock(&d->mutex);
    struct market *m = desk_market(d, symbol, true);
    if (m) {
        const struct order_quote quote = {
            .bid = bid,
            .ask = ask,
            .at_steady_ns = desk_clock(d).steady_ns - age_ns,
            .halted = halted,
        };
        const struct order_quote before = desk_market_quote(m);
        set_quote(m, &quote);
        /* A stop that is watched has lost what protects it, or has it back. */
        bool turned = is_sound(&before) != is_sound(&quote);
        for (struct desk_order *o = m->first; o; o = o->market_next)
            if ((turned && has_triggers(o)) || is_beyond(o, &quote))
                desk_wake(o);
    }
    mutex_unlock(&d->mutex);
}

bool desk_last_quote(struct desk *d, const char *symbol, struct order_quote *ret,
                     int64_t *ret_age_ns)
{
    mutex_lock(&d->mutex);
    const struct market *m = desk_market(d, symbol, false);
    const struct order_quote quote = m ? desk_market_quote(m) : (struct order_quote){0};
    mutex_unlock(&d->mutex);
    if (!quote.at_steady_ns)
        return false;
    *ret = quote;
    *ret_age_ns = desk_clock(d).steady_ns - quote.at_steady_ns;
    return true;
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
    if ((trails && !s->anchor) || s->blind)
        l = (struct levels){INT64_MAX, INT64_MIN}; /* any quote */
    return l;
}

/* A market order trades at any quote, a stop limit does once it was triggered. */
static void add_fill_levels(const struct bracket_spec *spec, const struct leg_order *order,
                            struct levels *l)
{
    bool buys = (order->leg == LEG_ENTRY) == (spec->side == ORDER_BUY);
    bool limit = order->type == ORDER_TYPE_LIMIT;
    int64_t price = limit ? order->limit_price : order->stop_price;
    if (!limit && order->type != ORDER_TYPE_STOP)
        *l = (struct levels){INT64_MAX, INT64_MIN};
    else if (buys == limit && price > l->low)
        l->low = price;
    else if (buys != limit && price < l->high)
        l->high = price;
}

static struct levels fill_levels_of(const struct bracket_state *s)
{
    struct levels l = {INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        if (leg_order_live(&s->orders[i]))
            add_fill_levels(&s->spec, &s->orders[i], &l);
    return l;
}

void desk_set_triggers(struct desk_order *o, const struct bracket_state *s)
{
    struct levels l = levels_of(s), fill = fill_levels_of(s);
    atomic_store(&o->wake_low, l.low);
    atomic_store(&o->wake_high, l.high);
    atomic_store(&o->fill_low, fill.low);
    atomic_store(&o->fill_high, fill.high);
}

static bool near(int64_t price, int64_t level)
{
    int64_t away = price > level ? order_subtract(price, level) : order_subtract(level, price);
    return price > 0 && away <= price / NEAR_PART;
}

bool desk_near_trigger(const struct desk_order *o)
{
    int64_t low = atomic_load(&o->wake_low), high = atomic_load(&o->wake_high);
    if (!has_triggers(o))
        return false;
    struct order_quote quote = desk_quote_of(o);
    return near(quote.bid, low) || near(quote.ask, low) || near(quote.bid, high) ||
           near(quote.ask, high);
}

bool desk_quote_is_due(const struct desk_order *o, int64_t age_ns)
{
    const struct desk *d = o->desk;
    const struct market *m = o->market;
    if (!d->options.broker->operations->quote || !has_triggers(o))
        return false;
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    struct order_quote quote = desk_market_quote(m);
    if (quote.at_steady_ns && now_ns + d->steady_offset_ns - quote.at_steady_ns < age_ns)
        return false;
    int64_t asked_ns = atomic_load(&m->asked_ns);
    return !asked_ns || now_ns - asked_ns >= age_ns;
}

void desk_refresh_quote(struct desk_order *o, int64_t age_ns, const struct contract *contract)
{
    struct desk *d = o->desk;
    long long asked_ns = atomic_load(&o->market->asked_ns);
    if (!desk_quote_is_due(o, age_ns) ||
        !atomic_compare_exchange_strong(&o->market->asked_ns, &asked_ns,
                                        clock_monotonic_ns(d->options.clock)))
        return;
    struct order_quote quote;
    int64_t quote_age_ns;
    if (gateway_quote(d->gateway, contract, &quote, &quote_age_ns) == OUTCOME_OK)
        desk_quote(d, contract->symbol, quote.bid, quote.ask, quote.halted != 0, quote_age_ns);
}

/* ---- keeping pace ---------------------------------------------------------------------------- */

static bool acts_at(const struct market *m, const struct order_quote *q, bool turned)
{
    for (const struct desk_order *o = m->first; o; o = o->market_next)
        if ((turned && has_triggers(o)) || is_beyond(o, q) ||
            is_outside(q, atomic_load(&o->fill_low), atomic_load(&o->fill_high)))
            return true;
    return false;
}

/* `sound`: whether the quote before was one that exits can be triggered by; this one's on return.
 * `first`: the one before is the market's own. */
static bool acts_at_quote(struct desk *d, const struct market_quote *q, bool first, bool *sound)
{
    const struct order_quote quote = {
        .bid = q->bid, .ask = q->ask, .at_steady_ns = 1, .halted = q->halted};
    bool was_sound = *sound;
    *sound = is_sound(&quote);
    mutex_lock(&d->mutex);
    const struct market *m = d->live > 0 ? desk_market(d, q->symbol, false) : NULL;
    if (m && first) {
        const struct order_quote before = desk_market_quote(m);
        was_sound = is_sound(&before);
    }
    bool acts = m && m->first && acts_at(m, &quote, *sound != was_sound);
    mutex_unlock(&d->mutex);
    return acts;
}

/* The lock is taken for each: with many brackets on one contract others would wait for all. */
size_t desk_quotes_until_act(struct desk *d, const struct market_quote *quotes, size_t count,
                             bool *ret_acts)
{
    bool sound = false;
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || strcmp(quotes[i].symbol, quotes[i - 1].symbol) != 0;
        *ret_acts = acts_at_quote(d, &quotes[i], first, &sound);
        if (*ret_acts)
            return i + 1;
    }
    *ret_acts = false;
    return count;
}

static bool is_busy(const struct desk_order *o)
{
    int handing = atomic_load(&o->handing);
    return atomic_load(&o->attention) || atomic_load(&o->hinted) ||
           atomic_load(&o->turn_began_ns) || atomic_load(&o->phase) == ORDER_PARKED ||
           handing == HANDING_UNDERWAY || handing == HANDING_AWAITED;
}

bool desk_settled(struct desk *d, const char *symbol)
{
    bool busy = false;
    mutex_lock(&d->mutex);
    const struct market *m = desk_market(d, symbol, false);
    for (const struct desk_order *o = m ? m->first : NULL; o && !busy; o = o->market_next)
        busy = is_busy(o);
    mutex_unlock(&d->mutex);
    return !busy;
}
