#include "server/alpaca/alpaca_position_json.h"

#include "base/decimal.h"
#include "server/alpaca/alpaca_id.h"

bool alpaca_market_value(struct desk *desk, const struct position *position, int64_t *ret_price,
                         int64_t *ret_value)
{
    struct order_quote quote;
    int64_t age_ns;
    if (!desk_last_quote(desk, position->contract.symbol, &quote, &age_ns))
        return false;
    int64_t price = position->quantity > 0 ? quote.bid : quote.ask;
    if (price <= 0)
        return false;
    if (ret_price)
        *ret_price = price;
    *ret_value = order_value(order_value(position->quantity, price),
                             position->contract.multiplier * DECIMAL_ONE);
    return true;
}

static void member(struct json_writer *w, const char *name, bool known, int64_t value)
{
    json_key(w, name);
    if (known)
        json_decimal(w, value);
    else
        json_null(w);
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

static void write_values(struct desk *desk, const struct position *p, struct json_writer *w)
{
    static const char *const unknown[] = {"unrealized_intraday_pl", "unrealized_intraday_plpc",
                                          "lastday_price", "change_today"};
    int64_t price = 0, value = 0;
    int64_t cost = order_value(p->cost, p->contract.multiplier * DECIMAL_ONE);
    bool priced = alpaca_market_value(desk, p, &price, &value);
    int64_t gain = order_subtract(value, cost);
    member(w, "market_value", priced, value);
    member(w, "cost_basis", true, cost);
    member(w, "unrealized_pl", priced, gain);
    member(w, "unrealized_plpc", priced && cost, order_average(gain, magnitude(cost)));
    member(w, "current_price", priced, price);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        json_member_string(w, unknown[i], NULL);
}

void alpaca_position_write(struct desk *desk, const struct alpaca_holding *holding,
                           struct json_writer *w)
{
    const struct position *p = &holding->position;
    bool option = p->contract.kind == CONTRACT_OPTION;
    struct uuid asset = alpaca_named_id("asset", p->contract.symbol);
    char id[UUID_TEXT];
    int64_t available = alpaca_holding_available(holding);
    uuid_format(&asset, id);
    json_begin_object(w);
    json_member_string(w, "asset_id", id);
    json_member_string(w, "symbol", p->contract.symbol);
    json_member_string(w, "exchange", "");
    json_member_string(w, "asset_class", option ? "us_option" : "us_equity");
    json_member_bool(w, "asset_marginable", false);
    member(w, "qty", true, p->quantity);
    member(w, "qty_available", true, p->quantity < 0 ? -available : available);
    member(w, "avg_entry_price", true, position_average_price(p));
    json_member_string(w, "side", p->quantity > 0 ? "long" : "short");
    write_values(desk, p, w);
    json_end_object(w);
}
