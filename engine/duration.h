/* Durations as people write them: "90s" "5m" "2h" "1d". */
#ifndef ENGINE_DURATION_H
#define ENGINE_DURATION_H

#include "base/error.h"

enum { DURATION_MAX_TEXT = 24 };

/* A whole number and one unit of s, m, h, d (a day is 24 hours), any case, at most 366 days. "0m"
 * is fine. ERR_INVALID otherwise. */
enum err duration_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e);
/* The same in the largest of s, m, h, d that is exact; ns must be whole seconds >= 0. Returns the
 * length. */
size_t duration_format(int64_t ns, char out[DURATION_MAX_TEXT]);

#endif
