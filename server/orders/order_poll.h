/* Waiting for an order to change (?wait=N or Prefer: wait=N on GET /v1/orders/{id}): a long poll,
 * which holds no thread.
 *
 * The revision that the client has is ?since=<rev>, or that of a matching If-None-Match, or, with
 * neither, the one there is when it asks. As soon as the order is beyond it, it is answered; at the
 * deadline 304, or, where the client named no revision, the order as it is. An order that is final
 * is answered at once, as it is: nothing more is expected of it.
 */
#ifndef SERVER_ORDERS_ORDER_POLL_H
#define SERVER_ORDERS_ORDER_POLL_H

#include "orders/desk/desk.h"
#include "server/http/request.h"

struct order_poll {
    int64_t wait_seconds; /* 0 = do not wait */
    bool has_since;
    int64_t since;
};

/* ?since and ?wait (or Prefer). INVALID. */
enum err order_poll_read(const struct http_request *r, struct order_poll *ret, struct error *e);

/* Of a live order: true when its change is waited for, which answers r. False: answer with the
 * order as it is. Never blocks. */
bool order_poll_begin(struct http_request *r, const struct order_poll *poll,
                      struct desk_order *order);

#endif
