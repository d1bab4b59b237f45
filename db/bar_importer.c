/* The batch is walked session by session. A day that is not stored yet is encoded straight from the
 * caller's columns; a day that is stored is decoded, merged bar by bar, and encoded again. */
#include "db/bar_importer.h"

#include "base/civil.h"
#include "base/rfc3339.h"
#include "db/bar_repo.h"
#include "engine/bars/bar_codec.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BLOB_BYTES = LIMIT_SESSION_BARS * 48 + 1024 };

/* A day while it is put together. */
struct day_columns {
    int64_t count;
    int64_t time_ns[LIMIT_SESSION_BARS];
    double values[BAR_COLUMN_COUNT][LIMIT_SESSION_BARS];
};

void bar_importer_init(struct bar_importer *im)
{
    *im = (struct bar_importer){0};
    strbuf_init(&im->blob, MAX_BLOB_BYTES);
}

void bar_importer_release(struct bar_importer *im)
{
    strbuf_release(&im->blob);
    free(im->stored);
    free(im->merged);
}

/* --- one day --- */

/* Loads trust what is stored: so here, once, times must increase and lie in the day's session. */
static enum err check_day(const struct bar_importer *im, int32_t day, const int64_t *time_ns,
                          int64_t count, struct error *e)
{
    struct session session;
    const struct calendar *calendar = im->options->calendar;
    if (count > LIMIT_SESSION_BARS)
        return error_set(e, ERR_DATA, "a session has %lld bars; it may have %d", (long long)count,
                         LIMIT_SESSION_BARS);
    bool good = calendar_session(calendar, day, &session) && count > 0 &&
                time_ns[0] >= session.open_ns && time_ns[count - 1] < session.close_ns;
    for (int64_t i = 1; good && i < count; i++)
        good = time_ns[i] > time_ns[i - 1];
    if (good)
        return ERR_OK;
    char date[11];
    civil_format(day, date);
    return error_set(e, ERR_DATA, "the bars of %s are out of order or outside its session of %s",
                     date, calendar_name(calendar));
}

static enum err put_day(struct bar_importer *im, int32_t day, const int64_t *time_ns,
                        const double *const column[BAR_COLUMN_COUNT], int64_t count,
                        struct error *e)
{
    enum err err = check_day(im, day, time_ns, count, e);
    if (err != ERR_OK)
        return err;
    strbuf_clear(&im->blob);
    err = bar_blob_encode(time_ns, column, count, im->options->timeframe, &im->blob, e);
    if (err != ERR_OK)
        return err;
    double highest = 0;
    for (int64_t i = 0; i < count; i++)
        highest = column[BAR_HIGH][i] > highest ? column[BAR_HIGH][i] : highest;
    return bar_repo_put_day(&im->w, im->result.series.id, day, im->blob.data, im->blob.length,
                            highest, e);
}

static void append_bar(struct day_columns *to, int64_t time_ns,
                       const double *const column[BAR_COLUMN_COUNT], int64_t i)
{
    to->time_ns[to->count] = time_ns;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        to->values[c][to->count] = column[c][i];
    to->count++;
}

static bool same_bar(const double *const a[BAR_COLUMN_COUNT], int64_t i,
                     const double *const b[BAR_COLUMN_COUNT], int64_t k)
{
    bool same = true;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        same = same && a[c][i] == b[c][k];
    return same;
}

static enum err conflict(const struct bar_importer *im, int64_t time_ns, struct error *e)
{
    char when[RFC3339_MAX];
    rfc3339_format(time_ns, when);
    return error_set(e, ERR_CONFLICT,
                     "another bar of '%s' is stored at %s; mode=replace would overwrite it",
                     im->options->symbol, when);
}

static void columns_of(const struct day_columns *day, const double *ret[BAR_COLUMN_COUNT])
{
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        ret[c] = day->values[c];
}

/* Merges new bars [0, count) with im->stored into im->merged, in time order, and counts.
 * *ret_changed tells whether the result differs from what is stored. */
static enum err merge_bars(struct bar_importer *im, const int64_t *time_ns,
                           const double *const column[BAR_COLUMN_COUNT], int64_t count,
                           bool *ret_changed, struct error *e)
{
    const struct day_columns *old = im->stored;
    struct bar_import_result *result = &im->result;
    const double *old_column[BAR_COLUMN_COUNT];
    columns_of(old, old_column);
    int64_t i = 0, k = 0, changes = 0;
    im->merged->count = 0;
    while (i < count || k < old->count) {
        if (im->merged->count == LIMIT_SESSION_BARS)
            return error_set(e, ERR_DATA, "a session may have %d bars", LIMIT_SESSION_BARS);
        if (k == old->count || (i < count && time_ns[i] < old->time_ns[k])) {
            append_bar(im->merged, time_ns[i], column, i);
            result->inserted++;
            changes++;
            i++;
        } else if (i == count || old->time_ns[k] < time_ns[i]) {
            append_bar(im->merged, old->time_ns[k], old_column, k);
            k++;
        } else {
            bool same = same_bar(column, i, old_column, k);
            if (!same && im->options->mode != BAR_IMPORT_REPLACE)
                return conflict(im, time_ns[i], e);
            append_bar(im->merged, time_ns[i], column, i);
            result->duplicates += same;
            result->replaced += !same;
            changes += !same;
            i++;
            k++;
        }
    }
    *ret_changed = changes > 0;
    return ERR_OK;
}

