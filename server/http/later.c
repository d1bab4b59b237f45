#include "server/http/exchange.h"

#include <assert.h>

/* Answers that a handler does not give by its return: later, or from an api thread after all. An
 * answer has up to two parties, the handler that runs and the one that completes a deferred answer;
 * the last to be done hands the request back, so that neither touches a request that is on its way.
 */

bool exchange_release(struct http_exchange *x)
{
    int before = atomic_fetch_sub_explicit(&x->pending, 1, memory_order_acq_rel);
    assert(before >= 1);
    return before == 1;
}

static struct http_exchange *exchange_of(struct http_request *r)
{
    return (struct http_exchange *)r; /* its first member */
}

void http_request_move_to_api(struct http_request *r)
{
    struct http_exchange *x = exchange_of(r);
    assert(x->request.route->flags & HTTP_ROUTE_INLINE && !x->on_api);
    x->to_api = true;
}

bool http_request_on_api(const struct http_request *r)
{
    return ((const struct http_exchange *)r)->on_api;
}

void http_request_defer(struct http_request *r, int64_t deadline_ns, http_cancel_fn cancel,
                        void *context)
{
    struct http_exchange *x = exchange_of(r);
    assert(cancel && x->state == EXCHANGE_RUNNING && !atomic_load(&x->deferred));
    x->defer_deadline_ns = deadline_ns;
    x->cancel = cancel;
    x->cancel_context = context;
    atomic_fetch_add_explicit(&x->pending, 1, memory_order_acq_rel);
    atomic_store_explicit(&x->deferred, true, memory_order_release);
}

/* Nobody looks at `deferred` of a handler that runs. */
void http_request_undefer(struct http_request *r)
{
    struct http_exchange *x = exchange_of(r);
    assert(atomic_load(&x->deferred) && !atomic_load(&x->handler_returned));
    atomic_store_explicit(&x->deferred, false, memory_order_release);
    bool last = exchange_release(x);
    assert(!last);
    (void)last;
}

struct http_response *http_request_response(struct http_request *r)
{
    return &exchange_of(r)->response;
}

void http_request_complete(struct http_request *r)
{
    struct http_exchange *x = exchange_of(r);
    struct loop *l = x->loop;
    assert(atomic_load(&x->deferred));
    if (exchange_release(x))
        loop_hand_back(l, x);
}

void http_request_fail(struct http_request *r, const struct error *e)
{
    http_respond_error(r, http_request_response(r), e);
    http_request_complete(r);
}

void exchange_cancel(struct http_exchange *x, enum http_cancel why)
{
    if (x->canceled || !atomic_load_explicit(&x->deferred, memory_order_acquire) ||
        !atomic_load_explicit(&x->handler_returned, memory_order_acquire))
        return;
    x->canceled = true;
    x->cancel(&x->request, why, x->cancel_context);
}
