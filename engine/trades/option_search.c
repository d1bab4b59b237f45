/* The moments of the symbol's timeline come first, as for shares; they become one instant at which
 * the option is due to be sold (`due`). Then the option's own bars are walked until a level or the
 * due instant is met: stored ones minute by minute, modelled ones in the symbol's bars.
 */
#include "engine/trades/option_search.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/limits.h"
#include "engine/options/option_choice.h"
#include "engine/options/realized_volatility.h"
#include "engine/trades/exit_levels.h"
#include "engine/trades/exit_schedule.h"
#include "engine/trades/option_model.h"

#include <assert.h>
#include <math.h>

enum { STEP_BARS = 64 }; /* modelled one by one before blocks are tried again */

/* When an option is sold if no level is met. */
struct due {
    int64_t at_ns;
    enum bar_phase phase; /* PHASE_OPEN: at the option's first open from then on */
    enum exit_reason reason;
    int64_t bar; /* of the symbol: the one that starts, or at the latest ends, then */
};

/* A search under way. */
struct hunt {
    const struct exit_search *timeline;
    const struct strategy *strategy;
    const struct bars *bars; /* of the symbol */
    struct option_chain *chain;
    struct trade_candidate c;
    int64_t known_ns;                 /* the end of the fire's bar */
    int64_t expiry_ns;                /* of the contract chosen */
    const struct bars *bought, *sold; /* of a stored contract */
    struct option_model model;        /* of another */
    struct exit_levels levels;
};

static struct due due_at_end(const struct hunt *h)
{
    int64_t last = h->timeline->in.end_bar - 1;
    return (struct due){bar_end_ns(h->bars, last), PHASE_CLOSE, EXIT_END_OF_DATA, last};
}

/* ---- contract ---- */

/* The model's volatility as it is known at the fire. */
static double volatility_at(const struct hunt *h)
{
    const struct contract_rule *rule = &h->strategy->contract;
    return rule->realized_days ? realized_volatility(h->bars, rule->realized_days, h->known_ns)
                               : rule->volatility;
}

static enum err choose(struct hunt *h, bool *ret_found, struct error *e)
{
    const struct contract_rule *rule = &h->strategy->contract;
    const struct bars_session *session =
        &h->bars->sessions[bars_session_of(h->bars, h->c.fire_bar)];
    struct option_moment moment = {
        .calendar = h->bars->calendar,
        .at_ns = h->known_ns,
        .day = session->day,
        .session_open_ns = session->open_ns,
        .spot = h->bars->column[BAR_CLOSE][h->c.fire_bar],
        .volatility = rule->has_model ? volatility_at(h) : NAN,
    };
    *ret_found = false;
    if (!(moment.spot > 0))
        return ERR_OK;
    enum err err = option_choose(rule, h->chain, &moment, &h->c.contract, ret_found, e);
    if (err || !*ret_found)
        return err;
    h->expiry_ns = option_expiry_ns(h->bars->calendar, h->c.contract.expiry_days);
    if (h->c.contract.prices == CONTRACT_MODEL) {
        h->model = option_model_of(&h->c.contract, h->bars->calendar, rule->rate);
        return ERR_OK;
    }
    bool quotes = h->c.contract.prices == CONTRACT_QUOTES;
    size_t i = option_choice_index(h->chain, &h->c.contract);
    err = option_chain_bars(h->chain, i, quotes ? OPTION_ASK : OPTION_TRADES, &h->bought, e);
    return err ? err
               : option_chain_bars(h->chain, i, quotes ? OPTION_BID : OPTION_TRADES, &h->sold, e);
}

/* ---- entry ---- */

/* The symbol's bar at an instant between the fire's bar and the end. */
static int64_t symbol_bar_at(const struct hunt *h, int64_t at_ns)
{
    int64_t bar = bars_lower_bound(h->bars, at_ns + 1) - 1;
    int64_t first = h->c.fire_bar + 1, last = h->timeline->in.end_bar - 1;
    return bar < first ? first : bar > last ? last : bar;
}

