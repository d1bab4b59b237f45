#include "server/demo_data.h"

#include "base/civil.h"
#include "engine/bars/demo.h"

#include <string.h>

struct demo_symbol {
    const char *symbol;
    uint64_t seed;
    double first_price;
    double missing_share; /* minutes without a trade */
};

static const struct demo_symbol demo_symbols[] = {
    {"DEMO", 1, 180, 0.0},
    {"THIN", 2, 42, 0.12},
};

static const struct civil_date first_date = {2023, 1, 1};
static const struct civil_date last_date = {2024, 12, 31};

static enum err make_symbol(struct storage *storage, const struct demo_symbol *demo,
                            const struct calendar *calendar, int64_t now_ns, struct error *e)
{
    struct demo_options options = {.seed = demo->seed,
                                   .calendar = calendar,
                                   .from_day = civil_to_days(first_date),
                                   .to_day = civil_to_days(last_date),
                                   .first_price = demo->first_price,
                                   .price_decimals = 2,
                                   .missing_share = demo->missing_share};
    const struct bars *bars = NULL;
    enum err err = demo_bars(&options, &bars, e);
    if (err)
        return err;
    struct bar_import import = {.symbol = demo->symbol,
                                .timeframe = bars->timeframe,
                                .calendar = calendar,
                                .mode = BAR_IMPORT_MERGE,
                                .now_ns = now_ns};
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import_result result;
    err = bar_store_import(storage->bar_store, &import, &batch, &result, e);
    bars_unref(bars);
    return err;
}

static enum err has_series(struct storage *storage, bool *ret, struct error *e)
{
    struct arena arena;
    struct db_read reader = {0};
    struct series_rows rows = {0};
    arena_init(&arena, 1 << 16);
    enum err err = readers_lease(storage->bar_readers, &reader, e);
    if (!err)
        err = series_repo_list(&reader, NULL, (struct timeframe){1}, 1, &arena, &rows, e);
    readers_return(storage->bar_readers, &reader);
    *ret = rows.count > 0;
    arena_release(&arena);
    return err;
}

enum err demo_data_fill(struct storage *storage, const struct clock *clock, bool *ret_made,
                        struct error *e)
{
    bool present;
    const struct calendar *calendar;
    *ret_made = false;
    enum err err = has_series(storage, &present, e);
    if (err || present)
        return err;
    if ((err = calendar_find("XNYS", &calendar, e)))
        return err;
    for (size_t i = 0; !err && i < sizeof(demo_symbols) / sizeof(demo_symbols[0]); i++)
        err = make_symbol(storage, &demo_symbols[i], calendar, clock_realtime_ns(clock), e);
    *ret_made = !err;
    return err;
}
