#include "engine/csv/csv_importer.h"

#include "base/rfc3339.h"

#include <stdarg.h>
#include <stdio.h>

_Static_assert(sizeof(((struct csv_report *)0)->errors) / sizeof(struct csv_row_error) ==
                   LIMIT_IMPORT_ERRORS,
               "the report lists as many errors as an answer tells");

/* ---- refusing ---- */

void csv_refuse(struct csv_importer *im, int64_t line, int32_t column, const char *format, ...)
{
    struct csv_report *report = im->report;
    int32_t index = report->error_count;
    report->error_count += index < INT32_MAX;
    if (index >= LIMIT_IMPORT_ERRORS)
        return;
    struct csv_row_error *error = &report->errors[index];
    error->line = line;
    error->column = column;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
}

enum err csv_first_refusal(const struct csv_importer *im, struct error *e)
{
    const struct csv_report *report = im->report;
    const struct csv_row_error *first = &report->errors[0];
    char place[48] = "", others[48] = "";
    if (first->column > 0)
        snprintf(place, sizeof(place), ", column %d", first->column);
    if (report->error_count > 1)
        snprintf(others, sizeof(others), " (and %d more rows)", report->error_count - 1);
    return error_at(e, ERR_DATA, first->line, first->column, "%s%sline %lld%s: %s%s",
                    im->options->file ? im->options->file : "", im->options->file ? ", " : "",
                    (long long)first->line, place, first->message, others);
}

/* ---- keeping a row ---- */

const char *const csv_value_names[BAR_COLUMN_COUNT] = {"open", "high", "low", "close", "volume"};

static bool find_session(struct csv_importer *im, int64_t time_ns)
{
    if (time_ns >= im->session.open_ns && time_ns < im->session.close_ns)
        return true;
    return calendar_session_at(im->options->calendar, time_ns, &im->session);
}

static void stamp_text(int64_t time_ns, char out[RFC3339_MAX])
{
    rfc3339_format(time_ns, out);
}

/* NULL, or what is wrong with the values and where. */
static const char *value_problem(const struct csv_row *r, char *text, size_t size,
                                 int32_t *ret_column)
{
    const double *v = r->value;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        if (r->state[c] != CSV_NUMBER_OK) {
            *ret_column = r->column[c];
            snprintf(text, size, "the %s %s", csv_value_names[c], csv_number_problem(r->state[c]));
            return text;
        }
    *ret_column = r->column[BAR_HIGH];
    if (v[BAR_HIGH] < v[BAR_LOW]) {
        snprintf(text, size, "the high %.10g is below the low %.10g", v[BAR_HIGH], v[BAR_LOW]);
        return text;
    }
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c += BAR_CLOSE - BAR_OPEN)
        if (v[c] < v[BAR_LOW] || v[c] > v[BAR_HIGH]) {
            *ret_column = r->column[c];
            snprintf(text, size, "the %s %.10g is outside low to high, %.10g to %.10g",
                     csv_value_names[c], v[c], v[BAR_LOW], v[BAR_HIGH]);
            return text;
        }
    return NULL;
}

static void append(struct csv_importer *im, const struct csv_row *r, int64_t at)
{
    struct csv_rows *rows = &im->rows;
    rows->time_ns[at] = r->time_ns;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        rows->column[c][at] = r->value[c];
    if (rows->line)
        rows->line[at] = im->line;
    im->last_line = im->line;
}

/* Of the last row kept. */
int64_t csv_previous_ns(const struct csv_importer *im)
{
    return im->rows.count > 0 ? im->rows.time_ns[im->rows.count - 1] : INT64_MIN;
}

