/* The one pass over a JSON text before cJSON sees it: cJSON accepts bad UTF-8, trailing bytes, duplicate
 * keys and numbers outside the grammar, and loses 64-bit integers; this refuses them, with the place.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/error.h"

/* ERR_INVALID with line, column and JSON pointer on: bad UTF-8, a bare control character, a bad escape,
 * a lone surrogate, a number outside RFC 8259 or not finite as a double, a duplicate key in an object,
 * more than LIMIT_JSON_DEPTH levels or LIMIT_JSON_KEYS keys in one object, NUL, bytes after the value, an empty text. */
enum err json_scan(const char *text, size_t length, struct error *e);

#endif
