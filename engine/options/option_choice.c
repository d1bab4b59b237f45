#include "engine/options/option_choice.h"

#include "base/clock.h"
#include "base/limits.h"
#include "engine/options/black_scholes.h"
#include "engine/options/listed_contract.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Contracts [first, end) of the chain with one expiry. */
struct expiry_group {
    int32_t expiry_days;
    size_t first, end;
};

/* A choice under way. */
struct chooser {
    const struct contract_rule *rule;
    struct option_chain *chain;
    const struct option_moment *moment;
};

int64_t option_last_bar(const struct bars *minutes, int64_t at_ns)
{
    return bars_lower_bound(minutes, at_ns - NS_PER_MINUTE + 1) - 1;
}

size_t option_choice_index(const struct option_chain *chain, const struct trade_contract *c)
{
    size_t i = option_chain_lower_bound(chain, (enum option_right)c->right, c->expiry_days,
                                        c->strike_milli);
    assert(i < option_chain_count(chain) &&
           option_chain_at(chain, i)->strike_milli == c->strike_milli);
    return i;
}

/* ---- what is known of a contract ---- */

/* The close of the series' last bar that is known, of the moment's session; NaN when there is
 * none. Most contracts that have none are told by when their series begin and end. */
static enum err known_close(const struct chooser *c, size_t i, enum option_series series,
                            double *ret, struct error *e)
{
    const struct option_moment *m = c->moment;
    const struct option_listing *listing = option_chain_at(c->chain, i);
    *ret = NAN;
    if (!listing->series[series].stored || listing->series[series].first_ns >= m->at_ns ||
        listing->series[series].last_ns < m->session_open_ns)
        return ERR_OK;
    const struct bars *bars;
    enum err err = option_chain_bars(c->chain, i, series, &bars, e);
    if (err)
        return err;
    int64_t last = option_last_bar(bars, m->at_ns);
    if (last >= 0 && bars->time_ns[last] >= m->session_open_ns)
        *ret = bars->column[BAR_CLOSE][last];
    return ERR_OK;
}

/* How the contract's prices are known, and its last one; CONTRACT_NONE without data. */
static enum err look_at(const struct chooser *c, size_t i, enum contract_prices *ret_prices,
                        double *ret_price, struct error *e)
{
    double bid = NAN, ask = NAN, trade = NAN;
    *ret_prices = CONTRACT_NONE;
    enum err err = known_close(c, i, OPTION_ASK, &ask, e);
    if (!err && !isnan(ask))
        err = known_close(c, i, OPTION_BID, &bid, e);
    if (!err && !isnan(bid)) {
        *ret_prices = CONTRACT_QUOTES;
        *ret_price = (bid + ask) / 2;
        return ERR_OK;
    }
    if (!err)
        err = known_close(c, i, OPTION_TRADES, &trade, e);
    if (!err && !isnan(trade)) {
        *ret_prices = CONTRACT_TRADES;
        *ret_price = trade;
    }
    return err;
}

static struct trade_contract contract_of(const struct option_listing *listing,
                                         enum contract_prices prices)
{
    return (struct trade_contract){.prices = (uint8_t)prices,
                                   .right = (uint8_t)listing->right,
                                   .expiry_days = listing->expiry_days,
                                   .strike_milli = listing->strike_milli};
}

/* ---- the strike ---- */

static double strike_of(const struct chooser *c, size_t i)
{
    return (double)option_chain_at(c->chain, i)->strike_milli / OCC_STRIKE_ONE;
}

/* The strikes with data around the spot, from the nearest outwards: the first is at the money.
 * *ret_at is its place. */
static enum err find_nearest(const struct chooser *c, const struct expiry_group *g, size_t *ret_at,
                             enum contract_prices *ret_prices, struct error *e)
{
    double spot = c->moment->spot, price;
    size_t above = g->first;
    while (above < g->end && strike_of(c, above) <= spot)
        above++;
    size_t below = above; /* one past the next lower one */
    *ret_prices = CONTRACT_NONE;
    while (*ret_prices == CONTRACT_NONE && (below > g->first || above < g->end)) {
        bool up = below == g->first ||
                  (above < g->end && strike_of(c, above) - spot < spot - strike_of(c, below - 1));
        *ret_at = up ? above++ : --below;
        enum err err = look_at(c, *ret_at, ret_prices, &price, e);
        if (err)
            return err;
    }
    return ERR_OK;
}

