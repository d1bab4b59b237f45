/* Numbers of a JSON text without a double in between: every int64 and every decimal is exact, also
 * those written with an exponent (1e-05 is how some clients write 0.00001).
 *
 * The text is a number that json_scan has accepted.
 */
#ifndef BASE_JSON_EXACT_H
#define BASE_JSON_EXACT_H

#include "base/error.h"

/* "12", "12.0" and "1.2e1" are 12. ERR_INVALID for a number with a fraction or beyond int64. */
enum err json_exact_int(const char *text, size_t length, int64_t *ret_value, struct error *e);
/* At 1e-6 (decimal.h). ERR_INVALID for more decimals, or out of range. */
enum err json_exact_decimal(const char *text, size_t length, int64_t *ret_value, struct error *e);

#endif
