/* Bar lengths: "1m" and "1d" are stored, the others are resampled from 1m inside the session,
 * aligned to the session's open.
 */
#ifndef ENGINE_TIMEFRAME_H
#define ENGINE_TIMEFRAME_H

#include "base/error.h"

struct timeframe {
    int32_t minutes; /* 1..240; 0 for a day */
};

/* "1m" "5m" "15m" "30m" "1h" "2h" "4h" "1d" and any "<n>m" with n in 1..240. ERR_INVALID otherwise.
 */
enum err timeframe_parse(const char *text, size_t length, struct timeframe *ret, struct error *e);
/* The canonical name ("60m" is "1h"). Returns the length. */
size_t timeframe_format(struct timeframe t, char out[8]);
bool timeframe_is_stored(struct timeframe t); /* 1m and 1d */
int64_t timeframe_ns(struct timeframe t);     /* 86,400 s for a day */
/* Can bars of `longer` be made of bars of `shorter`? An equal one counts; a day is made of any. */
bool timeframe_is_multiple(struct timeframe longer, struct timeframe shorter);

#endif
