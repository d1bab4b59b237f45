/* An exit is the first of two things: a bar that reaches a price level, and a moment that time or a
 * rule has set. The moments are found first, by arithmetic; then the levels are searched up to
 * there with price_blocks, and the exit rule's bits up to the nearer of both.
 */
#include "engine/trades/exit_search.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "engine/trades/exit_levels.h"
#include "engine/trades/exit_schedule.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 16 }; /* fires on their way at once */

const char *exit_reason_name(enum exit_reason reason)
{
    static const char *const names[] = {"take_profit", "stop_loss",   "exit_rule", "time_exit",
                                        "flat_at",     "end_of_data", "expiry"};
    assert(reason <= EXIT_EXPIRY);
    return names[reason];
}

int fill_time_compare(struct fill_time a, struct fill_time b)
{
    if (a.at_ns != b.at_ns)
        return a.at_ns < b.at_ns ? -1 : 1;
    return (int)a.phase - (int)b.phase;
}

int64_t bar_end_ns(const struct bars *bars, int64_t bar)
{
    int64_t end_ns = bars->time_ns[bar] + timeframe_ns(bars->timeframe);
    int64_t close_ns = bars->sessions[bars_session_of(bars, bar)].close_ns;
    return bars->timeframe.minutes == 0 || end_ns > close_ns ? close_ns : end_ns;
}

enum err exit_search_init(struct exit_search *s, const struct exit_inputs *in, struct error *e)
{
    const struct strategy *y = in->strategy;
    const struct bars *bars = in->bars;
    assert(in->end_bar >= 0 && in->end_bar <= bars->count);
    assert(!y->has_exit_rule || in->exit_mask);
    assert(y->take_profit.kind != DISTANCE_ATR || in->take_profit_atr);
    assert(y->stop_loss.kind != DISTANCE_ATR || in->stop_loss_atr);
    *s = (struct exit_search){.in = *in};
    if (y->flat_at_minute == FLAT_AT_NONE)
        return ERR_OK;
    return session_flats_create(bars, y->flat_zone, y->flat_at_minute, &s->flat, e);
}

void exit_search_release(struct exit_search *s)
{
    free(s->flat);
    *s = (struct exit_search){0};
}

/* ---- entry and levels ---- */

static bool set_levels(const struct exit_inputs *in, struct trade_candidate *c)
{
    double target = in->take_profit_atr ? in->take_profit_atr[c->fire_bar] : NAN;
    double stop = in->stop_loss_atr ? in->stop_loss_atr[c->fire_bar] : NAN;
    return exit_levels_set(in->strategy, target, stop, c);
}

static bool enter(const struct exit_search *s, struct trade_candidate *c)
{
    const struct bars *bars = s->in.bars;
    bool at_open = s->in.strategy->entry == ENTRY_NEXT_OPEN;
    /* Also an entry at the close needs a bar after it: else it could never be held. */
    if (c->fire_bar + 1 >= s->in.end_bar)
        return false;
    c->entry_bar = at_open ? c->fire_bar + 1 : c->fire_bar;
    c->entry_at = at_open ? (struct fill_time){bars->time_ns[c->entry_bar], PHASE_OPEN}
                          : (struct fill_time){bar_end_ns(bars, c->entry_bar), PHASE_CLOSE};
    double price = bars->column[at_open ? BAR_OPEN : BAR_CLOSE][c->entry_bar];
    if (!(price <= (double)LIMIT_STRATEGY_PRICE))
        return false;
    c->entry_price = exit_decimal(price);
    return exit_is_price(c->entry_price) && set_levels(&s->in, c);
}

/* ---- the exit ---- */

static void set_exit(struct trade_candidate *c, const struct bars *bars, int64_t bar,
                     enum bar_phase phase, struct exit_fill fill)
{
    c->exit_bar = bar;
    c->exit_at = (struct fill_time){
        phase == PHASE_CLOSE ? bar_end_ns(bars, bar) : bars->time_ns[bar], phase};
    c->chosen = c->best = c->worst = fill;
    int64_t first = c->entry_bar + (c->entry_at.phase == PHASE_CLOSE);
    c->bars_held = bar + (phase != PHASE_OPEN) - first;
}

/* In bar `hit`, which reaches a level; false when an exit at its open comes first. */
static bool exit_at_level(struct trade_candidate *c, const struct exit_inputs *in, int64_t hit,
                          const struct exit_levels *l, const struct exit_schedule *schedule)
{
    double open = in->bars->column[BAR_OPEN][hit];
    bool lower = in->bars->column[BAR_LOW][hit] <= l->lower;
    bool upper = in->bars->column[BAR_HIGH][hit] >= l->upper;
    if (open <= l->lower || open >= l->upper) {
        struct exit_fill fill = {exit_decimal(open),
                                 open <= l->lower ? l->at_lower.reason : l->at_upper.reason};
        set_exit(c, in->bars, hit, PHASE_OPEN, fill);
        return true;
    }
    if (schedule->bar == hit && schedule->phase == PHASE_OPEN)
        return false;
    set_exit(c, in->bars, hit, PHASE_WITHIN, lower ? l->at_lower : l->at_upper);
    if (lower && upper)
        exit_levels_settle(in->strategy->intrabar, open, in->bars->column[BAR_HIGH][hit],
                           in->bars->column[BAR_LOW][hit], l, c);
    return true;
}

