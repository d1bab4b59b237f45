/* One pass over the text. A fast loop takes the rows that are as expected: every field a plain
 * number, the stamp in the hour of the row before or an epoch, the bar valid, later than the last
 * one and in the same session. It stops at the first row that differs in anything, without having
 * changed a thing; the slow path then reads that row field by field, finds what is different or
 * wrong with it, and the fast loop goes on behind it. So only the slow path knows the rules for odd
 * rows, and their messages.
 *
 * In clean files the slow path sees a few rows a day (a new session); in a file made of odd rows
 * (quoted fields, say) it sees all of them and is some ten times slower.
 */
#include "engine/csv_import.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/rfc3339.h"
#include "engine/csv_dialect.h"
#include "engine/csv_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(((struct csv_report *)0)->errors) / sizeof(struct csv_row_error) ==
                   LIMIT_IMPORT_ERRORS,
               "the report lists as many errors as an answer tells");

enum { CANCEL_ROWS = 8192 };

/* What a column of the file is read as. */
enum role { ROLE_SKIP, ROLE_PRICE, ROLE_VOLUME, ROLE_TIME };

struct importer {
    const struct csv_options *options;
    const _Atomic bool *cancel;
    struct csv_format format;
    struct csv_clock clock;
    struct csv_rows rows;
    struct csv_report *report;
    int64_t scale;
    double price_divisor[CSV_MAX_DECIMALS + 1], volume_divisor[CSV_MAX_DECIMALS + 1];

    const char *at, *end;
    int64_t line;
    struct session session; /* the last row's; close_ns 0 when there is none */
    int64_t last_line;      /* of the last row that was kept */
    bool unsorted;
    enum err failure; /* what ends the import at once */

    enum role role[LIMIT_IMPORT_COLUMNS];
    uint8_t price[LIMIT_IMPORT_COLUMNS]; /* which column of bars */
};

/* ---- refusing ---- */

__attribute__((format(printf, 4, 5))) static void refuse(struct importer *im, int64_t line,
                                                         int32_t column, const char *format, ...)
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

static enum err first_refusal(const struct importer *im, struct error *e)
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

struct row {
    int64_t time_ns;
    bool inside; /* days: a session day */
    bool whole;  /* on the minute */
    double value[BAR_COLUMN_COUNT];
    int32_t column[BAR_COLUMN_COUNT], time_column; /* 1-based characters */
    enum csv_number_state state[BAR_COLUMN_COUNT];
};

static const char *const value_names[] = {"open", "high", "low", "close", "volume"};

static bool find_session(struct importer *im, int64_t time_ns)
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
static const char *value_problem(const struct row *r, char *text, size_t size, int32_t *ret_column)
{
    const double *v = r->value;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        if (r->state[c] != CSV_NUMBER_OK) {
            *ret_column = r->column[c];
            snprintf(text, size, "the %s %s", value_names[c], csv_number_problem(r->state[c]));
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
                     value_names[c], v[c], v[BAR_LOW], v[BAR_HIGH]);
            return text;
        }
    return NULL;
}

static void append(struct importer *im, const struct row *r, int64_t at)
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
static int64_t previous_ns(const struct importer *im)
{
    return im->rows.count > 0 ? im->rows.time_ns[im->rows.count - 1] : INT64_MIN;
}

/* A row at the time of the last one kept. */
static void take_second_at_a_time(struct importer *im, const struct row *r)
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
        refuse(im, im->line, r->time_column,
               "another bar than that of line %lld at the same time, %s", (long long)im->last_line,
               stamp);
    } else {
        im->report->conflicts++;
        if (im->options->duplicates == CSV_CONFLICT_LAST)
            append(im, r, rows->count - 1);
    }
}

static void refuse_order(struct importer *im, const struct row *r, int64_t last_ns)
{
    char stamp[RFC3339_MAX], last[RFC3339_MAX];
    stamp_text(r->time_ns, stamp);
    stamp_text(last_ns, last);
    refuse(im, im->line, r->time_column, "out of order: %s comes after %s of line %lld", stamp,
           last, (long long)im->last_line);
}

static void keep_row(struct importer *im, const struct row *r, struct error *e)
{
    struct csv_rows *rows = &im->rows;
    int64_t last_ns = previous_ns(im);
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
static void accept_row(struct importer *im, const struct row *r, struct error *e)
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
        refuse(im, im->line, r->time_column, "%s is outside every session of %s", stamp,
               calendar_name(im->options->calendar));
        return;
    }
    if (!r->whole) {
        if (im->options->bad_rows == CSV_DROP) {
            im->report->bad++;
            im->report->misaligned++;
        } else {
            refuse(im, im->line, r->time_column, "the stamp is not on the minute");
        }
        return;
    }
    const char *problem = value_problem(r, text, sizeof(text), &column);
    if (!problem)
        keep_row(im, r, e);
    else if (im->options->bad_rows == CSV_DROP)
        im->report->bad++;
    else
        refuse(im, im->line, column, "%s", problem);
}

