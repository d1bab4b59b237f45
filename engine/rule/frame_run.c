/* The longer bars have their place in columns that are as long as all of them together, though a
 * run fills only the sessions that it comes to: memory that is never touched costs nothing, a bar's
 * index is that of bars_resample of all bars, and the frame's plan runs over ordinary columns. What
 * it takes beforehand is to count the longer bars of each session.
 *
 * Rejected: a ring of the last longer bars. Series of the session and anchored windows need true
 * indices, and a window of 100,000 bars is no ring any more.
 */
#include "engine/rule/frame_run.h"

#include "engine/rule/kernels.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { SHOWN_VALUES = PLAN_BLOCK_BARS + 2 };

/* ---- life cycle -------------------------------------------------------------------------- */

/* Where each session's longer bars lie. */
static bool place_sessions(struct frame_run *f)
{
    const struct bars *source = f->source;
    f->sessions = malloc(((size_t)source->session_count + 1) * sizeof(*f->sessions));
    if (f->sessions == NULL)
        return false;
    int64_t count = 0;
    for (int64_t k = 0; k < source->session_count; k++) {
        f->sessions[k] = source->sessions[k];
        f->sessions[k].first = count;
        count += bars_resample_session(source, k, f->frame->timeframe, NULL, count);
        f->sessions[k].end = count;
        if (f->sessions[k].first == f->bars.decimal_end)
            f->bars.decimal_end +=
                bars_resample_before(source, k, f->frame->timeframe, source->decimal_end);
    }
    f->bars.count = f->store.count = count;
    f->bars.sessions = f->sessions;
    f->bars.session_count = source->session_count;
    return true;
}

static bool place_columns(struct frame_run *f)
{
    const struct plan *p = &f->frame->plan;
    f->store.time_ns = malloc(((size_t)f->bars.count + 1) * sizeof(*f->store.time_ns));
    f->bars.time_ns = f->store.time_ns;
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++) {
        if (!(p->columns & BAR_COLUMN_BIT(c)))
            continue;
        int64_t values = p->pad_bars[c] + f->bars.count + 1;
        f->columns[c] = malloc((size_t)values * sizeof(double));
        if (f->columns[c] == NULL)
            return false;
        kernel_fill(NAN, p->pad_bars[c], f->columns[c]);
        f->store.column[c] = f->columns[c] + p->pad_bars[c];
        f->bars.column[c] = f->store.column[c];
    }
    size_t shown = (size_t)f->frame->plan.output_count * SHOWN_VALUES;
    f->shown = malloc((shown + 1) * sizeof(*f->shown));
    return f->store.time_ns != NULL && f->shown != NULL;
}

enum err frame_run_init(struct frame_run *f, const struct plan_frame *frame,
                        const struct bars *source, const struct zone *zone, struct error *e)
{
    *f = (struct frame_run){.frame = frame, .source = source};
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        assert(!(frame->plan.columns & BAR_COLUMN_BIT(c)) || source->column[c] != NULL);
    f->bars.price_decimals = source->price_decimals;
    f->bars.calendar = source->calendar;
    f->bars.timeframe = frame->timeframe;
    enum err err = ERR_OK;
    if (!place_sessions(f) || !place_columns(f))
        err = error_set(e, ERR_NO_MEMORY, "out of memory for a run of the rule");
    if (err == ERR_OK)
        err = plan_run_init(&f->run, &frame->plan, &f->bars, true, zone, NULL, e);
    if (err != ERR_OK)
        frame_run_release(f);
    return err;
}

void frame_run_release(struct frame_run *f)
{
    plan_run_release(&f->run);
    free(f->shown);
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        free(f->columns[c]);
    free(f->store.time_ns);
    free(f->sessions);
    *f = (struct frame_run){0};
}

/* ---- the walk over the rule's bars ------------------------------------------------------- */

static void add_edge(struct frame_run *f, int64_t place)
{
    assert(f->edge_count <= PLAN_BLOCK_BARS);
    f->edge[f->edge_count++] = (int32_t)place;
    f->done++;
}

/* The longer bar that begins with a bar at time_ns; the one before is complete by now. */
static void open_bar(struct frame_run *f, int64_t time_ns, int64_t place)
{
    const struct bars_session *s = &f->source->sessions[f->session];
    if (f->done == f->open)
        add_edge(f, place);
    f->open++;
    f->stop_ns = s->close_ns;
    if (f->frame->timeframe.minutes > 0) {
        int64_t length_ns = timeframe_ns(f->frame->timeframe);
        int64_t stop_ns = time_ns - (time_ns - s->open_ns) % length_ns + length_ns;
        f->stop_ns = stop_ns < s->close_ns ? stop_ns : s->close_ns;
    }
    f->complete_ns = f->stop_ns - timeframe_ns(f->source->timeframe);
}

