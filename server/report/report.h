/* A backtest as one self-contained HTML page: charts as SVG, one style sheet inside, no script, and
 * nothing that is loaded from anywhere.
 *
 * The input is plain arrays and texts, all borrowed for the call, so that whoever holds a result,
 * in memory or in the database, can have the page. The same input gives the same bytes.
 *
 * The page is well-formed XML, works under the policy of report_content_policy, follows the
 * reader's light or dark scheme, and prints on A4. Its size is bounded (REPORT_BYTES_MAX), whatever
 * the input: curves are thinned, maps gathered, tables cut with a word on what is left out.
 */
#ifndef SERVER_REPORT_REPORT_H
#define SERVER_REPORT_REPORT_H

#include "engine/study/study_request.h"
#include "engine/study/study_result.h"
#include "engine/trades/metrics.h"
#include "engine/trades/trade_stats.h"
#include "server/report/gather.h"

struct strbuf;

enum {
    REPORT_BYTES_MAX = 4 << 20,
    REPORT_SYMBOLS_SHOWN = 100,
    REPORT_TERM_BYTES_SHOWN = 4096, /* of one text of the request or its origin */
};

/* A name and what it is, as texts: a line of the request or of where the result comes from. */
struct report_term {
    const char *name;
    const char *value;
};
struct report_terms {
    size_t count;
    const struct report_term *items;
};

struct report_symbol {
    const char *name;
    int64_t fires;
    const struct study_horizon_stats *horizons; /* [horizon_count]; NULL = unknown */
    const struct trade_stats *trades;           /* NULL without a strategy */
};

/* What the trades of a strategy came to. */
struct report_account {
    const struct metrics *chosen, *best, *worst;
    const char *intrabar; /* what "as chosen" means: "pessimistic"... */
    /* Fires that were not entered: too late or without a level; the symbol in a position; less than
     * one step; more than the cash. */
    int64_t skipped_late, skipped_in_position, skipped_too_small, skipped_unaffordable;
    const struct trades_gather *trades;
    const struct equity_point *points; /* in time order; at least one */
    size_t point_count;
    const char *trades_link; /* where all trades are as CSV; NULL = nowhere */
};

struct report_input {
    const char *name;  /* NULL: the rule is the page's title */
    const char *notes; /* NULL = none */
    const char *rule;
    const char *timeframe, *range; /* "1m", "3 Jan 2022 to 30 Dec 2024" */
    const struct zone *zone;       /* of every wall clock in the page */
    struct report_terms request, strategy, origin;
    size_t symbol_count;
    const struct report_symbol *symbols;
    /* The study. The groups' horizons are those of `horizons`. */
    struct study_counts counts;
    size_t horizon_count;
    const struct study_horizon *horizons;
    const struct study_horizon_stats *stats;
    struct study_groups by_minute, by_weekday, by_month;
    size_t map_count;
    const struct study_map_cell *map;     /* by day, then minute */
    const struct report_account *account; /* NULL without a strategy */
};

/* Appends the page. ERR_NO_MEMORY; ERR_TOO_LARGE when `out` holds less than the page. */
enum err report_write(const struct report_input *in, struct strbuf *out, struct error *e);

enum { REPORT_POLICY_MAX = 256 };
/* The Content-Security-Policy under which the page works: nothing is loaded, and of styles its own
 * sheet alone, by its SHA-256. The page itself asks for the same. */
void report_content_policy(char out[REPORT_POLICY_MAX]);

#endif
