#include "engine/trades/candidates.h"

#include "engine/study/scan.h"
#include "engine/trades/option_search.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_SYMBOLS = 32, BLOCK_FIRES = 512, WORD_BITS = 64 };

/* One symbol of a batch, ready to be searched. */
struct prepared {
    struct price_blocks *blocks;
    double *take_profit_atr, *stop_loss_atr; /* owned; one column when the periods are equal */
    uint64_t *exit_mask;
    struct exit_search search;
};

/* Neighbouring fires of one symbol: one task. Their candidates go where the fires lie, and are
 * moved together once all are known. */
struct block {
    int32_t symbol;
    size_t first, end; /* of the study's fires */
    size_t found;
};

struct finder {
    const struct simulation_input *in;
    struct worker_pool *pool;
    const _Atomic bool *cancel;
    struct candidates out;
    size_t *first_fire;                           /* [symbol_count + 1] */
    struct rule *take_profit_atr, *stop_loss_atr; /* NULL = not wanted */

    /* the batch at hand: symbols [first, end) */
    size_t first, end;
    struct prepared prepared[BATCH_SYMBOLS];
    struct block *blocks;
    size_t block_count;
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for the trades of a backtest");
}

static bool is_canceled(const struct finder *f)
{
    return f->cancel && atomic_load_explicit(f->cancel, memory_order_relaxed);
}

/* ---- prepare: one task a symbol ---- */

static enum err check_bars(const struct finder *f, size_t symbol, const struct bars *bars,
                           struct error *e)
{
    bool same = bars->timeframe.minutes == f->in->timeframe.minutes;
    for (size_t i = f->first_fire[symbol]; same && i < f->first_fire[symbol + 1]; i++) {
        const struct study_fire *fire = &f->in->study->fires[i];
        same = fire->bar < bars->count && bars->time_ns[fire->bar] == fire->at_ns;
    }
    return same ? ERR_OK
                : error_set(e, ERR_CONFLICT, "the bars are not those that the study fired on");
}

/* The ATR of every bar before `end`: from the first stored bar on, as an indicator of the rule
 * would be. */
static enum err find_atr(const struct finder *f, const struct rule *atr, const struct bars *bars,
                         int64_t end, double **ret, struct error *e)
{
    struct rule_run *run = NULL;
    double *values = malloc((size_t)end * sizeof *values + 1);
    enum err code = values ? rule_run_create(atr, bars, &run, e) : no_memory(e);
    if (code == ERR_OK)
        rule_run_start(run, 0);
    for (int64_t bar = 0; code == ERR_OK && bar < end;) {
        int64_t next = end - bar > SCAN_CANCEL_BARS ? bar + SCAN_CANCEL_BARS : end;
        if (is_canceled(f))
            code = error_set(e, ERR_CANCELED, "canceled");
        else
            rule_run_values(run, next, values + bar);
        bar = next;
    }
    rule_run_free(run);
    if (code == ERR_OK)
        *ret = values;
    else
        free(values);
    return code;
}

static enum err prepare_levels(const struct finder *f, const struct bars *bars, int64_t end,
                               struct prepared *p, struct error *e)
{
    const struct strategy *y = f->in->strategy;
    enum err code = ERR_OK;
    if (y->contract.given)
        return ERR_OK; /* an option's levels are not on the symbol's bars */
    if (y->take_profit.kind != DISTANCE_NONE || y->stop_loss.kind != DISTANCE_NONE)
        code = price_blocks_create(bars, &p->blocks, e);
    if (code == ERR_OK && f->take_profit_atr)
        code = find_atr(f, f->take_profit_atr, bars, end, &p->take_profit_atr, e);
    if (code == ERR_OK && f->stop_loss_atr)
        code = find_atr(f, f->stop_loss_atr, bars, end, &p->stop_loss_atr, e);
    return code;
}

/* A symbol without fires gives its bars to the account, and no more. */
static enum err prepare_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct finder *f = context;
    struct prepared *p = &f->prepared[task];
    size_t symbol = f->first + (size_t)task;
    const struct study_source *source = f->in->source;
    enum err code = source->load(source->context, symbol, &f->out.bars[symbol], e);
    if (code != ERR_OK)
        return code;
    const struct bars *bars = f->out.bars[symbol];
    code = check_bars(f, symbol, bars, e);
    if (code == ERR_OK && f->out.chains)
        code = option_chain_create(f->in->options, symbol, f->out.held_bytes,
                                   &f->out.chains[symbol], e);
    if (code != ERR_OK || f->first_fire[symbol] == f->first_fire[symbol + 1])
        return code;
    return prepare_levels(f, bars, bars_lower_bound(bars, f->in->to_ns), p, e);
}

