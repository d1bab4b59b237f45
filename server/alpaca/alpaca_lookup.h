/* Orders by the ids that Alpaca's clients have. All of these block. */
#ifndef SERVER_ALPACA_LOOKUP_H
#define SERVER_ALPACA_LOOKUP_H

#include "server/alpaca/alpaca_order.h"
#include "server/http/request.h"

struct app;

struct alpaca_found {
    struct alpaca_group group;
    struct bracket_state state;
    const struct alpaca_order *order; /* of the group */
};

/* The bracket's first order, out of its stored events. NOT_FOUND; DATA when its chain is broken. */
enum err alpaca_load(struct app *app, const struct uuid *bracket, struct alpaca_found *ret,
                     struct error *e);
/* {id} of the path. INVALID when it is no UUID. */
enum err alpaca_path_order(const struct http_request *r, struct alpaca_found *ret, struct error *e);
/* As given when it was placed, or made here: of an order without one it is its id. */
enum err alpaca_find_client_order_id(struct app *app, const char *client_order_id,
                                     struct alpaca_found *ret, struct error *e);

#endif
