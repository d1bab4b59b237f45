/* A shard is walked in blocks of whole sessions, each at most SCAN_CANCEL_BARS bars long (or one
 * session): the rule's bits of a block come first, then its sessions one by one, by columns over
 * scratch arrays, so that nothing of a shard's size is held but its fires.
 */
#include "engine/study/study_shard.h"

#include "base/bits.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { FEW_CANDIDATES = 16 };

void shard_result_release(struct shard_result *r)
{
    fire_list_release(&r->fires);
    free(r->exit_state);
    *r = (struct shard_result){0};
}

static void release_scratch(struct shard_worker *w)
{
    struct scan_cursor cursor = w->cursor;
    struct quick_sums quick = w->quick;
    free(w->mask);
    free(w->day);
    free(w->minute);
    free(w->inside);
    free(w->counted);
    free(w->candidates);
    free(w->queue);
    free(w->returns);
    free(w->mfe);
    free(w->mae);
    *w = (struct shard_worker){.cursor = cursor, .quick = quick};
}

void shard_worker_release(struct shard_worker *w)
{
    scan_cursor_close(&w->cursor);
    quick_sums_release(&w->quick);
    release_scratch(w);
}

void shard_worker_settle(struct shard_worker *w)
{
    quick_sums_settle(&w->quick);
}

static int64_t longest_session(const struct bars *bars, const struct shard *shard)
{
    int64_t longest = 1;
    for (int64_t s = shard->first_session; s < shard->end_session; s++) {
        int64_t count = bars->sessions[s].end - bars->sessions[s].first;
        longest = count > longest ? count : longest;
    }
    return longest;
}

static enum err fit_scratch(struct shard_worker *w, size_t capacity, size_t horizon_count,
                            struct error *e)
{
    if (!w->quick.cells) {
        enum err code = quick_sums_init(&w->quick, horizon_count, e);
        if (code != ERR_OK)
            return code;
    }
    if (capacity <= w->capacity)
        return ERR_OK;
    release_scratch(w);
    size_t block = capacity > SCAN_CANCEL_BARS ? capacity : SCAN_CANCEL_BARS;
    w->mask = malloc((block / BITS_WORD + 1) * sizeof *w->mask);
    w->day = malloc(capacity * sizeof *w->day);
    w->minute = malloc(capacity * sizeof *w->minute);
    w->inside = malloc(capacity * sizeof *w->inside);
    w->counted = malloc(capacity * sizeof *w->counted);
    w->candidates = malloc(capacity * sizeof *w->candidates);
    w->queue = malloc(2 * capacity * sizeof *w->queue);
    w->returns = malloc(horizon_count * capacity * sizeof *w->returns);
    w->mfe = malloc(capacity * sizeof *w->mfe);
    w->mae = malloc(capacity * sizeof *w->mae);
    if (!w->mask || !w->day || !w->minute || !w->inside || !w->counted || !w->candidates ||
        !w->queue || !w->returns || !w->mfe || !w->mae) {
        release_scratch(w);
        return error_set(e, ERR_NO_MEMORY, "no memory to evaluate a shard");
    }
    w->capacity = capacity;
    return ERR_OK;
}

/* One session under the hands of a worker. */
struct visit {
    const struct shard_setup *setup;
    struct shard_worker *w;
    const struct bars *bars;
    int64_t session;
    int64_t first, count; /* its bars */
};

static double *returns_of(const struct visit *v, size_t horizon)
{
    return v->w->returns + horizon * v->w->capacity;
}

/* Which bars are inside the window, and which of those also in the range. Returns how many of the
 * latter. */
static int64_t place_bars(const struct visit *v)
{
    const struct study_request *request = v->setup->request;
    struct shard_worker *w = v->w;
    const struct zone *zone =
        request->window.zone ? request->window.zone : calendar_zone(v->bars->calendar);
    study_window_bars(&request->window, zone, v->bars, v->first, v->first + v->count, w->day,
                      w->minute, w->inside);
    const int64_t *time_ns = v->bars->time_ns + v->first;
    int64_t total = 0;
    for (int64_t k = 0; k < v->count; k++) {
        w->counted[k] =
            w->inside[k] && time_ns[k] >= request->from_ns && time_ns[k] < request->to_ns;
        total += w->counted[k];
    }
    return total;
}

static void find_returns(const struct visit *v)
{
    for (size_t h = 0; h < v->setup->forward.horizon_count; h++)
        forward_returns(&v->setup->forward, v->bars, v->session, h, returns_of(v, h));
}

