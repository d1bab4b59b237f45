/* How much a symbol moved of late: the volatility that "realized:20d" stands for.
 *
 *   x_i = ln(close_i / close_{i-1})         v = sqrt(252) * sqrt(sum (x_i - mean)^2 / (n - 1))
 *
 * over the last n moves between the closes of completed sessions, so n + 1 of them. A session
 * counts when its calendar's close is not after the instant; its close is that of its last stored
 * bar. The instant's own session never counts before it has closed: nothing is seen ahead.
 *
 * source  Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical
 * data"
 */
#ifndef ENGINE_OPTIONS_REALIZED_VOLATILITY_H
#define ENGINE_OPTIONS_REALIZED_VOLATILITY_H

#include "engine/bars/bars.h"

/* Of bars with the close, at an instant; n 2..LIMIT_OPTION_VOLATILITY_DAYS. NaN (MISSING) when
 * fewer sessions are stored, or a close is 0. */
double realized_volatility(const struct bars *bars, int32_t n, int64_t at_ns);

/* "realized:20d": false when it is none, or n is out of range. */
bool realized_volatility_parse(const char *text, size_t length, int32_t *ret_n);

#endif
