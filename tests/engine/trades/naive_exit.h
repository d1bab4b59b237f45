/* The exit of a fire, bar by bar, as docs/fills.md tells it: slow, and written apart from the
 * search, which must agree with it to the last bit.
 */
#ifndef TESTS_ENGINE_TRADES_NAIVE_EXIT_H
#define TESTS_ENGINE_TRADES_NAIVE_EXIT_H

#include "base/clock.h"
#include "base/decimal.h"
#include "engine/trades/exit_search.h"

#include <math.h>
#include <string.h>

struct naive {
    const struct exit_inputs *in;
    int64_t session; /* of the entry */
    struct trade_candidate c;
};

static inline int64_t naive_decimal(double x)
{
    return (int64_t)llround(x * 1e6);
}

static inline double naive_price(const struct naive *n, enum bar_column column, int64_t bar)
{
    return n->in->bars->column[column][bar];
}

/* Whether the wall clock of the zone has passed flat_at since the session opened. Walks minutes. */
static inline bool naive_is_flat_time(const struct naive *n, int64_t time_ns)
{
    const struct strategy *y = n->in->strategy;
    const struct bars_session *s = &n->in->bars->sessions[n->session];
    const struct zone *zone = y->flat_zone ? y->flat_zone : calendar_zone(n->in->bars->calendar);
    if (time_ns >= s->close_ns)
        return true;
    for (int64_t t = s->open_ns; t <= time_ns; t += NS_PER_MINUTE) {
        int64_t local_s = t / NS_PER_SECOND + zone_offset_at(zone, t / NS_PER_SECOND);
        if (local_s % 86400 / 60 == y->flat_at_minute)
            return true;
    }
    return false;
}

static inline bool naive_exit_at(struct naive *n, int64_t bar, enum bar_phase phase, int64_t price,
                                 enum exit_reason reason)
{
    struct trade_candidate *c = &n->c;
    const struct bars *bars = n->in->bars;
    c->exit_bar = bar;
    c->exit_at.phase = phase;
    c->exit_at.at_ns = phase == PHASE_CLOSE ? bar_end_ns(bars, bar) : bars->time_ns[bar];
    c->chosen = c->best = c->worst = (struct exit_fill){price, reason};
    c->bars_held = 0;
    for (int64_t i = c->entry_bar; i <= bar; i++) {
        bool before_entry = i == c->entry_bar && c->entry_at.phase == PHASE_CLOSE;
        bool after_exit = i == bar && phase == PHASE_OPEN;
        c->bars_held += !before_entry && !after_exit;
    }
    return true;
}

static inline bool naive_open(struct naive *n, int64_t bar, int64_t first)
{
    const struct strategy *y = n->in->strategy;
    int sign = y->side == SIDE_LONG ? 1 : -1;
    double open = naive_price(n, BAR_OPEN, bar);
    if (n->c.stop_price > 0 && sign * open <= sign * decimal_to_double(n->c.stop_price))
        return naive_exit_at(n, bar, PHASE_OPEN, naive_decimal(open), EXIT_STOP_LOSS);
    if (n->c.target_price > 0 && sign * open >= sign * decimal_to_double(n->c.target_price))
        return naive_exit_at(n, bar, PHASE_OPEN, naive_decimal(open), EXIT_TAKE_PROFIT);
    int64_t time_ns = n->in->bars->time_ns[bar];
    if (y->flat_at_minute != FLAT_AT_NONE && naive_is_flat_time(n, time_ns))
        return naive_exit_at(n, bar, PHASE_OPEN, naive_decimal(open), EXIT_FLAT_AT);
    if (y->max_holding_ns > 0 && time_ns >= n->c.entry_at.at_ns + y->max_holding_ns)
        return naive_exit_at(n, bar, PHASE_OPEN, naive_decimal(open), EXIT_TIME);
    if (y->has_exit_rule && y->entry == ENTRY_NEXT_OPEN && bar > first &&
        (n->in->exit_mask[(bar - 1) / 64] >> ((bar - 1) % 64) & 1))
        return naive_exit_at(n, bar, PHASE_OPEN, naive_decimal(open), EXIT_RULE);
    return false;
}

static inline bool naive_within(struct naive *n, int64_t bar)
{
    const struct strategy *y = n->in->strategy;
    bool is_long = y->side == SIDE_LONG;
    double open = naive_price(n, BAR_OPEN, bar);
    double high = naive_price(n, BAR_HIGH, bar), low = naive_price(n, BAR_LOW, bar);
    double stop = decimal_to_double(n->c.stop_price), target = decimal_to_double(n->c.target_price);
    bool stopped = n->c.stop_price > 0 && (is_long ? low <= stop : high >= stop);
    bool reached = n->c.target_price > 0 && (is_long ? high >= target : low <= target);
    struct exit_fill worst = {n->c.stop_price, EXIT_STOP_LOSS};
    struct exit_fill best = {n->c.target_price, EXIT_TAKE_PROFIT};
    if (!stopped && !reached)
        return false;
    struct exit_fill fill = stopped ? worst : best;
    if (stopped && reached) {
        int64_t down = naive_decimal(open) - naive_decimal(low);
        int64_t up = naive_decimal(high) - naive_decimal(open);
        int64_t to_stop = is_long ? down : up, to_target = is_long ? up : down;
        if (y->intrabar == INTRABAR_OPTIMISTIC ||
            (y->intrabar == INTRABAR_ADAPTIVE && to_target < to_stop))
            fill = best;
    }
    naive_exit_at(n, bar, PHASE_WITHIN, fill.price, fill.reason);
    n->c.ambiguous = stopped && reached;
    if (n->c.ambiguous) {
        n->c.worst = worst;
        n->c.best = best;
    }
    return true;
}

