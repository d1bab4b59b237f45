/* A made-up option market on a symbol's bars: calls and puts at several strikes and expiries,
 * quoted or traded in some minutes and not in others, all from one seed. Minutes from
 * `scrambled_ns` on are of another seed: what is known before is the same. */
#ifndef TESTS_ENGINE_TRADES_OPTION_MARKET_H
#define TESTS_ENGINE_TRADES_OPTION_MARKET_H

#include "engine/options/black_scholes.h"
#include "engine/options/option_chain.h"
#include "tests/engine/make_bars.h"

#include <math.h>

enum { MARKET_STRIKES = 5, MARKET_EXPIRIES = 3 };
enum { MARKET_CONTRACTS = 2 * MARKET_STRIKES * MARKET_EXPIRIES };

struct option_market {
    struct market_contract {
        struct option_listing listing;
        const struct bars *bars[OPTION_SERIES_COUNT]; /* NULL = not stored */
    } items[MARKET_CONTRACTS];
    size_t count;
    _Atomic int loads;
};

/* The same number for the same arguments. */
static inline uint64_t market_mix(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15 ^ a * 0xbf58476d1ce4e5b9 ^ b * 0x94d049bb133111eb;
    x ^= x >> 31;
    x *= 0xd6e8feb86659fd93;
    return x ^ x >> 32;
}

static inline double market_unit(uint64_t x)
{
    return (double)(x >> 11) * 0x1p-53;
}

static inline double market_cents(double price)
{
    return price > 0 ? rint(price * 100) / 100 : 0;
}

static inline const struct bars *market_series(const struct market_contract *c,
                                               const struct bars *symbol, uint64_t seed, int series,
                                               int64_t scrambled_ns)
{
    const struct option_terms terms = {c->listing.right, c->listing.strike_milli / 1000.0, 0.3, 0};
    int64_t expiry_ns = option_expiry_ns(symbol->calendar, c->listing.expiry_days);
    static const double side[] = {[OPTION_BID] = -0.05, [OPTION_ASK] = 0.05, [OPTION_TRADES] = 0};
    struct bars_builder b;
    int64_t count = 0;
    assert_int_equal(bars_builder_init(&b, symbol->count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < symbol->count && symbol->time_ns[i] < expiry_ns; i++) {
        int64_t time_ns = symbol->time_ns[i];
        uint64_t own = seed + (time_ns >= scrambled_ns);
        uint64_t x = market_mix(own, (uint64_t)time_ns,
                                (uint64_t)series * 7919 + (uint64_t)c->listing.strike_milli);
        if (x % 10 < 3)
            continue;
        double fair = black_scholes_price(&terms, symbol->column[BAR_CLOSE][i],
                                          option_years(time_ns, expiry_ns));
        double prices[4];
        for (int k = 0; k < 4; k++)
            prices[k] = market_cents(fair + side[series] +
                                     0.2 * (market_unit(market_mix(own, x, (uint64_t)k)) - 0.5));
        b.time_ns[count] = time_ns;
        b.column[BAR_OPEN][count] = prices[0];
        b.column[BAR_CLOSE][count] = prices[1];
        b.column[BAR_HIGH][count] = fmax(fmax(prices[0], prices[1]), prices[2]);
        b.column[BAR_LOW][count] = fmin(fmin(prices[0], prices[1]), prices[3]);
        b.column[BAR_VOLUME][count++] = 1;
    }
    const struct bars *bars = NULL;
    b.count = count;
    if (count > 0)
        assert_int_equal(bars_publish(&b, symbol->calendar, (struct timeframe){1}, -2, &bars, NULL),
                         ERR_OK);
    bars_builder_release(&b);
    return bars;
}

static inline void option_market_init(struct option_market *m, const struct bars *symbol,
                                      uint64_t seed, int64_t scrambled_ns)
{
    static const int32_t expiries[MARKET_EXPIRIES] = {1, 4, 5}; /* days */
    int32_t middle = (int32_t)(symbol->column[BAR_CLOSE][0] + 0.5), day = symbol->sessions[0].day;
    m->count = 0;
    m->loads = 0;
    for (int i = 0; i < MARKET_CONTRACTS; i++) {
        struct market_contract *c = &m->items[m->count++];
        *c = (struct market_contract){0};
        c->listing.right = i % 2 ? OPTION_PUT : OPTION_CALL;
        c->listing.strike_milli = (middle + i / 2 % MARKET_STRIKES - MARKET_STRIKES / 2) * 1000;
        c->listing.expiry_days = day + expiries[i / 2 / MARKET_STRIKES];
        uint64_t kind = market_mix(seed, (uint64_t)i, 1) % 4; /* most are quoted */
        for (int s = 0; s < OPTION_SERIES_COUNT; s++) {
            bool wanted = s == OPTION_TRADES ? kind != 0 : s == OPTION_BID ? kind != 1 : kind < 3;
            const struct bars *bars =
                wanted ? market_series(c, symbol, seed, s, scrambled_ns) : NULL;
            if (!bars)
                continue;
            c->bars[s] = bars;
            c->listing.series[s].stored = true;
            c->listing.series[s].first_ns = bars->time_ns[0];
            c->listing.series[s].last_ns = bars->time_ns[bars->count - 1];
        }
    }
}

static inline void option_market_release(struct option_market *m)
{
    for (size_t i = 0; i < m->count; i++)
        for (int s = 0; s < OPTION_SERIES_COUNT; s++)
            bars_unref(m->items[i].bars[s]);
}

/* `context` is an array of markets, one for each symbol. */
static inline enum err option_market_list(void *context, size_t symbol, struct option_listing **ret,
                                          size_t *ret_count, struct error *e)
{
    (void)e;
    const struct option_market *m = &((const struct option_market *)context)[symbol];
    struct option_listing *list = calloc(m->count + 1, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < m->count; i++)
        list[i] = m->items[i].listing;
    *ret = list;
    *ret_count = m->count;
    return ERR_OK;
}

static inline enum err option_market_load(void *context, size_t symbol,
                                          const struct option_listing *contract,
                                          enum option_series series, const struct bars **ret,
                                          struct error *e)
{
    struct option_market *m = &((struct option_market *)context)[symbol];
    for (size_t i = 0; i < m->count; i++) {
        const struct option_listing *l = &m->items[i].listing;
        if (l->right == contract->right && l->expiry_days == contract->expiry_days &&
            l->strike_milli == contract->strike_milli && m->items[i].bars[series]) {
            m->loads++;
            *ret = bars_ref(m->items[i].bars[series]);
            return ERR_OK;
        }
    }
    return error_set(e, ERR_NOT_FOUND, "no such series");
}

static inline struct option_source option_market_source(struct option_market *markets)
{
    return (struct option_source){option_market_list, option_market_load, markets};
}

#endif
