/* The one pass over a JSON text before cJSON sees it: cJSON accepts bad UTF-8, trailing bytes,
 * duplicate keys and numbers outside the grammar, and loses 64-bit integers; this refuses them,
 * with the place.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/error.h"

/* ERR_INVALID with line, column (in characters) and JSON pointer on: an empty text, a byte order
 * mark, bad UTF-8, a bare control character, a bad escape, a NUL (also as \u0000, which would cut a
 * C string), a lone surrogate, a number outside RFC 8259, not finite as a double or longer than
 * LIMIT_JSON_NUMBER_BYTES, a duplicate key in an object (compared after unescaping), more than
 * LIMIT_JSON_DEPTH levels or LIMIT_JSON_KEYS keys in one object, bytes after the value. */
enum err json_scan(const char *text, size_t length, struct error *e);

#endif