static enum err make_buffers(struct bar_importer *im, struct error *e)
{
    if (im->stored == NULL)
        im->stored = malloc(sizeof *im->stored);
    if (im->merged == NULL)
        im->merged = malloc(sizeof *im->merged);
    if (im->stored == NULL || im->merged == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory merging bars");
    return ERR_OK;
}

/* Reads the stored day; im->stored->count is 0 when there is none. */
static enum err read_stored(struct bar_importer *im, int32_t day, struct error *e)
{
    double *column[BAR_COLUMN_COUNT];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        column[c] = im->stored->values[c];
    return bar_repo_get_day(&im->w.read, im->result.series.id, day, im->stored->time_ns, column,
                            &im->stored->count, e);
}

/* The stored bars of a day need a look only where the series has days. */
static bool may_be_stored(const struct bar_importer *im, int32_t day)
{
    return im->days_before > 0 && day >= im->first_day && day <= im->last_day;
}

static enum err import_day(struct bar_importer *im, const struct bars_session *session,
                           struct error *e)
{
    const int64_t *time_ns = im->bars->time_ns + session->first;
    int64_t count = session->end - session->first;
    const double *column[BAR_COLUMN_COUNT];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        column[c] = im->bars->column[c] + session->first;

    enum err err = ERR_OK;
    int64_t stored = 0;
    if (may_be_stored(im, session->day)) {
        err = make_buffers(im, e);
        if (err == ERR_OK)
            err = read_stored(im, session->day, e);
        if (err != ERR_OK)
            return err;
        stored = im->stored->count;
    }
    if (stored == 0) {
        im->result.inserted += count;
        im->result.series.days++;
        return put_day(im, session->day, time_ns, column, count, e);
    }
    bool changed = false;
    err = merge_bars(im, time_ns, column, count, &changed, e);
    if (err != ERR_OK || !changed)
        return err;
    columns_of(im->merged, column);
    return put_day(im, session->day, im->merged->time_ns, column, im->merged->count, e);
}

/* --- the whole import --- */

enum err bar_import_check(const struct bar_import *o, const struct bar_batch *bars, struct error *e)
{
    enum err err = series_check_symbol(o->symbol, e);
    if (err != ERR_OK)
        return err;
    if (!timeframe_is_stored(o->timeframe))
        return error_set(e, ERR_INVALID, "only 1m and 1d bars are stored");
    if (bars->count == 0 || bars->session_count == 0)
        return error_set(e, ERR_DATA, "there are no bars to import");
    return ERR_OK;
}

/* Finds the series or makes it. */
static enum err find_series(struct bar_importer *im, struct error *e)
{
    const struct bar_import *o = im->options;
    struct series_row *series = &im->result.series;
    struct error missing;
    enum err err = series_repo_find(&im->w.read, o->symbol, o->timeframe, series, &missing);
    if (err == ERR_NOT_FOUND) {
        *series = (struct series_row){
            .timeframe = o->timeframe, .calendar = o->calendar, .created_at_ns = o->now_ns};
        memcpy(series->symbol, o->symbol, strlen(o->symbol) + 1);
        return series_repo_create(&im->w, series, e);
    }
    if (err != ERR_OK) {
        if (e != NULL)
            *e = missing;
        return err;
    }
    if (series->calendar != o->calendar)
        return error_set(e, ERR_CONFLICT,
                         "the bars of '%s' are stored with the calendar %s, not %s", o->symbol,
                         calendar_name(series->calendar), calendar_name(o->calendar));
    im->days_before = series->days;
    /* A session's day may be the one before or after its bars' (a session over midnight). */
    im->first_day = calendar_day_at(series->calendar, series->first_ns) - 1;
    im->last_day = calendar_day_at(series->calendar, series->last_ns) + 1;
    return ERR_OK;
}

/* The series' row after the days are in; untouched when nothing changed. */
static enum err update_series(struct bar_importer *im, struct error *e)
{
    struct series_row *series = &im->result.series;
    if (im->result.inserted + im->result.replaced == 0)
        return ERR_OK;
    int64_t first_ns = im->bars->time_ns[0], last_ns = im->bars->time_ns[im->bars->count - 1];
    if (im->days_before == 0 || first_ns < series->first_ns)
        series->first_ns = first_ns;
    if (im->days_before == 0 || last_ns > series->last_ns)
        series->last_ns = last_ns;
    series->bars += im->result.inserted;
    series->updated_at_ns = im->options->now_ns;
    return series_repo_update(&im->w, series, e);
}

static enum err import_all(struct bar_importer *im, struct error *e)
{
    enum err err = find_series(im, e);
    for (int64_t i = 0; err == ERR_OK && i < im->bars->session_count; i++) {
        if (im->options->cancel != NULL && *im->options->cancel)
            err = error_set(e, ERR_CANCELED, "the import was canceled");
        else
            err = import_day(im, &im->bars->sessions[i], e);
    }
    if (err == ERR_OK)
        err = update_series(im, e);
    im->result.days = im->bars->session_count;
    return err;
}

enum err bar_importer_run(struct bar_importer *im, const struct bar_import *import,
                          const struct bar_batch *bars, struct error *e)
{
    im->options = import;
    im->bars = bars;
    im->result = (struct bar_import_result){0};
    im->days_before = 0;
    enum err err = bar_import_check(import, bars, e);
    if (err == ERR_OK)
        err = import_all(im, e);
    im->options = NULL;
    im->bars = NULL;
    return err;
}
