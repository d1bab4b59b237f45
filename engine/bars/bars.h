/* Bars as immutable columns, one series (symbol and timeframe) in time order.
 *
 * Invariants: time_ns strictly increases; every bar lies in exactly one session of the calendar;
 * sessions are in order, not empty, and cover [0, count) without a gap; low <= open, close <= high,
 * all finite, >= 0, volume >= 0. A column that was not asked for is NULL; time_ns is always there.
 * Immutable once published, reference counted, shared between workers without locks.
 *
 * Prices come from decimals. Every price p of the loaded columns in bars [0, decimal_end) is the
 * double nearest to k / 10^price_decimals for an integer k: windows of prices can then be summed in
 * integers, exactly. decimal_end is where the first bar stands of which that does not hold, and
 * from there on doubles are summed. It is a place and no property of the whole series so that a bar
 * never changes what was computed before it.
 */
#ifndef ENGINE_BARS_H
#define ENGINE_BARS_H

#include "base/error.h"
#include "engine/bars/calendar.h"
#include "engine/bars/timeframe.h"

enum bar_column { BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_COLUMN_COUNT };
#define BAR_COLUMN_BIT(c) (1u << (c))
#define BAR_ALL_COLUMNS ((1u << BAR_COLUMN_COUNT) - 1)
const char *bar_column_name(enum bar_column c); /* "open" ... "volume" */

struct bars_session {
    int32_t day;        /* local date of the calendar's zone */
    int64_t first, end; /* bars [first, end) */
    int64_t open_ns, close_ns;
};

struct bars {
    int64_t count;
    const int64_t *time_ns;                 /* [count] bar start, UTC */
    const double *column[BAR_COLUMN_COUNT]; /* [count] each, or NULL */
    int32_t price_decimals;                 /* 0..6; of no meaning when decimal_end is 0 */
    int64_t decimal_end;                    /* 0..count; see above */
    int64_t session_count;
    const struct bars_session *sessions;
    const struct calendar *calendar;
    struct timeframe timeframe;
    /* below: life cycle, private to bars.c */
    struct bars_owner *owner;
};

/* A builder owns memory for `count` bars of the columns in the mask; the caller fills time_ns and
 * the columns through the writable pointers (from several threads if their ranges are apart), then
 * publishes. `count` may be lowered before that, when fewer bars came than were planned. */
struct bars_builder {
    int64_t count;
    int64_t *time_ns;
    double *column[BAR_COLUMN_COUNT];
};
enum err bars_builder_init(struct bars_builder *b, int64_t count, uint32_t column_mask,
                           struct error *e);
void bars_builder_release(struct bars_builder *b); /* also after publish (then does nothing) */
/* Finds the sessions from the calendar, takes ownership of the builder's memory and returns bars
 * with one reference. ERR_DATA when a bar is out of order or outside every session (line = its
 * 1-based index). price_decimals 0..6 is of all bars, -1 says that no bar is known to be decimal,
 * and less means "find out" (a pass over the prices). */
enum err bars_publish(struct bars_builder *b, const struct calendar *calendar,
                      struct timeframe timeframe, int32_t price_decimals, const struct bars **ret,
                      struct error *e);
/* The same for stored bars: the caller knows the sessions, and has checked that times increase and
 * that every session's bars lie inside it. On success `sessions` (from malloc) belongs to the bars.
 */
enum err bars_publish_sessions(struct bars_builder *b, const struct calendar *calendar,
                               struct timeframe timeframe, int32_t price_decimals,
                               struct bars_session *sessions, int64_t session_count,
                               const struct bars **ret, struct error *e);
const struct bars *bars_ref(const struct bars *b);
void bars_unref(const struct bars *b); /* NULL is fine; any thread */
int64_t bars_size_bytes(const struct bars *b);

/* The first index with time_ns >= t; count when there is none. */
int64_t bars_lower_bound(const struct bars *b, int64_t time_ns);
/* Index of the session that holds bar i. */
int64_t bars_session_of(const struct bars *b, int64_t i);
/* The first session with day >= `day`; session_count when there is none. */
int64_t bars_session_lower_bound(const struct bars *b, int32_t day);
/* The decimals of a block of bars that begins at `start` and does not cross decimal_end, or -1. */
static inline int32_t bars_decimals_at(const struct bars *b, int64_t start)
{
    return start < b->decimal_end ? b->price_decimals : -1;
}

/* Bars of a longer timeframe from 1m (or any shorter) bars, inside the session and aligned to its
 * open: open of the first, max high, min low, close of the last, sum of volume. Wants all five
 * columns or those in the mask. ERR_INVALID when the timeframe is not a multiple. */
enum err bars_resample(const struct bars *source, struct timeframe timeframe, uint32_t column_mask,
                       const struct bars **ret, struct error *e);
/* One session of that: its bars go to `out` (the columns that are not NULL there, which the source
 * must have) from index `at` on; a NULL `out` only counts. Returns how many bars it makes. The
 * timeframe must be a multiple. */
int64_t bars_resample_session(const struct bars *source, int64_t session,
                              struct timeframe timeframe, struct bars_builder *out, int64_t at);
/* How many bars of that session are made of bars before `end` alone. */
int64_t bars_resample_before(const struct bars *source, int64_t session, struct timeframe timeframe,
                             int64_t end);

#endif
