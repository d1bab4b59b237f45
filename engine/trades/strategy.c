#include "engine/trades/strategy.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/limits.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MINUTES_OF_A_DAY = 1440 };

const char *const trade_side_names[] = {"long", "short", NULL};
const char *const trade_entry_names[] = {"next_open", "close", NULL};
const char *const intrabar_names[] = {"pessimistic", "optimistic", "adaptive", NULL};
const char *const sizing_kind_names[] = {"fixed_quantity", "fixed_cash", "percent_equity", NULL};

/* The index of the text among the names, or -1 with an error that lists them. */
static int find_name(const char *const *names, const char *what, const char *text, size_t length,
                     struct error *e)
{
    char list[128] = "";
    size_t used = 0;
    for (int i = 0; names[i]; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
            return i;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\"",
                                 i == 0         ? ""
                                 : names[i + 1] ? ", "
                                                : " or ",
                                 names[i]);
        assert(used < sizeof list);
    }
    error_set(e, ERR_INVALID, "%s must be %s", what, list);
    return -1;
}

enum err trade_side_parse(const char *text, size_t length, enum trade_side *ret, struct error *e)
{
    int i = find_name(trade_side_names, "side", text, length, e);
    if (i < 0)
        return ERR_INVALID;
    *ret = (enum trade_side)i;
    return ERR_OK;
}

enum err trade_entry_parse(const char *text, size_t length, enum trade_entry *ret, struct error *e)
{
    int i = find_name(trade_entry_names, "entry", text, length, e);
    if (i < 0)
        return ERR_INVALID;
    *ret = (enum trade_entry)i;
    return ERR_OK;
}

enum err intrabar_parse(const char *text, size_t length, enum intrabar *ret, struct error *e)
{
    int i = find_name(intrabar_names, "intrabar", text, length, e);
    if (i < 0)
        return ERR_INVALID;
    *ret = (enum intrabar)i;
    return ERR_OK;
}

enum err sizing_kind_parse(const char *text, size_t length, enum sizing_kind *ret, struct error *e)
{
    int i = find_name(sizing_kind_names, "type", text, length, e);
    if (i < 0)
        return ERR_INVALID;
    *ret = (enum sizing_kind)i;
    return ERR_OK;
}

const char *trade_side_name(enum trade_side side)
{
    assert(side <= SIDE_SHORT);
    return trade_side_names[side];
}

const char *trade_entry_name(enum trade_entry entry)
{
    assert(entry <= ENTRY_CLOSE);
    return trade_entry_names[entry];
}

const char *intrabar_name(enum intrabar intrabar)
{
    assert(intrabar <= INTRABAR_ADAPTIVE);
    return intrabar_names[intrabar];
}

const char *sizing_kind_name(enum sizing_kind kind)
{
    assert(kind <= SIZING_PERCENT_EQUITY);
    return sizing_kind_names[kind];
}

void strategy_defaults(struct strategy *s)
{
    *s = (struct strategy){
        .flat_at_minute = FLAT_AT_NONE,
        .sizing = {.kind = SIZING_FIXED_CASH, .value = 10000 * DECIMAL_ONE, .step = DECIMAL_ONE},
        .initial_cash = 100000 * DECIMAL_ONE,
        .max_positions = 1,
    };
}

/* `below` is true for a level under the entry's price: it cannot lie 100 % away. */
static enum err check_distance(const struct strategy_distance *d, const char *name, bool below,
                               struct error *e)
{
    static const char *const members[] = {[DISTANCE_PERCENT] = "percent",
                                          [DISTANCE_OFFSET] = "offset",
                                          [DISTANCE_ATR] = "atr/multiple"};
    char pointer[64];
    if (d->kind == DISTANCE_NONE)
        return ERR_OK;
    snprintf(pointer, sizeof pointer, "/strategy/%s/%s", name, members[d->kind]);
    if (d->value <= 0)
        return error_field(e, ERR_INVALID, pointer, "%s must be more than 0", name);
    if (d->kind == DISTANCE_PERCENT && below && d->value >= 100 * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, pointer, "%s must be less than 100 %%", name);
    if (d->value > LIMIT_STRATEGY_DISTANCE * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, pointer, "%s is too far: at most %d", name,
                           LIMIT_STRATEGY_DISTANCE);
    snprintf(pointer, sizeof pointer, "/strategy/%s/atr/period", name);
    if (d->kind == DISTANCE_ATR && (d->atr_period < 1 || d->atr_period > LIMIT_STRATEGY_ATR_PERIOD))
        return error_field(e, ERR_INVALID, pointer, "the ATR's period must be 1 to %d, not %d",
                           LIMIT_STRATEGY_ATR_PERIOD, (int)d->atr_period);
    return ERR_OK;
}

static enum err check_times(const struct strategy *s, struct error *e)
{
    if (s->max_holding_ns < 0 || s->max_holding_ns > LIMIT_STRATEGY_HOLDING_DAYS * NS_PER_DAY)
        return error_field(e, ERR_INVALID, "/strategy/max_holding",
                           "max_holding must be more than 0 and at most %d days",
                           LIMIT_STRATEGY_HOLDING_DAYS);
    if (s->flat_at_minute != FLAT_AT_NONE &&
        (s->flat_at_minute < 0 || s->flat_at_minute >= MINUTES_OF_A_DAY))
        return error_field(e, ERR_INVALID, "/strategy/flat_at", "flat_at must be 00:00 to 23:59");
    return ERR_OK;
}

