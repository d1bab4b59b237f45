#include "server/jobs/strategy_spec.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>

#define RISK_FREE_RATE_MIN (-0.5)
#define RISK_FREE_RATE_MAX 1.0
#define MODEL_RATE_MIN (-0.5)
#define MODEL_RATE_MAX 1.0

enum { STRIKE_BYTES = 32 };

static const char *const option_right_names[] = {"call", "put", NULL};

/* clang-format off */
#define ATR(member, name, kind, ...) JSON_FIELD(struct strategy_spec_atr, member, name, kind, __VA_ARGS__)
#define DISTANCE(member, name, kind, ...) JSON_FIELD(struct strategy_spec_distance, member, name, kind, __VA_ARGS__)
#define COMMISSION(member, name) \
    JSON_FIELD(struct strategy_spec_commission, member, name, JSON_DECIMAL, JSON_PRESENT(struct strategy_spec_commission, has_##member))
#define SLIPPAGE(member, name, kind, ...) \
    JSON_FIELD(struct strategy_spec_slippage, member, name, kind, __VA_ARGS__, JSON_PRESENT(struct strategy_spec_slippage, has_##member))
#define SIZING(member, name, kind, ...) JSON_FIELD(struct strategy_spec_sizing, member, name, kind, __VA_ARGS__)
#define HAS(type, member) JSON_PRESENT(struct type, member)
#define FIELDS(table) .fields = (table), .field_count = sizeof(table) / sizeof((table)[0])

static const struct json_field atr_fields[] = {
    ATR(period, "period", JSON_INT, .required = true, .min = 1, .max = LIMIT_STRATEGY_ATR_PERIOD),
    ATR(multiple, "multiple", JSON_DECIMAL, .required = true),
};
static const struct json_field distance_fields[] = {
    DISTANCE(percent, "percent", JSON_DECIMAL, HAS(strategy_spec_distance, has_percent)),
    DISTANCE(offset, "offset", JSON_DECIMAL, HAS(strategy_spec_distance, has_offset)),
    DISTANCE(atr, "atr", JSON_OBJECT, FIELDS(atr_fields), HAS(strategy_spec_distance, has_atr)),
};
static const struct json_field commission_fields[] = {
    COMMISSION(per_share, "per_share"),
    COMMISSION(per_contract, "per_contract"),
    COMMISSION(percent, "percent"),
    COMMISSION(minimum, "minimum"),
};
static const struct json_field slippage_fields[] = {
    SLIPPAGE(percent, "percent", JSON_DECIMAL, .required = false),
    SLIPPAGE(ticks, "ticks", JSON_INT, .min = 0, .max = LIMIT_STRATEGY_TICKS),
    SLIPPAGE(tick_size, "tick_size", JSON_DECIMAL, .required = false),
};
static const struct json_field sizing_fields[] = {
    SIZING(type, "type", JSON_ENUM, .required = true, .choices = sizing_kind_names),
    SIZING(value, "value", JSON_DECIMAL, .required = true),
    SIZING(step, "step", JSON_DECIMAL, HAS(strategy_spec_sizing, has_step)),
};

#define SELECT(member, name, kind, ...) JSON_FIELD(struct strategy_spec_select, member, name, kind, __VA_ARGS__)
#define MODEL(member, name, kind, ...) JSON_FIELD(struct strategy_spec_model, member, name, kind, __VA_ARGS__)

static const struct json_field select_fields[] = {
    SELECT(right, "right", JSON_ENUM, .required = true, .choices = option_right_names),
    SELECT(dte, "dte", JSON_RANGE, .required = true, .min = 0, .max = LIMIT_OPTION_DTE),
    SELECT(strike, "strike", JSON_TEXT, .required = true, .min = 1, .max = STRIKE_BYTES),
};
static const struct json_field contract_fields[] = {
    JSON_FIELD(struct strategy_spec_contract, select, "select", JSON_OBJECT, .required = true, FIELDS(select_fields)),
};
static const struct json_field model_fields[] = {
    MODEL(volatility, "volatility", JSON_SCALAR, .required = true, .min = 1, .max = STRIKE_BYTES),
    MODEL(rate, "rate", JSON_NUMBER, .number_min = MODEL_RATE_MIN, .number_max = MODEL_RATE_MAX),
};

#define STRATEGY(member, name, kind, ...) JSON_FIELD(struct strategy_spec, member, name, kind, __VA_ARGS__)
#define GIVEN(member) HAS(strategy_spec, has_##member)

const struct json_field strategy_spec_fields[] = {
    STRATEGY(side, "side", JSON_ENUM, .choices = trade_side_names, GIVEN(side)),
    STRATEGY(entry, "entry", JSON_ENUM, .choices = trade_entry_names, GIVEN(entry)),
    STRATEGY(take_profit, "take_profit", JSON_OBJECT, FIELDS(distance_fields), GIVEN(take_profit)),
    STRATEGY(stop_loss, "stop_loss", JSON_OBJECT, FIELDS(distance_fields), GIVEN(stop_loss)),
    STRATEGY(exit_rule, "exit_rule", JSON_TEXT, .min = 1, .max = LIMIT_RULE_BYTES),
    STRATEGY(max_holding_ns, "max_holding", JSON_DURATION, .min = NS_PER_SECOND,
             .max = LIMIT_STRATEGY_HOLDING_DAYS * NS_PER_DAY, GIVEN(max_holding)),
    STRATEGY(flat_at_minute, "flat_at", JSON_TIME_OF_DAY, GIVEN(flat_at)),
    STRATEGY(intrabar, "intrabar", JSON_ENUM, .choices = intrabar_names, GIVEN(intrabar)),
    STRATEGY(max_positions, "max_positions", JSON_INT, .min = 1, .max = LIMIT_STRATEGY_POSITIONS,
             GIVEN(max_positions)),
    STRATEGY(commission, "commission", JSON_OBJECT, FIELDS(commission_fields), GIVEN(commission)),
    STRATEGY(slippage, "slippage", JSON_OBJECT, FIELDS(slippage_fields), GIVEN(slippage)),
    STRATEGY(sizing, "sizing", JSON_OBJECT, FIELDS(sizing_fields), GIVEN(sizing)),
    STRATEGY(contract, "contract", JSON_OBJECT, FIELDS(contract_fields), GIVEN(contract)),
    STRATEGY(model, "model", JSON_OBJECT, FIELDS(model_fields), GIVEN(model)),
    STRATEGY(initial_cash, "initial_cash", JSON_DECIMAL, GIVEN(initial_cash)),
    STRATEGY(risk_free_rate, "risk_free_rate", JSON_NUMBER, .number_min = RISK_FREE_RATE_MIN,
             .number_max = RISK_FREE_RATE_MAX, GIVEN(risk_free_rate)),
};
/* clang-format on */
_Static_assert(sizeof(strategy_spec_fields) / sizeof(strategy_spec_fields[0]) ==
                   STRATEGY_SPEC_FIELDS,
               "the header says how many fields there are");

enum err strategy_spec_decode(const char *text, size_t length, struct arena *arena,
                              struct strategy_spec *ret, struct error *e)
{
    *ret = (struct strategy_spec){0};
    enum err err =
        json_decode(text, length, strategy_spec_fields, STRATEGY_SPEC_FIELDS, ret, arena, e);
    return err ? err : strategy_spec_settle(ret, e);
}

static enum err settle_distance(const struct strategy_spec_distance *d, const char *name,
                                struct strategy_distance *ret, struct error *e)
{
    char pointer[64];
    if (d->has_percent + d->has_offset + d->has_atr != 1) {
        snprintf(pointer, sizeof(pointer), "/strategy/%s", name);
        return error_field(e, ERR_INVALID, pointer,
                           "'%s' must have one of 'percent', 'offset' and 'atr'", name);
    }
    if (d->has_percent)
        *ret = (struct strategy_distance){.kind = DISTANCE_PERCENT, .value = d->percent};
    else if (d->has_offset)
        *ret = (struct strategy_distance){.kind = DISTANCE_OFFSET, .value = d->offset};
    else
        *ret = (struct strategy_distance){
            .kind = DISTANCE_ATR, .value = d->atr.multiple, .atr_period = (int32_t)d->atr.period};
    return ERR_OK;
}

static enum err settle_slippage(const struct strategy_spec_slippage *s,
                                struct strategy_slippage *ret, struct error *e)
{
    static const char pointer[] = "/strategy/slippage";
    if (s->has_percent ? s->has_ticks || s->has_tick_size : !s->has_ticks || !s->has_tick_size)
        return error_field(e, ERR_INVALID, pointer,
                           "'slippage' must have either 'percent', or 'ticks' and 'tick_size'");
    *ret = (struct strategy_slippage){.kind = s->has_percent ? SLIPPAGE_PERCENT : SLIPPAGE_TICKS,
                                      .percent = s->percent,
                                      .ticks = (int32_t)s->ticks,
                                      .tick_size = s->tick_size};
    return ERR_OK;
}

/* A message of a parser, at its field. */
static enum err at_field(enum err err, const char *pointer, const struct error *inner,
                         struct error *e)
{
    return err ? error_field(e, err, pointer, "%s", inner->message) : ERR_OK;
}

static enum err settle_contract(const struct strategy_spec *s, struct contract_rule *ret,
                                struct error *e)
{
    struct error inner;
    const struct strategy_spec_select *select = &s->contract.select;
    enum err err = ERR_OK;
    ret->given = s->has_contract;
    ret->has_model = s->has_model;
    if (s->has_contract) {
        ret->right = (enum option_right)select->right;
        ret->dte_min = (int32_t)select->dte.from;
        ret->dte_max = (int32_t)select->dte.to;
        err = contract_strike_parse(select->strike, strlen(select->strike), ret, &inner);
        err = at_field(err, "/strategy/contract/select/strike", &inner, e);
    }
    if (!err && s->has_model) {
        ret->rate = s->model.rate;
        err = contract_volatility_parse(s->model.volatility, strlen(s->model.volatility), ret,
                                        &inner);
        err = at_field(err, "/strategy/model/volatility", &inner, e);
    }
    return err;
}

static enum err settle_objects(const struct strategy_spec *s, struct strategy *y, struct error *e)
{
    enum err err = ERR_OK;
    if (s->has_take_profit)
        err = settle_distance(&s->take_profit, "take_profit", &y->take_profit, e);
    if (!err && s->has_stop_loss)
        err = settle_distance(&s->stop_loss, "stop_loss", &y->stop_loss, e);
    if (!err)
        err = settle_contract(s, &y->contract, e);
    if (!err && s->has_slippage)
        err = settle_slippage(&s->slippage, &y->slippage, e);
    y->commission = (struct strategy_commission){.per_share = s->commission.per_share,
                                                 .per_contract = s->commission.per_contract,
                                                 .percent = s->commission.percent,
                                                 .minimum = s->commission.minimum};
    if (s->has_sizing) {
        y->sizing.kind = (enum sizing_kind)s->sizing.type;
        y->sizing.value = s->sizing.value;
        if (s->sizing.has_step)
            y->sizing.step = s->sizing.step;
    }
    return err;
}

enum err strategy_spec_settle(struct strategy_spec *s, struct error *e)
{
    struct strategy y;
    strategy_defaults(&y);
    y.side = (enum trade_side)s->side;
    y.entry = (enum trade_entry)s->entry;
    y.intrabar = (enum intrabar)s->intrabar;
    y.has_exit_rule = s->exit_rule != NULL;
    y.max_holding_ns = s->max_holding_ns;
    if (s->has_flat_at)
        y.flat_at_minute = s->flat_at_minute;
    if (s->has_initial_cash)
        y.initial_cash = s->initial_cash;
    if (s->has_max_positions)
        y.max_positions = (int32_t)s->max_positions;
    enum err err = settle_objects(s, &y, e);
    if (!err)
        err = strategy_check(&y, e);
    if (!err)
        s->strategy = y;
    return err;
}
