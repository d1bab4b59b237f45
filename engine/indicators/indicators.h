/* The table of all indicators. Immutable; any thread. */
#ifndef ENGINE_INDICATORS_INDICATORS_H
#define ENGINE_INDICATORS_INDICATORS_H

#include "engine/indicators/indicator.h"

size_t indicator_count(void);
const struct indicator *indicator_at(size_t i);           /* in the order of the documentation */
const char *indicator_group(size_t i);                    /* the heading it stands under */
const struct indicator *indicator_find(const char *name); /* lower case; NULL when unknown */

/* How a call is written: "sma([series,] period)", "rsi([series] [, period])", "min(a, b)". Returns
 * out. */
const char *indicator_signature(const struct indicator *i, char *out, size_t size_bytes);
/* The bar of its first value, counted from its input's: "period - 1", "max(a, b, c)". Returns out.
 */
const char *indicator_lookback_text(const struct indicator *i, char *out, size_t size_bytes);

#endif
