/* What a study answers: plain arrays, made to be walked by a renderer. MISSING is NaN everywhere.
 *
 * Immutable once made; owned by whoever holds it (study_result_free).
 */
#ifndef ENGINE_STUDY_RESULT_H
#define ENGINE_STUDY_RESULT_H

#include "base/digest.h"
#include "base/limits.h"

#include <stdint.h>

struct study_fire {
    int64_t at_ns;  /* start of the fire's bar */
    int64_t bar;    /* its index in the symbol's bars */
    int32_t symbol; /* index into the study's symbols */
    int32_t day;    /* local date and minute of day, in the window's zone */
    int32_t minute;
    int32_t session;                       /* index in the symbol's bars */
    double open, high, low, close, volume; /* of the bar; close is the fire's price */
    double mfe, mae;                       /* relative to the price */
};

struct study_counts {
    int64_t fires;
    int64_t candidates;     /* fires before the cooldown */
    int64_t bars_evaluated; /* by the rule, history before `from` included */
    int64_t bars_in_window; /* inside window and range */
    int64_t days;           /* session days with a bar inside; of several symbols, added up */
    int64_t days_with_fires;
};

struct study_horizon_stats {
    int64_t n;                            /* fires with a forward return */
    double mean, median, stdev, hit_rate; /* hit: return > 0 */
    int64_t base_n;
    double base_mean, base_stdev, base_hit_rate;
    double difference;      /* mean - base_mean */
    double ci_low, ci_high; /* its 95 % confidence interval (Welch) */
};

/* Fires of one minute of day, weekday or month. */
struct study_group {
    int32_t key; /* minute 0..1439; ISO weekday 1..7; or year * 12 + month - 1 */
    int64_t fires;
    struct {
        int64_t n;
        double mean, hit_rate;
    } horizon[LIMIT_HORIZONS];
};

struct study_groups {
    size_t count; /* groups with fires only, keys ascending */
    struct study_group *items;
};

struct study_map_cell {
    int32_t day, minute;
    int64_t fires;
};

struct study_symbol_summary {
    struct study_counts counts;
    struct study_horizon_stats horizons[LIMIT_HORIZONS];
};

struct study_result {
    size_t horizon_count;
    struct study_counts counts;                          /* all symbols pooled */
    struct study_horizon_stats horizons[LIMIT_HORIZONS]; /* pooled */
    struct study_groups by_minute, by_weekday, by_month; /* pooled */
    size_t map_count;
    struct study_map_cell *map; /* days with their minutes, ascending; pooled */
    size_t symbol_count;
    struct study_symbol_summary *symbols;
    size_t fire_count;
    struct study_fire *fires; /* by symbol, then time */
    double *forward;          /* [fire_count * horizon_count], a fire's returns side by side */
    char digest[SHA256_TEXT]; /* over rule, request, data hashes, engine version, fires and their
                                 returns */
    /* Not part of the digest: how the work went. */
    int64_t shards;
    int64_t shards_reevaluated;
};

void study_result_free(struct study_result *r); /* NULL is fine */

#endif
