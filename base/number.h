/* Numbers as text: doubles as the shortest decimal that reads back as the same double. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_MAX_TEXT = 32, INTEGER_MAX_TEXT = 21 };

/* In decimal, with the NUL. Returns the length. snprintf takes ten times as long. */
size_t integer_format(int64_t value, char out[INTEGER_MAX_TEXT]);

/* JSON grammar; x must be finite. Prices (up to 6 decimals) take a fast path. Returns the length.
 */
size_t number_format(double x, char out[NUMBER_MAX_TEXT]);
/* JSON's number grammar, whole text, result finite; independent of the locale. */
bool number_parse(const char *text, size_t length, double *ret_x);

#endif