static inline bool naive_close(struct naive *n, int64_t bar, int64_t first)
{
    const struct strategy *y = n->in->strategy;
    const struct bars *bars = n->in->bars;
    const struct bars_session *s = &bars->sessions[n->session];
    int64_t close = naive_decimal(naive_price(n, BAR_CLOSE, bar));
    if (y->has_exit_rule && y->entry == ENTRY_CLOSE && bar >= first &&
        (n->in->exit_mask[bar / 64] >> (bar % 64) & 1) && bar < n->in->end_bar - 1 &&
        !(y->flat_at_minute != FLAT_AT_NONE && bar == s->end - 1))
        return naive_exit_at(n, bar, PHASE_CLOSE, close, EXIT_RULE);
    if (y->flat_at_minute != FLAT_AT_NONE && bar == s->end - 1 &&
        (bar < n->in->end_bar - 1 || naive_is_flat_time(n, bar_end_ns(bars, bar))))
        return naive_exit_at(n, bar, PHASE_CLOSE, close, EXIT_FLAT_AT);
    if (bar == n->in->end_bar - 1)
        return naive_exit_at(n, bar, PHASE_CLOSE, close, EXIT_END_OF_DATA);
    return false;
}

static inline int64_t naive_distance(const struct strategy_distance *d, int64_t entry,
                                     const double *atr, int64_t bar)
{
    switch (d->kind) {
    case DISTANCE_NONE:
        break;
    case DISTANCE_OFFSET:
        return d->value;
    case DISTANCE_PERCENT:
        return (int64_t)roundl((long double)entry * (long double)d->value / 1e8L);
    case DISTANCE_ATR:
        return isnan(atr[bar]) ? 0 : naive_decimal(atr[bar] * decimal_to_double(d->value));
    }
    return 0;
}

static inline bool naive_enter(struct naive *n)
{
    const struct exit_inputs *in = n->in;
    const struct strategy *y = in->strategy;
    struct trade_candidate *c = &n->c;
    bool at_open = y->entry == ENTRY_NEXT_OPEN;
    if (c->fire_bar + 1 >= in->end_bar)
        return false;
    c->entry_bar = c->fire_bar + at_open;
    c->entry_at.phase = at_open ? PHASE_OPEN : PHASE_CLOSE;
    c->entry_at.at_ns =
        at_open ? in->bars->time_ns[c->entry_bar] : bar_end_ns(in->bars, c->entry_bar);
    c->entry_price = naive_decimal(naive_price(n, at_open ? BAR_OPEN : BAR_CLOSE, c->entry_bar));
    int64_t sign = y->side == SIDE_LONG ? 1 : -1;
    int64_t up = naive_distance(&y->take_profit, c->entry_price, in->take_profit_atr, c->fire_bar);
    int64_t down = naive_distance(&y->stop_loss, c->entry_price, in->stop_loss_atr, c->fire_bar);
    c->target_price = up ? c->entry_price + sign * up : 0;
    c->stop_price = down ? c->entry_price - sign * down : 0;
    if ((y->take_profit.kind != DISTANCE_NONE && (up == 0 || c->target_price <= 0)) ||
        (y->stop_loss.kind != DISTANCE_NONE && (down == 0 || c->stop_price <= 0)))
        return false;
    n->session = bars_session_of(in->bars, c->entry_bar);
    return y->flat_at_minute == FLAT_AT_NONE || !naive_is_flat_time(n, c->entry_at.at_ns);
}

static inline bool naive_exit_find(const struct exit_inputs *in, int64_t fire_bar,
                                   struct trade_candidate *ret)
{
    struct naive n = {.in = in};
    memset(&n.c, 0, sizeof n.c);
    n.c.symbol = in->symbol;
    n.c.fire_bar = fire_bar;
    if (!naive_enter(&n))
        return false;
    int64_t bar = n.c.entry_bar, first = bar;
    bool done = false;
    if (n.c.entry_at.phase == PHASE_CLOSE) {
        first = bar + 1;
        done = naive_close(&n, bar++, first); /* the session's last bar, with flat_at */
    }
    for (; !done; bar++)
        done = naive_open(&n, bar, first) || naive_within(&n, bar) || naive_close(&n, bar, first);
    *ret = n.c;
    return true;
}

/* Field by field: padding may differ. */
static inline bool same_candidate(const struct trade_candidate *a, const struct trade_candidate *b)
{
    return a->symbol == b->symbol && a->ambiguous == b->ambiguous && a->fire_bar == b->fire_bar &&
           a->entry_bar == b->entry_bar && a->exit_bar == b->exit_bar &&
           fill_time_compare(a->entry_at, b->entry_at) == 0 &&
           fill_time_compare(a->exit_at, b->exit_at) == 0 && a->entry_price == b->entry_price &&
           a->stop_price == b->stop_price && a->target_price == b->target_price &&
           a->bars_held == b->bars_held && a->chosen.price == b->chosen.price &&
           a->chosen.reason == b->chosen.reason && a->best.price == b->best.price &&
           a->best.reason == b->best.reason && a->worst.price == b->worst.price &&
           a->worst.reason == b->worst.reason;
}

#endif
