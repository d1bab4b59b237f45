/* Demo bars: seeded minute bars that look like a market (sessions, half days, gaps, a volume smile,
 * drift and clustered volatility), the same on every machine. For the first start, the tests and
 * the benchmarks.
 */
#ifndef ENGINE_DEMO_H
#define ENGINE_DEMO_H

#include "engine/bars/bars.h"

struct demo_options {
    uint64_t seed;
    const struct calendar *calendar;
    int32_t from_day, to_day; /* inclusive; local dates of the calendar */
    double first_price;
    int32_t price_decimals; /* prices are rounded to this many decimals, 0..4 */
    double missing_share;   /* share of minutes without a trade, 0..0.5 */
    int64_t max_count;      /* stop after so many bars; 0 = no limit */
};
enum err demo_bars(const struct demo_options *options, const struct bars **ret, struct error *e);

#endif