static enum err choose_by_steps(const struct chooser *c, const struct expiry_group *g,
                                struct trade_contract *ret, bool *ret_found, struct error *e)
{
    size_t at = 0;
    double price;
    enum contract_prices prices;
    enum err err = find_nearest(c, g, &at, &prices, e);
    bool up = (c->rule->right == OPTION_CALL) == (c->rule->steps > 0);
    int32_t left = prices == CONTRACT_NONE ? 0 : abs(c->rule->steps);
    while (!err && left > 0) {
        if (up ? at + 1 == g->end : at == g->first)
            return ERR_OK; /* that many are not listed */
        at = up ? at + 1 : at - 1;
        err = look_at(c, at, &prices, &price, e);
        left -= prices != CONTRACT_NONE;
    }
    *ret_found = !err && prices != CONTRACT_NONE;
    if (*ret_found)
        *ret = contract_of(option_chain_at(c->chain, at), prices);
    return err;
}

static enum err choose_by_delta(const struct chooser *c, const struct expiry_group *g,
                                struct trade_contract *ret, bool *ret_found, struct error *e)
{
    const struct option_moment *m = c->moment;
    double years = option_years(m->at_ns, option_expiry_ns(m->calendar, g->expiry_days));
    double nearest = INFINITY;
    for (size_t i = g->first; i < g->end; i++) {
        enum contract_prices prices;
        double price = NAN;
        enum err err = look_at(c, i, &prices, &price, e);
        if (err)
            return err;
        struct option_terms terms = {c->rule->right, strike_of(c, i), 0, c->rule->rate};
        if (prices == CONTRACT_NONE ||
            !black_scholes_implied_volatility(&terms, m->spot, years, price, &terms.volatility))
            continue;
        double miss = fabs(fabs(black_scholes_delta(&terms, m->spot, years)) - c->rule->delta);
        if (!(miss < nearest))
            continue;
        nearest = miss;
        *ret = contract_of(option_chain_at(c->chain, i), prices);
        *ret_found = true;
    }
    return ERR_OK;
}

/* ---- the expiry ---- */

/* The expiries in the range that are still to come; returns how many. */
static size_t list_expiries(const struct chooser *c, struct expiry_group *out)
{
    const struct option_moment *m = c->moment;
    enum option_right right = c->rule->right;
    int32_t last = m->day + c->rule->dte_max;
    size_t count = 0, all = option_chain_count(c->chain);
    size_t at = option_chain_lower_bound(c->chain, right, m->day + c->rule->dte_min, 0);
    while (at < all && option_chain_at(c->chain, at)->right == right &&
           option_chain_at(c->chain, at)->expiry_days <= last) {
        int32_t expiry = option_chain_at(c->chain, at)->expiry_days;
        size_t end = option_chain_lower_bound(c->chain, right, expiry + 1, 0);
        if (option_expiry_ns(m->calendar, expiry) > m->at_ns)
            out[count++] = (struct expiry_group){expiry, at, end};
        at = end;
    }
    return count;
}

static int64_t distance_to_middle(const struct chooser *c, const struct expiry_group *g)
{
    return llabs(2 * ((int64_t)g->expiry_days - c->moment->day) - c->rule->dte_min -
                 c->rule->dte_max);
}

/* The groups in the order of their choice: insertion, as they are few. */
static void sort_expiries(const struct chooser *c, struct expiry_group *groups, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct expiry_group g = groups[i];
        size_t k = i;
        for (; k > 0 && distance_to_middle(c, &groups[k - 1]) > distance_to_middle(c, &g); k--)
            groups[k] = groups[k - 1];
        groups[k] = g;
    }
}

enum err option_choose(const struct contract_rule *rule, struct option_chain *chain,
                       const struct option_moment *moment, struct trade_contract *ret,
                       bool *ret_found, struct error *e)
{
    struct expiry_group groups[LIMIT_OPTION_DTE + 1];
    const struct chooser c = {rule, chain, moment};
    *ret_found = false;
    size_t count = list_expiries(&c, groups);
    sort_expiries(&c, groups, count);
    for (size_t i = 0; i < count && !*ret_found; i++) {
        enum err err = rule->delta > 0 ? choose_by_delta(&c, &groups[i], ret, ret_found, e)
                                       : choose_by_steps(&c, &groups[i], ret, ret_found, e);
        if (err)
            return err;
    }
    if (!*ret_found && rule->has_model)
        *ret_found = listed_contract(rule, moment, ret);
    return ERR_OK;
}
