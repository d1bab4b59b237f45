/* Which of four price columns without names is which. Private to the importer.
 *
 * Two of the four are never below, or never above, the other three: the high and the low. The open
 * and the close look alike inside a row, but the open lies near the close of the row before. Only
 * when that says the contrary, and clearly, is the first of them taken for the close.
 */
#ifndef ENGINE_CSV_PRICES_H
#define ENGINE_CSV_PRICES_H

#include "engine/bars/bars.h"

enum { CSV_PRICES = 4, CSV_SAMPLE_ROWS = 500 };

struct csv_price_sample {
    double value[CSV_SAMPLE_ROWS][CSV_PRICES];
    int32_t count;
};

/* ret_place[BAR_OPEN..BAR_CLOSE] = 0..3. False when no order fits nine rows of ten. */
bool csv_price_order(const struct csv_price_sample *p, int32_t ret_place[CSV_PRICES]);

#endif