/* A candidate on its way: what is known before its last bar is looked at. */
struct pending {
    struct trade_candidate candidate;
    struct exit_schedule schedule;
    struct exit_levels levels;
    int64_t first; /* no bar before it reaches a level */
};

/* All but the bar of the exit; false when the fire cannot be entered. For *session see
 * exit_schedule_by_time. */
static bool begin(const struct exit_search *s, int64_t fire_bar, int64_t *session,
                  struct pending *p)
{
    const struct exit_inputs *in = &s->in;
    struct trade_candidate *c = &p->candidate;
    assert(fire_bar >= 0 && fire_bar < in->bars->count);
    *c = (struct trade_candidate){.symbol = in->symbol, .fire_bar = fire_bar};
    if (!enter(s, c) || !exit_schedule_by_time(s, c, session, &p->schedule))
        return false;
    p->levels = exit_levels_of(in->strategy, c);
    p->first = c->entry_bar + (c->entry_at.phase == PHASE_CLOSE);
    return true;
}

static bool has_levels(const struct pending *p)
{
    return p->candidate.stop_price > 0 || p->candidate.target_price > 0;
}

static void finish(const struct exit_search *s, struct pending *p)
{
    const struct exit_inputs *in = &s->in;
    struct trade_candidate *c = &p->candidate;
    struct exit_schedule *schedule = &p->schedule;
    int64_t hit = schedule->bar + 1;
    if (has_levels(p))
        hit = price_blocks_first(in->blocks, p->first, hit, p->levels.lower, p->levels.upper);
    if (in->strategy->has_exit_rule)
        exit_schedule_by_rule(s, c->entry_bar + (c->entry_at.phase == PHASE_CLOSE),
                              hit < schedule->bar ? hit : schedule->bar, schedule);
    if (hit <= schedule->bar && exit_at_level(c, in, hit, &p->levels, schedule))
        return;
    const double *column = in->bars->column[schedule->phase == PHASE_OPEN ? BAR_OPEN : BAR_CLOSE];
    struct exit_fill fill = {exit_decimal(column[schedule->bar]), schedule->reason};
    set_exit(c, in->bars, schedule->bar, schedule->phase, fill);
}

bool exit_search_find(const struct exit_search *s, int64_t fire_bar, struct trade_candidate *ret)
{
    struct pending p;
    int64_t session = 0;
    if (!begin(s, fire_bar, &session, &p))
        return false;
    finish(s, &p);
    *ret = p.candidate;
    return true;
}

/* ---- many fires ----
 *
 * Bars far apart come from memory one cache line at a time, some 100 ns each, unless several are
 * asked for at once. So a batch of fires goes through each step together, and each step asks for
 * what the next one will read.
 */

static void fetch(const struct bars *bars, enum bar_column column, int64_t bar)
{
    __builtin_prefetch(&bars->time_ns[bar]);
    __builtin_prefetch(&bars->column[column][bar]);
}

/* For `begin`, and the bars around the entry for `approach`. */
static void fetch_entry(const struct exit_search *s, int64_t fire_bar)
{
    const struct exit_inputs *in = &s->in;
    bool at_open = in->strategy->entry == ENTRY_NEXT_OPEN;
    int64_t bar = at_open && fire_bar + 1 < in->bars->count ? fire_bar + 1 : fire_bar;
    fetch(in->bars, at_open ? BAR_OPEN : BAR_CLOSE, bar);
    if (in->blocks)
        price_blocks_fetch(in->blocks, bar);
}

/* Comes near to the exit, and asks for what `finish` reads there. */
static void approach(const struct exit_search *s, struct pending *p)
{
    const struct exit_inputs *in = &s->in;
    int64_t end = p->schedule.bar + 1;
    if (has_levels(p))
        p->first = price_blocks_near(in->blocks, p->first, end, p->levels.lower, p->levels.upper);
    if (!has_levels(p) || p->first >= end) {
        fetch(in->bars, BAR_OPEN, p->schedule.bar);
        return;
    }
    price_blocks_fetch(in->blocks, p->first);
    fetch(in->bars, BAR_OPEN, p->first);
    int64_t last = p->first | (PRICE_BLOCKS_NEAR - 1);
    fetch(in->bars, BAR_OPEN, last < in->bars->count ? last : p->first);
}

size_t exit_search_find_all(const struct exit_search *s, const int64_t *fire_bars, size_t count,
                            struct trade_candidate *ret)
{
    struct pending pending[BATCH];
    size_t found = 0;
    int64_t session = 0;
    for (size_t i = 0; i < count && i < BATCH; i++)
        fetch_entry(s, fire_bars[i]);
    for (size_t at = 0; at < count; at += BATCH) {
        size_t end = count - at < BATCH ? count : at + BATCH, entered = 0;
        for (size_t i = at; i < end; i++) {
            if (i + BATCH < count)
                fetch_entry(s, fire_bars[i + BATCH]);
            if (begin(s, fire_bars[i], &session, &pending[entered]))
                approach(s, &pending[entered++]);
        }
        for (size_t i = 0; i < entered; i++) {
            finish(s, &pending[i]);
            ret[found++] = pending[i].candidate;
        }
    }
    return found;
}