/* At the open of the option's next bar, if it comes in the session of the symbol's next one. */
static double enter_at_open(struct hunt *h)
{
    int64_t next = h->c.fire_bar + 1;
    const struct bars_session *session = &h->bars->sessions[bars_session_of(h->bars, next)];
    int64_t from_ns = h->known_ns > session->open_ns ? h->known_ns : session->open_ns;
    if (h->c.contract.prices == CONTRACT_MODEL) {
        h->c.entry_bar = next;
        h->c.entry_at = (struct fill_time){h->bars->time_ns[next], PHASE_OPEN};
        return option_model_price(&h->model, h->bars->column[BAR_OPEN][next], h->c.entry_at.at_ns);
    }
    int64_t i = bars_lower_bound(h->bought, from_ns);
    int64_t end = bars_lower_bound(h->bought, session->close_ns);
    while (i < end && !(h->bought->column[BAR_OPEN][i] > 0))
        i++;
    if (i >= end)
        return NAN;
    h->c.entry_at = (struct fill_time){h->bought->time_ns[i], PHASE_OPEN};
    h->c.entry_bar = symbol_bar_at(h, h->c.entry_at.at_ns);
    return h->bought->column[BAR_OPEN][i];
}

/* At the close of the fire's own bar: of the option's bar that ends with it. */
static double enter_at_close(struct hunt *h)
{
    h->c.entry_bar = h->c.fire_bar;
    h->c.entry_at = (struct fill_time){h->known_ns, PHASE_CLOSE};
    if (h->c.contract.prices == CONTRACT_MODEL)
        return option_model_price(&h->model, h->bars->column[BAR_CLOSE][h->c.fire_bar],
                                  h->known_ns);
    int64_t i = option_last_bar(h->bought, h->known_ns);
    return i >= 0 && h->bought->time_ns[i] == h->known_ns - NS_PER_MINUTE
               ? h->bought->column[BAR_CLOSE][i]
               : NAN;
}

static bool enter(struct hunt *h)
{
    double price = h->strategy->entry == ENTRY_NEXT_OPEN ? enter_at_open(h) : enter_at_close(h);
    if (!(price <= (double)LIMIT_STRATEGY_PRICE) || h->c.entry_at.at_ns >= h->expiry_ns ||
        h->c.entry_at.at_ns >= due_at_end(h).at_ns)
        return false;
    h->c.entry_price = exit_decimal(price);
    if (!exit_is_price(h->c.entry_price) || !exit_levels_set(h->strategy, NAN, NAN, &h->c))
        return false;
    h->levels = exit_levels_of(h->strategy, &h->c);
    return true;
}

/* ---- when it is due ---- */

static bool find_due(const struct hunt *h, struct due *ret)
{
    struct exit_schedule schedule;
    int64_t session = 0;
    if (!exit_schedule_by_time(h->timeline, &h->c, &session, &schedule))
        return false;
    if (h->strategy->has_exit_rule)
        exit_schedule_by_rule(h->timeline, h->c.entry_bar + (h->c.entry_at.phase == PHASE_CLOSE),
                              schedule.bar, &schedule);
    bool at_open = schedule.phase == PHASE_OPEN;
    *ret =
        (struct due){at_open ? h->bars->time_ns[schedule.bar] : bar_end_ns(h->bars, schedule.bar),
                     schedule.phase, schedule.reason, schedule.bar};
    return true;
}

/* The expiry, when the data goes that far. */
static struct due due_at_last(const struct hunt *h)
{
    struct due end = due_at_end(h);
    if (end.at_ns < h->expiry_ns)
        return end;
    int64_t bar = bars_lower_bound(h->bars, h->expiry_ns) - 1;
    return (struct due){h->expiry_ns, PHASE_CLOSE, EXIT_EXPIRY, bar};
}

/* ---- exit ---- */