static void sum_returns(const struct visit *v, struct study_sums *sums)
{
    struct shard_worker *w = v->w;
    quick_sums_add(&w->quick, sums, v->count, w->counted, w->minute, w->returns, w->capacity);
}

/* Where the trigger goes off, from the rule's bits (bit `offset` is the session's first bar).
 * Returns how many, as indices within the session. */
static int64_t find_candidates(const struct visit *v, int64_t offset)
{
    struct shard_worker *w = v->w;
    enum study_trigger trigger = v->setup->request->trigger;
    int64_t found = 0, end = offset + v->count;
    int64_t last = -1; /* the bar inside the window on which the rule was true last */
    for (int64_t bit = bits_next(w->mask, offset, end); bit < end;
         bit = bits_next(w->mask, bit + 1, end)) {
        int64_t k = bit - offset;
        if (!w->inside[k])
            continue;
        bool held_back = (trigger == STUDY_ON_TRUE && last >= 0 && last == k - 1) ||
                         (trigger == STUDY_ONCE_PER_DAY && last >= 0);
        if (!held_back && w->counted[k])
            w->candidates[found++] = (int32_t)k;
        last = k;
    }
    return found;
}

/* A few bars one by one, many by one pass over the session. */
static void find_excursions(const struct visit *v, int64_t found)
{
    const struct forward_plan *plan = &v->setup->forward;
    struct shard_worker *w = v->w;
    if (found > FEW_CANDIDATES) {
        forward_excursions(plan, v->bars, v->session, w->queue, w->mfe, w->mae);
        return;
    }
    for (int64_t c = 0; c < found; c++) {
        int32_t k = w->candidates[c];
        forward_excursion(plan, v->bars, v->session, k, &w->mfe[k], &w->mae[k]);
    }
}

static void fill_fire(const struct visit *v, int32_t k, struct study_fire *fire, double *forward)
{
    const struct bars *bars = v->bars;
    const struct shard_worker *w = v->w;
    int64_t i = v->first + k;
    *fire = (struct study_fire){
        .at_ns = bars->time_ns[i],
        .bar = i,
        .day = w->day[k],
        .minute = w->minute[k],
        .session = (int32_t)v->session,
        .open = bars->column[BAR_OPEN][i],
        .high = bars->column[BAR_HIGH][i],
        .low = bars->column[BAR_LOW][i],
        .close = bars->column[BAR_CLOSE][i],
        .volume = bars->column[BAR_VOLUME][i],
        .mfe = w->mfe[k],
        .mae = w->mae[k],
    };
    for (size_t h = 0; h < v->setup->forward.horizon_count; h++)
        forward[h] = returns_of(v, h)[k];
}

static enum err add_candidates(const struct visit *v, int64_t found, int32_t symbol,
                               struct fire_list *fires, struct error *e)
{
    if (found == 0)
        return ERR_OK;
    enum err code = fire_list_reserve(fires, (size_t)found, e);
    if (code != ERR_OK)
        return code;
    find_excursions(v, found);
    for (int64_t c = 0; c < found; c++) {
        struct study_fire *fire = &fires->fires[fires->count];
        fill_fire(v, v->w->candidates[c], fire,
                  fires->forward + fires->count * fires->horizon_count);
        fire->symbol = symbol;
        fires->count++;
    }
    return ERR_OK;
}

/* A session with the rule's bits at hand, from bit `offset` of the worker's mask. */
static enum err study_session(const struct visit *v, int64_t offset, int32_t symbol,
                              struct study_sums *sums, struct shard_result *r, struct error *e)
{
    int64_t counted = place_bars(v);
    if (counted == 0)
        return ERR_OK;
    r->counts.bars_in_window += counted;
    r->counts.days++;
    int64_t found = find_candidates(v, offset);
    r->counts.candidates += found;
    if (found > 0 || sums)
        find_returns(v);
    if (sums)
        sum_returns(v, sums);
    return add_candidates(v, found, symbol, &r->fires, e);
}

static bool is_canceled(const struct shard_setup *setup)
{
    return setup->cancel && atomic_load_explicit(setup->cancel, memory_order_relaxed);
}

/* The sessions from `session` on that make one block: its end. */
static int64_t block_end(const struct bars *bars, const struct shard *shard, int64_t session)
{
    int64_t end = session + 1;
    while (end < shard->end_session &&
           bars->sessions[end].end - bars->sessions[session].first <= SCAN_CANCEL_BARS)
        end++;
    return end;
}

