/* DELETE /v2/positions/{symbol}. */
#include "base/decimal.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_closing.h"
#include "server/alpaca/alpaca_query.h"
#include "server/app.h"
#include "server/orders/order_placing.h"
#include "server/orders/order_wait.h"

/* ---- what brackets hold ---------------------------------------------------------------------- */

static void closed(void *context, const struct desk_result *result)
{
    struct http_request *r = order_wait_take(context);
    struct desk_view *view;
    struct json_writer w;
    struct error e;
    if (!r)
        return;
    struct http_response *out = http_request_response(r);
    if (result->outcome == DESK_UNKNOWN)
        order_outcome_unknown(&e, result->error->message);
    else if (result->outcome != DESK_DONE)
        e = *result->error;
    else if (!(view = arena_alloc(r->arena, sizeof *view)))
        error_set(&e, ERR_NO_MEMORY, "no memory for the answer");
    else {
        desk_view(result->order, view);
        json_writer_init(&w, &out->body);
        alpaca_write_closing(view, &w);
        if (http_respond_json(out, 200, &e) == ERR_OK) {
            http_request_complete(r);
            return;
        }
    }
    http_request_fail(r, &e);
}

struct closing {
    struct http_request *request;
    struct desk_view *view;
    int32_t count; /* of brackets that hold something */
    struct desk_order *first;
};

/* All but the first are asked here; the first's answer is the request's. */
static enum err close_bracket(void *context, struct desk_order *order, struct error *e)
{
    struct closing *c = context;
    struct bracket_sums sums;
    desk_view(order, c->view);
    bracket_sum(&c->view->state, &sums);
    if (sums.open <= 0)
        return ERR_OK;
    if (c->count++ > 0)
        return desk_close(order, NULL, NULL, e);
    c->first = desk_ref(order);
    return ERR_OK;
}

static enum err answer_by_bracket(struct http_request *r, struct desk_order *order, struct error *e)
{
    static const struct order_waiting waiting = {0};
    struct order_wait *wait;
    enum err err = order_wait_begin(r, &waiting, &wait, e);
    if (err)
        return err;
    err = desk_close(order, closed, wait, e);
    if (err)
        order_wait_drop(wait);
    return err;
}

/* ---- one position ---------------------------------------------------------------------------- */

/* *ret: what is asked to be closed, without sign. */
static enum err read_quantity(const struct http_request *r, const struct position *p, int64_t *ret,
                              struct error *e)
{
    int64_t whole = p->quantity < 0 ? -p->quantity : p->quantity, percent = 0;
    bool has_quantity, has_percent;
    enum err err;
    *ret = whole;
    if ((err = alpaca_query_decimal(r, "qty", LIMIT_ORDER_QUANTITY, &has_quantity, ret, e)) ||
        (err = alpaca_query_decimal(r, "percentage", 100 * DECIMAL_ONE, &has_percent, &percent, e)))
        return err;
    if (has_quantity && has_percent)
        return error_set(e, ERR_INVALID, "qty or percentage, not both");
    if (has_percent)
        *ret = order_value(whole, percent) / 100 / DECIMAL_ONE * DECIMAL_ONE;
    if (*ret % DECIMAL_ONE || *ret == 0)
        return error_set(e, ERR_DATA, "fractional quantities are not available");
    return ERR_OK;
}

static const struct order_style style = {.write = alpaca_write_closing, .status = 200};

static enum err close_whole(struct http_request *r, const struct alpaca_holding *holding,
                            struct error *e)
{
    int64_t rest = alpaca_holding_available(holding);
    struct order_request request;
    struct closing closing = {.request = r, .view = arena_alloc(r->arena, sizeof *closing.view)};
    if (!closing.view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    enum err err = alpaca_each_open(r->app, r->arena, holding->position.contract.symbol,
                                    close_bracket, &closing, e);
    if (!err && rest > 0) {
        alpaca_closing_request(&holding->position, rest, &request);
        err = closing.first ? desk_close(closing.first, NULL, NULL, e) : ERR_OK;
        err = err ? err : order_place(r, &request, NULL, &style, e);
    } else if (!err && closing.first) {
        err = answer_by_bracket(r, closing.first, e);
    } else if (!err) {
        err = error_set(e, ERR_NOT_FOUND, "position does not exist: %s",
                        holding->position.contract.symbol);
    }
    desk_unref(closing.first);
    return err;
}

static enum err close_position(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"qty", "percentage", NULL};
    struct alpaca_holdings holdings;
    struct order_request request;
    int64_t quantity;
    enum err err;
    (void)out;
    if ((err = http_query_only(r, names, e)) ||
        (err = alpaca_holdings_read(r->app, r->arena, http_param(r, "symbol"), &holdings, e)))
        return err;
    const struct alpaca_holding *holding = holdings.items;
    if (holdings.count == 0)
        return error_set(e, ERR_NOT_FOUND, "position does not exist: %.60s",
                         http_param(r, "symbol"));
    if ((err = read_quantity(r, &holding->position, &quantity, e)))
        return err;
    const struct position *p = &holding->position;
    if (quantity == (p->quantity < 0 ? -p->quantity : p->quantity))
        return close_whole(r, holding, e);
    alpaca_closing_request(p, quantity, &request);
    err = alpaca_check_available(quantity, alpaca_holding_available(holding), e);
    return err ? err : order_place(r, &request, NULL, &style, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_DELETE, .pattern = "/v2/positions/{symbol}", .handler = close_position,
     .scope = KEY_SCOPE_TRADE, .operation_id = "alpacaClosePosition"},
};
/* clang-format on */
const struct http_route_table alpaca_close_routes = HTTP_ROUTE_TABLE(routes);
