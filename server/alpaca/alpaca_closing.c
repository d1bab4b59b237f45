#include "server/alpaca/alpaca_closing.h"

#include "server/alpaca/alpaca_order.h"
#include "server/app.h"

#include <string.h>

void alpaca_closing_request(const struct position *position, int64_t quantity,
                            struct order_request *ret)
{
    order_request_init(ret);
    if (position->contract.kind == CONTRACT_OPTION)
        ret->occ_symbol = position->contract.symbol;
    else
        ret->symbol = position->contract.symbol;
    ret->side = position->quantity > 0 ? ORDER_SELL : ORDER_BUY;
    ret->quantity = quantity;
    ret->has_entry = true;
}

void alpaca_write_closing(const struct desk_view *view, struct json_writer *w)
{
    struct alpaca_group group;
    alpaca_group_make(&view->header, &view->state, &group);
    const struct alpaca_order *last = &group.orders[group.count - 1];
    alpaca_order_write(&group, last->leg == LEG_EXIT ? last : &group.orders[0], true, w);
}

/* ---- what brackets hold ---------------------------------------------------------------------- */

static enum err ask(struct alpaca_closing *c, struct desk_order *order, bool close, struct error *e)
{
    alpaca_gather_expect(c->gather);
    enum err err = close ? desk_close(order, 0, alpaca_gather_done, c->gather, e)
                         : desk_cancel(order, 0, alpaca_gather_done, c->gather, e);
    if (err)
        alpaca_gather_forget(c->gather);
    return err;
}

/* With the market exit that it is going to have. */
static void tell_bracket(struct alpaca_closing *c)
{
    struct strbuf *text = alpaca_gather_text(c->gather);
    struct json_writer w;
    if (!c->view->state.closing)
        c->view->state.closing = CLOSE_MANUAL;
    strbuf_clear(text);
    json_writer_init(&w, text);
    alpaca_write_closing(c->view, &w);
    c->tell(c, c->view->header.symbol, text);
    c->told++;
}

static enum err close_or_cancel(void *context, struct desk_order *order, struct error *e)
{
    struct alpaca_closing *c = context;
    struct bracket_sums sums;
    desk_view(order, c->view);
    bracket_sum(&c->view->state, &sums);
    bool holds = sums.open > 0;
    enum err err = holds || c->cancel_entries ? ask(c, order, holds, e) : ERR_OK;
    if (!err && holds)
        tell_bracket(c);
    return err;
}

enum err alpaca_close_brackets(struct alpaca_closing *c, const char *symbol, struct error *e)
{
    return alpaca_each_open(c->request->app, c->request->arena, symbol, close_or_cancel, c, e);
}

/* ---- what no bracket holds ------------------------------------------------------------------- */

/* Called within desk_place. */
static bool describe(void *context, const struct desk_view *view, struct strbuf *out)
{
    struct strbuf *text = alpaca_gather_text(context);
    struct json_writer w;
    (void)out; /* nobody asks for it again */
    json_writer_init(&w, text);
    alpaca_write_closing(view, &w);
    return !strbuf_failed(text);
}

enum err alpaca_close_rest(struct alpaca_closing *c, const struct alpaca_holding *holding,
                           struct error *e)
{
    struct app *app = c->request->app;
    int64_t rest = alpaca_holding_available(holding);
    struct order_request request;
    struct bracket_spec spec;
    struct desk_placement placement = {.spec = &spec, .describe = describe};
    if (rest == 0)
        return ERR_OK;
    alpaca_closing_request(&holding->position, rest, &request);
    uuid_parse(c->request->identity.id, strlen(c->request->identity.id), &placement.key_id);
    enum err err =
        order_request_settle(&request, app->broker->operations->capabilities(app->broker),
                             app->hours, clock_realtime_ns(c->request->clock), &spec, e);
    if (err)
        return err;
    struct strbuf *text = alpaca_gather_text(c->gather);
    strbuf_clear(text);
    alpaca_gather_expect(c->gather);
    err = desk_place(app->desk, &placement, alpaca_gather_done, c->gather, e);
    if (err) {
        alpaca_gather_forget(c->gather);
        return err;
    }
    c->tell(c, spec.contract.symbol, text);
    c->told++;
    return ERR_OK;
}