/* ---- the slow path ---- */

static bool read_stamp(struct importer *im, const struct csv_field *field, struct row *r)
{
    struct csv_reading reading;
    r->time_column = field->column;
    const char *problem = "is of no form that is known";
    if (csv_stamp_read(field->text, field->length, &reading))
        problem = csv_clock_time(&im->clock, &reading, previous_ns(im), &r->time_ns, &r->inside,
                                 &r->whole);
    if (problem)
        refuse(im, im->line, field->column, "the stamp '%.*s' %s",
               (int)(field->length < 40 ? field->length : 40), field->text, problem);
    return !problem;
}

static bool read_values(struct importer *im, const struct csv_field *fields, struct row *r)
{
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        int32_t i = im->format.dialect.column[c];
        r->state[c] = CSV_NUMBER_OK;
        r->value[c] = 0;
        if (i < 0)
            continue;
        const struct csv_field *f = &fields[i];
        r->column[c] = f->column;
        r->state[c] =
            csv_number_read(f->text, f->length, c == BAR_VOLUME ? 1 : im->scale, &r->value[c]);
        if (r->state[c] == CSV_NUMBER_EMPTY && c == BAR_VOLUME)
            r->state[c] = CSV_NUMBER_OK; /* an index has no volume */
        if (r->state[c] == CSV_NUMBER_NONE) {
            refuse(im, im->line, f->column, "the %s '%.*s' is not a number", value_names[c],
                   (int)(f->length < 40 ? f->length : 40), f->text);
            return false;
        }
    }
    return true;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

/* Reads the row at im->at and moves behind it. */
static void slow_row(struct importer *im, struct error *e)
{
    struct csv_field fields[LIMIT_IMPORT_COLUMNS];
    const char *line = im->at, *problem;
    size_t length;
    struct row r = {0};
    im->at = csv_line(line, im->end, &length);
    if (is_blank(line, length))
        return;
    im->report->rows++;
    if (length > LIMIT_IMPORT_LINE_BYTES) {
        refuse(im, im->line, 0, "the line is longer than %d bytes", LIMIT_IMPORT_LINE_BYTES);
        return;
    }
    const struct csv_dialect *d = &im->format.dialect;
    int32_t count = csv_split(line, length, d->delimiter, fields, LIMIT_IMPORT_COLUMNS, &problem);
    if (count < 0)
        refuse(im, im->line, fields[0].column, "%s", problem);
    else if (count != d->column_count)
        refuse(im, im->line, 0, "%d fields where the first line has %d", count, d->column_count);
    else if (read_stamp(im, &fields[d->time_column], &r) && read_values(im, fields, &r))
        accept_row(im, &r, e);
}

/* ---- the fast path ---- */

/* Reads the stamp at *at, learning a new hour where needed. */
static inline bool fast_stamp(struct importer *im, const char **at, const char *limit,
                              int64_t *ret_ns)
{
    if (im->format.stamp == CSV_STAMP_EPOCH)
        return csv_clock_fast_epoch(&im->clock, at, ret_ns);
    if (csv_clock_fast_wall(&im->clock, at, ret_ns))
        return true;
    const char *stop = csv_skip_fast(*at, limit, CSV_EACH_BYTE(im->format.dialect.delimiter));
    return stop && stop - *at >= 14 && csv_clock_learn(&im->clock, *at, (size_t)(stop - *at)) &&
           csv_clock_fast_wall(&im->clock, at, ret_ns);
}

/* Takes rows until one is not as expected, or the end or a cancel poll is near; im->at and im->line
 * are then at that row. */
static void fast_rows(struct importer *im, int64_t most)
{
    struct csv_rows *rows = &im->rows;
    const int32_t columns = im->format.dialect.column_count;
    const char delimiter = im->format.dialect.delimiter;
    const uint64_t delimiters = CSV_EACH_BYTE(delimiter);
    const char *limit = im->end - CSV_READ_AHEAD;
    int64_t last_ns = previous_ns(im);
    if (rows->capacity - rows->count < most)
        most = rows->capacity - rows->count;
    double value[BAR_COLUMN_COUNT] = {0};
    for (int64_t n = 0; n < most; n++) {
        const char *p = im->at;
        int64_t time_ns = 0;
        for (int32_t i = 0; i < columns; i++) {
            if (p >= limit)
                return;
            switch (im->role[i]) {
            case ROLE_PRICE:
                if (!csv_number_fast(&p, im->price_divisor, &value[im->price[i]]))
                    return;
                break;
            case ROLE_VOLUME:
                if (!csv_number_fast(&p, im->volume_divisor, &value[BAR_VOLUME]))
                    return;
                break;
            case ROLE_TIME:
                if (!fast_stamp(im, &p, limit, &time_ns))
                    return;
                break;
            case ROLE_SKIP:
                if (!(p = csv_skip_fast(p, limit, delimiters)))
                    return;
            }
            if (i + 1 < columns && *p++ != delimiter)
                return;
        }
        p += *p == '\r';
        if (*p != '\n')
            return;
        bool valid = (value[BAR_LOW] <= value[BAR_OPEN]) & (value[BAR_OPEN] <= value[BAR_HIGH]) &
                     (value[BAR_LOW] <= value[BAR_CLOSE]) & (value[BAR_CLOSE] <= value[BAR_HIGH]);
        if (!valid || time_ns <= last_ns || time_ns < im->session.open_ns ||
            time_ns >= im->session.close_ns)
            return;
        int64_t k = rows->count++;
        rows->time_ns[k] = last_ns = time_ns;
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            rows->column[c][k] = value[c];
        if (rows->line)
            rows->line[k] = im->line;
        im->last_line = im->line++;
        im->report->rows++;
        im->at = p + 1;
    }
}