static void set_exit(struct hunt *h, int64_t at_ns, enum bar_phase phase, struct exit_fill fill)
{
    struct trade_candidate *c = &h->c;
    c->exit_at = (struct fill_time){at_ns, phase};
    c->exit_bar = phase == PHASE_CLOSE ? bars_lower_bound(h->bars, at_ns) - 1
                                       : bars_lower_bound(h->bars, at_ns + 1) - 1;
    if (c->exit_bar < c->entry_bar)
        c->exit_bar = c->entry_bar;
    c->chosen = c->best = c->worst = fill;
    bool at_start = phase == PHASE_OPEN && h->bars->time_ns[c->exit_bar] >= at_ns;
    int64_t first = c->entry_bar + (c->entry_at.phase == PHASE_CLOSE);
    int64_t held = c->exit_bar + !at_start - first;
    c->bars_held = held > 0 ? held : 0;
}

/* What a contract pays at its expiry: the last known price of the symbol beside the strike. */
static int64_t intrinsic_value(const struct hunt *h, int64_t bar)
{
    double close = h->bars->column[BAR_CLOSE][bar];
    int64_t spot = exit_decimal(fmin(close, (double)LIMIT_STRATEGY_PRICE));
    int64_t strike = h->c.contract.strike_milli * (DECIMAL_ONE / OCC_STRIKE_ONE);
    int64_t value = h->c.contract.right == OPTION_CALL ? spot - strike : strike - spot;
    return value > 0 ? value : 0;
}

/* A bar of the option that starts at the instant; false when it meets no level. */
static bool exit_in_bar(struct hunt *h, int64_t time_ns, const struct option_bar *bar,
                        bool only_open)
{
    const struct exit_levels *l = &h->levels;
    if (bar->open <= l->lower || bar->open >= l->upper) {
        const struct exit_fill *level = bar->open <= l->lower ? &l->at_lower : &l->at_upper;
        set_exit(h, time_ns, PHASE_OPEN,
                 (struct exit_fill){exit_decimal(bar->open), level->reason});
        return true;
    }
    bool lower = bar->low <= l->lower, upper = bar->high >= l->upper;
    if (only_open || (!lower && !upper))
        return false;
    set_exit(h, time_ns, PHASE_WITHIN, lower ? l->at_lower : l->at_upper);
    if (lower && upper)
        exit_levels_settle(h->strategy->intrabar, bar->open, bar->high, bar->low, l, &h->c);
    return true;
}

static struct option_bar stored_bar(const struct bars *bars, int64_t i)
{
    return (struct option_bar){bars->column[BAR_OPEN][i], bars->column[BAR_HIGH][i],
                               bars->column[BAR_LOW][i], bars->column[BAR_CLOSE][i]};
}

/* Sold at a close: at the last price known then, or for what the contract pays. There is a price:
 * without one the contract would not have been chosen. */
static void exit_at_close(struct hunt *h, const struct due *due)
{
    int64_t price;
    if (due->reason == EXIT_EXPIRY) {
        price = intrinsic_value(h, due->bar);
    } else if (h->c.contract.prices == CONTRACT_MODEL) {
        price = exit_decimal(
            option_model_price(&h->model, h->bars->column[BAR_CLOSE][due->bar], due->at_ns));
    } else {
        int64_t i = option_last_bar(h->sold, due->at_ns);
        assert(i >= 0);
        price = exit_decimal(h->sold->column[BAR_CLOSE][i]);
    }
    set_exit(h, due->at_ns, PHASE_CLOSE, (struct exit_fill){price, due->reason});
}

static void exit_of_stored(struct hunt *h, const struct due *due, const struct due *last)
{
    const struct bars *sold = h->sold;
    int64_t i = bars_lower_bound(sold, h->c.entry_at.at_ns);
    for (; i < sold->count && sold->time_ns[i] < last->at_ns; i++) {
        int64_t time_ns = sold->time_ns[i];
        bool is_due = time_ns >= due->at_ns;
        if (is_due && due->phase == PHASE_CLOSE)
            break;
        struct option_bar bar = stored_bar(sold, i);
        if (exit_in_bar(h, time_ns, &bar, is_due))
            return;
        if (is_due) {
            set_exit(h, time_ns, PHASE_OPEN,
                     (struct exit_fill){exit_decimal(bar.open), due->reason});
            return;
        }
    }
    bool before =
        due->phase == PHASE_CLOSE && due->at_ns <= last->at_ns && due->reason != EXIT_END_OF_DATA;
    exit_at_close(h, before ? due : last);
}

