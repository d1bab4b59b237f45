#include "server/jobs/job_runner.h"

#include "db/fire_repo.h"
#include "db/shard_repo.h"
#include "server/jobs/ledger_store.h"
#include "server/jobs/shard_sink.h"
#include "server/jobs/study_json.h"

#include <string.h>

enum { SPEC_ARENA_BYTES = 4 << 20, OUTCOME_BYTES_MAX = 256 << 20 };

struct runner {
    const struct job_run *run;
    struct arena arena;
    struct study_spec spec;
    struct study_task *task;
    struct shard_sink *sink;
    unsigned char data_hash[DATA_HASH_BYTES];
    int64_t stored; /* shards that an earlier run stored, of these bars and by this engine */
    int64_t started_ns;
};

static enum err plan(struct runner *r, struct error *e)
{
    const struct job_run *run = r->run;
    enum err err = study_spec_decode(run->request, strlen(run->request), STUDY_SPEC_BACKTEST,
                                     &r->arena, &r->spec, e);
    if (!err)
        err = study_task_create(run->storage, run->pool, &r->spec, &r->task, e);
    if (!err)
        err = shard_sink_create(run->storage, run->clock, run->id, r->task, &r->sink, e);
    if (!err)
        study_task_data_hash(r->task, r->data_hash);
    return err;
}

/* Stored shards count only if they were made from the bars that are there now, by this engine. */
static enum err count_stored(struct runner *r, struct error *e)
{
    struct db_read reader = {0};
    struct job_row row;
    enum err err = readers_lease(r->run->storage->readers, &reader, e);
    if (!err)
        err = job_repo_find_summary(&reader, r->run->id, &r->arena, &row, e);
    if (!err && memcmp(row.data_hash, r->data_hash, DATA_HASH_BYTES) == 0 &&
        strcmp(row.engine_version, STUDY_ENGINE_VERSION) == 0)
        err = shard_repo_count(&reader, r->run->id, &r->stored, e);
    readers_return(r->run->storage->readers, &reader);
    shard_sink_skip(r->sink, r->stored);
    return err;
}

static enum err start_work(struct db_write *w, void *context, struct error *e)
{
    struct runner *r = context;
    struct job_progress progress = shard_sink_progress(r->sink);
    enum err err = ERR_OK;
    if (r->stored == 0) {
        err = shard_repo_delete(w, r->run->id, e);
        if (!err)
            err = fire_repo_delete(w, r->run->id, e);
    }
    return err ? err
               : job_repo_start(w, r->run->id, clock_realtime_ns(r->run->clock), r->data_hash,
                                &progress, e);
}

static enum err render(struct runner *r, const struct study_result *result,
                       const struct simulation *simulation, char **ret_outcome, struct error *e)
{
    struct strbuf text;
    struct json_writer w;
    struct study_timing timing = {.elapsed_ns = clock_monotonic_ns(r->run->clock) - r->started_ns,
                                  .bars = result->counts.bars_evaluated,
                                  .workers = worker_pool_size(r->run->pool)};
    strbuf_init(&text, OUTCOME_BYTES_MAX);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    json_key(&w, "result");
    study_json_result(&w, r->task, result, simulation);
    json_key(&w, "timing");
    study_json_timing(&w, &timing);
    json_end_object(&w);
    if (strbuf_failed(&text)) {
        strbuf_release(&text);
        return error_set(e, ERR_TOO_LARGE, "the result is larger than %d bytes", OUTCOME_BYTES_MAX);
    }
    size_t length;
    *ret_outcome = strbuf_take(&text, &length);
    return ERR_OK;
}

