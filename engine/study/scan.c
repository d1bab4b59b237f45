#include "engine/study/scan.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_BITS = 64,
    PIECES_PER_WORKER = 6,
    PIECE_BARS_MIN = SCAN_CANCEL_BARS,
    WARMUPS_PER_PIECE = 4, /* at least so many times longer than the warm-up before it */
};

static bool is_canceled(const _Atomic bool *cancel)
{
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

enum err scan_cursor_open(struct scan_cursor *c, const struct rule *rule, const struct bars *bars,
                          struct error *e)
{
    if (c->run && c->rule == rule && c->bars == bars)
        return ERR_OK;
    scan_cursor_close(c);
    struct rule_run *run = NULL;
    enum err code = rule_run_create(rule, bars, &run, e);
    if (code != ERR_OK)
        return code;
    if (bars->count > 0)
        rule_run_start(run, 0);
    *c = (struct scan_cursor){.rule = rule, .bars = bars, .run = run};
    return ERR_OK;
}

void scan_cursor_close(struct scan_cursor *c)
{
    rule_run_free(c->run);
    *c = (struct scan_cursor){0};
}

enum err scan_cursor_skip(struct scan_cursor *c, int64_t end, const _Atomic bool *cancel,
                          struct error *e)
{
    int64_t at = rule_run_position(c->run);
    while (at < end) {
        if (is_canceled(cancel))
            return error_set(e, ERR_CANCELED, "canceled");
        at = end - at > SCAN_CANCEL_BARS ? at + SCAN_CANCEL_BARS : end;
        rule_run_eval(c->run, at, NULL);
    }
    return ERR_OK;
}

/* Where a fresh run begins that shall be warm at `bar`: at the start of a session. */
static int64_t warmup_start(const struct rule *rule, const struct bars *bars, int64_t bar)
{
    int64_t start = bar - rule_warmup_bars(rule);
    if (start <= 0)
        return 0;
    return bars->sessions[bars_session_of(bars, start)].first;
}

enum err scan_cursor_seek(struct scan_cursor *c, int64_t bar, const _Atomic bool *cancel,
                          int64_t *ret_bars, struct error *e)
{
    int64_t start = bar;
    if (rule_run_position(c->run) != bar) {
        start = warmup_start(c->rule, c->bars, bar);
        rule_run_start(c->run, start);
    }
    enum err code = scan_cursor_skip(c, bar, cancel, e);
    if (code == ERR_OK && ret_bars)
        *ret_bars = bar - start;
    return code;
}

/* scan_bits at work. */
struct scan {
    const struct rule *rule;
    const struct bars *bars;
    const _Atomic bool *cancel;
    uint64_t *mask;
    int64_t piece_bars, piece_count;
    bool needs_proof;
    size_t state_bytes;
    unsigned char *states;       /* of each piece, at its first bar and at its end */
    struct scan_cursor *cursors; /* one per worker */
    _Atomic int64_t warmup_bars;
};

static unsigned char *entry_state(const struct scan *s, int64_t piece)
{
    return s->states + (size_t)piece * 2 * s->state_bytes;
}

static unsigned char *exit_state(const struct scan *s, int64_t piece)
{
    return entry_state(s, piece) + s->state_bytes;
}

/* Evaluates a piece from the cursor's position, which is its first bar. */
static enum err scan_piece(struct scan *s, struct rule_run *run, int64_t piece, struct error *e)
{
    int64_t at = piece * s->piece_bars;
    int64_t end = at + s->piece_bars < s->bars->count ? at + s->piece_bars : s->bars->count;
    assert(rule_run_position(run) == at);
    while (at < end) {
        if (is_canceled(s->cancel))
            return error_set(e, ERR_CANCELED, "canceled");
        int64_t next = end - at > SCAN_CANCEL_BARS ? at + SCAN_CANCEL_BARS : end;
        rule_run_eval(run, next, s->mask + at / WORD_BITS);
        at = next;
    }
    if (s->needs_proof)
        rule_run_save(run, exit_state(s, piece));
    return ERR_OK;
}

static enum err scan_task(void *context, int64_t piece, int32_t worker, struct error *e)
{
    struct scan *s = context;
    struct scan_cursor *cursor = &s->cursors[worker];
    enum err code = scan_cursor_open(cursor, s->rule, s->bars, e);
    if (code != ERR_OK)
        return code;
    int64_t warmup_bars = 0;
    code = scan_cursor_seek(cursor, piece * s->piece_bars, s->cancel, &warmup_bars, e);
    if (code != ERR_OK)
        return code;
    atomic_fetch_add_explicit(&s->warmup_bars, warmup_bars, memory_order_relaxed);
    if (s->needs_proof)
        rule_run_save(cursor->run, entry_state(s, piece));
    return scan_piece(s, cursor->run, piece, e);
}

/* In order: each piece must have begun where the one before ended. */
static enum err prove(struct scan *s, struct rule_run *run, int64_t *ret_reevaluated,
                      struct error *e)
{
    *ret_reevaluated = 0;
    if (!s->needs_proof)
        return ERR_OK;
    for (int64_t piece = 1; piece < s->piece_count; piece++) {
        const unsigned char *truth = exit_state(s, piece - 1);
        if (memcmp(truth, entry_state(s, piece), s->state_bytes) == 0)
            continue;
        rule_run_load(run, piece * s->piece_bars, truth);
        enum err code = scan_piece(s, run, piece, e);
        if (code != ERR_OK)
            return code;
        ++*ret_reevaluated;
    }
    return ERR_OK;
}

static int64_t default_piece_bars(const struct rule *rule, int64_t bars, int32_t workers)
{
    int64_t piece = bars / ((int64_t)workers * PIECES_PER_WORKER);
    int64_t least = WARMUPS_PER_PIECE * rule_warmup_bars(rule);
    piece = piece > least ? piece : least;
    piece = piece > PIECE_BARS_MIN ? piece : PIECE_BARS_MIN;
    return (piece + WORD_BITS - 1) / WORD_BITS * WORD_BITS;
}

enum err scan_bits(const struct rule *rule, const struct bars *bars, struct worker_pool *pool,
                   int64_t piece_bars, const _Atomic bool *cancel, uint64_t *mask,
                   struct scan_stats *ret_stats, struct error *e)
{
    assert(piece_bars >= 0 && piece_bars % WORD_BITS == 0);
    int32_t workers = worker_pool_size(pool);
    struct scan s = {.rule = rule, .bars = bars, .cancel = cancel, .mask = mask};
    s.piece_bars = piece_bars ? piece_bars : default_piece_bars(rule, bars->count, workers);
    s.piece_count = (bars->count + s.piece_bars - 1) / s.piece_bars;
    s.needs_proof = rule_warmup_bars(rule) > 0;

    struct scan_cursor truth = {0};
    struct scan_stats stats = {.pieces = s.piece_count};
    s.cursors = calloc((size_t)workers, sizeof *s.cursors);
    enum err code = s.cursors ? scan_cursor_open(&truth, rule, bars, e)
                              : error_set(e, ERR_NO_MEMORY, "no memory to evaluate the rule");
    if (code != ERR_OK)
        goto out;
    s.state_bytes = rule_state_bytes(truth.run);
    if (s.needs_proof) {
        s.states = calloc((size_t)s.piece_count + 1, 2 * s.state_bytes + 1);
        if (!s.states) {
            code = error_set(e, ERR_NO_MEMORY, "no memory for the states of the rule");
            goto out;
        }
    }
    code = worker_pool_run(pool, scan_task, &s, s.piece_count, cancel, e);
    if (code != ERR_OK)
        goto out;
    code = prove(&s, truth.run, &stats.reevaluated, e);
    stats.warmup_bars = atomic_load(&s.warmup_bars);
    if (code == ERR_OK && ret_stats)
        *ret_stats = stats;
out:
    for (int32_t i = 0; s.cursors && i < workers; i++)
        scan_cursor_close(&s.cursors[i]);
    free(s.cursors);
    free(s.states);
    scan_cursor_close(&truth);
    return code;
}
