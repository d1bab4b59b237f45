#include "engine/csv/csv_rows.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum err no_memory(struct error *e, int64_t rows)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for %lld rows", (long long)rows);
}

static bool resize(void **array, int64_t count, size_t size_bytes)
{
    void *grown = realloc(*array, (size_t)count * size_bytes);
    if (!grown)
        return false;
    *array = grown;
    return true;
}

/* On failure some arrays may be longer than `capacity` says, which does no harm. */
static enum err set_capacity(struct csv_rows *r, int64_t capacity, bool with_lines, struct error *e)
{
    bool good = resize((void **)&r->time_ns, capacity, sizeof(*r->time_ns));
    for (int c = 0; c < BAR_COLUMN_COUNT && good; c++)
        good = resize((void **)&r->column[c], capacity, sizeof(*r->column[c]));
    if (good && with_lines)
        good = resize((void **)&r->line, capacity, sizeof(*r->line));
    if (!good)
        return no_memory(e, capacity);
    r->capacity = capacity;
    return ERR_OK;
}

enum err csv_rows_init(struct csv_rows *r, int64_t capacity, bool with_lines, struct error *e)
{
    memset(r, 0, sizeof(*r));
    return set_capacity(r, capacity < 64 ? 64 : capacity, with_lines, e);
}

enum err csv_rows_grow(struct csv_rows *r, struct error *e)
{
    return set_capacity(r, r->capacity + r->capacity / 2, r->line != NULL, e);
}

void csv_rows_release(struct csv_rows *r)
{
    free(r->time_ns);
    free(r->line);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        free(r->column[c]);
    memset(r, 0, sizeof(*r));
}

bool csv_rows_same(const struct csv_rows *r, int64_t i, int64_t k)
{
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        if (r->column[c][i] != r->column[c][k])
            return false;
    return true;
}

void csv_rows_copy(struct csv_rows *r, int64_t to, int64_t from)
{
    r->time_ns[to] = r->time_ns[from];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        r->column[c][to] = r->column[c][from];
    if (r->line)
        r->line[to] = r->line[from];
}

/* ---- sorting ---- */

struct place {
    int64_t time_ns, line, index;
};

static int by_time_then_line(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

enum err csv_rows_sort(struct csv_rows *r, struct error *e)
{
    assert(r->line);
    struct place *order = malloc((size_t)(r->count + 1) * sizeof(*order));
    double *moved = malloc((size_t)(r->count + 1) * sizeof(*moved));
    enum err err = ERR_OK;
    if (!order || !moved) {
        err = no_memory(e, r->count);
        goto out;
    }
    for (int64_t i = 0; i < r->count; i++)
        order[i] = (struct place){r->time_ns[i], r->line[i], i};
    qsort(order, (size_t)r->count, sizeof(*order), by_time_then_line);
    for (int64_t i = 0; i < r->count; i++) {
        r->time_ns[i] = order[i].time_ns;
        r->line[i] = order[i].line;
    }
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        for (int64_t i = 0; i < r->count; i++)
            moved[i] = r->column[c][order[i].index];
        memcpy(r->column[c], moved, (size_t)r->count * sizeof(*moved));
    }
out:
    free(order);
    free(moved);
    return err;
}

/* ---- sessions and gaps ---- */

static void note_gap(struct csv_report *report, int64_t from_ns, int64_t to_ns)
{
    int64_t minutes = (to_ns - from_ns) / NS_PER_MINUTE;
    report->gaps += minutes;
    if (minutes > report->longest_gap_minutes) {
        report->longest_gap_minutes = minutes;
        report->longest_gap_at_ns = from_ns;
    }
}

/* Minutes without a bar, from the open to the close. */
static void find_gaps(const struct csv_rows *r, const struct bars_session *s,
                      struct csv_report *report)
{
    int64_t minutes = (s->close_ns - s->open_ns) / NS_PER_MINUTE;
    if (s->end - s->first == minutes)
        return;
    int64_t expected = s->open_ns;
    for (int64_t i = s->first; i < s->end; i++) {
        if (r->time_ns[i] > expected)
            note_gap(report, expected, r->time_ns[i]);
        expected = r->time_ns[i] + NS_PER_MINUTE;
    }
    if (s->close_ns > expected)
        note_gap(report, expected, s->close_ns);
}

static int64_t sessions_between(const struct calendar *c, int32_t after, int32_t before)
{
    int64_t count = 0;
    struct session s;
    for (int32_t day = after + 1; calendar_next_session(c, day, &s) && s.day < before;
         day = s.day + 1)
        count++;
    return count;
}

static int64_t session_end(const struct csv_rows *r, int64_t first, int64_t close_ns)
{
    int64_t end = first + 1;
    while (end < r->count && r->time_ns[end] < close_ns)
        end++;
    return end;
}

static enum err add_session(struct csv_bars *b, int64_t *capacity, struct bars_session s,
                            struct error *e)
{
    if (b->session_count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 256;
        if (!resize((void **)&b->sessions, *capacity, sizeof(*b->sessions)))
            return error_set(e, ERR_NO_MEMORY, "no memory for %lld sessions", (long long)*capacity);
    }
    assert(b->sessions);
    b->sessions[b->session_count++] = s;
    return ERR_OK;
}

static enum err find_sessions(const struct csv_rows *r, const struct csv_options *options,
                              struct csv_report *report, struct csv_bars *b, struct error *e)
{
    int64_t capacity = 0;
    enum err err = ERR_OK;
    for (int64_t first = 0; first < r->count && err == ERR_OK;) {
        struct session s;
        bool inside = calendar_session_at(options->calendar, r->time_ns[first], &s);
        assert(inside);
        struct bars_session found = {.day = s.day,
                                     .first = first,
                                     .end = session_end(r, first, s.close_ns),
                                     .open_ns = s.open_ns,
                                     .close_ns = s.close_ns};
        if (options->timeframe.minutes > 0)
            find_gaps(r, &found, report);
        if (b->session_count > 0)
            report->missing_sessions +=
                sessions_between(options->calendar, b->sessions[b->session_count - 1].day, s.day);
        err = add_session(b, &capacity, found, e);
        first = found.end;
    }
    return err;
}

enum err csv_rows_finish(struct csv_rows *r, const struct csv_options *options,
                         struct csv_report *report, struct csv_bars *ret, struct error *e)
{
    struct csv_bars b = {.count = r->count};
    enum err err = find_sessions(r, options, report, &b, e);
    if (err != ERR_OK) {
        free(b.sessions);
        return err;
    }
    report->bars = r->count;
    report->sessions = b.session_count;
    if (r->count > 0) {
        report->first_ns = r->time_ns[0];
        report->last_ns = r->time_ns[r->count - 1];
    }
    b.time_ns = r->time_ns;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        b.column[c] = r->column[c];
    free(r->line);
    memset(r, 0, sizeof(*r));
    *ret = b;
    return ERR_OK;
}

void csv_bars_release(struct csv_bars *b)
{
    free(b->time_ns);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        free(b->column[c]);
    free(b->sessions);
    memset(b, 0, sizeof(*b));
}