/* What each trade was in; NULL when all were in shares. */
static enum err list_contracts(const struct runner *r, const struct ledger *ledger,
                               struct stored_contract **ret, struct error *e)
{
    *ret = NULL;
    if (ledger->counts.trades == 0 || !trade_is_option(&ledger->trades[0].contract))
        return ERR_OK;
    struct stored_contract *contracts = calloc((size_t)ledger->counts.trades, sizeof(*contracts));
    if (!contracts)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the contracts of the trades");
    for (int64_t i = 0; i < ledger->counts.trades; i++) {
        const struct trade *t = &ledger->trades[i];
        const char *symbol = study_task_symbol(r->task, (size_t)t->symbol);
        trade_contract_format(&t->contract, symbol, contracts[i].occ_symbol);
        contracts[i].modelled = trade_is_modelled(&t->contract);
    }
    *ret = contracts;
    return ERR_OK;
}

static enum err store_ledger(const struct runner *r, const struct ledger *ledger, struct error *e)
{
    struct stored_contract *contracts;
    enum err err = disk_guard_check(r->run->storage->disk, e);
    if (err)
        return err;
    err = list_contracts(r, ledger, &contracts, e);
    if (!err)
        err =
            ledger_store(r->run->storage->writer, r->run->id, ledger, contracts, r->run->cancel, e);
    free(contracts);
    return err;
}

static enum err run_and_render(struct runner *r, char **ret_outcome, struct error *e)
{
    struct study_sink sink = shard_sink_study(r->sink);
    struct study_result *result = NULL;
    struct simulation *simulation = NULL;
    enum err err = study_task_run(r->task, &sink, r->run->cancel, e);
    /* Also after a cancel or an error: proved shards are worth keeping for the next start. */
    enum err flushed = shard_sink_flush(r->sink, err ? NULL : e);
    if (!err)
        err = flushed;
    if (!err)
        err = study_finish(study_task_study(r->task), r->run->cancel, &result, e);
    if (!err)
        err = study_task_simulate(r->task, result, r->run->cancel, &simulation, e);
    if (!err && simulation)
        err = store_ledger(r, simulation->ledger, e);
    if (!err)
        err = render(r, result, simulation, ret_outcome, e);
    simulation_free(simulation);
    study_result_free(result);
    return err;
}

/* *ret_poisoned: a shard failed for good, after attempts of its own. */
static enum err run_once(const struct job_run *run, char **ret_outcome,
                         struct job_progress *ret_progress, bool *ret_poisoned, struct error *e)
{
    struct runner r = {.run = run, .started_ns = clock_monotonic_ns(run->clock)};
    arena_init(&r.arena, SPEC_ARENA_BYTES);
    memset(ret_progress, 0, sizeof(*ret_progress));
    *ret_poisoned = false;
    enum err err;
    if ((err = plan(&r, e)) || (err = count_stored(&r, e)) ||
        (err = writer_call(run->storage->writer, start_work, &r, e)))
        goto out;
    run->watch_study(run->context, study_task_study(r.task));
    err = run_and_render(&r, ret_outcome, e);
    run->watch_study(run->context, NULL);
out:
    if (r.sink) {
        *ret_progress = shard_sink_progress(r.sink);
        *ret_poisoned = shard_sink_has_failed(r.sink);
    }
    shard_sink_free(r.sink);
    study_task_free(r.task);
    arena_release(&r.arena);
    return err;
}

/* How often a job may be begun that ends so. Bars that an import changed after they were planned on
 * cost a new plan; what failed may be better a moment later. */
static int attempts_for(enum err err)
{
    if (err == ERR_CONFLICT)
        return LIMIT_JOB_PLANS;
    return err == ERR_IO || err == ERR_NO_MEMORY ? LIMIT_SHARD_ATTEMPTS : 1;
}

enum err job_run(const struct job_run *run, char **ret_outcome, struct job_progress *ret_progress,
                 struct error *e)
{
    bool poisoned;
    enum err err = run_once(run, ret_outcome, ret_progress, &poisoned, e);
    for (int attempt = 1; err && !poisoned && attempt < attempts_for(err); attempt++)
        err = run_once(run, ret_outcome, ret_progress, &poisoned, e);
    return err;
}
