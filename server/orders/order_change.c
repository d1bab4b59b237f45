/* Changes to an order: new terms, cancel, close, review. The bracket's own thread takes them, and
 * the answer comes once they are on disk. An order that is not live has ended: it takes a look into
 * the store to tell that from one that never was. */
#include "server/api/api.h"
#include "server/app.h"
#include "server/orders/order_bodies.h"
#include "server/orders/order_limits.h"
#include "server/orders/order_patch.h"
#include "server/orders/order_wait.h"
#include "server/orders/orders.h"

#include <stdlib.h>
#include <string.h>

enum { ACCEPTED = 202 };

/* ---- revisions ------------------------------------------------------------------------------- */

/* *ret_rev: the revision that If-Match asks for, 0 = any. PRECONDITION when it can be none. */
static enum err if_match(const struct http_request *r, int64_t *ret_rev, struct error *e)
{
    const char *tag = http_header(r, "If-Match");
    *ret_rev = 0;
    if (!tag || strcmp(tag, "*") == 0 || order_etag_parse(tag, ret_rev))
        return ERR_OK;
    return error_set(e, ERR_PRECONDITION, "If-Match takes one tag as an order's ETag gives it");
}

/* With the tag that the order has now. */
static void respond_moved(struct http_request *r, struct http_response *out, int64_t rev,
                          const struct error *e)
{
    http_respond_problem(r, out, e, NULL, 0);
    order_etag(rev, out->etag);
}

static enum err refuse_revision(int64_t rev, struct error *e)
{
    return error_set(e, ERR_PRECONDITION, "the order is at revision %lld by now", (long long)rev);
}

/* ---- answering ------------------------------------------------------------------------------- */

/* What a change is, for the answer. */
struct change {
    bool asks; /* 202 unless the order has ended: what was asked takes its time */
};

static void refuse(struct http_request *r, const struct desk_result *result)
{
    if (result->error->code != ERR_PRECONDITION) {
        http_request_fail(r, result->error);
        return;
    }
    respond_moved(r, http_request_response(r), result->rev, result->error);
    http_request_complete(r);
}

static void answer(struct http_request *r, const struct change *change,
                   const struct desk_result *result)
{
    struct error e;
    if (result->outcome == DESK_UNKNOWN) {
        order_outcome_unknown(&e, result->error->message);
        http_request_fail(r, &e);
        return;
    }
    if (result->outcome != DESK_DONE) {
        refuse(r, result);
        return;
    }
    bool final = bracket_status_final(desk_status(result->order));
    if (orders_respond_live(r, http_request_response(r), change->asks && !final ? ACCEPTED : 200,
                            result->order, &e))
        http_request_fail(r, &e);
    else
        http_request_complete(r);
}

static void changed(void *context, const struct desk_result *result)
{
    struct order_wait *w = context;
    const struct change *change = order_wait_of(w)->context;
    struct http_request *r = order_wait_take(w);
    if (r)
        answer(r, change, result);
}

static enum err wait_for_change(struct http_request *r, const struct change *change,
                                struct order_wait **ret, struct error *e)
{
    /* Only read. */
    const struct order_waiting waiting = {.context = (void *)change};
    return order_wait_begin(r, &waiting, ret, e);
}

/* ---- an order that is not live --------------------------------------------------------------- */

static enum err refuse_ended(struct http_request *r, const struct uuid *id, struct error *e)
{
    struct app *app = r->app;
    struct http_body *body;
    if (!http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    enum err err = order_bodies_get(app->order_bodies, id, &body, e);
    if (err)
        return err;
    http_body_unref(body);
    return error_set(e, ERR_CONFLICT, "the order has ended");
}

/* ---- cancel, close, review ------------------------------------------------------------------- */

typedef enum err desk_ask(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                          struct error *e);

static enum err ask(struct http_request *r, struct desk_order *order, int64_t rev, desk_ask *asked,
                    const struct change *change, struct error *e)
{
    struct order_wait *wait;
    enum err err = wait_for_change(r, change, &wait, e);
    if (err)
        return err;
    err = asked(order, rev, changed, wait, e);
    if (err)
        order_wait_drop(wait);
    return err;
}

/* There is nothing left to cancel; the client may have meant an order that still was. */
static enum err respond_ended(struct http_request *r, struct http_response *out,
                              const struct uuid *id, int64_t rev, struct error *e)
{
    int64_t now = rev;
    enum err err = orders_respond(r, out, id, e);
    if (err || !rev || !order_etag_parse(out->etag, &now) || now == rev)
        return err;
    struct error moved;
    refuse_revision(now, &moved);
    respond_moved(r, out, now, &moved);
    return ERR_OK;
}

static enum err cancel(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"close", NULL};
    static const struct change change = {.asks = true};
    struct app *app = r->app;
    struct uuid id;
    int64_t rev;
    bool close = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = http_query_bool(r, "close", &close, e)) ||
        (err = orders_path_id(r, &id, e)) || (err = if_match(r, &rev, e)))
        return err;
    struct desk_order *order = desk_find(app->desk, &id);
    if (!order)
        return respond_ended(r, out, &id, rev, e);
    err = ask(r, order, rev, close ? desk_close : desk_cancel, &change, e);
    desk_unref(order);
    return err;
}

