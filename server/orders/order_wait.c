/* The wait is on the heap, with one reference of the callback's and one of the request's. The
 * request's is kept in a link in its arena, which lives until the loop has seen the answer; so a
 * cancel that runs while the callback answers still finds the link, empty. Each side first takes
 * what it needs out with one exchange:
 *
 *   cancel     link -> wait (now its reference is the canceler's), wait -> request
 *   callback   wait -> request, then link -> wait
 */
#include "server/orders/order_wait.h"

#include "base/limits.h"

#include <stdatomic.h>
#include <stdlib.h>

struct link {
    _Atomic(struct order_wait *) wait;
    bool patient;
};

struct order_wait {
    _Atomic(struct http_request *) request; /* NULL = answered, or about to be */
    atomic_int references;
    struct link *link; /* as long as the request is there */
    struct order_waiting waiting;
};

static void unref(struct order_wait *w, int count)
{
    if (atomic_fetch_sub(&w->references, count) == count)
        free(w);
}

enum err order_outcome_unknown(struct error *e, const char *why)
{
    return error_set(e, ERR_OUTCOME_UNKNOWN,
                     "%s, so it is not known whether this happened. Send the same request with the "
                     "same Idempotency-Key again, or look for the order by its client_order_id",
                     why);
}

void order_wait_refuse(struct http_request *r, order_refuse_fn *refuse, const struct error *e)
{
    if (!refuse) {
        http_request_fail(r, e);
        return;
    }
    refuse(r, http_request_response(r), e);
    http_request_complete(r);
}

static void give_up(struct http_request *r, enum http_cancel why, void *context)
{
    (void)r;
    struct link *link = context;
    if (why == HTTP_CANCEL_STOP && link->patient)
        return;
    struct order_wait *w = atomic_exchange(&link->wait, NULL);
    if (!w)
        return;
    struct http_request *request = atomic_exchange(&w->request, NULL);
    if (request) {
        struct error e;
        order_outcome_unknown(&e, why == HTTP_CANCEL_STOP ? "the server stops"
                                                          : "the answer took too long");
        order_wait_refuse(request, w->waiting.refuse, &e);
    }
    unref(w, 1);
}

enum err order_wait_begin(struct http_request *r, const struct order_waiting *waiting,
                          struct order_wait **ret, struct error *e)
{
    struct order_wait *w = malloc(sizeof *w);
    struct link *link = arena_alloc(r->arena, sizeof *link);
    if (!w || !link) {
        free(w);
        return error_set(e, ERR_NO_MEMORY, "no memory to wait for the answer");
    }
    atomic_init(&w->request, r);
    atomic_init(&w->references, 2);
    w->link = link;
    w->waiting = *waiting;
    atomic_init(&link->wait, w);
    link->patient = waiting->patient;
    *ret = w;
    http_request_defer(r, clock_monotonic_ns(r->clock) + LIMIT_ORDER_ANSWER_SECONDS * NS_PER_SECOND,
                       give_up, link);
    return ERR_OK;
}

const struct order_waiting *order_wait_of(const struct order_wait *w)
{
    return &w->waiting;
}

struct http_request *order_wait_take(struct order_wait *w)
{
    struct http_request *r = atomic_exchange(&w->request, NULL);
    /* Not taken: the canceler had the link first and drops the request's reference. */
    bool both = r && atomic_exchange(&w->link->wait, NULL);
    unref(w, both ? 2 : 1);
    return r;
}

void order_wait_drop(struct order_wait *w)
{
    struct http_request *r = order_wait_take(w);
    http_request_undefer(r);
}
