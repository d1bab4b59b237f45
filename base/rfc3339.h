/* RFC 3339 stamps <-> ns since 1970 UTC, and durations such as "30m". */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include "base/error.h"

enum {
    RFC3339_MAX = 36, /* bytes that rfc3339_format may write, with the NUL */
    TIME_OF_DAY_MAX = 6,
};

/* "2024-01-02T09:30:00Z", "...+05:30", lower case t and z, a space for the T, 0 to 9 decimals. The
 * year is 1678..2261 (what int64 ns holds). A leap second reads as the next second's start. */
enum err rfc3339_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e);
/* "2024-01-02T14:30:00Z"; decimals only when there are any (3, 6 or 9). Returns the length. */
size_t rfc3339_format(int64_t ns, char out[RFC3339_MAX]);

/* "90s" "30m" "2h" "1d" "1h30m": units once each, large to small; positive, at most 10 years. */
enum err duration_parse(const char *text, size_t length, int64_t *ret_ns, struct error *e);
/* The same form; parts of a second are dropped, 0 is "0s", less is "-1h". Returns the length. */
size_t duration_format(int64_t ns, char out[RFC3339_MAX]);

/* "09:45" -> minutes after midnight, 0..1440 ("24:00" is 1440). */
enum err time_of_day_parse(const char *text, size_t length, int32_t *ret_minutes, struct error *e);
void time_of_day_format(int32_t minutes, char out[TIME_OF_DAY_MAX]);

#endif
