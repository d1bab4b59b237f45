/* A TZif file (RFC 9636), read into one table of offsets that needs no rules afterwards. */
#ifndef BASE_TZIF_H
#define BASE_TZIF_H

#include "base/error.h"

/* 400 years of the Gregorian calendar: the same days, weekdays and leap years come again. */
#define TZIF_CYCLE_S (INT64_C(146097) * 86400)

enum { TZIF_OFFSET_MAX_S = 26 * 3600 }; /* what an offset may be, either way */

/* Spans with one offset each: span i is [starts[i], starts[i + 1]), the first has starts[0] =
 * INT64_MIN. Neighbours differ in their offset. */
struct tzif {
    size_t count; /* at least 1 */
    int64_t *starts;
    int32_t *offsets_s; /* east of UTC */
    /* From here on each instant has the offset of the one a cycle later, and the table reaches a
     * cycle and a year further than this. INT64_MAX: the last span is endless. */
    int64_t repeats_from_s;
};

/* ERR_DATA for what is no TZif file of version 2 or higher, is damaged, or counts leap seconds. */
enum err tzif_parse(const void *bytes, size_t size_bytes, struct tzif *ret_table, struct error *e);
void tzif_release(struct tzif *table);

#endif
