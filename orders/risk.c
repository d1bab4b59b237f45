#include "orders/risk.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "orders/machine.h"

#include <string.h>

/* ---- what counts ----------------------------------------------------------------------------- */

/* Both what is asked for now and what is still out at the broker under older terms. */
static int64_t quantity_of(const struct bracket_state *s, const struct bracket_sums *sums)
{
    int64_t open = sums->open > 0 ? sums->open : 0;
    if (bracket_entry_done(s, sums))
        return open;
    int64_t asked = s->spec.quantity;
    if (sums->entry_reserved > asked)
        asked = sums->entry_reserved;
    int64_t may_fill = order_subtract(asked, sums->entered);
    return order_add(open, may_fill > 0 ? may_fill : 0);
}

static int64_t named_price(int64_t limit_price, int64_t stop_price)
{
    return limit_price ? limit_price : stop_price;
}

static int64_t highest_named_price(const struct bracket_state *s)
{
    int64_t highest = named_price(s->spec.limit_price, s->spec.stop_price);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (o->generation <= 0 || o->leg != LEG_ENTRY || !leg_order_live(o))
            continue;
        int64_t price = named_price(o->limit_price, o->stop_price);
        if (price > highest)
            highest = price;
    }
    return highest;
}

static int64_t notional_of(const struct bracket_spec *spec, int64_t quantity, int64_t price)
{
    return order_value(order_value(quantity, price), spec->contract.multiplier * DECIMAL_ONE);
}

static int64_t price_of(const struct bracket_state *s, int64_t reference_price)
{
    int64_t price = highest_named_price(s);
    if (price)
        return price;
    struct bracket_summary summary;
    bracket_summarize(s, (struct order_clock){0}, &summary);
    return summary.average_fill_price ? summary.average_fill_price : reference_price;
}

void risk_of(const struct bracket_state *s, int64_t reference_price, struct risk_part *ret)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    ret->quantity = quantity_of(s, &sums);
    ret->notional = notional_of(&s->spec, ret->quantity, price_of(s, reference_price));
}

void risk_add(struct risk_use *use, const struct bracket_state *s, const char *symbol,
              int64_t reference_price)
{
    struct risk_part part;
    risk_of(s, reference_price, &part);
    if (strcmp(s->spec.contract.symbol, symbol) == 0)
        use->quantity = order_add(use->quantity, part.quantity);
    use->notional = order_add(use->notional, part.notional);
}

int64_t risk_spec_notional(const struct bracket_spec *spec, int64_t reference_price)
{
    int64_t price = named_price(spec->limit_price, spec->stop_price);
    if (!price)
        price = reference_price;
    return price > 0 ? notional_of(spec, spec->quantity, price) : 0;
}

/* ---- orders a minute ------------------------------------------------------------------------- */

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

/* ---- limits ---------------------------------------------------------------------------------- */

static struct risk_growth of_a_new_one(const struct bracket_spec *spec, int64_t reference_price)
{
    int64_t whole = risk_spec_notional(spec, reference_price);
    return (struct risk_growth){.after = {.quantity = spec->quantity, .notional = whole},
                                .whole_after = whole};
}

void risk_growth_of(const struct bracket_state *before, const struct bracket_state *after,
                    int64_t reference_price, struct risk_growth *ret)
{
    risk_of(before, reference_price, &ret->before);
    risk_of(after, reference_price, &ret->after);
    ret->whole_before = risk_spec_notional(&before->spec, reference_price);
    ret->whole_after = risk_spec_notional(&after->spec, reference_price);
}

bool risk_grows(const struct risk_growth *g)
{
    return g->after.quantity > g->before.quantity || g->after.notional > g->before.notional ||
           g->whole_after > g->whole_before;
}

/* It grows in quantity, and nobody can say what that comes to. */
static bool cannot_be_told(const struct risk_growth *g)
{
    return g->after.quantity > g->before.quantity && g->after.notional <= 0;
}

static bool over(int64_t limit, int64_t others, int64_t before, int64_t after)
{
    return limit && after > before && order_add(others, after) > limit;
}

enum err risk_check_growth(const struct risk_limits *limits, const struct risk_use *others,
                           const struct risk_growth *g, struct error *e)
{
    if (over(limits->quantity, others->quantity, g->before.quantity, g->after.quantity))
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "open and working quantity would be over the limit");
    if (limits->notional && cannot_be_told(g))
        return error_field(e, ERR_FORBIDDEN, "/entry",
                           "without a quote the notional cannot be held against its limit");
    if (over(limits->notional, others->notional, g->before.notional, g->after.notional))
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "open and working notional would be over the limit");
    return ERR_OK;
}

enum err risk_check_key_growth(const struct risk_key_limits *limits, int64_t others_notional,
                               const struct risk_growth *g, struct error *e)
{
    if ((limits->order_notional || limits->open_notional) && cannot_be_told(g))
        return error_field(e, ERR_FORBIDDEN, "/entry",
                           "the key's orders are limited in notional, which cannot be told without "
                           "a limit price or a quote");
    if (over(limits->order_notional, 0, g->whole_before, g->whole_after))
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "the order's notional would be over the key's max_order_notional");
    if (over(limits->open_notional, others_notional, g->before.notional, g->after.notional))
        return error_field(e, ERR_FORBIDDEN, "/quantity",
                           "with the key's open orders the notional would be over its "
                           "max_open_notional");
    return ERR_OK;
}

enum err risk_check_key(const struct risk_key_limits *limits, int64_t open_notional,
                        const struct bracket_spec *spec, int64_t reference_price, struct error *e)
{
    struct risk_growth g = of_a_new_one(spec, reference_price);
    return risk_check_key_growth(limits, open_notional, &g, e);
}

enum err risk_check(const struct risk_limits *limits, const struct risk_use *use,
                    const struct risk_rate *rate, const struct bracket_spec *spec,
                    int64_t reference_price, int64_t steady_ns, struct error *e)
{
    if (limits->orders_per_minute && risk_rate_count(rate, steady_ns) >= limits->orders_per_minute)
        return error_set(e, ERR_BUSY, "more than %d orders a minute", limits->orders_per_minute);
    struct risk_growth g = of_a_new_one(spec, reference_price);
    return risk_check_growth(limits, use, &g, e);
}
