#include "orders/risk.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "orders/machine.h"

#include <string.h>

int64_t risk_quantity(const struct bracket_state *s)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    int64_t open = sums.open > 0 ? sums.open : 0;
    if (bracket_entry_done(s, &sums))
        return open;
    int64_t may_fill = order_subtract(s->spec.quantity, sums.entered);
    return order_add(open, may_fill > 0 ? may_fill : 0);
}

static int64_t price_of(const struct bracket_spec *spec, int64_t average, int64_t reference_price)
{
    int64_t price = spec->limit_price ? spec->limit_price : spec->stop_price;
    if (!price)
        price = average ? average : reference_price;
    return price;
}

static int64_t notional_of(const struct bracket_spec *spec, int64_t quantity, int64_t price)
{
    return order_value(order_value(quantity, price), spec->contract.multiplier * DECIMAL_ONE);
}

int64_t risk_notional(const struct bracket_state *s, int64_t reference_price)
{
    struct bracket_summary summary;
    bracket_summarize(s, (struct order_clock){0}, &summary);
    return notional_of(&s->spec, risk_quantity(s),
                       price_of(&s->spec, summary.average_fill_price, reference_price));
}

void risk_add(struct risk_use *use, const struct bracket_state *s, const char *symbol,
              int64_t reference_price)
{
    if (strcmp(s->spec.contract.symbol, symbol) == 0)
        use->quantity = order_add(use->quantity, risk_quantity(s));
    use->notional = order_add(use->notional, risk_notional(s, reference_price));
}

/* The count of a second is kept at its remainder; seconds that were passed over are cleared. */
void risk_rate_add(struct risk_rate *rate, int64_t steady_ns)
{
    int64_t second = steady_ns / NS_PER_SECOND;
    int64_t passed = second - rate->newest_s;
    if (passed > RISK_RATE_SECONDS)
        passed = RISK_RATE_SECONDS;
    for (int64_t i = 0; i < passed; i++)
        rate->counts[(second - i) % RISK_RATE_SECONDS] = 0;
    if (second > rate->newest_s)
        rate->newest_s = second;
    rate->counts[second % RISK_RATE_SECONDS]++;
}

int32_t risk_rate_count(const struct risk_rate *rate, int64_t steady_ns)
{
    int64_t second = steady_ns / NS_PER_SECOND;
    int32_t count = 0;
    for (int64_t i = 0; i < RISK_RATE_SECONDS && second - i >= 0; i++)
        if (second - i <= rate->newest_s && second - i > rate->newest_s - RISK_RATE_SECONDS)
            count += rate->counts[(second - i) % RISK_RATE_SECONDS];
    return count;
}

int64_t risk_spec_notional(const struct bracket_spec *spec, int64_t reference_price)
{
    int64_t price = price_of(spec, 0, reference_price);
    return price > 0 ? notional_of(spec, spec->quantity, price) : 0;
}

enum err risk_check_key(const struct risk_key_limits *limits, int64_t open_notional,
                        const struct bracket_spec *spec, int64_t reference_price, struct error *e)
{
    if (!limits->order_notional && !limits->open_notional)
        return ERR_OK;
    int64_t notional = risk_spec_notional(spec, reference_price);
    if (!notional)
        return error_field(e, ERR_FORBIDDEN, "/entry",
                           "the key's orders are limited in notional, which cannot be told without "
                           "a limit price or a quote");
    if (limits->order_notional && notional > limits->order_notional)
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "the order's notional would be over the key's max_order_notional");
    if (limits->open_notional && order_add(open_notional, notional) > limits->open_notional)
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "with the key's open orders the notional would be over its "
                           "max_open_notional");
    return ERR_OK;
}

enum err risk_check(const struct risk_limits *limits, const struct risk_use *use,
                    const struct risk_rate *rate, const struct bracket_spec *spec,
                    int64_t reference_price, int64_t steady_ns, struct error *e)
{
    if (limits->orders_per_minute && risk_rate_count(rate, steady_ns) >= limits->orders_per_minute)
        return error_set(e, ERR_BUSY, "more than %d orders a minute", limits->orders_per_minute);
    if (limits->quantity && order_add(use->quantity, spec->quantity) > limits->quantity)
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "open and working quantity would be over the limit");
    int64_t price = price_of(spec, 0, reference_price);
    if (limits->notional && price <= 0)
        return error_field(e, ERR_FORBIDDEN, "/entry",
                           "without a quote the notional cannot be held against its limit");
    int64_t notional = notional_of(spec, spec->quantity, price);
    if (limits->notional && order_add(use->notional, notional) > limits->notional)
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "open and working notional would be over the limit");
    return ERR_OK;
}
