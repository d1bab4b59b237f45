/* What GET /v1/orders is asked: ?status=&symbol=&client_order_id=&from=&to=&limit=&cursor=&since=
 * and the form.
 */
#ifndef SERVER_ORDERS_ORDER_QUESTION_H
#define SERVER_ORDERS_ORDER_QUESTION_H

#include "orders/order_store.h"
#include "server/api/rows.h"

struct order_question {
    struct order_query query;    /* `limit` is that of a page */
    const char *client_order_id; /* NULL = any; the request's */
    bool has_since;              /* only what changed behind `since` */
    int64_t since;
    int64_t wait_seconds; /* for something to change; 0 = not at all */
    bool whole;           /* CSV or NDJSON without a limit: everything */
    enum rows_format format;
};

/* INVALID with the parameter, NOT_ACCEPTABLE. Texts stay the request's. */
enum err order_question_read(const struct http_request *r, struct order_question *ret,
                             struct error *e);

#endif