static enum err review(struct http_request *r, struct http_response *out, struct error *e)
{
    static const struct change change = {.asks = false};
    struct app *app = r->app;
    struct uuid id;
    enum err err;
    (void)out;
    if ((err = api_no_parameters(r, e)) || (err = orders_path_id(r, &id, e)))
        return err;
    struct desk_order *order = desk_find(app->desk, &id);
    if (!order)
        return refuse_ended(r, &id, e);
    err = ask(r, order, 0, desk_review, &change, e);
    desk_unref(order);
    return err;
}

/* ---- new terms ------------------------------------------------------------------------------- */

/* A change on its way. Its terms hold for the revision that they were made of; when that is past,
 * and the client did not ask for it, what it changes is done to the newest terms. */
struct modification {
    struct desk_order *order; /* a reference */
    struct order_wait *wait;
    struct bracket_spec base;
    struct desk_change wanted;
    struct desk_view view;
    bool pinned; /* If-Match */
    int tries;
};

enum { MODIFICATION_TRIES = 8 };

static void modification_free(struct modification *m)
{
    if (m)
        desk_unref(m->order);
    free(m);
}

static void modified(void *context, const struct desk_result *result);

static enum err modify_again(struct modification *m, struct error *e)
{
    desk_view(m->order, &m->view);
    m->wanted.spec = order_patch_rebase(&m->base, &m->wanted.spec, &m->view.state.spec);
    m->wanted.rev = m->view.header.rev;
    m->base = m->view.state.spec;
    m->tries++;
    return desk_modify(m->order, &m->wanted, modified, m, e);
}

/* On the bracket's thread, or on the request's when it has ended. */
static void modified(void *context, const struct desk_result *result)
{
    struct modification *m = context;
    struct desk_result told = *result;
    struct error e;
    bool late = result->outcome == DESK_REFUSED && result->error->code == ERR_PRECONDITION;
    if (late && !m->pinned && m->tries < MODIFICATION_TRIES) {
        if (modify_again(m, &e) == ERR_OK)
            return;
        told.error = &e;
    }
    changed(m->wait, &told);
    modification_free(m);
}

static enum err make_modification(struct http_request *r, struct desk_order *order, int64_t rev,
                                  struct modification *m, struct error *e)
{
    struct app *app = r->app;
    m->order = desk_ref(order);
    m->pinned = rev != 0;
    m->wanted.key_limits = order_key_limits(r);
    uuid_parse(r->identity.id, strlen(r->identity.id), &m->wanted.key_id);
    desk_view(order, &m->view);
    m->wanted.rev = m->view.header.rev;
    m->base = m->view.state.spec;
    if (rev && rev != m->view.header.rev)
        return refuse_revision(m->view.header.rev, e);
    return order_patch(&m->base, r->body, r->body_bytes,
                       app->broker->operations->capabilities(app->broker), app->hours,
                       clock_realtime_ns(r->clock), r->arena, &m->wanted.spec, e);
}

static enum err modify(struct http_request *r, struct http_response *out, struct desk_order *order,
                       int64_t rev, struct error *e)
{
    static const struct change change = {.asks = false};
    struct modification *m = calloc(1, sizeof *m);
    if (!m)
        return error_set(e, ERR_NO_MEMORY, "no memory for the change");
    enum err err = make_modification(r, order, rev, m, e);
    if (!err)
        err = wait_for_change(r, &change, &m->wait, e);
    if (err == ERR_PRECONDITION)
        respond_moved(r, out, m->view.header.rev, e);
    if (err) {
        modification_free(m);
        return err == ERR_PRECONDITION ? ERR_OK : err;
    }
    struct order_wait *wait = m->wait;
    err = desk_modify(m->order, &m->wanted, modified, m, e);
    if (err) {
        order_wait_drop(wait);
        modification_free(m);
    }
    return err;
}

static enum err patch(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct uuid id;
    int64_t rev;
    enum err err;
    if ((err = api_no_parameters(r, e)) || (err = orders_path_id(r, &id, e)) ||
        (err = if_match(r, &rev, e)))
        return err;
    struct desk_order *order = desk_find(app->desk, &id);
    if (!order)
        return refuse_ended(r, &id, e);
    err = modify(r, out, order, rev, e);
    desk_unref(order);
    return err;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_PATCH, .pattern = "/v1/orders/{id}", .handler = patch, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/merge-patch+json, application/json", .operation_id = "changeOrder"},
    {.method = HTTP_DELETE, .pattern = "/v1/orders/{id}", .handler = cancel, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "cancelOrder"},
    {.method = HTTP_POST, .pattern = "/v1/orders/{id}/review", .handler = review, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "reviewOrder"},
};
/* clang-format on */
const struct http_route_table order_change_routes = HTTP_ROUTE_TABLE(routes);
