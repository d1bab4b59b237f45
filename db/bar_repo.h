/* Bars in bars.db: one row per series and session day, its columns one blob
 * (engine/bars/bar_codec.h).
 *
 * A date shard so reads only its rows, and of these only the columns a rule names. The row's id is
 * series * 2^20 + day + 2^19: the days of a series lie side by side in the file.
 *
 * Loading in parallel: make a plan, then let every worker load a slice of its days into the same
 * builder through a connection of its own; then bars_publish. A slice checks inside its own
 * snapshot that the series still has the plan's version, so the slices are of one state:
 * ERR_CONFLICT otherwise, plan again.
 */
#ifndef DB_BAR_REPO_H
#define DB_BAR_REPO_H

#include "base/digest.h"
#include "db/series_repo.h"
#include "engine/bars/bars.h"

struct bar_day {
    int32_t day;
    int32_t price_decimals; /* 0..6, or -1 */
    int64_t count;
    int64_t first;             /* index of its first bar in the plan */
    int64_t open_ns, close_ns; /* of its session */
    unsigned char hash[DATA_HASH_BYTES];
};

/* The directory of a range of days. */
struct bar_plan {
    struct series_row series;
    int64_t count;          /* bars */
    int32_t price_decimals; /* of all days together */
    struct bar_day *days;   /* owned */
    int64_t day_count;
};
/* Days from_day..to_day inclusive, of the series as it is now (read inside one snapshot, so
 * plan->series may be newer than *series). No days in the range is fine. ERR_NOT_FOUND when the
 * series is gone. */
enum err bar_plan_init(const struct db_read *r, const struct series_row *series, int32_t from_day,
                       int32_t to_day, struct bar_plan *ret, struct error *e);
void bar_plan_release(struct bar_plan *p); /* a zeroed one is fine */
/* The identity of the bars in the plan: a hash over the days and their hashes. */
void bar_plan_hash(const struct bar_plan *p, unsigned char ret[DATA_HASH_BYTES]);

/* Loads days [from_index, to_index) of the plan: times (when `times`) and the columns in the mask,
 * into the builder's memory at their places; the builder has plan->count bars. Slices may run at
 * the same time. */
enum err bar_load_slice(const struct db_read *r, const struct bar_plan *plan, int64_t from_index,
                        int64_t to_index, bool times, uint32_t column_mask,
                        struct bars_builder *into, struct error *e);

/* Makes bars of a builder that slices have filled; as bars_publish, without looking at the times
 * again. */
enum err bar_plan_publish(const struct bar_plan *plan, struct bars_builder *b,
                          const struct bars **ret, struct error *e);

/* Some bars in a row, for reading pages of them. */
struct bar_page {
    int64_t count;
    int64_t *time_ns;
    double *column[BAR_COLUMN_COUNT]; /* all five */
    bool more;                        /* there are bars in the range past the last one here */
    void *memory;                     /* private */
};
/* The first `limit` bars with from_ns <= time < to_ns. */
enum err bar_page_init(const struct db_read *r, const struct series_row *series, int64_t from_ns,
                       int64_t to_ns, int64_t limit, struct bar_page *ret, struct error *e);
void bar_page_release(struct bar_page *p);

/* --- one day, for bar_store --- */

/* Stores the day's row, replacing what was there. `highest` is the day's highest price: above 9e9
 * the integers behind the prices could pass 2^53 once the day stands beside days with more
 * decimals, and so the day counts as one without exact decimals. */
enum err bar_repo_put_day(struct db_write *w, int64_t series_id, int32_t day, const void *blob,
                          size_t size_bytes, double highest, struct error *e);
/* Decodes the day's bars, all columns, into arrays with room for LIMIT_SESSION_BARS; *ret_count is
 * 0 when the day is not stored. */
enum err bar_repo_get_day(const struct db_read *r, int64_t series_id, int32_t day, int64_t *time_ns,
                          double *const column[BAR_COLUMN_COUNT], int64_t *ret_count,
                          struct error *e);
/* Removes days from_day..to_day inclusive. */
enum err bar_repo_delete_days(struct db_write *w, int64_t series_id, int32_t from_day,
                              int32_t to_day, struct error *e);
/* Fills first, last, bars and days from what is stored. */
enum err bar_repo_summarise(const struct db_read *r, struct series_row *series, struct error *e);

#endif
