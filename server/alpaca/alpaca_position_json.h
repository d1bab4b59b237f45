/* Positions in Alpaca's form. */
#ifndef SERVER_ALPACA_POSITION_JSON_H
#define SERVER_ALPACA_POSITION_JSON_H

#include "base/json_writer.h"
#include "server/alpaca/alpaca_holdings.h"

/* Cash at which the position could be closed now, by the newest quote, with the sign of the
 * position; false when there is none. ret_price: NULL allowed. */
bool alpaca_market_value(struct desk *desk, const struct position *position, int64_t *ret_price,
                         int64_t *ret_value);

/* One object. What hangs on a quote is null while there is none; the figures of the day before are
 * not kept and null. */
void alpaca_position_write(struct desk *desk, const struct alpaca_holding *holding,
                           struct json_writer *w);

#endif
