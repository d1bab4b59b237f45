#include "server/cli/study_local.h"

#include "base/clock.h"
#include "base/thread.h"
#include "server/cli/progress.h"
#include "server/cli/report_local.h"
#include "server/jobs/study_json.h"
#include "server/jobs/study_universe.h"

#include <math.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { DRAW_MS = 100 };

/* ---- progress: a thread of its own, since study_run keeps this one ---- */

struct watch {
    struct study *study;
    struct progress progress;
    int64_t begun_ns;
    int end_fd; /* readable when the study has ended */
    struct thread thread;
};

static void draw(struct watch *w)
{
    struct study_progress p;
    study_progress(w->study, &p);
    double elapsed_s = (double)(clock_monotonic_ns(clock_real()) - w->begun_ns) / 1e9;
    struct progress_counts counts = {.shards_done = p.shards_done,
                                     .shards_total = p.shards_total,
                                     .bars_done = p.bars_done,
                                     .bars_total = p.bars_total,
                                     .eta_s = (double)NAN};
    if (p.bars_done > 0)
        counts.eta_s = elapsed_s * (double)(p.bars_total - p.bars_done) / (double)p.bars_done;
    progress_draw(&w->progress, &counts);
}

static void *watch_main(void *context)
{
    struct watch *w = context;
    struct pollfd end = {.fd = w->end_fd, .events = POLLIN};
    while (poll(&end, 1, DRAW_MS) == 0)
        draw(w);
    return NULL;
}

/* Without a thread for it there is no progress to see, and no harm. */
static void watch_begin(struct watch *w, struct study *study)
{
    *w = (struct watch){.study = study, .begun_ns = clock_monotonic_ns(clock_real()), .end_fd = -1};
    progress_begin(&w->progress);
    if (!w->progress.on || (w->end_fd = eventfd(0, EFD_CLOEXEC)) < 0)
        return;
    thread_start(&w->thread, &(struct thread_options){.name = "progress"}, watch_main, w, NULL);
}

static void watch_end(struct watch *w)
{
    if (w->thread.started)
        eventfd_write(w->end_fd, 1);
    thread_join(&w->thread);
    if (w->end_fd >= 0)
        close(w->end_fd);
    progress_end(&w->progress);
}

/* ---- the answer ---- */

static void write_latest(struct json_writer *w, const struct study_task *task,
                         const struct study_result *r, int64_t latest)
{
    const struct study_request *request = study_task_request(task);
    int64_t count = (int64_t)r->fire_count < latest ? (int64_t)r->fire_count : latest;
    json_key(w, "latest");
    json_begin_array(w);
    for (int64_t i = 0; i < count; i++) {
        size_t at = r->fire_count - 1 - (size_t)i;
        const struct study_fire *fire = &r->fires[at];
        study_json_fire(w, fire, r->forward + at * r->horizon_count,
                        study_task_symbol(task, (size_t)fire->symbol), request->horizons,
                        request->horizon_count);
    }
    json_end_array(w);
}

static void write_answer(struct json_writer *w, const struct study_local *run,
                         const struct study_task *task, const struct study_result *result,
                         const struct simulation *simulation, const struct study_timing *timing)
{
    json_begin_object(w);
    if (run->kind == STUDY_SPEC_BACKTEST)
        json_member_string(w, "status", "succeeded");
    json_key(w, "request");
    json_begin_object(w);
    study_spec_encode(run->spec, run->kind, w);
    json_end_object(w);
    json_key(w, "result");
    study_json_result(w, task, result, simulation);
    if (run->kind == STUDY_SPEC_CHECK)
        write_latest(w, task, result, run->spec->latest);
    json_key(w, "timing");
    study_json_timing(w, timing);
    json_end_object(w);
}

/* ---- the work ---- */

static enum err run_task(const struct study_local *run, struct study_task *task,
                         struct study_result **ret, struct error *e)
{
    struct watch watch;
    watch_begin(&watch, study_task_study(task));
    enum err err = study_task_run(task, NULL, run->cancel, e);
    watch_end(&watch);
    return err ? err : study_finish(study_task_study(task), run->cancel, ret, e);
}

static int32_t worker_count(const struct study_local *run)
{
    long cores = run->workers ? run->workers : sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > LIMIT_WORKERS ? LIMIT_WORKERS : (int32_t)cores;
}

enum err study_local_run(const struct study_local *asked, struct strbuf *out, struct error *e)
{
    struct worker_pool *pool = NULL;
    struct study_task *task = NULL;
    struct study_result *result = NULL;
    struct simulation *simulation = NULL;
    struct json_writer w;
    int64_t begun_ns = clock_monotonic_ns(clock_real());
    struct study_spec spec = *asked->spec;
    struct study_local own = *asked, *run = &own;
    struct arena arena;
    enum err err;
    own.spec = &spec;
    arena_init(&arena, 1 << 20);
    if ((err = study_universe_expand(run->storage, &spec, &arena, e)) ||
        (err = worker_pool_create(worker_count(run), false, &pool, e)) ||
        (err = study_task_create(run->storage, pool, run->spec, &task, e)) ||
        (err = run_task(run, task, &result, e)) ||
        (err = study_task_simulate(task, result, run->cancel, &simulation, e)))
        goto out;
    struct study_timing timing = {.elapsed_ns = clock_monotonic_ns(clock_real()) - begun_ns,
                                  .bars = result->counts.bars_evaluated,
                                  .workers = worker_pool_size(pool)};
    json_writer_init(&w, out);
    write_answer(&w, run, task, result, simulation, &timing);
    if (strbuf_failed(out))
        err = error_set(e, ERR_TOO_LARGE, "the result is larger than %zu bytes", out->max_bytes);
    if (!err && run->report)
        err = report_local_write(&(struct report_local){out, result, simulation}, run->report, e);
out:
    simulation_free(simulation);
    study_result_free(result);
    study_task_free(task);
    arena_release(&arena);
    if (pool)
        worker_pool_free(pool);
    return err;
}