static enum err check_commission(const struct strategy_commission *c, struct error *e)
{
    const struct {
        int64_t value, limit;
        const char *name;
    } fields[] = {{c->per_share, LIMIT_STRATEGY_COMMISSION, "per_share"},
                  {c->per_contract, LIMIT_STRATEGY_COMMISSION, "per_contract"},
                  {c->percent, 100, "percent"},
                  {c->minimum, LIMIT_STRATEGY_COMMISSION, "minimum"}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/strategy/commission/%s", fields[i].name);
        if (fields[i].value < 0 || fields[i].value > fields[i].limit * DECIMAL_ONE)
            return error_field(e, ERR_INVALID, pointer, "%s must be 0 to %lld", fields[i].name,
                               (long long)fields[i].limit);
    }
    return ERR_OK;
}

static enum err check_slippage(const struct strategy_slippage *s, struct error *e)
{
    if (s->kind == SLIPPAGE_PERCENT && (s->percent < 0 || s->percent >= 100 * DECIMAL_ONE))
        return error_field(e, ERR_INVALID, "/strategy/slippage/percent",
                           "slippage must be 0 to less than 100 %%");
    if (s->kind != SLIPPAGE_TICKS)
        return ERR_OK;
    if (s->ticks < 0 || s->ticks > LIMIT_STRATEGY_TICKS)
        return error_field(e, ERR_INVALID, "/strategy/slippage/ticks", "ticks must be 0 to %d",
                           LIMIT_STRATEGY_TICKS);
    if (s->tick_size <= 0 || s->tick_size > LIMIT_STRATEGY_TICK_SIZE * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, "/strategy/slippage/tick_size",
                           "tick_size must be more than 0 and at most %d",
                           LIMIT_STRATEGY_TICK_SIZE);
    return ERR_OK;
}

static enum err check_sizing(const struct strategy *s, struct error *e)
{
    static const int64_t limits[] = {
        [SIZING_FIXED_QUANTITY] = LIMIT_STRATEGY_QUANTITY,
        [SIZING_FIXED_CASH] = LIMIT_STRATEGY_CASH,
        [SIZING_PERCENT_EQUITY] = 100,
    };
    const struct strategy_sizing *z = &s->sizing;
    if (z->value <= 0 || z->value > limits[z->kind] * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, "/strategy/sizing/value",
                           "the size must be more than 0 and at most %lld",
                           (long long)limits[z->kind]);
    if (z->step <= 0 || z->step > LIMIT_STRATEGY_QUANTITY * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, "/strategy/sizing/step",
                           "step must be more than 0 and at most %lld",
                           (long long)LIMIT_STRATEGY_QUANTITY);
    if (z->kind == SIZING_FIXED_QUANTITY && z->value % z->step != 0)
        return error_field(e, ERR_INVALID, "/strategy/sizing/value",
                           "the quantity must be a multiple of step");
    if (s->initial_cash <= 0 || s->initial_cash > LIMIT_STRATEGY_CASH * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, "/strategy/initial_cash",
                           "initial_cash must be more than 0 and at most %lld",
                           (long long)LIMIT_STRATEGY_CASH);
    if (s->max_positions < 1 || s->max_positions > LIMIT_STRATEGY_POSITIONS)
        return error_field(e, ERR_INVALID, "/strategy/max_positions",
                           "max_positions must be 1 to %d", LIMIT_STRATEGY_POSITIONS);
    return ERR_OK;
}

/* An option is bought, in whole contracts, and left by distances of its own price. */
static enum err check_contract(const struct strategy *s, struct error *e)
{
    enum err code = contract_rule_check(&s->contract, e);
    if (code != ERR_OK || !s->contract.given)
        return code;
    if (s->side != SIDE_LONG)
        return error_field(e, ERR_INVALID, "/strategy/side",
                           "options are bought: side must be \"long\" with a contract");
    if (s->take_profit.kind == DISTANCE_ATR || s->stop_loss.kind == DISTANCE_ATR)
        return error_field(e, ERR_INVALID,
                           s->stop_loss.kind == DISTANCE_ATR ? "/strategy/stop_loss/atr"
                                                             : "/strategy/take_profit/atr",
                           "the ATR is of the symbol's bars: an option's levels are a percentage "
                           "or an offset of its price");
    if (s->sizing.step % DECIMAL_ONE != 0)
        return error_field(e, ERR_INVALID, "/strategy/sizing/step",
                           "options are traded in whole contracts: step must be whole");
    return ERR_OK;
}

enum err strategy_check(const struct strategy *s, struct error *e)
{
    enum err code = check_distance(&s->take_profit, "take_profit", s->side == SIDE_SHORT, e);
    if (code == ERR_OK)
        code = check_distance(&s->stop_loss, "stop_loss", s->side == SIDE_LONG, e);
    if (code == ERR_OK)
        code = check_times(s, e);
    if (code == ERR_OK)
        code = check_commission(&s->commission, e);
    if (code == ERR_OK)
        code = check_slippage(&s->slippage, e);
    if (code == ERR_OK)
        code = check_contract(s, e);
    return code == ERR_OK ? check_sizing(s, e) : code;
}