/* On the calling thread: the workers share the bars of each symbol. */
static enum err find_exit_bits(struct finder *f, struct error *e)
{
    enum err code = ERR_OK;
    for (size_t s = f->first; code == ERR_OK && f->in->exit_rule && s < f->end; s++) {
        struct prepared *p = &f->prepared[s - f->first];
        const struct bars *bars = f->out.bars[s];
        if (f->first_fire[s] == f->first_fire[s + 1])
            continue;
        p->exit_mask = malloc(((size_t)bars->count / WORD_BITS + 1) * sizeof *p->exit_mask);
        code = p->exit_mask
                   ? scan_bits(f->in->exit_rule, bars, f->pool, 0, f->cancel, p->exit_mask, NULL, e)
                   : no_memory(e);
    }
    return code;
}

static enum err init_searches(struct finder *f, struct error *e)
{
    enum err code = ERR_OK;
    for (size_t s = f->first; code == ERR_OK && s < f->end; s++) {
        struct prepared *p = &f->prepared[s - f->first];
        const struct bars *bars = f->out.bars[s];
        if (f->first_fire[s] == f->first_fire[s + 1])
            continue;
        bool shared = f->take_profit_atr && f->in->strategy->stop_loss.kind == DISTANCE_ATR;
        struct exit_inputs in = {.strategy = f->in->strategy,
                                 .bars = bars,
                                 .blocks = p->blocks,
                                 .end_bar = bars_lower_bound(bars, f->in->to_ns),
                                 .exit_mask = p->exit_mask,
                                 .take_profit_atr = p->take_profit_atr,
                                 .stop_loss_atr = p->stop_loss_atr,
                                 .symbol = (int32_t)s};
        if (shared && !f->stop_loss_atr)
            in.stop_loss_atr = p->take_profit_atr;
        code = exit_search_init(&p->search, &in, e);
    }
    return code;
}

/* ---- search: one task a block of fires ---- */

static enum err list_blocks(struct finder *f, struct error *e)
{
    size_t room = 0;
    for (size_t s = f->first; s < f->end; s++)
        room += (f->first_fire[s + 1] - f->first_fire[s] + BLOCK_FIRES - 1) / BLOCK_FIRES;
    f->block_count = 0;
    f->blocks = malloc(room * sizeof *f->blocks + 1);
    if (!f->blocks)
        return no_memory(e);
    for (size_t s = f->first; s < f->end; s++)
        for (size_t i = f->first_fire[s]; i < f->first_fire[s + 1]; i += BLOCK_FIRES) {
            size_t left = f->first_fire[s + 1] - i;
            f->blocks[f->block_count++] =
                (struct block){(int32_t)s, i, i + (left < BLOCK_FIRES ? left : BLOCK_FIRES), 0};
        }
    assert(f->block_count == room);
    return ERR_OK;
}

static enum err search_options(const struct finder *f, struct block *b, struct error *e)
{
    const struct option_search search = {.timeline =
                                             &f->prepared[(size_t)b->symbol - f->first].search,
                                         .chain = f->out.chains[b->symbol]};
    enum err code = ERR_OK;
    for (size_t i = b->first; code == ERR_OK && i < b->end; i++) {
        bool found = false;
        code = is_canceled(f) ? error_set(e, ERR_CANCELED, "canceled")
                              : option_search_find(&search, f->in->study->fires[i].bar,
                                                   &f->out.items[b->first + b->found], &found, e);
        b->found += found;
    }
    return code;
}

static enum err search_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct finder *f = context;
    struct block *b = &f->blocks[task];
    if (f->out.chains)
        return search_options(f, b, e);
    const struct exit_search *search = &f->prepared[(size_t)b->symbol - f->first].search;
    int64_t fire_bars[BLOCK_FIRES];
    for (size_t i = b->first; i < b->end; i++)
        fire_bars[i - b->first] = f->in->study->fires[i].bar;
    b->found = exit_search_find_all(search, fire_bars, b->end - b->first, &f->out.items[b->first]);
    return ERR_OK;
}

static void gather(struct finder *f)
{
    struct candidates *out = &f->out;
    for (size_t i = 0; i < f->block_count; i++) {
        const struct block *b = &f->blocks[i];
        if (out->count != b->first)
            memmove(out->items + out->count, out->items + b->first, b->found * sizeof *out->items);
        out->count += b->found;
        out->of_symbol[b->symbol] += (int64_t)b->found;
    }
}

/* ---- batches ---- */

