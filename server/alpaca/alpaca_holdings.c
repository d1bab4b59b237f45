#include "server/alpaca/alpaca_holdings.h"

#include "base/decimal.h"
#include "orders/order_request.h"
#include "server/alpaca/alpaca_id.h"
#include "server/app.h"

#include <string.h>

enum { PAGE_ORDERS = LIMIT_PAGE_ITEMS };

/* ---- live brackets --------------------------------------------------------------------------- */

uint32_t alpaca_live_statuses(void)
{
    uint32_t statuses = 0;
    for (int status = BRACKET_NONE + 1; status < BRACKET_STATUS_COUNT; status++)
        if (!bracket_status_final((enum bracket_status)status))
            statuses |= UINT32_C(1) << status;
    return statuses;
}

struct page {
    struct uuid *ids;
    size_t count;
};

static bool add_id(void *context, const struct order_header *header)
{
    struct page *page = context;
    page->ids[page->count++] = header->id;
    return true;
}

enum err alpaca_each_live(struct app *app, struct arena *arena, const char *symbol,
                          alpaca_live_fn *visit, void *context, struct error *e)
{
    struct order_store *store = app->order_store;
    struct page page = {.ids = arena_alloc_array(arena, PAGE_ORDERS, sizeof(struct uuid))};
    struct order_query query = {
        .symbol = symbol, .statuses = alpaca_live_statuses(), .limit = PAGE_ORDERS};
    enum err err = ERR_OK;
    if (!page.ids)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders");
    do {
        page.count = 0;
        err = store->operations->list(store, &query, add_id, &page, e);
        for (size_t i = 0; !err && i < page.count; i++) {
            struct desk_order *order = desk_find(app->desk, &page.ids[i]);
            err = order ? visit(context, order, e) : ERR_OK;
            desk_unref(order);
            query.before = page.ids[i];
            query.has_before = true;
        }
    } while (!err && page.count == PAGE_ORDERS);
    return err;
}

/* ---- positions ------------------------------------------------------------------------------- */

struct reading {
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
    if (held->position.quantity == 0 || x->full)
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

enum err alpaca_holdings_read(struct app *app, struct arena *arena, struct alpaca_holdings *ret,
                              struct error *e)
{
    struct reading x = {.arena = arena, .holdings = ret};
    *ret = (struct alpaca_holdings){0};
    x.view = arena_alloc(arena, sizeof *x.view);
    enum err err = desk_positions(app->desk, add_position, &x, e);
    if (!err && (!x.view || x.full))
        err = error_set(e, ERR_NO_MEMORY, "no memory for the positions");
    if (err || ret->count == 0)
        return err;
    return alpaca_each_live(app, arena, NULL, add_bracket, &x, e);
}

const struct alpaca_holding *alpaca_holdings_find(const struct alpaca_holdings *holdings,
                                                  const char *symbol_or_id)
{
    struct uuid id;
    const struct alpaca_holding *found = by_symbol(holdings, symbol_or_id);
    if (found || !uuid_parse(symbol_or_id, strlen(symbol_or_id), &id))
        return found;
    for (size_t i = 0; i < holdings->count; i++) {
        struct uuid asset = alpaca_named_id("asset", holdings->items[i].position.contract.symbol);
        if (memcmp(&asset, &id, sizeof id) == 0)
            return &holdings->items[i];
    }
    return NULL;
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

static enum err check_guard(const struct order_request *request,
                            const struct alpaca_holding *holding, struct error *e)
{
    char requested[DECIMAL_MAX_TEXT], available_text[DECIMAL_MAX_TEXT];
    bool same_side = holding && (holding->position.quantity > 0) == (request->side == ORDER_BUY);
    int64_t available = same_side ? alpaca_holding_available(holding) : 0;
    if (request->quantity <= available)
        return ERR_OK;
    decimal_format(request->quantity, requested);
    decimal_format(available, available_text);
    return error_set(e, ERR_FORBIDDEN,
                     "insufficient qty available for order (requested: %s, available: %s)",
                     requested, available_text);
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
    struct alpaca_holdings holdings;
    if (!guards && request->side == ORDER_SELL)
        return ERR_OK;
    enum err err = alpaca_holdings_read(app, arena, &holdings, e);
    if (err)
        return err;
    const struct alpaca_holding *holding = by_symbol(&holdings, symbol);
    if (guards)
        return check_guard(request, holding, e);
    bool covers = holding && holding->position.quantity < 0;
    return covers ? ERR_OK : check_purchase(app, request, symbol, multiplier, e);
}
