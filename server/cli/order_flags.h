/* The flags and words of `bracketd orders place`: the short ones for what is asked often, --order
 * for all of it as JSON. A short flag overrides the same field of --order.
 *
 *   AAPL 2026-12-18 200 call   a contract in words
 *   AAPL261218C00200000        the same by its OCC symbol
 *   SPY                        a share
 */
#ifndef SERVER_CLI_ORDER_FLAGS_H
#define SERVER_CLI_ORDER_FLAGS_H

#include "orders/order_request.h"
#include "server/options.h"

/* Texts as given; NULL = not given. */
struct order_flags {
    const char *order; /* a JSON object, the file that holds it, or "-" */
    const char *buy, *sell, *limit, *stop, *take_profit, *stop_loss, *stop_limit;
    const char *time_in_force, *arm, *protection, *flat_at, *client_order_id;
    bool held, accept_unprotected;
};

/* The rows of a command's table of options whose struct is `type` and has the flags at `at`. */
/* clang-format off */
#define ORDER_OPTION_ROWS(type, at)                                                                              \
    {.name = "buy", .kind = OPTION_TEXT, .offset = offsetof(type, at buy), .value = "QUANTITY",                  \
     .help = "contracts or shares to buy"},                                                                      \
    {.name = "sell", .kind = OPTION_TEXT, .offset = offsetof(type, at sell), .value = "QUANTITY",                \
     .help = "to sell short, instead of --buy"},                                                                 \
    {.name = "limit", .kind = OPTION_TEXT, .offset = offsetof(type, at limit), .value = "PRICE",                 \
     .help = "the entry's limit (a market order without it)"},                                                   \
    {.name = "stop", .kind = OPTION_TEXT, .offset = offsetof(type, at stop), .value = "PRICE",                   \
     .help = "the entry waits for this price"},                                                                  \
    {.name = "held", .kind = OPTION_FLAG, .offset = offsetof(type, at held),                                     \
     .help = "no entry: the exits guard a position held already"},                                               \
    {.name = "take-profit", .kind = OPTION_TEXT, .offset = offsetof(type, at take_profit), .value = "PRICE",     \
     .help = "7.00, 40% or +2.00 from the entry's average"},                                                     \
    {.name = "stop-loss", .kind = OPTION_TEXT, .offset = offsetof(type, at stop_loss), .value = "PRICE",         \
     .help = "4.00, 20%, +1.00 of distance, trail:10% or trail:0.50"},                                           \
    {.name = "stop-limit", .kind = OPTION_TEXT, .offset = offsetof(type, at stop_limit), .value = "PRICE",       \
     .help = "the stop loss becomes a limit order at this price"},                                               \
    {.name = "tif", .kind = OPTION_TEXT, .offset = offsetof(type, at time_in_force), .value = "HOW",             \
     .help = "of the entry: day, gtc, ioc or fok (day)"},                                                        \
    {.name = "arm", .kind = OPTION_TEXT, .offset = offsetof(type, at arm), .value = "WHEN",                      \
     .help = "exits stand at each partial fill, or at the full one (partial)"},                                  \
    {.name = "protection", .kind = OPTION_TEXT, .offset = offsetof(type, at protection), .value = "HOW",         \
     .help = "resting_stop, resting_both or watched (resting_stop)"},                                            \
    {.name = "accept-unprotected", .kind = OPTION_FLAG, .offset = offsetof(type, at accept_unprotected),         \
     .help = "of watched: nothing protects while the server is down"},                                           \
    {.name = "flat-at", .kind = OPTION_TEXT, .offset = offsetof(type, at flat_at), .value = "15:45",             \
     .help = "New York time at which all of it is closed"},                                                      \
    {.name = "client-order-id", .kind = OPTION_TEXT, .offset = offsetof(type, at client_order_id), .value = "ID",\
     .help = "a name of your own for the order, unique for good"},                                               \
    {.name = "order", .kind = OPTION_TEXT, .offset = offsetof(type, at order), .value = "FILE|JSON",             \
     .help = "the whole order as in openapi.yaml; - reads standard input"}
/* clang-format on */

/* What the flags and the words of the contract ask for, ready to be encoded. ERR_INVALID and
 * ERR_NOT_FOUND with a message that names the flag; strings live in the arena or are borrowed. */
enum err order_flags_fill(const struct order_flags *f, const struct option_arguments *contract,
                          struct arena *arena, struct order_request *ret, struct error *e);

#endif