static void drop_batch(struct finder *f)
{
    for (size_t i = 0; i < BATCH_SYMBOLS; i++) {
        struct prepared *p = &f->prepared[i];
        exit_search_release(&p->search);
        price_blocks_free(p->blocks);
        free(p->take_profit_atr);
        free(p->stop_loss_atr);
        free(p->exit_mask);
        *p = (struct prepared){0};
    }
    free(f->blocks);
    f->blocks = NULL;
}

static enum err run_batch(struct finder *f, struct error *e)
{
    int64_t symbols = (int64_t)(f->end - f->first);
    enum err code = worker_pool_run(f->pool, prepare_task, f, symbols, f->cancel, e);
    if (code == ERR_OK)
        code = find_exit_bits(f, e);
    if (code == ERR_OK)
        code = init_searches(f, e);
    if (code == ERR_OK)
        code = list_blocks(f, e);
    if (code == ERR_OK)
        code = worker_pool_run(f->pool, search_task, f, (int64_t)f->block_count, f->cancel, e);
    if (code == ERR_OK)
        gather(f);
    drop_batch(f);
    return code;
}

/* "atr(14)" as a rule that gives a number. */
static enum err compile_atr(const struct finder *f, const struct strategy_distance *d,
                            struct rule **ret, struct error *e)
{
    struct rule_options options = {.timeframe = f->in->timeframe, .any_type = true};
    char text[32];
    int length = snprintf(text, sizeof text, "atr(%d)", (int)d->atr_period);
    return d->kind == DISTANCE_ATR ? rule_compile(text, (size_t)length, &options, ret, e) : ERR_OK;
}

static enum err prepare_finder(struct finder *f, struct error *e)
{
    const struct strategy *y = f->in->strategy;
    const struct study_result *study = f->in->study;
    size_t symbols = study->symbol_count;
    f->out.symbol_count = symbols;
    f->out.bars = calloc(symbols, sizeof *f->out.bars);
    f->out.of_symbol = calloc(symbols, sizeof *f->out.of_symbol);
    f->out.items = malloc(study->fire_count * sizeof *f->out.items + 1);
    f->first_fire = calloc(symbols + 1, sizeof *f->first_fire);
    if (!f->out.bars || !f->out.of_symbol || !f->out.items || !f->first_fire)
        return no_memory(e);
    if (y->contract.given) {
        f->out.chains = calloc(symbols, sizeof *f->out.chains);
        f->out.held_bytes = calloc(1, sizeof *f->out.held_bytes);
        if (!f->out.chains || !f->out.held_bytes)
            return no_memory(e);
    }
    for (size_t i = 0; i < study->fire_count; i++)
        f->first_fire[study->fires[i].symbol + 1]++;
    for (size_t s = 0; s < symbols; s++)
        f->first_fire[s + 1] += f->first_fire[s];
    enum err code = compile_atr(f, &y->take_profit, &f->take_profit_atr, e);
    bool same = f->take_profit_atr && y->stop_loss.atr_period == y->take_profit.atr_period;
    return code == ERR_OK && !same ? compile_atr(f, &y->stop_loss, &f->stop_loss_atr, e) : code;
}

enum err candidates_find(const struct simulation_input *in, struct worker_pool *pool,
                         const _Atomic bool *cancel, struct candidates *ret, struct error *e)
{
    assert(in->strategy->has_exit_rule == (in->exit_rule != NULL));
    assert(!in->strategy->contract.given || in->options);
    struct finder *f = calloc(1, sizeof *f);
    if (!f)
        return no_memory(e);
    f->in = in;
    f->pool = pool;
    f->cancel = cancel;
    enum err code = prepare_finder(f, e);
    while (code == ERR_OK && f->end < f->out.symbol_count) {
        size_t left = f->out.symbol_count - f->end;
        f->first = f->end;
        f->end += left < BATCH_SYMBOLS ? left : BATCH_SYMBOLS;
        code = run_batch(f, e);
    }
    if (code == ERR_OK)
        *ret = f->out;
    else
        candidates_release(&f->out);
    rule_free(f->take_profit_atr);
    rule_free(f->stop_loss_atr);
    free(f->first_fire);
    free(f);
    return code;
}

void candidates_release(struct candidates *c)
{
    for (size_t s = 0; c->bars && s < c->symbol_count; s++)
        bars_unref(c->bars[s]);
    for (size_t s = 0; c->chains && s < c->symbol_count; s++)
        option_chain_free(c->chains[s]);
    free(c->chains);
    free(c->held_bytes);
    free(c->bars);
    free(c->of_symbol);
    free(c->items);
    *c = (struct candidates){0};
}
