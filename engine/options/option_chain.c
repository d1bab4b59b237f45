#include "engine/options/option_chain.h"

#include "base/limits.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef const struct bars *_Atomic bars_place;

struct option_chain {
    const struct option_source *source;
    size_t symbol;
    _Atomic int64_t *held_bytes;
    struct option_listing *contracts; /* sorted */
    size_t count;
    bars_place (*bars)[OPTION_SERIES_COUNT]; /* [count]; NULL = not looked at */
};

static int compare_keys(enum option_right right, int32_t expiry, int32_t strike,
                        const struct option_listing *b)
{
    if (right != b->right)
        return right < b->right ? -1 : 1;
    if (expiry != b->expiry_days)
        return expiry < b->expiry_days ? -1 : 1;
    return (strike > b->strike_milli) - (strike < b->strike_milli);
}

static int compare_listings(const void *a, const void *b)
{
    const struct option_listing *x = a;
    return compare_keys(x->right, x->expiry_days, x->strike_milli, b);
}

enum err option_chain_create(const struct option_source *source, size_t symbol,
                             _Atomic int64_t *held_bytes, struct option_chain **ret,
                             struct error *e)
{
    struct option_chain *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(e, ERR_NO_MEMORY, "no memory for the contracts of a symbol");
    c->source = source;
    c->symbol = symbol;
    c->held_bytes = held_bytes;
    enum err err = source->list(source->context, symbol, &c->contracts, &c->count, e);
    if (!err) {
        c->bars = calloc(c->count + 1, sizeof *c->bars);
        if (!c->bars)
            err = error_set(e, ERR_NO_MEMORY, "no memory for the contracts of a symbol");
    }
    if (err) {
        option_chain_free(c);
        return err;
    }
    if (c->count > 1)
        qsort(c->contracts, c->count, sizeof *c->contracts, compare_listings);
    *ret = c;
    return ERR_OK;
}

void option_chain_free(struct option_chain *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->bars && i < c->count; i++)
        for (int s = 0; s < OPTION_SERIES_COUNT; s++)
            bars_unref(c->bars[i][s]);
    free(c->bars);
    free(c->contracts);
    free(c);
}

size_t option_chain_count(const struct option_chain *c)
{
    return c->count;
}

const struct option_listing *option_chain_at(const struct option_chain *c, size_t i)
{
    assert(i < c->count);
    return &c->contracts[i];
}

size_t option_chain_lower_bound(const struct option_chain *c, enum option_right right,
                                int32_t expiry_days, int32_t strike_milli)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(right, expiry_days, strike_milli, &c->contracts[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Two threads may load the same series: the first to be done wins, the other gives its own back. */
static enum err load(struct option_chain *c, size_t i, enum option_series series,
                     const struct bars **ret, struct error *e)
{
    const struct bars *bars = NULL, *before = NULL;
    const struct option_source *source = c->source;
    enum err err = source->load(source->context, c->symbol, &c->contracts[i], series, &bars, e);
    if (err)
        return err;
    assert(bars->timeframe.minutes == 1);
    if (!atomic_compare_exchange_strong(&c->bars[i][series], &before, bars)) {
        bars_unref(bars);
        *ret = before;
        return ERR_OK;
    }
    *ret = bars;
    int64_t size = bars_size_bytes(bars);
    if (atomic_fetch_add(c->held_bytes, size) + size > LIMIT_OPTION_BARS_BYTES)
        return error_set(e, ERR_TOO_LARGE,
                         "the bars of the contracts that were looked at take more than %lld bytes: "
                         "take a shorter range",
                         (long long)LIMIT_OPTION_BARS_BYTES);
    return ERR_OK;
}

enum err option_chain_bars(struct option_chain *c, size_t i, enum option_series series,
                           const struct bars **ret, struct error *e)
{
    assert(i < c->count);
    *ret = NULL;
    if (!c->contracts[i].series[series].stored)
        return ERR_OK;
    *ret = atomic_load(&c->bars[i][series]);
    return *ret ? ERR_OK : load(c, i, series, ret, e);
}

static void hash_bars(const struct bars *bars, struct sha256 *h)
{
    size_t bytes = (size_t)bars->count * sizeof(double);
    sha256_add_u64(h, (uint64_t)bars->count);
    sha256_add(h, bars->time_ns, (size_t)bars->count * sizeof *bars->time_ns);
    for (int column = BAR_OPEN; column <= BAR_CLOSE; column++)
        sha256_add(h, bars->column[column], bytes);
}

void option_chain_hash(const struct option_chain *c, struct sha256 *h)
{
    for (size_t i = 0; i < c->count; i++)
        for (int s = 0; s < OPTION_SERIES_COUNT; s++) {
            const struct bars *bars = c->bars[i][s];
            if (!bars)
                continue;
            sha256_add_u64(h, (uint64_t)c->contracts[i].right);
            sha256_add_u64(h, (uint64_t)c->contracts[i].expiry_days);
            sha256_add_u64(h, (uint64_t)c->contracts[i].strike_milli);
            sha256_add_u64(h, (uint64_t)s);
            hash_bars(bars, h);
        }
}