static void exit_of_modelled(struct hunt *h, const struct due *due)
{
    int64_t first = h->c.entry_bar + (h->c.entry_at.phase == PHASE_CLOSE);
    bool at_open = due->phase == PHASE_OPEN, has_levels = h->c.stop_price || h->c.target_price;
    int64_t end = has_levels ? due->bar + 1 : first;
    while (first < end) {
        int64_t near =
            option_model_near(&h->model, h->bars, first, end, h->levels.lower, h->levels.upper);
        int64_t stop = near + STEP_BARS < end ? near + STEP_BARS : end;
        for (first = near; first < stop; first++) {
            struct option_bar bar = option_model_bar(&h->model, h->bars, first);
            if (exit_in_bar(h, h->bars->time_ns[first], &bar, at_open && first == due->bar))
                return;
        }
    }
    if (!at_open) {
        exit_at_close(h, due);
        return;
    }
    double open = option_model_price(&h->model, h->bars->column[BAR_OPEN][due->bar], due->at_ns);
    set_exit(h, due->at_ns, PHASE_OPEN, (struct exit_fill){exit_decimal(open), due->reason});
}

enum err option_search_find(const struct option_search *s, int64_t fire_bar,
                            struct trade_candidate *ret, bool *ret_found, struct error *e)
{
    const struct exit_inputs *in = &s->timeline->in;
    assert(fire_bar >= 0 && fire_bar < in->bars->count);
    struct hunt h = {.timeline = s->timeline,
                     .strategy = in->strategy,
                     .bars = in->bars,
                     .chain = s->chain,
                     .c = {.symbol = in->symbol, .fire_bar = fire_bar},
                     .known_ns = bar_end_ns(in->bars, fire_bar)};
    struct due due;
    *ret_found = false;
    if (fire_bar + 1 >= in->end_bar)
        return ERR_OK;
    bool found;
    enum err err = choose(&h, &found, e);
    if (err || !found || !enter(&h) || !find_due(&h, &due))
        return err;
    struct due last = due_at_last(&h);
    if (h.c.contract.prices != CONTRACT_MODEL) {
        exit_of_stored(&h, &due, &last);
    } else {
        bool expires =
            last.reason == EXIT_EXPIRY &&
            (last.at_ns < due.at_ns || (last.at_ns == due.at_ns && due.reason == EXIT_END_OF_DATA));
        exit_of_modelled(&h, expires ? &last : &due);
    }
    *ret = h.c;
    *ret_found = true;
    return ERR_OK;
}

/* ---- marks ---- */

/* The symbol's last bar that is complete at the instant; -1 when none is. */
static int64_t last_complete(const struct bars *bars, int64_t at_ns)
{
    int64_t bar = bars_lower_bound(bars, at_ns) - 1;
    return bar >= 0 && bar_end_ns(bars, bar) > at_ns ? bar - 1 : bar;
}

int64_t option_mark_price(const struct contract_rule *rule, const struct bars *bars,
                          struct option_chain *chain, const struct trade_candidate *c,
                          int64_t at_ns)
{
    if (c->contract.prices == CONTRACT_MODEL) {
        struct option_model model = option_model_of(&c->contract, bars->calendar, rule->rate);
        int64_t bar = last_complete(bars, at_ns);
        return bar < c->entry_bar + (c->entry_at.phase == PHASE_CLOSE)
                   ? c->entry_price
                   : exit_decimal(option_model_price(&model, bars->column[BAR_CLOSE][bar], at_ns));
    }
    const struct bars *sold = NULL;
    size_t i = option_choice_index(chain, &c->contract);
    bool quotes = c->contract.prices == CONTRACT_QUOTES;
    enum err err = option_chain_bars(chain, i, quotes ? OPTION_BID : OPTION_TRADES, &sold, NULL);
    assert(err == ERR_OK && sold);
    int64_t last = option_last_bar(sold, at_ns);
    return last >= 0 ? exit_decimal(sold->column[BAR_CLOSE][last]) : c->entry_price;
}
