/* Bars from CSV: finds out the dialect, parses, checks every row, and hands over finished session
 * days. Pure: bytes in, bars out; files, gzip and storage are the callers' (gzip through
 * csv_source).
 *
 * Recognised without being told: delimiter `,` `;` tab; a header with aliases in any order or none
 * (then the order O,H,L,C and its permutations are decided by L <= O,C <= H over the first rows);
 * stamps as epoch s, ms, us, ns, ISO 8601 with offset or Z, or wall clock (which needs `zone`).
 * docs/import.md lists the aliases and forms.
 *
 * When bars are days, a stamp names a day (midnight as it is written, another instant by the
 * calendar's zone), the bar's time is the session's open, and the label makes no difference.
 *
 * When bars are days, a stamp names a day (midnight as it is written, another instant by the
 * calendar's zone), the bar's time is the session's open, and the label makes no difference.
 *
 * Refused with file, line and column, and nothing handed over that the caller has to keep:
 * non-finite, negative, high < low, open or close outside [low, high], two different bars at one
 * time, out of order (unless `sort`), unknown columns (unless `ignore_columns`), a bar outside
 * every session (unless `outside` says drop). Identical duplicates are dropped and counted. Gaps
 * are counted, never filled.
 */
#ifndef ENGINE_CSV_IMPORT_H
#define ENGINE_CSV_IMPORT_H

#include "base/strbuf.h"
#include "engine/bars/bars.h"

enum csv_label { CSV_LABEL_START, CSV_LABEL_END };
/* What to do with rows that can't be stored: refuse the file (default), or drop and count them. */
enum csv_policy { CSV_REFUSE, CSV_DROP };
/* Two different bars at one time. */
enum csv_conflict { CSV_CONFLICT_REFUSE, CSV_CONFLICT_FIRST, CSV_CONFLICT_LAST };

struct csv_options {
    const struct zone *zone; /* of wall-clock stamps; NULL = stamps must carry their own */
    const struct calendar *calendar;
    struct timeframe timeframe; /* a stored one */
    enum csv_label label;
    enum csv_policy outside;  /* rows outside every session */
    enum csv_policy bad_rows; /* rows that can't be a bar: prices that contradict themselves, are
                                 empty, negative or not finite; a stamp not on the minute */
    enum csv_conflict duplicates; /* two different bars at one time */
    bool sort;                    /* accept rows out of order */
    bool ignore_columns;          /* accept unknown columns */
    int64_t price_scale;          /* prices are this many times too big, 1..1,000,000; 0 = 1 */
    const char *file;             /* for messages */
};

struct csv_dialect {
    char delimiter;
    bool header;
    int32_t column_count;
    int32_t time_column; /* 0-based; -1 = none */
    int32_t column[BAR_COLUMN_COUNT];
    /* "epoch_s" "epoch_ms" "epoch_us" "epoch_ns" "iso_offset" "wall_clock" "date" */
    char stamp[24];
    char order[64]; /* e.g. "time,close,high,low,open,-,volume" as found */
};

struct csv_row_error {
    int64_t line;   /* 1-based in the file */
    int32_t column; /* 1-based character of the field; 0 = the row */
    char message[160];
};

struct csv_report {
    struct csv_dialect dialect;
    int64_t rows;       /* data rows read */
    int64_t bars;       /* bars handed over */
    int64_t duplicates; /* identical rows dropped */
    int64_t conflicts;  /* different bars at one time, resolved by the option */
    int64_t outside;    /* dropped: outside every session */
    int64_t bad;        /* dropped by `bad_rows`, for their values or their stamp */
    int64_t misaligned; /* of these, the stamp is not on the minute */
    int64_t gaps;       /* minutes missing inside sessions that have bars; 0 for days */
    int64_t longest_gap_minutes;
    int64_t longest_gap_at_ns;
    int64_t sessions;         /* session days with bars */
    int64_t missing_sessions; /* session days without a bar between first and last */
    int64_t first_ns, last_ns;
    int32_t error_count; /* rows refused; the first of them are listed */
    struct csv_row_error errors[20];
};

/* The whole parsed file: session days in order. Columns are owned by the result. */
struct csv_bars {
    int64_t count;
    int64_t *time_ns;
    double *column[BAR_COLUMN_COUNT];
    int64_t session_count;
    struct bars_session *sessions;
};
void csv_bars_release(struct csv_bars *b);

/* Parses a whole text (mapped or inflated by the caller). On any refused row: ERR_DATA with the
 * first place in *e and up to 20 in the report. ERR_INVALID when an option is missing or out of
 * range. The report is filled in either way. `cancel` (NULL allowed) is polled: ERR_CANCELED. */
enum err csv_import(const char *text, size_t length, const struct csv_options *options,
                    const _Atomic bool *cancel, struct csv_report *ret_report,
                    struct csv_bars *ret_bars, struct error *e);

/* A file (plain or gzip, told by its magic) as one text: mapped, or inflated into memory up to
 * max_bytes. */
struct csv_source {
    const char *text;
    size_t length;
    void *map; /* private */
    size_t map_length;
    char *inflated;
};
/* The file must not be cut while it is mapped. `fd` stays the caller's and may be closed at once.
 * ERR_TOO_LARGE past max_inflated_bytes, ERR_DATA when the compressed data is damaged or torn. */
/* The file must not be cut while it is mapped. `fd` stays the caller's and may be closed at once.
 * ERR_TOO_LARGE past max_inflated_bytes, ERR_DATA when the compressed data is damaged or torn. */
enum err csv_source_open_fd(struct csv_source *s, int fd, size_t max_inflated_bytes,
                            const char *name, struct error *e);
void csv_source_close(struct csv_source *s);

#endif
