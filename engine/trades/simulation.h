/* From the fires of a finished study to trades, account and metrics.
 *
 * Trades are a second map over the fires, apart from the study's shards: a trade may end long after
 * the shard of its fire, so it belongs to none. What a fire would become is found in parallel, in
 * tasks of fixed size whose answers have fixed places; then one ordered pass makes the account
 * (ledger.h). So the answer is the same to the last bit for any number of workers.
 *
 * The bars that count are those that start in [from_ns, to_ns). The account begins where the first
 * of them starts and ends where the last one ends; bars before it are seen by ATR and exit rule
 * only, bars after it by nothing.
 */
#ifndef ENGINE_TRADES_SIMULATION_H
#define ENGINE_TRADES_SIMULATION_H

#include "engine/options/option_chain.h"
#include "engine/study/study.h"
#include "engine/trades/metrics.h"
#include "engine/trades/trade_stats.h"

/* Part of every digest: changes with any change of what a simulation answers. */
#define SIMULATION_VERSION "2"

struct simulation_input {
    const struct strategy *strategy;     /* checked */
    const struct rule *exit_rule;        /* boolean; with has_exit_rule, else NULL */
    double risk_free_rate;               /* by year, 0.04 = 4 % */
    const struct study_result *study;    /* its fires, in their order */
    const struct study_source *source;   /* the study's: the same bars again, all columns */
    const struct option_source *options; /* with a contract in the strategy, else NULL */
    struct timeframe timeframe;          /* of the bars */
    int64_t from_ns, to_ns;              /* of the study */
};

struct simulation {
    struct ledger *ledger;  /* as chosen; owned */
    int64_t from_ns, to_ns; /* of the account: first counted bar's start, last one's end */
    bool has_ambiguous;     /* else best and worst are the chosen ones */
    struct metrics chosen, best, worst;
    struct trade_stats pooled;
    size_t symbol_count;
    struct trade_stats *symbols; /* [symbol_count]; owned */
    char digest[SHA256_TEXT];    /* over study, strategy, trades, equity and options looked at */
};

/* ERR_CANCELED within 100 ms of *cancel (NULL allowed); ERR_CONFLICT when the bars are not those of
 * the study; ERR_NO_MEMORY; ERR_TOO_LARGE when the account leaves what it can hold; the source's
 * errors. The bars of all symbols are held until it returns. Not from a worker. */
enum err simulation_run(const struct simulation_input *in, struct worker_pool *pool,
                        const _Atomic bool *cancel, struct simulation **ret, struct error *e);
void simulation_free(struct simulation *s); /* NULL is fine */

#endif
