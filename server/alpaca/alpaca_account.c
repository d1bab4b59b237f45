/* GET /v2/account: what the broker says of the account, in Alpaca's form. There is no margin here:
 * every kind of buying power is the broker's one. */
#include "base/decimal.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_id.h"
#include "server/alpaca/alpaca_position_json.h"
#include "server/api/api.h"
#include "server/app.h"

static void member(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_decimal(w, value);
}

static void write_identity(struct json_writer *w, const struct broker_account *account)
{
    struct uuid id = alpaca_named_id("account", account->id);
    char text[UUID_TEXT];
    uuid_format(&id, text);
    json_member_string(w, "id", text);
    json_member_string(w, "account_number", account->id);
    json_member_string(w, "status", "ACTIVE");
    json_member_string(w, "crypto_status", "INACTIVE");
    json_member_string(w, "currency", "USD");
    json_member_string(w, "created_at", NULL);
}

static void write_money(struct json_writer *w, const struct broker_account *account)
{
    static const char *const buying_powers[] = {
        "buying_power", "regt_buying_power", "options_buying_power", "non_marginable_buying_power",
        "effective_buying_power"};
    static const char *const none[] = {"daytrading_buying_power", "accrued_fees",
                                       "pending_transfer_in",     "pending_transfer_out",
                                       "initial_margin",          "maintenance_margin",
                                       "last_maintenance_margin", "sma"};
    for (size_t i = 0; i < sizeof buying_powers / sizeof buying_powers[0]; i++)
        member(w, buying_powers[i], account->buying_power);
    member(w, "cash", account->cash);
    member(w, "equity", account->equity);
    member(w, "portfolio_value", account->equity);
    /* That of the day before is not kept. */
    member(w, "last_equity", account->equity);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        member(w, none[i], 0);
}

static void write_market_values(struct json_writer *w, struct desk *desk,
                                const struct alpaca_holdings *holdings)
{
    int64_t sums[2] = {0}; /* long, short */
    for (size_t i = 0; i < holdings->count; i++) {
        int64_t value;
        if (!alpaca_market_value(desk, &holdings->items[i].position, NULL, &value))
            continue;
        int64_t *sum = &sums[holdings->items[i].position.quantity < 0];
        *sum = order_add(*sum, value);
    }
    member(w, "long_market_value", sums[0]);
    member(w, "short_market_value", sums[1]);
    member(w, "position_market_value", order_add(sums[0], sums[1]));
}

static void write_rights(struct json_writer *w, struct app *app,
                         const struct broker_account *account)
{
    const char *why;
    json_member_string(w, "multiplier", "1");
    json_member_int(w, "daytrade_count", 0);
    json_member_int(w, "options_approved_level", 3);
    json_member_int(w, "options_trading_level", 3);
    json_member_bool(w, "shorting_enabled", true);
    json_member_bool(w, "pattern_day_trader", false);
    json_member_bool(w, "trading_blocked", account->blocked || !desk_ready(app->desk, &why));
    json_member_bool(w, "transfers_blocked", false);
    json_member_bool(w, "account_blocked", account->blocked);
    json_member_bool(w, "trade_suspended_by_user", desk_paused(app->desk));
}

static enum err get_account(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct broker_account account;
    struct alpaca_holdings holdings;
    struct json_writer w;
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = alpaca_holdings_read(app, r->arena, NULL, &holdings, e)))
        return err;
    if (app->broker->operations->account(app->broker, &account) != OUTCOME_OK)
        return error_set(e, ERR_UNAVAILABLE, "the broker does not tell the account");
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    write_identity(&w, &account);
    write_money(&w, &account);
    write_market_values(&w, app->desk, &holdings);
    write_rights(&w, app, &account);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v2/account", .handler = get_account, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetAccount"},
};
/* clang-format on */
const struct http_route_table alpaca_account_routes = HTTP_ROUTE_TABLE(routes);
