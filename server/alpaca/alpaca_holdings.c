#include "server/alpaca/alpaca_holdings.h"

#include "base/decimal.h"
#include "orders/order_request.h"
#include "server/alpaca/alpaca_id.h"
#include "server/app.h"

#include <string.h>

/* ---- open brackets --------------------------------------------------------------------------- */

enum err alpaca_each_open(struct app *app, struct arena *arena, const char *symbol,
                          alpaca_open_fn *visit, void *context, struct error *e)
{
    struct desk_stats stats;
    desk_stats(app->desk, &stats);
    size_t max = (size_t)stats.live;
    struct desk_order **orders = arena_alloc_array(arena, max, sizeof(struct desk_order *));
    enum err err = ERR_OK;
    if (!orders)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders");
    size_t count = desk_open(app->desk, symbol, orders, max);
    for (size_t i = 0; i < count; i++) {
        if (!err)
            err = visit(context, orders[i], e);
        desk_unref(orders[i]);
    }
    return err;
}

/* ---- positions ------------------------------------------------------------------------------- */

/* Which are wanted. */
struct wanted {
    const char *symbol; /* NULL = all */
    bool by_id;
    struct uuid id;
};

static bool is_wanted(const struct wanted *wanted, const char *symbol)
{
    if (!wanted->by_id)
        return !wanted->symbol || strcmp(wanted->symbol, symbol) == 0;
    struct uuid id = alpaca_named_id("asset", symbol);
    return memcmp(&id, &wanted->id, sizeof id) == 0;
}

struct reading {
    struct wanted wanted;
    struct arena *arena;
    struct alpaca_holdings *holdings;
    size_t capacity;
    struct desk_view *view;
    bool full;
};

static void add_position(void *context, const struct desk_position *held)
{
    struct reading *x = context;
    struct alpaca_holdings *h = x->holdings;
    if (held->position.quantity == 0 || x->full ||
        !is_wanted(&x->wanted, held->position.contract.symbol))
        return;
    if (h->count == x->capacity) {
        size_t capacity = x->capacity ? 2 * x->capacity : 16;
        struct alpaca_holding *items = arena_alloc_array(x->arena, capacity, sizeof *items);
        if (!items) {
            x->full = true;
            return;
        }
        if (h->count)
            memcpy(items, h->items, h->count * sizeof *items);
        h->items = items;
        x->capacity = capacity;
    }
    h->items[h->count++] = (struct alpaca_holding){.position = held->position};
}

static struct alpaca_holding *by_symbol(const struct alpaca_holdings *h, const char *symbol)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->items[i].position.contract.symbol, symbol) == 0)
            return &h->items[i];
    return NULL;
}

static enum err add_bracket(void *context, struct desk_order *order, struct error *e)
{
    struct reading *x = context;
    struct bracket_sums sums;
    (void)e;
    desk_view(order, x->view);
    const struct bracket_state *s = &x->view->state;
    struct alpaca_holding *holding = by_symbol(x->holdings, s->spec.contract.symbol);
    bracket_sum(s, &sums);
    if (holding && sums.open > 0)
        holding->in_brackets =
            order_add(holding->in_brackets, s->spec.side == ORDER_BUY ? sums.open : -sums.open);
    return ERR_OK;
}

enum err alpaca_holdings_read(struct app *app, struct arena *arena, const char *symbol_or_id,
                              struct alpaca_holdings *ret, struct error *e)
{
    struct reading x = {.wanted.symbol = symbol_or_id, .arena = arena, .holdings = ret};
    *ret = (struct alpaca_holdings){0};
    x.wanted.by_id = symbol_or_id && uuid_parse(symbol_or_id, strlen(symbol_or_id), &x.wanted.id);
    x.view = arena_alloc(arena, sizeof *x.view);
    enum err err = desk_positions(app->desk, add_position, &x, e);
    if (!err && (!x.view || x.full))
        err = error_set(e, ERR_NO_MEMORY, "no memory for the positions");
    if (err || ret->count == 0)
        return err;
    const char *only = symbol_or_id ? ret->items[0].position.contract.symbol : NULL;
    return alpaca_each_open(app, arena, only, add_bracket, &x, e);
}

