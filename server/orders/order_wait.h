/* A request that waits for what the desk answers: the two meet here, whichever ends first.
 *
 * The desk's callback comes exactly once, on another thread, perhaps after the client has left or
 * the deadline has passed; the request must be answered exactly once, and is gone after that. Both
 * hold this; whoever takes the request answers it.
 */
#ifndef SERVER_ORDERS_ORDER_WAIT_H
#define SERVER_ORDERS_ORDER_WAIT_H

#include "server/http/request.h"
#include "server/http/response.h"

struct order_wait;

/* How errors are told; fills the answer. NULL = a problem. Must not block. */
typedef void order_refuse_fn(struct http_request *r, struct http_response *out,
                             const struct error *e);

struct order_waiting {
    order_refuse_fn *refuse;
    bool patient;  /* the server's stop does not end the wait: the answer is sure to come soon */
    void *context; /* the caller's */
};

/* Defers the answer. When nothing has come within LIMIT_ORDER_ANSWER_SECONDS, the client leaves or
 * the server stops, the request is answered with OUTCOME_UNKNOWN. NO_MEMORY. */
enum err order_wait_begin(struct http_request *r, const struct order_waiting *waiting,
                          struct order_wait **ret, struct error *e);
/* Good until the wait is taken or dropped. */
const struct order_waiting *order_wait_of(const struct order_wait *w);
/* For the one callback, which ends the wait: the request, which is now the caller's to answer
 * (http_request_complete, order_wait_refuse), or NULL when it was answered already. */
struct http_request *order_wait_take(struct order_wait *w);
/* Ends the wait without an answer, before the handler returns and when no callback will come: the
 * handler answers. */
void order_wait_drop(struct order_wait *w);

/* The last use of the request. */
void order_wait_refuse(struct http_request *r, order_refuse_fn *refuse, const struct error *e);

/* The text of OUTCOME_UNKNOWN: what to do. */
enum err order_outcome_unknown(struct error *e, const char *why);

#endif
