#include "server/orders/order_poll.h"

#include "server/app.h"
#include "server/events/event_hub.h"
#include "server/orders/order_bodies.h"

#include <stdlib.h>

struct waiting {
    struct event_wait wait; /* first: the hub hands it back */
    struct http_request *request;
    int64_t rev;       /* what the client has */
    bool not_modified; /* at the deadline: 304 */
};

enum err order_poll_read(const struct http_request *r, struct order_poll *ret, struct error *e)
{
    struct order_poll poll = {.has_since = http_query(r, "since") != NULL};
    enum err err = http_query_int(r, "since", 0, INT64_MAX, &poll.since, e);
    if (err == ERR_OK)
        err = http_request_wait(r, &poll.wait_seconds, e);
    if (err == ERR_OK && poll.has_since && poll.wait_seconds == 0)
        err = error_field(e, ERR_INVALID, "?since",
                          "goes with wait=N; without, send the ETag as If-None-Match");
    if (err == ERR_OK)
        *ret = poll;
    return err;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void respond_unchanged(struct http_response *out, int64_t rev)
{
    char etag[HTTP_ETAG_MAX];
    order_etag(rev, etag);
    http_respond_empty(out, 304);
    http_set_etag(out, "%s", etag);
}

/* On the hub's thread. The order may have left the desk meanwhile. */
static void on_due(struct event_wait *wait)
{
    struct waiting *w = (struct waiting *)wait;
    struct http_request *r = w->request;
    struct http_response *out = http_request_response(r);
    struct app *app = r->app;
    struct http_body *body = NULL;
    struct error e;
    int64_t rev = 0;
    error_clear(&e);
    if (order_bodies_get(app->order_bodies, &wait->order_id, &body, &e) != ERR_OK) {
        http_request_fail(r, &e);
        return;
    }
    if (wait->expired && w->not_modified && order_etag_parse(http_body_etag(body), &rev) &&
        rev <= w->rev)
        respond_unchanged(out, rev);
    else
        http_respond_shared(out, 200, body);
    http_body_unref(body);
    http_request_complete(r);
}

static void on_cancel(struct http_request *r, enum http_cancel why, void *context)
{
    struct app *app = r->app;
    (void)why;
    event_hub_expire(app->events, context);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Its id, and whether it is final; false without memory: then there is no wait. */
static bool look(struct desk_order *order, struct uuid *ret_id, bool *ret_final)
{
    struct desk_view *view = malloc(sizeof *view);
    if (!view)
        return false;
    desk_view(order, view);
    *ret_id = view->header.id;
    *ret_final = bracket_status_final(view->header.status);
    free(view);
    return true;
}

/* True when it waits; false when the order has changed. */
static bool wait_for_change(struct waiting *w, struct desk_order *order, int64_t seconds)
{
    struct http_request *r = w->request;
    struct app *app = r->app;
    http_request_defer(r, clock_monotonic_ns(r->clock) + seconds * NS_PER_SECOND, on_cancel,
                       &w->wait);
    event_hub_wait(app->events, &w->wait);
    if (desk_rev(order) <= w->rev || !event_hub_unwait(app->events, &w->wait))
        return true;
    http_request_undefer(r);
    return false;
}

bool order_poll_begin(struct http_request *r, const struct order_poll *poll,
                      struct desk_order *order)
{
    char etag[HTTP_ETAG_MAX];
    struct uuid id;
    bool final, named = poll->has_since || http_header(r, "If-None-Match");
    int64_t rev = desk_rev(order);
    if (poll->wait_seconds == 0 || !look(order, &id, &final) || final)
        return false;
    order_etag(rev, etag);
    if (poll->has_since ? rev > poll->since : named && !http_request_matches_etag(r, etag))
        return false;
    struct waiting *w = arena_alloc(r->arena, sizeof *w);
    if (!w)
        return false;
    *w = (struct waiting){.wait = {.due = on_due, .has_order_id = true, .order_id = id},
                          .request = r,
                          .rev = poll->has_since ? poll->since : rev,
                          .not_modified = named};
    return wait_for_change(w, order, poll->wait_seconds);
}
