/* Every descriptor, for the table. */
#ifndef ENGINE_INDICATORS_DESCRIPTORS_H
#define ENGINE_INDICATORS_DESCRIPTORS_H

#include "base/limits.h"
#include "engine/indicators/indicator.h"

#include <math.h>

extern const struct indicator indicator_sma;
extern const struct indicator indicator_ema;
extern const struct indicator indicator_rsi;
extern const struct indicator indicator_highest;
extern const struct indicator indicator_lowest;
extern const struct indicator indicator_abs;
extern const struct indicator indicator_min;
extern const struct indicator indicator_max;
extern const struct indicator indicator_sqrt;
extern const struct indicator indicator_log;

/* A period in bars that must be given. */
#define INDICATOR_PERIOD(least)                                                                    \
    {                                                                                              \
        .name = "period", .min = (least), .max = LIMIT_RULE_WINDOW, .fallback = NAN, .whole = true \
    }

#endif