static struct visit visit_of(const struct shard_setup *setup, struct shard_worker *w,
                             const struct bars *bars, int64_t session)
{
    const struct bars_session *s = &bars->sessions[session];
    return (struct visit){.setup = setup,
                          .w = w,
                          .bars = bars,
                          .session = session,
                          .first = s->first,
                          .count = s->end - s->first};
}

static enum err evaluate_blocks(const struct shard_setup *setup, struct shard_worker *w,
                                const struct bars *bars, const struct shard *shard,
                                struct study_sums *sums, struct shard_result *r, struct error *e)
{
    int64_t session = shard->first_session;
    while (session < shard->end_session) {
        if (is_canceled(setup))
            return error_set(e, ERR_CANCELED, "canceled");
        int64_t end = block_end(bars, shard, session);
        int64_t first_bar = bars->sessions[session].first;
        rule_run_eval(w->cursor.run, bars->sessions[end - 1].end, w->mask);
        for (; session < end; session++) {
            struct visit v = visit_of(setup, w, bars, session);
            enum err code = study_session(&v, v.first - first_bar, shard->symbol, sums, r, e);
            if (code != ERR_OK)
                return code;
        }
    }
    return ERR_OK;
}

/* The hash of the state that the shard is entered in, and room for the one it is left in. */
static enum err note_entry(const struct rule_run *run, struct shard_result *r, struct error *e)
{
    size_t state_bytes = rule_state_bytes(run);
    r->exit_state = calloc(1, state_bytes + 1);
    if (!r->exit_state)
        return error_set(e, ERR_NO_MEMORY, "no memory for the state of the rule");
    r->state_bytes = state_bytes;
    rule_run_save(run, r->exit_state);
    data_hash_of(r->exit_state, state_bytes, r->entry_hash);
    return ERR_OK;
}

/* Stands before the shard's first bar. */
static enum err enter(const struct shard_setup *setup, struct shard_worker *w,
                      const struct bars *bars, const struct shard *shard,
                      const unsigned char *true_state, struct error *e)
{
    enum err code = scan_cursor_open(&w->cursor, setup->request->rule, bars, e);
    if (code != ERR_OK)
        return code;
    if (true_state) {
        rule_run_load(w->cursor.run, shard->first_bar, true_state);
        return ERR_OK;
    }
    return scan_cursor_seek(&w->cursor, shard->first_bar, setup->cancel, NULL, e);
}

enum err shard_evaluate(const struct shard_setup *setup, struct shard_worker *w,
                        const struct bars *bars, const struct shard *shard,
                        const unsigned char *true_state, struct study_sums *sums,
                        struct shard_result *ret, struct error *e)
{
    size_t horizon_count = setup->forward.horizon_count;
    struct shard_result r = {.fires.horizon_count = horizon_count};
    r.counts.bars_evaluated = shard->end_bar - shard->first_bar;
    enum err code = fit_scratch(w, (size_t)longest_session(bars, shard), horizon_count, e);
    if (code == ERR_OK)
        code = enter(setup, w, bars, shard, true_state, e);
    if (code == ERR_OK && setup->needs_proof)
        code = note_entry(w->cursor.run, &r, e);
    if (code == ERR_OK && shard->state_only)
        code = scan_cursor_skip(&w->cursor, shard->end_bar, setup->cancel, e);
    else if (code == ERR_OK)
        code = evaluate_blocks(setup, w, bars, shard, sums, &r, e);
    if (code == ERR_OK && setup->needs_proof)
        rule_run_save(w->cursor.run, r.exit_state);
    if (code != ERR_OK) {
        shard_result_release(&r);
        return code;
    }
    *ret = r;
    return ERR_OK;
}

enum err shard_sum(const struct shard_setup *setup, struct shard_worker *w, const struct bars *bars,
                   const struct shard *shard, struct study_sums *sums, struct error *e)
{
    if (shard->state_only)
        return ERR_OK;
    enum err code =
        fit_scratch(w, (size_t)longest_session(bars, shard), setup->forward.horizon_count, e);
    for (int64_t s = shard->first_session; code == ERR_OK && s < shard->end_session; s++) {
        struct visit v = visit_of(setup, w, bars, s);
        if (is_canceled(setup))
            code = error_set(e, ERR_CANCELED, "canceled");
        else if (place_bars(&v) > 0) {
            find_returns(&v);
            sum_returns(&v, sums);
        }
    }
    return code;
}
