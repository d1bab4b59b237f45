/* /v1/positions and /v1/account: what the fills add up to, and what the broker says. */
#include "base/decimal.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/app.h"
#include "server/orders/orders.h"

#include <stdio.h>
#include <string.h>

static void member_decimal(struct json_writer *w, const char *name, bool known, int64_t value)
{
    json_key(w, name);
    if (known)
        json_decimal(w, value);
    else
        json_null(w);
}

/* ---- positions ------------------------------------------------------------------------------- */

/* The price at which a position could be closed now; false when there is no quote. */
static bool closing_price(struct desk *desk, const struct position *p, int64_t *ret)
{
    struct order_quote quote;
    int64_t age_ns;
    if (p->quantity == 0 || !desk_last_quote(desk, p->contract.symbol, &quote, &age_ns))
        return false;
    *ret = p->quantity > 0 ? quote.bid : quote.ask;
    return *ret > 0;
}

static int64_t value_of(const struct position *p, int64_t price)
{
    int64_t value = order_value(p->quantity < 0 ? -p->quantity : p->quantity, price);
    value = p->quantity < 0 ? -value : value;
    return value > INT64_MAX / CONTRACT_OPTION_MULTIPLIER ||
                   value < INT64_MIN / CONTRACT_OPTION_MULTIPLIER
               ? value
               : value * p->contract.multiplier;
}

static void write_position(struct json_writer *w, struct desk *desk,
                           const struct desk_position *held)
{
    const struct position *p = &held->position;
    struct occ_symbol occ;
    int64_t price = 0;
    bool option =
        p->contract.kind == CONTRACT_OPTION &&
        occ_symbol_parse(p->contract.symbol, strlen(p->contract.symbol), &occ, NULL) == ERR_OK;
    bool priced = closing_price(desk, p, &price);
    json_begin_object(w);
    json_member_string(w, "symbol", option ? occ.root : p->contract.symbol);
    json_member_string(w, "occ_symbol", option ? p->contract.symbol : NULL);
    json_member_int(w, "multiplier", p->contract.multiplier);
    member_decimal(w, "quantity", true, p->quantity);
    member_decimal(w, "average_price", p->quantity != 0, position_average_price(p));
    member_decimal(w, "market_price", priced, price);
    member_decimal(w, "market_value", priced || p->quantity == 0, value_of(p, price));
    member_decimal(w, "unrealized_pnl", priced || p->quantity == 0,
                   priced ? position_unrealized(p, price) : 0);
    member_decimal(w, "realized_pnl", true, p->realized);
    member_decimal(w, "bought_quantity", true, p->bought);
    member_decimal(w, "sold_quantity", true, p->sold);
    member_decimal(w, "unprotected_quantity", true, held->unprotected_quantity);
    json_end_object(w);
}

/* A page of them, by symbol. */
struct position_page {
    struct desk *desk;
    struct json_writer *w;
    bool closed; /* those that are flat by now too */
    int64_t limit, count;
    char after[CURSOR_PLACE]; /* the last symbol of the page before, then of this one */
    bool more;
};

static void add_to_page(void *context, const struct desk_position *held)
{
    struct position_page *page = context;
    const struct position *p = &held->position;
    if ((p->quantity == 0 && !page->closed) || strcmp(p->contract.symbol, page->after) <= 0)
        return;
    page->more = page->count == page->limit;
    if (page->more)
        return;
    page->count++;
    snprintf(page->after, sizeof page->after, "%s", p->contract.symbol);
    write_position(page->w, page->desk, held);
}

static enum err read_page(const struct http_request *r, struct position_page *page, struct error *e)
{
    static const char *const names[] = {"closed", "limit", "cursor", NULL};
    enum err err;
    page->limit = LIMIT_PAGE_ITEMS_DEFAULT;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_bool(r, "closed", &page->closed, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &page->limit, e)))
        return err;
    return cursor_read(r, "position", page->after, e);
}

static enum err get_positions(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct json_writer w;
    struct position_page page = {.desk = app->desk, .w = &w};
    char cursor[CURSOR_TEXT];
    enum err err = read_page(r, &page, e);
    if (err)
        return err;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    err = desk_positions(app->desk, add_to_page, &page, e);
    json_end_array(&w);
    if (page.more)
        cursor_write(cursor, "position", "%s", page.after);
    json_member_string(&w, "next_cursor", page.more ? cursor : NULL);
    json_end_object(&w);
    return err ? err : http_respond_json(out, 200, e);
}

/* ---- account --------------------------------------------------------------------------------- */

struct sums {
    int64_t unprotected, realized;
};

static void sum_position(void *context, const struct desk_position *held)
{
    struct sums *sums = context;
    sums->unprotected = order_add(sums->unprotected, held->unprotected_quantity);
    sums->realized = order_add(sums->realized, held->position.realized);
}

/* Nulls while the broker does not answer. */
static void write_broker(struct json_writer *w, struct broker *broker)
{
    struct broker_account account = {.cash = 0};
    bool known = broker->operations->account(broker, &account) == OUTCOME_OK;
    json_member_string(w, "broker", broker->operations->capabilities(broker)->name);
    json_member_string(w, "account_id", known ? account.id : NULL);
    member_decimal(w, "cash", known, account.cash);
    member_decimal(w, "equity", known, account.equity);
    member_decimal(w, "buying_power", known, account.buying_power);
    json_key(w, "blocked");
    if (known)
        json_bool(w, account.blocked);
    else
        json_null(w);
}

static void write_orders(struct json_writer *w, const struct desk_stats *stats)
{
    json_key(w, "orders");
    json_begin_object(w);
    json_member_int(w, "live", stats->live);
    json_member_int(w, "threads", stats->threads);
    json_member_int(w, "in_doubt", stats->unresolved);
    json_end_object(w);
    json_key(w, "alarms");
    json_begin_object(w);
    json_member_int(w, "unprotected", stats->unprotected);
    json_member_int(w, "needs_review", stats->needs_review);
    json_member_int(w, "stuck", stats->stuck);
    json_member_int(w, "unstored", stats->unstored);
    json_end_object(w);
}

static enum err get_account(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct desk_stats stats;
    struct sums sums = {0};
    const char *why;
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = desk_positions(app->desk, sum_position, &sums, e)))
        return err;
    desk_stats(app->desk, &stats);
    bool paused = desk_paused(app->desk);
    bool ready = desk_ready(app->desk, &why);
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    write_broker(&w, app->broker);
    member_decimal(&w, "realized_pnl", true, sums.realized);
    member_decimal(&w, "unprotected_quantity", true, sums.unprotected);
    write_orders(&w, &stats);
    json_member_bool(&w, "kill_switch", paused);
    json_member_bool(&w, "accepts_orders", ready && !paused);
    json_member_string(&w, "why_not", !ready ? why : paused ? "the kill switch is on" : NULL);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/positions", .handler = get_positions, .scope = KEY_SCOPE_READ,
     .operation_id = "listPositions"},
    {.method = HTTP_GET, .pattern = "/v1/account", .handler = get_account, .scope = KEY_SCOPE_READ,
     .operation_id = "getAccount"},
};
/* clang-format on */
const struct http_route_table holdings_routes = HTTP_ROUTE_TABLE(routes);