/* ---- the whole ---- */

static void plan_columns(struct importer *im)
{
    const struct csv_dialect *d = &im->format.dialect;
    for (int32_t i = 0; i < d->column_count; i++)
        im->role[i] = ROLE_SKIP;
    im->role[d->time_column] = ROLE_TIME;
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c++) {
        im->role[d->column[c]] = ROLE_PRICE;
        im->price[d->column[c]] = (uint8_t)c;
    }
    if (d->column[BAR_VOLUME] >= 0)
        im->role[d->column[BAR_VOLUME]] = ROLE_VOLUME;
    csv_divisors(im->scale, im->price_divisor);
    csv_divisors(1, im->volume_divisor);
}

/* As many as the first lines' length promises, and a few more. */
static int64_t expected_rows(const char *data, const char *end)
{
    enum { LINES = 64 };
    const char *at = data;
    int64_t lines = 0;
    size_t length;
    while (at < end && lines < LINES) {
        at = csv_line(at, end, &length);
        lines++;
    }
    return lines == 0 ? 0 : (end - data) / ((at - data) / lines + 1) * 17 / 16 + LINES;
}

static enum err read_rows(struct importer *im, struct error *e)
{
    bool fast = im->options->timeframe.minutes == 1;
    int64_t polled = im->line;
    while (im->at < im->end && im->failure == ERR_OK) {
        if (fast && im->session.close_ns > 0)
            fast_rows(im, CANCEL_ROWS);
        if (im->cancel && im->line - polled >= CANCEL_ROWS) {
            polled = im->line;
            if (*im->cancel)
                return error_set(e, ERR_CANCELED, "the import was canceled");
        }
        if (im->at < im->end) {
            slow_row(im, e);
            im->line++;
        }
    }
    return im->failure;
}

/* After a sort: what take_second_at_a_time does, for all rows of one time in the order of the file.
 */
static void merge_sorted(struct importer *im)
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
            refuse(im, rows->line[i], 0, "another bar than that of line %lld at the same time, %s",
                   (long long)rows->line[kept - 1], stamp);
        } else {
            im->report->conflicts++;
            if (im->options->duplicates == CSV_CONFLICT_LAST)
                csv_rows_copy(rows, kept - 1, i);
        }
    }
    rows->count = kept;
}

static enum err check_options(const struct csv_options *o, struct error *e)
{
    if (!timeframe_is_stored(o->timeframe))
        return error_set(e, ERR_INVALID, "bars are imported as 1m or 1d; others are made from 1m");
    if (o->price_scale < 0 || o->price_scale > CSV_MAX_SCALE)
        return error_set(e, ERR_INVALID, "price_scale is 1 to %lld", (long long)CSV_MAX_SCALE);
    return ERR_OK;
}

enum err csv_import(const char *text, size_t length, const struct csv_options *options,
                    const _Atomic bool *cancel, struct csv_report *ret_report,
                    struct csv_bars *ret_bars, struct error *e)
{
    struct importer im = {.options = options, .cancel = cancel, .report = ret_report};
    memset(ret_report, 0, sizeof(*ret_report));
    memset(ret_bars, 0, sizeof(*ret_bars));
    enum err err = check_options(options, e);
    if (err == ERR_OK)
        err = csv_dialect_find(text, length, options, &im.format, e);
    if (err != ERR_OK)
        return err;
    ret_report->dialect = im.format.dialect;
    im.scale = options->price_scale == 0 ? 1 : options->price_scale;
    plan_columns(&im);
    csv_clock_init(&im.clock, options, im.format.stamp, im.format.unit_ns);
    im.at = im.format.data;
    im.end = text + length;
    im.line = im.format.data_line;
    err = csv_rows_init(&im.rows, expected_rows(im.at, im.end), options->sort, e);
    if (err == ERR_OK)
        err = read_rows(&im, e);
    if (err == ERR_OK && im.unsorted) {
        err = csv_rows_sort(&im.rows, e);
        if (err == ERR_OK)
            merge_sorted(&im);
    }
    if (err == ERR_OK && ret_report->error_count > 0)
        err = first_refusal(&im, e);
    if (err == ERR_OK)
        err = csv_rows_finish(&im.rows, options, ret_report, ret_bars, e);
    csv_rows_release(&im.rows);
    return err;
}
