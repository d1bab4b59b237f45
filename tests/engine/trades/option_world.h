/* Option contracts in memory, bar by bar, as an option_source. */
#ifndef TESTS_ENGINE_TRADES_OPTION_WORLD_H
#define TESTS_ENGINE_TRADES_OPTION_WORLD_H

#include "engine/options/option_chain.h"
#include "tests/engine/make_bars.h"

enum { WORLD_SERIES = 64, WORLD_BARS = 512 };

struct option_world {
    const char *calendar;
    size_t count;
    struct world_series {
        struct occ_symbol occ;
        enum option_series series;
        int64_t count;
        struct made_bar rows[WORLD_BARS];
    } items[WORLD_SERIES];
    _Atomic int loads;
};

/* `name` is "bid", "ask" or "trade". */
static inline void option_world_add(struct option_world *w, const char *symbol, const char *name,
                                    struct made_bar bar)
{
    struct occ_symbol occ;
    enum option_series series = strcmp(name, "bid") == 0   ? OPTION_BID
                                : strcmp(name, "ask") == 0 ? OPTION_ASK
                                                           : OPTION_TRADES;
    assert_int_equal(occ_symbol_parse(symbol, strlen(symbol), &occ, NULL), ERR_OK);
    size_t i = 0;
    while (i < w->count &&
           !(occ_symbol_equal(&w->items[i].occ, &occ) && w->items[i].series == series))
        i++;
    assert_true(i < WORLD_SERIES);
    struct world_series *s = &w->items[i];
    if (i == w->count) {
        w->count++;
        s->occ = occ;
        s->series = series;
        s->count = 0;
    }
    assert_true(s->count < WORLD_BARS);
    s->rows[s->count++] = bar;
}

static inline enum err option_world_list(void *context, size_t symbol, struct option_listing **ret,
                                         size_t *ret_count, struct error *e)
{
    (void)symbol;
    (void)e;
    const struct option_world *w = context;
    struct option_listing *list = calloc(w->count + 1, sizeof *list);
    size_t count = 0;
    assert_non_null(list);
    for (size_t i = w->count; i-- > 0;) { /* in no order that anybody could rely on */
        const struct world_series *s = &w->items[i];
        size_t k = 0;
        while (k < count &&
               !(list[k].right == s->occ.right && list[k].expiry_days == s->occ.expiry_days &&
                 list[k].strike_milli == s->occ.strike_milli))
            k++;
        count += k == count;
        list[k].right = s->occ.right;
        list[k].expiry_days = s->occ.expiry_days;
        list[k].strike_milli = (int32_t)s->occ.strike_milli;
        list[k].series[s->series].stored = true;
        list[k].series[s->series].first_ns = s->rows[0].time_ns;
        list[k].series[s->series].last_ns = s->rows[s->count - 1].time_ns;
    }
    *ret = list;
    *ret_count = count;
    return ERR_OK;
}

static inline enum err option_world_load(void *context, size_t symbol,
                                         const struct option_listing *contract,
                                         enum option_series series, const struct bars **ret,
                                         struct error *e)
{
    (void)symbol;
    struct option_world *w = context;
    for (size_t i = 0; i < w->count; i++) {
        const struct world_series *s = &w->items[i];
        if (s->series != series || s->occ.right != contract->right ||
            s->occ.expiry_days != contract->expiry_days ||
            s->occ.strike_milli != contract->strike_milli)
            continue;
        w->loads++;
        *ret = made_bars(w->calendar, 1, s->rows, s->count);
        return ERR_OK;
    }
    return error_set(e, ERR_NOT_FOUND, "no such series");
}

static inline struct option_source option_world_source(struct option_world *w)
{
    return (struct option_source){option_world_list, option_world_load, w};
}

#endif
