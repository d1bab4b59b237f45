/* The rows of a file of LEAN's market data as bars. Prices are x 10,000, times are New York's.
 *
 *   trades   ms since midnight, open, high, low, close, volume
 *   quotes   ms since midnight, bid O, H, L, C, bid size, ask O, H, L, C, ask size
 *   days     YYYYMMDD 00:00, open, high, low, close, volume
 *   hours    YYYYMMDD HH:00, the same; hours by the clock, the first from 09:00 with the open at
 * 9:30
 *
 * A quote whose side is empty makes no bar of that side. Hours are summed up to days: bars are
 * stored as minutes and days, and hours by the clock are none that a session's open could begin.
 * Rows outside every session are counted and dropped; everything else that is no bar is refused.
 *
 * source: QuantConnect/Lean, Data/ (readme.md of each kind)
 */
#ifndef ENGINE_LEAN_LEAN_ROWS_H
#define ENGINE_LEAN_LEAN_ROWS_H

#include "engine/bars/bars.h"
#include "engine/lean/lean_name.h"

/* Bars of one series, owned; sessions as struct bars has them. */
struct lean_series {
    int64_t count, capacity;
    int64_t *time_ns;
    double *column[BAR_COLUMN_COUNT];
    int64_t session_count;
    struct bars_session *sessions; /* [capacity] */
};

enum { LEAN_SIDE_BID, LEAN_SIDE_ASK, LEAN_SIDE_COUNT, LEAN_SIDE_TRADE = 0 };

/* What a file holds; used again for the next file, memory and all. */
struct lean_rows {
    struct timeframe timeframe;               /* 1m or 1d */
    struct lean_series side[LEAN_SIDE_COUNT]; /* of trades only the first */
    int64_t rows;                             /* lines read */
    int64_t outside;                          /* of these, outside every session */
    int64_t empty;                            /* sides of quotes without a price */
};

/* Zero bytes to begin with. */
void lean_rows_release(struct lean_rows *r);

/* Reads the text of a file. ERR_DATA with line and column for the first row that is refused: fields
 * missing or too many, no numbers, prices that contradict themselves, times out of order or off the
 * minute. ERR_NO_MEMORY. Any calendar of New York's zone. */
enum err lean_rows_read(struct lean_rows *out, const struct lean_name *name,
                        const struct calendar *calendar, const char *text, size_t length,
                        struct error *e);

#endif
