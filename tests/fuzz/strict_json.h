/* A second opinion on JSON texts: RFC 8259 and our limits, written down as plainly as they read,
 * without a thought for speed. json_scan must accept and refuse the same. */
#ifndef TESTS_FUZZ_STRICT_JSON_H
#define TESTS_FUZZ_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* One value, nothing behind it but space. */
bool strict_json_is_good(const char *text, size_t length);

#endif
