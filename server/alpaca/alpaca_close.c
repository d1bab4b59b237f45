/* DELETE /v2/positions/{symbol}. */
#include "base/decimal.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_closing.h"
#include "server/alpaca/alpaca_query.h"
#include "server/app.h"
#include "server/orders/order_placing.h"

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

/* ---- as a whole ------------------------------------------------------------------------------ */

/* Of several orders the first is the answer. */
static void tell_first(struct alpaca_closing *c, const char *symbol, const struct strbuf *order)
{
    (void)symbol;
    if (c->told == 0)
        json_raw(c->w, strbuf_text(order), order->length);
}

static enum err close_holding(struct alpaca_closing *c, const struct alpaca_holding *holding,
                              struct error *e)
{
    const char *symbol = holding->position.contract.symbol;
    enum err err = alpaca_close_brackets(c, symbol, e);
    if (!err)
        err = alpaca_close_rest(c, holding, e);
    if (!err && c->told == 0)
        err = error_set(e, ERR_NOT_FOUND, "position does not exist: %s", symbol);
    return err;
}

static enum err close_whole(struct http_request *r, const struct alpaca_holding *holding,
                            struct error *e)
{
    struct http_response *out = http_request_response(r);
    struct json_writer w;
    struct alpaca_closing c = {.request = r,
                               .w = &w,
                               .tell = tell_first,
                               .view = arena_alloc(r->arena, sizeof(struct desk_view))};
    enum err err = ERR_OK;
    if (!c.view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    if ((err = alpaca_gather_begin(r, &c.gather, e)))
        return err;
    json_writer_init(&w, &out->body);
    err = close_holding(&c, holding, e);
    if (!err)
        err = http_respond_json(out, 200, e);
    alpaca_gather_end(c.gather, err ? e : NULL);
    return ERR_OK;
}

/* ---- or a part ------------------------------------------------------------------------------- */

static enum err close_part(struct http_request *r, const struct alpaca_holding *holding,
                           int64_t quantity, struct error *e)
{
    static const struct order_style style = {.write = alpaca_write_closing, .status = 200};
    struct order_request request;
    enum err err = alpaca_check_available(quantity, alpaca_holding_available(holding), e);
    if (err)
        return err;
    alpaca_closing_request(&holding->position, quantity, &request);
    return order_place(r, &request, NULL, &style, e);
}

static enum err close_position(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"qty", "percentage", NULL};
    struct alpaca_holdings holdings;
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
    int64_t held = holding->position.quantity;
    if (quantity == (held < 0 ? -held : held))
        return close_whole(r, holding, e);
    return close_part(r, holding, quantity, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_DELETE, .pattern = "/v2/positions/{symbol}", .handler = close_position,
     .scope = KEY_SCOPE_TRADE, .operation_id = "alpacaClosePosition"},
};
/* clang-format on */
const struct http_route_table alpaca_close_routes = HTTP_ROUTE_TABLE(routes);
