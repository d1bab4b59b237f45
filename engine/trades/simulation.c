#include "engine/trades/simulation.h"

#include "engine/trades/candidates.h"
#include "engine/trades/option_search.h"
#include "engine/trades/simulation_digest.h"

#include <stdlib.h>

enum { CASE_COUNT = LEDGER_WORST + 1 };

/* One run of the account, and what it amounts to. */
struct account_case {
    enum ledger_case which;
    struct ledger *ledger;
    struct metrics metrics;
};

struct simulator {
    const struct simulation_input *in;
    const _Atomic bool *cancel;
    struct candidates candidates;
    struct account_case cases[CASE_COUNT]; /* the chosen one first */
    int64_t case_count;
    struct simulation *result;
};

/* The account begins and ends with the bars that count; without any it is the range itself. */
static void find_range(const struct simulator *s, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
    const struct simulation_input *in = s->in;
    bool found = false;
    *ret_from_ns = in->from_ns;
    *ret_to_ns = in->to_ns;
    for (size_t i = 0; i < s->candidates.symbol_count; i++) {
        const struct bars *bars = s->candidates.bars[i];
        int64_t first = bars_lower_bound(bars, in->from_ns);
        int64_t end = bars_lower_bound(bars, in->to_ns);
        if (first >= end)
            continue;
        int64_t from_ns = bars->time_ns[first], to_ns = bar_end_ns(bars, end - 1);
        *ret_from_ns = !found || from_ns < *ret_from_ns ? from_ns : *ret_from_ns;
        *ret_to_ns = !found || to_ns > *ret_to_ns ? to_ns : *ret_to_ns;
        found = true;
    }
}

/* Which accounts differ from the chosen one. */
static void list_cases(struct simulator *s)
{
    const struct candidates *c = &s->candidates;
    enum intrabar intrabar = s->in->strategy->intrabar;
    for (size_t i = 0; i < c->count && !s->result->has_ambiguous; i++)
        s->result->has_ambiguous = c->items[i].ambiguous;
    s->cases[s->case_count++].which = LEDGER_CHOSEN;
    if (s->result->has_ambiguous && intrabar != INTRABAR_OPTIMISTIC)
        s->cases[s->case_count++].which = LEDGER_BEST;
    if (s->result->has_ambiguous && intrabar != INTRABAR_PESSIMISTIC)
        s->cases[s->case_count++].which = LEDGER_WORST;
}

static int64_t mark_price(void *context, const struct trade_candidate *c, int64_t at_ns)
{
    const struct simulator *s = context;
    return option_mark_price(&s->in->strategy->contract, s->candidates.bars[c->symbol],
                             s->candidates.chains[c->symbol], c, at_ns);
}

static enum err account_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    struct simulator *s = context;
    struct account_case *c = &s->cases[task];
    const struct option_marks marks = {mark_price, s};
    struct ledger_input in = {.strategy = s->in->strategy,
                              .bars = s->candidates.bars,
                              .symbol_count = s->candidates.symbol_count,
                              .candidates = s->candidates.items,
                              .candidate_count = s->candidates.count,
                              .from_ns = s->result->from_ns,
                              .to_ns = s->result->to_ns,
                              .which = c->which,
                              .marks = &marks,
                              .cancel = s->cancel};
    enum err code = ledger_run(&in, &c->ledger, e);
    if (code != ERR_OK)
        return code;
    struct metrics_input metrics = {.ledger = c->ledger,
                                    .bars = in.bars,
                                    .symbol_count = in.symbol_count,
                                    .from_ns = s->in->from_ns,
                                    .to_ns = s->in->to_ns,
                                    .risk_free_rate = s->in->risk_free_rate};
    return metrics_compute(&metrics, &c->metrics, e);
}

static void take_cases(struct simulator *s)
{
    struct simulation *r = s->result;
    r->chosen = r->best = r->worst = s->cases[0].metrics;
    for (int64_t i = 1; i < s->case_count; i++)
        *(s->cases[i].which == LEDGER_BEST ? &r->best : &r->worst) = s->cases[i].metrics;
    r->ledger = s->cases[0].ledger;
    s->cases[0].ledger = NULL;
}

static enum err count_symbols(struct simulator *s, struct error *e)
{
    struct simulation *r = s->result;
    r->symbol_count = s->candidates.symbol_count;
    r->symbols = calloc(r->symbol_count, sizeof *r->symbols);
    if (!r->symbols)
        return error_set(e, ERR_NO_MEMORY, "no memory for the trades by symbol");
    for (size_t i = 0; i < r->symbol_count; i++) {
        r->symbols[i].fires = s->in->study->symbols[i].counts.fires;
        r->symbols[i].candidates = s->candidates.of_symbol[i];
    }
    r->pooled.fires = s->in->study->counts.fires;
    r->pooled.candidates = (int64_t)s->candidates.count;
    trade_stats_compute(r->ledger, r->symbols, r->symbol_count, &r->pooled);
    return ERR_OK;
}

enum err simulation_run(const struct simulation_input *in, struct worker_pool *pool,
                        const _Atomic bool *cancel, struct simulation **ret, struct error *e)
{
    struct simulator s = {.in = in, .cancel = cancel};
    enum err code = ERR_OK;
    s.result = calloc(1, sizeof *s.result);
    if (!s.result)
        return error_set(e, ERR_NO_MEMORY, "no memory for the trades");
    code = candidates_find(in, pool, cancel, &s.candidates, e);
    if (code != ERR_OK)
        goto out;
    find_range(&s, &s.result->from_ns, &s.result->to_ns);
    list_cases(&s);
    code = worker_pool_run(pool, account_task, &s, s.case_count, cancel, e);
    if (code != ERR_OK)
        goto out;
    take_cases(&s);
    code = count_symbols(&s, e);
    if (code != ERR_OK)
        goto out;
    code = simulation_digest(in, &s.candidates, s.result->ledger, cancel, s.result->digest, e);
    if (code != ERR_OK)
        goto out;
    *ret = s.result;
    s.result = NULL;
out:
    for (int64_t i = 0; i < s.case_count; i++)
        ledger_free(s.cases[i].ledger);
    candidates_release(&s.candidates);
    simulation_free(s.result);
    return code;
}

void simulation_free(struct simulation *s)
{
    if (!s)
        return;
    ledger_free(s->ledger);
    free(s->symbols);
    free(s);
}
