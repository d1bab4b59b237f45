/* Exact decimals for prices, quantities and cash: int64 at 1e-6. A value with more decimals is
 * refused, never rounded.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/error.h"

#define DECIMAL_ONE INT64_C(1000000)
enum { DECIMAL_DECIMALS = 6, DECIMAL_MAX_TEXT = 24 };

/* "12", "-0.5", "1.250000"; no exponent, no spaces, no leading "+". */
enum err decimal_parse(const char *text, size_t length, int64_t *ret_value, struct error *e);
/* Shortest form: "12", "-0.5". Returns the length. */
size_t decimal_format(int64_t value, char out[DECIMAL_MAX_TEXT]);
double decimal_to_double(int64_t value); /* nearest double */
/* false when x is not finite, out of range, or no decimal at 1e-6 rounds to x. */
bool decimal_from_double(double x, int64_t *ret_value);

#endif
