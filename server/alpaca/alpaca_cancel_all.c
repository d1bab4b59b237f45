/* DELETE /v2/orders: cancels every open order, exits included; a market exit goes on. */
#include "orders/desk/desk.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_cancel.h"
#include "server/alpaca/alpaca_gather.h"
#include "server/alpaca/alpaca_holdings.h"
#include "server/alpaca/alpaca_order.h"
#include "server/api/api.h"
#include "server/app.h"

struct canceling {
    struct arena *arena;
    struct alpaca_gather *gather;
    struct json_writer *w;
    struct desk_view *view;
};

static void write_result(struct json_writer *w, const struct uuid *order)
{
    char id[UUID_TEXT];
    uuid_format(order, id);
    json_begin_object(w);
    json_member_string(w, "id", id);
    json_member_int(w, "status", 200);
    json_member_string(w, "body", NULL);
    json_end_object(w);
}

/* The first order and its legs, not a market exit. */
static size_t own_count(const struct alpaca_group *g)
{
    return g->leg_count + 1;
}

/* The open order that takes the others with it; NULL when none is open. */
static const struct alpaca_order *order_to_cancel(const struct alpaca_group *g)
{
    for (size_t i = own_count(g); i-- > 0;)
        if (alpaca_status_open(g->orders[i].status))
            return &g->orders[i];
    return NULL;
}

static enum err cancel_bracket(void *context, struct desk_order *order, struct error *e)
{
    struct canceling *c = context;
    struct alpaca_group group;
    desk_view(order, c->view);
    alpaca_group_make(&c->view->header, &c->view->state, &group);
    const struct alpaca_order *first = order_to_cancel(&group);
    if (!first)
        return ERR_OK;
    alpaca_gather_expect(c->gather);
    enum err err = alpaca_cancel(order, first->leg, c->arena, alpaca_gather_done, c->gather, e);
    if (err) {
        alpaca_gather_forget(c->gather);
        return err;
    }
    for (size_t i = 0; i < own_count(&group); i++)
        if (alpaca_status_open(group.orders[i].status))
            write_result(c->w, &group.orders[i].id);
    return ERR_OK;
}

static enum err cancel_each(void *context, struct alpaca_gather *g, struct json_writer *w,
                            struct error *e)
{
    struct http_request *r = context;
    struct canceling c = {.arena = r->arena,
                          .gather = g,
                          .w = w,
                          .view = arena_alloc(r->arena, sizeof(struct desk_view))};
    if (!c.view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    return alpaca_each_open(r->app, r->arena, NULL, cancel_bracket, &c, e);
}

static enum err cancel_all(struct http_request *r, struct http_response *out, struct error *e)
{
    enum err err = api_no_parameters(r, e);
    return err ? err : alpaca_gather_array(r, out, cancel_each, r, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_DELETE, .pattern = "/v2/orders", .handler = cancel_all, .scope = KEY_SCOPE_TRADE,
     .operation_id = "alpacaCancelAllOrders"},
};
/* clang-format on */
const struct http_route_table alpaca_cancel_all_routes = HTTP_ROUTE_TABLE(routes);