/* A row at the time of the last one kept. */
static void take_second_at_a_time(struct csv_importer *im, const struct csv_row *r)
{
    const struct csv_rows *rows = &im->rows;
    bool same = true;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        same = same && rows->column[c][rows->count - 1] == r->value[c];
    if (same) {
        im->report->duplicates++;
    } else if (im->options->duplicates == CSV_CONFLICT_REFUSE) {
        char stamp[RFC3339_MAX];
        stamp_text(r->time_ns, stamp);
        csv_refuse(im, im->line, r->time_column,
                   "another bar than that of line %lld at the same time, %s",
                   (long long)im->last_line, stamp);
    } else {
        im->report->conflicts++;
        if (im->options->duplicates == CSV_CONFLICT_LAST)
            append(im, r, rows->count - 1);
    }
}

static void refuse_order(struct csv_importer *im, const struct csv_row *r, int64_t last_ns)
{
    char stamp[RFC3339_MAX], last[RFC3339_MAX];
    stamp_text(r->time_ns, stamp);
    stamp_text(last_ns, last);
    csv_refuse(im, im->line, r->time_column, "out of order: %s comes after %s of line %lld", stamp,
               last, (long long)im->last_line);
}

static void keep_row(struct csv_importer *im, const struct csv_row *r, struct error *e)
{
    struct csv_rows *rows = &im->rows;
    int64_t last_ns = csv_previous_ns(im);
    if (r->time_ns <= last_ns && im->options->sort) {
        im->unsorted = true; /* merge_sorted will see to it */
    } else if (r->time_ns == last_ns) {
        take_second_at_a_time(im, r);
        return;
    } else if (r->time_ns < last_ns) {
        refuse_order(im, r, last_ns);
        return;
    }
    if (rows->count == rows->capacity && (im->failure = csv_rows_grow(rows, e)) != ERR_OK)
        return;
    append(im, r, rows->count);
    rows->count++;
}

/* All checks of a row that could be read. */
void csv_accept_row(struct csv_importer *im, const struct csv_row *r, struct error *e)
{
    char text[128];
    int32_t column;
    if (!r->inside || !find_session(im, r->time_ns)) {
        if (im->options->outside == CSV_DROP) {
            im->report->outside++;
            return;
        }
        char stamp[RFC3339_MAX] = "the day";
        if (r->inside)
            stamp_text(r->time_ns, stamp);
        csv_refuse(im, im->line, r->time_column, "%s is outside every session of %s", stamp,
                   calendar_name(im->options->calendar));
        return;
    }
    if (!r->whole) {
        if (im->options->bad_rows == CSV_DROP) {
            im->report->bad++;
            im->report->misaligned++;
        } else {
            csv_refuse(im, im->line, r->time_column, "the stamp is not on the minute");
        }
        return;
    }
    const char *problem = value_problem(r, text, sizeof(text), &column);
    if (!problem)
        keep_row(im, r, e);
    else if (im->options->bad_rows == CSV_DROP)
        im->report->bad++;
    else
        csv_refuse(im, im->line, column, "%s", problem);
}

/* After a sort: what take_second_at_a_time does, for all rows of one time in the order of the file.
 */
static void merge_sorted(struct csv_importer *im)
{
    struct csv_rows *rows = &im->rows;
    int64_t kept = 0;
    for (int64_t i = 0; i < rows->count; i++) {
        if (kept == 0 || rows->time_ns[i] != rows->time_ns[kept - 1]) {
            csv_rows_copy(rows, kept++, i);
            continue;
        }
        if (csv_rows_same(rows, i, kept - 1)) {
            im->report->duplicates++;
        } else if (im->options->duplicates == CSV_CONFLICT_REFUSE) {
            char stamp[RFC3339_MAX];
            stamp_text(rows->time_ns[i], stamp);
            csv_refuse(im, rows->line[i], 0,
                       "another bar than that of line %lld at the same time, %s",
                       (long long)rows->line[kept - 1], stamp);
        } else {
            im->report->conflicts++;
            if (im->options->duplicates == CSV_CONFLICT_LAST)
                csv_rows_copy(rows, kept - 1, i);
        }
    }
    rows->count = kept;
}

enum err csv_sort_rows(struct csv_importer *im, struct error *e)
{
    enum err err = csv_rows_sort(&im->rows, e);
    if (err == ERR_OK)
        merge_sorted(im);
    return err;
}
