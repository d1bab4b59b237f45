/* Replacing and canceling one order. The bracket's own thread does it; the answer comes once it is
 * on disk. */
#include "orders/desk/desk.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_cancel.h"
#include "server/alpaca/alpaca_lookup.h"
#include "server/alpaca/alpaca_request.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/orders/order_limits.h"
#include "server/orders/order_wait.h"

#include <stdlib.h>
#include <string.h>

/* true when it is done; the request was answered otherwise. */
static bool succeeded(struct http_request *r, const struct desk_result *result)
{
    struct error e;
    if (result->outcome == DESK_DONE)
        return true;
    if (result->outcome == DESK_UNKNOWN)
        order_outcome_unknown(&e, result->error->message);
    http_request_fail(r, result->outcome == DESK_UNKNOWN ? &e : result->error);
    return false;
}

/* ---- DELETE ---------------------------------------------------------------------------------- */

static void canceled(void *context, const struct desk_result *result)
{
    struct http_request *r = order_wait_take(context);
    if (!r || !succeeded(r, result))
        return;
    http_respond_empty(http_request_response(r), 204);
    http_request_complete(r);
}

static enum err cancel_live(struct http_request *r, struct desk_order *order, enum leg leg,
                            struct error *e)
{
    static const struct order_waiting waiting = {0};
    struct order_wait *wait;
    enum err err = order_wait_begin(r, &waiting, &wait, e);
    if (err)
        return err;
    err = alpaca_cancel(order, leg, r->arena, canceled, wait, e);
    if (err)
        order_wait_drop(wait);
    return err;
}

/* It was open a moment ago and has ended since. */
static enum err refuse_ended(struct error *e)
{
    return error_set(e, ERR_DATA, "order has ended");
}

static enum err cancel_order(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct alpaca_found found;
    enum err err;
    (void)out;
    if ((err = api_no_parameters(r, e)) || (err = alpaca_path_order(r, &found, e)) ||
        (err = alpaca_check_cancel(found.order, e)))
        return err;
    struct desk_order *order = desk_find(app->desk, &found.group.bracket);
    if (!order)
        return refuse_ended(e);
    err = cancel_live(r, order, found.order->leg, e);
    desk_unref(order);
    return err;
}

/* ---- PATCH ----------------------------------------------------------------------------------- */

/* On its way to the bracket's thread, and there again when the terms it was made of are no longer
 * the newest. */
struct replacing {
    struct desk_order *order; /* a reference */
    struct order_wait *wait;
    struct alpaca_replacement replacement;
    enum leg leg;
    struct uuid id; /* of the order that is replaced */
    struct desk_change change;
    struct desk_view view;
    int tries;
};

enum { REPLACE_TRIES = 8 };

static void replacing_free(struct replacing *x)
{
    if (x)
        desk_unref(x->order);
    free(x);
}

static void replaced(void *context, const struct desk_result *result);

static enum err ask(struct replacing *x, struct error *e)
{
    desk_view(x->order, &x->view);
    x->change.rev = x->view.header.rev;
    x->tries++;
    enum err err =
        alpaca_replacement_apply(&x->replacement, &x->view.state, x->leg, &x->change.spec, e);
    return err ? err : desk_modify(x->order, &x->change, replaced, x, e);
}

static void respond(struct http_request *r, struct replacing *x)
{
    struct http_response *out = http_request_response(r);
    struct alpaca_group group;
    struct json_writer w;
    struct error e;
    desk_view(x->order, &x->view);
    alpaca_group_make(&x->view.header, &x->view.state, &group);
    const struct alpaca_order *order = alpaca_group_find(&group, &x->id);
    json_writer_init(&w, &out->body);
    alpaca_order_write(&group, order ? order : &group.orders[0], true, &w);
    if (http_respond_json(out, 200, &e))
        http_request_fail(r, &e);
    else
        http_request_complete(r);
}

static void replaced(void *context, const struct desk_result *result)
{
    struct replacing *x = context;
    struct desk_result told = *result;
    struct error e;
    bool late = told.outcome == DESK_REFUSED && told.error->code == ERR_PRECONDITION;
    if (late && x->tries < REPLACE_TRIES) {
        if (ask(x, &e) == ERR_OK)
            return;
        told.error = &e;
    }
    struct http_request *r = order_wait_take(x->wait);
    if (r && succeeded(r, &told))
        respond(r, x);
    replacing_free(x);
}

static enum err replace_live(struct http_request *r, struct replacing *x, struct error *e)
{
    static const struct order_waiting waiting = {0};
    enum err err = order_wait_begin(r, &waiting, &x->wait, e);
    if (err)
        return err;
    struct order_wait *wait = x->wait;
    err = ask(x, e);
    if (err)
        order_wait_drop(wait);
    return err;
}

static enum err check_replace(const struct alpaca_order *order, struct error *e)
{
    if (alpaca_status_open(order->status) && order->status != ALPACA_PENDING_CANCEL)
        return ERR_OK;
    return error_set(e, ERR_DATA, "cannot replace order in %s status",
                     alpaca_status_name(order->status));
}

static enum err replace_order(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct alpaca_found found;
    struct alpaca_replacement replacement;
    enum err err;
    (void)out;
    if ((err = api_no_parameters(r, e)) ||
        (err = alpaca_replacement_decode(r->body, r->body_bytes, r->arena, &replacement, e)) ||
        (err = alpaca_path_order(r, &found, e)) || (err = check_replace(found.order, e)))
        return err;
    struct replacing *x = calloc(1, sizeof *x);
    if (!x)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    x->order = desk_find(app->desk, &found.group.bracket);
    x->replacement = replacement;
    x->replacement.client_order_id = NULL; /* it lives in the request's arena */
    x->leg = found.order->leg;
    x->id = found.order->id;
    x->change.key_limits = order_key_limits(r);
    uuid_parse(r->identity.id, strlen(r->identity.id), &x->change.key_id);
    err = x->order ? replace_live(r, x, e) : refuse_ended(e);
    if (err)
        replacing_free(x);
    return err;
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_PATCH, .pattern = "/v2/orders/{id}", .handler = replace_order, .scope = KEY_SCOPE_TRADE,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = ALPACA_BODY_TYPES,
     .operation_id = "alpacaReplaceOrder"},
    {.method = HTTP_DELETE, .pattern = "/v2/orders/{id}", .handler = cancel_order, .scope = KEY_SCOPE_TRADE,
     .operation_id = "alpacaCancelOrder"},
};
/* clang-format on */
const struct http_route_table alpaca_change_routes = HTTP_ROUTE_TABLE(routes);
