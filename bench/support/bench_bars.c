#include "bench/support/bench_bars.h"

#include "engine/bars/demo.h"

#include <stdio.h>
#include <stdlib.h>

void bench_must(enum err err, const struct error *e)
{
    if (!err)
        return;
    fprintf(stderr, "bench: %s\n", e->message);
    exit(1);
}

const struct bars *bench_bars(int64_t count)
{
    struct error e;
    struct demo_options options = {.seed = 7,
                                   .from_day =
                                       10000, /* 1997: from here the calendar is long enough */
                                   .to_day = 24000,
                                   .first_price = 100,
                                   .price_decimals = 2,
                                   .max_count = count};
    const struct bars *bars;
    bench_must(calendar_find("XNYS", &options.calendar, &e), &e);
    bench_must(demo_bars(&options, &bars, &e), &e);
    return bars;
}
