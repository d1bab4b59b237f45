#include "engine/trades/simulation_digest.h"

#include <stdatomic.h>

enum { CANCEL_ITEMS = 8192 };

#define ADD_WORDS(h, ...)                                                                          \
    sha256_add_words(h, (const int64_t[]){__VA_ARGS__},                                            \
                     sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void add_distance(struct sha256 *h, const struct strategy_distance *d)
{
    bool is_atr = d->kind == DISTANCE_ATR;
    ADD_WORDS(h, d->kind, d->kind == DISTANCE_NONE ? 0 : d->value, is_atr ? d->atr_period : 0);
}

static void add_slippage(struct sha256 *h, const struct strategy_slippage *s)
{
    bool by_percent = s->kind == SLIPPAGE_PERCENT, by_ticks = s->kind == SLIPPAGE_TICKS;
    ADD_WORDS(h, s->kind, by_percent ? s->percent : 0, by_ticks ? s->ticks : 0,
              by_ticks ? s->tick_size : 0);
}

static void add_strategy(struct sha256 *h, const struct simulation_input *in)
{
    const struct strategy *s = in->strategy;
    ADD_WORDS(h, s->side, s->entry, s->intrabar, s->max_holding_ns, s->flat_at_minute);
    add_distance(h, &s->take_profit);
    add_distance(h, &s->stop_loss);
    sha256_add_string(h, in->exit_rule ? rule_normal_form(in->exit_rule) : "");
    sha256_add_string(h, s->flat_zone ? zone_name(s->flat_zone) : "");
    ADD_WORDS(h, s->commission.per_share, s->commission.per_contract, s->commission.percent,
              s->commission.minimum);
    add_slippage(h, &s->slippage);
    ADD_WORDS(h, s->sizing.kind, s->sizing.value, s->sizing.step, s->initial_cash,
              s->max_positions);
    sha256_add_double(h, in->risk_free_rate);
}

/* Nothing for shares. */
static void add_contract_rule(struct sha256 *h, const struct contract_rule *r)
{
    if (!r->given)
        return;
    ADD_WORDS(h, r->right, r->dte_min, r->dte_max, r->steps, r->has_model, r->realized_days);
    sha256_add_double(h, r->delta);
    sha256_add_double(h, r->volatility);
    sha256_add_double(h, r->rate);
}

static void add_trade(struct sha256 *h, const struct trade *t)
{
    ADD_WORDS(h, t->symbol, t->exit_reason, t->ambiguous, t->fire_bar, t->entry_bar, t->exit_bar,
              t->entry_at.at_ns, t->entry_at.phase, t->exit_at.at_ns, t->exit_at.phase,
              t->entry_price, t->exit_price, t->quantity, t->entry_value, t->exit_value,
              t->commission, t->pnl, t->risk, t->bars_held);
    const struct trade_contract *c = &t->contract;
    if (!trade_is_option(c))
        return;
    ADD_WORDS(h, c->prices, c->right, c->expiry_days, c->strike_milli);
    sha256_add_double(h, c->volatility);
}

static bool is_canceled(const _Atomic bool *cancel, int64_t item)
{
    return item % CANCEL_ITEMS == 0 && cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

enum err simulation_digest(const struct simulation_input *in, const struct candidates *candidates,
                           const struct ledger *ledger, const _Atomic bool *cancel,
                           char out[SHA256_TEXT], struct error *e)
{
    struct sha256 h;
    unsigned char hash[SHA256_BYTES];
    const struct ledger_counts *c = &ledger->counts;
    int64_t points = (int64_t)ledger->point_count;
    bool canceled = false;
    sha256_init(&h);
    sha256_add_string(&h, "bracketd simulation " SIMULATION_VERSION);
    sha256_add_string(&h, in->study->digest);
    add_strategy(&h, in);
    add_contract_rule(&h, &in->strategy->contract);
    for (size_t i = 0; candidates->chains && i < candidates->symbol_count; i++)
        option_chain_hash(candidates->chains[i], &h);
    ADD_WORDS(&h, c->candidates, c->trades, c->in_position, c->too_small, c->unaffordable);
    for (int64_t i = 0; i < c->trades && !(canceled = is_canceled(cancel, i)); i++)
        add_trade(&h, &ledger->trades[i]);
    sha256_add_u64(&h, (uint64_t)points);
    for (int64_t i = 0; i < points && !canceled; i++) {
        const struct equity_point *p = &ledger->points[i];
        ADD_WORDS(&h, p->at_ns, p->equity, p->cash, p->open_positions, p->is_mark);
        canceled = is_canceled(cancel, i);
    }
    if (canceled)
        return error_set(e, ERR_CANCELED, "canceled");
    sha256_finish(&h, hash);
    hex_format(hash, sizeof hash, out);
    return ERR_OK;
}
