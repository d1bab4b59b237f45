/* The `strategy` of a backtest as it came in: one table of fields decodes it, encodes it and words
 * what is wrong with it. Part of a study_spec.
 *
 * Decimals are exact from the text on (base/decimal.h). A member that was not given keeps the
 * default of strategy_defaults and is not encoded.
 */
#ifndef SERVER_JOBS_STRATEGY_SPEC_H
#define SERVER_JOBS_STRATEGY_SPEC_H

#include "base/json_fields.h"
#include "engine/trades/strategy.h"

/* {"period": 14, "multiple": 2} */
struct strategy_spec_atr {
    int64_t period;
    int64_t multiple; /* decimal */
};

/* {"percent": 0.5}, {"offset": 1.25} or {"atr": ...}: one of the three */
struct strategy_spec_distance {
    bool has_percent, has_offset, has_atr;
    int64_t percent, offset; /* decimals */
    struct strategy_spec_atr atr;
};

struct strategy_spec_commission {
    bool has_per_share, has_per_contract, has_percent, has_minimum;
    int64_t per_share, per_contract, percent, minimum; /* decimals */
};

/* {"percent": 0.01} or {"ticks": 1, "tick_size": 0.01} */
struct strategy_spec_slippage {
    bool has_percent, has_ticks, has_tick_size;
    int64_t percent; /* decimal */
    int64_t ticks;
    int64_t tick_size; /* decimal */
};

struct strategy_spec_sizing {
    bool has_step;
    int32_t type;        /* enum sizing_kind */
    int64_t value, step; /* decimals */
};

/* {"select": {"right": "call", "dte": [5, 9], "strike": "atm"}} */
struct strategy_spec_select {
    int32_t right; /* enum option_right */
    struct json_range dte;
    const char *strike;
};

struct strategy_spec_contract {
    struct strategy_spec_select select;
};

/* {"volatility": 0.35, "rate": 0.04} or {"volatility": "realized:20d"} */
struct strategy_spec_model {
    const char *volatility;
    double rate;
};

struct strategy_spec {
    /* As decoded; strings live in the arena given. */
    bool has_side, has_entry, has_take_profit, has_stop_loss, has_max_holding, has_flat_at;
    bool has_intrabar, has_max_positions, has_commission, has_slippage, has_sizing;
    bool has_initial_cash, has_risk_free_rate, has_contract, has_model;
    int32_t side, entry, intrabar; /* enums of strategy.h */
    struct strategy_spec_distance take_profit, stop_loss;
    const char *exit_rule; /* NULL = none */
    int64_t max_holding_ns;
    int32_t flat_at_minute;
    int64_t max_positions;
    struct strategy_spec_commission commission;
    struct strategy_spec_slippage slippage;
    struct strategy_spec_sizing sizing;
    struct strategy_spec_contract contract;
    struct strategy_spec_model model;
    int64_t initial_cash;  /* decimal */
    double risk_free_rate; /* by year, 0.04 = 4 % */
    /* Made by strategy_spec_settle: checked. The zone of flat_at is whoever's runs it. */
    struct strategy strategy;
};

/* For tables that have a strategy among their fields. */
enum { STRATEGY_SPEC_FIELDS = 16 };
extern const struct json_field strategy_spec_fields[STRATEGY_SPEC_FIELDS];

/* Decodes and settles an object on its own, for the command line. ERR_INVALID. */
enum err strategy_spec_decode(const char *text, size_t length, struct arena *arena,
                              struct strategy_spec *ret, struct error *e);
/* Makes the strategy of the decoded members and checks it. ERR_INVALID with a pointer below
 * /strategy. */
enum err strategy_spec_settle(struct strategy_spec *s, struct error *e);

#endif