int64_t alpaca_holding_available(const struct alpaca_holding *holding)
{
    int64_t quantity = holding->position.quantity;
    int64_t rest = quantity > 0 ? quantity - holding->in_brackets : holding->in_brackets - quantity;
    return rest > 0 ? rest : 0;
}

/* ---- checks before placing ------------------------------------------------------------------- */

/* As positions and quotes name it; a name that is none is refused when the terms are settled. */
static const char *symbol_of(const struct order_request *request, char text[OCC_TEXT_MAX],
                             int64_t *ret_multiplier)
{
    struct occ_symbol occ;
    *ret_multiplier = 1;
    if (!request->occ_symbol)
        return request->symbol;
    if (occ_symbol_parse(request->occ_symbol, strlen(request->occ_symbol), &occ, NULL))
        return request->occ_symbol;
    *ret_multiplier = CONTRACT_OPTION_MULTIPLIER;
    occ_symbol_format_compact(&occ, text);
    return text;
}

enum err alpaca_check_available(int64_t requested, int64_t available, struct error *e)
{
    char requested_text[DECIMAL_MAX_TEXT], available_text[DECIMAL_MAX_TEXT];
    if (requested <= available)
        return ERR_OK;
    decimal_format(requested, requested_text);
    decimal_format(available, available_text);
    return error_set(e, ERR_FORBIDDEN,
                     "insufficient qty available for order (requested: %s, available: %s)",
                     requested_text, available_text);
}

static enum err check_guard(struct app *app, struct arena *arena,
                            const struct order_request *request, const char *symbol,
                            struct error *e)
{
    struct alpaca_holdings holdings;
    enum err err = alpaca_holdings_read(app, arena, symbol, &holdings, e);
    if (err)
        return err;
    const struct alpaca_holding *h = holdings.count ? &holdings.items[0] : NULL;
    bool same_side = h && (h->position.quantity > 0) == (request->side == ORDER_BUY);
    return alpaca_check_available(request->quantity, same_side ? alpaca_holding_available(h) : 0,
                                  e);
}

/* 0 when no price is known. */
static int64_t purchase_price(struct app *app, const struct order_request *request,
                              const char *symbol)
{
    struct order_quote quote;
    int64_t age_ns;
    if (request->entry.has_limit_price)
        return request->entry.limit_price;
    if (request->entry.has_stop_price)
        return request->entry.stop_price;
    return desk_last_quote(app->desk, symbol, &quote, &age_ns) ? quote.ask : 0;
}

static enum err check_purchase(struct app *app, const struct order_request *request,
                               const char *symbol, int64_t multiplier, struct error *e)
{
    struct broker_account account;
    int64_t price = purchase_price(app, request, symbol);
    int64_t cost = order_value(order_value(request->quantity, price), multiplier * DECIMAL_ONE);
    if (app->broker->operations->account(app->broker, &account) != OUTCOME_OK ||
        cost <= account.buying_power)
        return ERR_OK;
    return error_set(e, ERR_FORBIDDEN, "insufficient buying power");
}

enum err alpaca_check_funds(struct app *app, struct arena *arena,
                            const struct order_request *request, struct error *e)
{
    char text[OCC_TEXT_MAX];
    int64_t multiplier;
    const char *symbol = symbol_of(request, text, &multiplier);
    bool guards = request->entry.type == ORDER_TYPE_COUNT; /* held */
    if (guards)
        return check_guard(app, arena, request, symbol, e);
    bool covers = desk_held(app->desk, symbol) < 0;
    if (request->side == ORDER_SELL || covers)
        return ERR_OK;
    return check_purchase(app, request, symbol, multiplier, e);
}
