#include "orders/exit_price.h"

#include "base/decimal.h"

enum { ANCHOR_MOVES_BY = 20 };

static bool bought(const struct bracket_state *s)
{
    return s->spec.side == ORDER_BUY;
}

static int64_t entry_average(const struct bracket_sums *sums)
{
    return order_average(sums->entered_value, sums->entered);
}

static int64_t percent_of(int64_t price, int64_t percent)
{
    return order_value(price, percent) / 100;
}

/* `distance` away from `from`, up or down, on a step of the contract; 0 when `from` is not known.
 */
static int64_t level(const struct bracket_state *s, int64_t from, int64_t distance, bool up)
{
    if (from <= 0)
        return 0;
    return contract_round(&s->spec.contract,
                          up ? order_add(from, distance) : order_subtract(from, distance));
}

int64_t exit_take_profit_price(const struct bracket_state *s, const struct bracket_sums *sums)
{
    const struct exit_terms *t = &s->spec.take_profit;
    int64_t average = entry_average(sums);
    switch (t->kind) {
    case EXIT_PRICE:
        return t->value;
    case EXIT_PERCENT:
        return level(s, average, percent_of(average, t->value), bought(s));
    case EXIT_OFFSET:
        return level(s, average, t->value, bought(s));
    default:
        return 0;
    }
}

static int64_t anchor_or_average(const struct bracket_state *s, const struct bracket_sums *sums)
{
    return s->anchor ? s->anchor : entry_average(sums);
}

int64_t exit_stop_price(const struct bracket_state *s, const struct bracket_sums *sums)
{
    const struct exit_terms *t = &s->spec.stop_loss;
    int64_t average = entry_average(sums);
    int64_t anchor = anchor_or_average(s, sums);
    switch (t->kind) {
    case EXIT_PRICE:
        return t->value;
    case EXIT_PERCENT:
        return level(s, average, percent_of(average, t->value), !bought(s));
    case EXIT_OFFSET:
        return level(s, average, t->value, !bought(s));
    case EXIT_TRAIL_PERCENT:
        return level(s, anchor, percent_of(anchor, t->value), !bought(s));
    case EXIT_TRAIL_PRICE:
        return level(s, anchor, t->value, !bought(s));
    default:
        return 0;
    }
}

int64_t exit_market_price(const struct bracket_state *s, const struct order_quote *q)
{
    return bought(s) ? q->bid : q->ask;
}

bool exit_take_profit_met(const struct bracket_state *s, int64_t level_price, int64_t price)
{
    return level_price > 0 && (bought(s) ? price >= level_price : price <= level_price);
}

bool exit_stop_met(const struct bracket_state *s, int64_t level_price, int64_t price)
{
    return level_price > 0 && (bought(s) ? price <= level_price : price >= level_price);
}

int64_t exit_anchor(const struct bracket_state *s, const struct bracket_sums *sums, int64_t price)
{
    const struct exit_terms *t = &s->spec.stop_loss;
    if (t->kind != EXIT_TRAIL_PERCENT && t->kind != EXIT_TRAIL_PRICE)
        return s->anchor;
    int64_t anchor = anchor_or_average(s, sums);
    if (anchor <= 0)
        return price;
    int64_t trail = t->kind == EXIT_TRAIL_PERCENT ? percent_of(anchor, t->value) : t->value;
    int64_t least = contract_tick(&s->spec.contract, anchor);
    if (trail / ANCHOR_MOVES_BY > least)
        least = trail / ANCHOR_MOVES_BY;
    int64_t gain = bought(s) ? order_subtract(price, anchor) : order_subtract(anchor, price);
    return gain >= least ? price : s->anchor;
}