static void walk(struct frame_run *f, int64_t end)
{
    const int64_t *time_ns = f->source->time_ns;
    int64_t start = f->next;
    f->edge_count = 0;
    for (int64_t i = start; i < end; i++) {
        bool new_session = f->session < 0 || i >= f->source->sessions[f->session].end;
        f->session += new_session;
        if (new_session || time_ns[i] >= f->stop_ns)
            open_bar(f, time_ns[i], i - start);
        if (time_ns[i] >= f->complete_ns && f->done == f->open)
            add_edge(f, i - start);
    }
    f->next = end;
}

/* Stands before `bar`: walks there from its session's first bar, or the last session's. */
static void stand(struct frame_run *f, int64_t bar)
{
    int64_t session = bar > 0 ? bars_session_of(f->source, bar - 1) : 0;
    bool begun = bar > 0 && session > 0;
    f->session = session - 1;
    f->open = begun ? f->sessions[session].first - 1 : -1;
    f->done = begun ? f->sessions[session].first : 0;
    f->next = bar > 0 ? f->source->sessions[session].first : 0;
    while (f->next < bar)
        walk(f, bar - f->next < PLAN_BLOCK_BARS ? bar : f->next + PLAN_BLOCK_BARS);
}

/* ---- the longer bars --------------------------------------------------------------------- */

static void fill_until(struct frame_run *f, int64_t end_session)
{
    for (; f->filled_to < end_session; f->filled_to++)
        bars_resample_session(f->source, f->filled_to, f->frame->timeframe, &f->store,
                              f->sessions[f->filled_to].first);
}

/* How far before a start bars are read: by what is rebuilt, and by windows of that. */
static int64_t reach_of(const struct plan *p)
{
    int64_t pad_bars = 0;
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        pad_bars = p->pad_bars[c] > pad_bars ? p->pad_bars[c] : pad_bars;
    return p->rebuild_bars + pad_bars;
}

/* Fills what a start before longer bar `done` looks back on, and one session more, on which the
 * series of the previous session look. */
static void fill_before(struct frame_run *f, int64_t end_session)
{
    int64_t first = f->done - reach_of(&f->frame->plan), session = 0;
    if (first > 0) /* behind the last bar: as on it */
        session = bars_session_of(&f->bars, first < f->bars.count ? first : first - 1) - 1;
    session = session > 0 ? session : 0;
    if (session < f->filled_from || session > f->filled_to)
        f->filled_from = f->filled_to = session;
    fill_until(f, end_session);
}

void frame_run_start(struct frame_run *f, int64_t bar)
{
    stand(f, bar);
    fill_before(f, f->session + 1);
    plan_run_start(&f->run, f->done);
}

void frame_run_advance(struct frame_run *f, int64_t count)
{
    int64_t first = f->done;
    assert(f->run.position == first && count <= PLAN_BLOCK_BARS);
    for (int32_t o = 0; o < f->frame->plan.output_count; o++)
        f->shown[(int64_t)o * SHOWN_VALUES] = plan_run_last(&f->run, f->frame->plan.output[o]);
    walk(f, f->next + count);
    fill_until(f, f->session + 1);
    while (f->run.position < f->done) {
        int64_t at = f->run.position - first;
        int64_t evaluated = plan_run_next(&f->run, f->done);
        for (int32_t o = 0; o < f->frame->plan.output_count; o++) {
            const double *values = plan_run_values(&f->run, f->frame->plan.output[o]);
            double *shown = f->shown + (int64_t)o * SHOWN_VALUES + 1 + at;
            for (int64_t i = 0; i < evaluated; i++)
                shown[i] = values[i];
        }
    }
}

void frame_run_show(const struct frame_run *f, int32_t output, int64_t count, double *out)
{
    const double *shown = f->shown + (int64_t)output * SHOWN_VALUES;
    int64_t i = 0;
    for (int64_t k = 0; k < f->edge_count; k++)
        for (; i < f->edge[k]; i++)
            out[i] = shown[k];
    for (; i < count; i++)
        out[i] = shown[f->edge_count];
}
