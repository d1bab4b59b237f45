/* The list of all indicators, in the order of the documentation, and what their descriptors share.
 */
#ifndef ENGINE_INDICATORS_DESCRIPTORS_H
#define ENGINE_INDICATORS_DESCRIPTORS_H

#include "base/limits.h"
#include "engine/indicators/indicator.h"

#include <math.h>

/* clang-format off */
#define INDICATOR_TABLE(GROUP, X) \
    GROUP("Moving averages") \
    X(sma) X(ema) X(wma) X(dema) X(tema) X(kama) X(hma) X(vwma) \
    GROUP("Momentum") \
    X(rsi) X(macd) X(macd_signal) X(macd_hist) X(stoch_k) X(stoch_d) X(willr) X(cci) X(mfi) \
    X(mom) X(roc) X(trix) X(ultosc) \
    GROUP("Trend") \
    X(adx) X(plus_di) X(minus_di) X(aroon_up) X(aroon_down) X(psar) X(supertrend) \
    GROUP("Volatility and channels") \
    X(tr) X(atr) X(natr) X(bb_upper) X(bb_middle) X(bb_lower) X(bb_width) X(bb_percent) \
    X(keltner_upper) X(keltner_lower) X(donchian_upper) X(donchian_lower) \
    GROUP("Volume") \
    X(obv) \
    GROUP("Statistics") \
    X(highest) X(lowest) X(sum) X(change) X(pct_change) X(percent_rank) X(stddev) X(zscore) \
    X(linreg) X(linreg_slope) \
    GROUP("Rules as numbers") \
    X(since) X(count) \
    GROUP("Functions of one bar") \
    X(abs) X(min) X(max) X(sqrt) X(log)
/* clang-format on */

#define INDICATOR_NO_GROUP(title)
#define INDICATOR_DECLARE(name) extern const struct indicator name##_indicator;
INDICATOR_TABLE(INDICATOR_NO_GROUP, INDICATOR_DECLARE)

/* A period in bars that must be given, and one that may be left out. */
#define INDICATOR_PERIOD(least) INDICATOR_PERIOD_OR("period", least, NAN)
#define INDICATOR_PERIOD_OR(title, least, usual)                                                   \
    {                                                                                              \
        .name = (title), .min = (least), .max = LIMIT_RULE_WINDOW, .fallback = (usual),            \
        .whole = true                                                                              \
    }

/* A factor such as a number of standard deviations. */
#define INDICATOR_FACTOR(title, usual)                                                             \
    {                                                                                              \
        .name = (title), .min = 0, .max = 1000, .fallback = (usual)                                \
    }

#define INDICATOR_ANY_VALUE .min = -INFINITY, .max = INFINITY

/* Lookbacks and histories that many kernels have in common. */
static inline int64_t indicator_period(const double *parameter)
{
    return (int64_t)parameter[0];
}

static inline int64_t indicator_period_less_one(const double *parameter)
{
    return (int64_t)parameter[0] - 1;
}

static inline int64_t indicator_one_bar(const double *parameter)
{
    (void)parameter;
    return 1;
}

#endif
