/* The cut of a study into shards: whole session days of one symbol, by date.
 *
 * A plan depends on the stored days, the range and the shard size alone: never on workers. Shards
 * are in order of symbol, then date; ordinals count within a symbol. Every session that overlaps
 * [from, to) lies in exactly one counted shard. With `history`, the sessions before those are
 * covered by state-only shards (recursive indicators must have seen them), cut the same way.
 * Sessions at or after `to` are in no shard.
 */
#ifndef ENGINE_SHARD_PLAN_H
#define ENGINE_SHARD_PLAN_H

#include "base/digest.h"
#include "base/error.h"
#include "engine/bars/bars.h"

enum shard_unit { SHARD_BY_MONTH, SHARD_BY_WEEK, SHARD_BY_DAY, SHARD_BY_SESSIONS };

struct shard_size {
    enum shard_unit unit; /* zero = month */
    int32_t sessions;     /* of one shard, for SHARD_BY_SESSIONS: >= 1 */
};

/* "day" "week" "month" or a number of sessions "1".."10000". ERR_INVALID otherwise. */
enum err shard_size_parse(const char *text, size_t length, struct shard_size *ret, struct error *e);
void shard_size_format(struct shard_size s, char out[16]);

/* One stored session day: all that planning needs to know of it. */
struct shard_day {
    int32_t day;                         /* local date of the calendar's zone */
    int64_t count;                       /* bars, >= 1 */
    unsigned char hash[DATA_HASH_BYTES]; /* of its stored bars; planning does not look at it */
};

struct shard_symbol {
    const char *name;
    const struct calendar *calendar;
    int64_t day_count;
    const struct shard_day *days; /* in order; the very sessions that the symbol's bars will have */
};

struct shard {
    int32_t symbol;   /* index into the plan's symbols */
    int32_t ordinal;  /* within the symbol */
    bool state_only;  /* before `from`: evaluated for its state, counts nothing */
    int32_t from_day; /* of its first and last session */
    int32_t to_day;
    int64_t first_session, end_session; /* in the symbol's bars */
    int64_t first_bar, end_bar;
};

struct shard_plan {
    int64_t shard_count;
    struct shard *shards;
    int64_t bar_count;         /* of all shards, state-only ones included */
    int64_t counted_bar_count; /* of the counted shards */
    size_t symbol_count;
    int64_t *symbol_first; /* [symbol_count + 1]: shards of symbol s are [first[s], first[s + 1]) */
};

/* ERR_INVALID for an empty range; ERR_DATA when a day is out of order, empty or not a session of
 * the calendar; ERR_TOO_LARGE past LIMIT_SHARDS. */
enum err shard_plan_init(struct shard_plan *plan, const struct shard_symbol *symbols,
                         size_t symbol_count, int64_t from_ns, int64_t to_ns, bool history,
                         struct shard_size size, struct error *e);
void shard_plan_release(struct shard_plan *plan);

/* The days of loaded bars, for callers who have them. Free with free(). */
enum err shard_days_of(const struct bars *bars, struct shard_day **ret_days, int64_t *ret_count,
                       struct error *e);

#endif
