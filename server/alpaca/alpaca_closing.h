/* Closing at market. What open brackets hold they close themselves, by their market exits, whose
 * place their other exits must leave first; what no bracket holds is sold, or bought back, by a new
 * order. The answer waits until all of it is on disk (alpaca_gather.h).
 */
#ifndef SERVER_ALPACA_CLOSING_H
#define SERVER_ALPACA_CLOSING_H

#include "orders/order_request.h"
#include "server/alpaca/alpaca_gather.h"
#include "server/alpaca/alpaca_holdings.h"

struct alpaca_closing {
    struct http_request *request;
    struct alpaca_gather *gather;
    struct desk_view *view; /* room for one */
    bool cancel_entries;    /* of brackets that hold nothing */
    /* Each order that closes, as Alpaca's object, as it will be once it is on disk. */
    void (*tell)(struct alpaca_closing *, const char *symbol, const struct strbuf *order);
    struct json_writer *w; /* for `tell` */
    int32_t told;
};

/* Of one contract, or of all (NULL). Asks each open bracket that holds something; the first that
 * cannot be asked ends it. */
enum err alpaca_close_brackets(struct alpaca_closing *c, const char *symbol, struct error *e);
/* Places the order for what no bracket holds, if there is any. It is held to no limit. */
enum err alpaca_close_rest(struct alpaca_closing *c, const struct alpaca_holding *holding,
                           struct error *e);

/* A market order for `quantity` (without sign) of a position. Borrows its symbol. */
void alpaca_closing_request(const struct position *position, int64_t quantity,
                            struct order_request *ret);
/* The order that closes: a bracket's market exit, or else its first order. */
void alpaca_write_closing(const struct desk_view *view, struct json_writer *w);

#endif
