/* Placing an order from a request of HTTP, for every API that does: settle the terms, hand them to
 * the desk, answer once they are on disk. What differs between APIs is how an answer reads.
 *
 * Fit for an inline route: nothing here blocks. The answer comes from the store's thread; a client
 * that leaves meanwhile has placed its order nevertheless.
 */
#ifndef SERVER_ORDERS_ORDER_PLACING_H
#define SERVER_ORDERS_ORDER_PLACING_H

#include "orders/desk/desk.h"
#include "server/orders/order_wait.h"

/* How an API answers. */
struct order_style {
    /* The body of an accepted order, which is stored with the idempotency key too. */
    void (*write)(const struct desk_view *view, struct json_writer *w);
    /* Of a refusal that comes later, and of an outcome that is not known. */
    order_refuse_fn *refuse;
    int status;           /* of an accepted order: 201 */
    const char *location; /* the id is appended: "/v1/orders/"; NULL = no Location and no ETag */
};

/* The order of `request` (order_request_decode's), by the request's key. `idempotency_key` NULL =
 * none; its body is r->body.
 *
 * OK: the answer is made or deferred, r is not the caller's any more. On a loop with an idempotency
 * key it may also have been moved to an api thread, where the handler runs again and calls this
 * again. Otherwise nothing was accepted:
 * INVALID with a JSON pointer, DISK_FULL below the disk's reserve, and what desk_place refuses.
 * Later refusals go to `style`: CONFLICT (client_order_id is taken), IDEMPOTENCY, DISK_FULL;
 * OUTCOME_UNKNOWN when the commit failed or takes longer than LIMIT_ORDER_ANSWER_SECONDS. */
enum err order_place(struct http_request *r, const struct order_request *request,
                     const char *idempotency_key, const struct order_style *style, struct error *e);

/* Idempotency-Key, or NULL. INVALID when it is empty or too long. */
enum err order_idempotency_key(const struct http_request *r, const char **ret, struct error *e);

#endif
