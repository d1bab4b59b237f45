/* The trades and metrics of a backtest's answer, as text. */
#ifndef SERVER_CLI_TRADE_TEXT_H
#define SERVER_CLI_TRADE_TEXT_H

#include "base/json_value.h"

#include "server/cli/table.h"

/* `result` is the Result of openapi.yaml. Prints nothing when it has no trades. */
void trade_text_print(FILE *out, bool colour, const struct json_value *result);
/* The cells of one symbol's trades: how many, the win rate and the profit. NULL for the header's.
 */
void trade_text_symbol(struct table *t, const struct json_value *trades);

#endif
