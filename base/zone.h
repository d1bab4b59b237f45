/* IANA time zones, read from TZif files: many zones in one process, without glibc's global lock.
 *
 * A zone is immutable once loaded, is interned for the life of the process, and may be used from
 * any thread without locks. Seconds are UTC since 1970; offsets are seconds east of UTC.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/error.h"

struct zone;

/* "America/New_York", "UTC"... ERR_INVALID with a clear text (and the nearest known name where
 * there is one) for an unknown name; names with ".." or a leading "/" are refused. Thread safe; the
 * same name gives the same pointer. */
enum err zone_find(const char *name, const struct zone **ret_zone, struct error *e);
const struct zone *zone_utc(void);
const char *zone_name(const struct zone *z);

int32_t zone_offset_at(const struct zone *z, int64_t utc_s);
/* The next instant after utc_s at which the offset changes, INT64_MAX when it never does again. */
int64_t zone_next_change(const struct zone *z, int64_t utc_s);

/* What a wall clock reading means. A reading that happens twice (autumn) gives the first instant,
 * one that never happens (spring) is moved forward by the gap; *ret_kind tells (NULL allowed). */
enum zone_local_kind { ZONE_LOCAL_UNIQUE, ZONE_LOCAL_AMBIGUOUS, ZONE_LOCAL_SKIPPED };
int64_t zone_local_to_utc(const struct zone *z, int64_t local_s, enum zone_local_kind *ret_kind);

#endif
