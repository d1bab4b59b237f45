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
#include "engine/csv/csv_import.h"

#include "engine/csv/csv_importer.h"

#include <string.h>

enum { CANCEL_ROWS = 8192 };

/* ---- the slow path ---- */

static bool read_stamp(struct csv_importer *im, const struct csv_field *field, struct csv_row *r)
{
    struct csv_reading reading;
    r->time_column = field->column;
    const char *problem = "is of no form that is known";
    if (csv_stamp_read(field->text, field->length, &reading))
        problem = csv_clock_time(&im->clock, &reading, csv_previous_ns(im), &r->time_ns, &r->inside,
                                 &r->whole);
    if (problem)
        csv_refuse(im, im->line, field->column, "the stamp '%.*s' %s",
                   (int)(field->length < 40 ? field->length : 40), field->text, problem);
    return !problem;
}

static bool read_values(struct csv_importer *im, const struct csv_field *fields, struct csv_row *r)
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
            csv_refuse(im, im->line, f->column, "the %s '%.*s' is not a number", csv_value_names[c],
                       (int)(f->length < 40 ? f->length : 40), f->text);
            return false;
        }
    }
    return true;
}

/* Reads the row at im->at and moves behind it. */
static void slow_row(struct csv_importer *im, struct error *e)
{
    struct csv_field fields[LIMIT_IMPORT_COLUMNS];
    const char *line = im->at, *problem;
    size_t length;
    struct csv_row r = {0};
    im->at = csv_line(line, im->end, &length);
    if (csv_is_blank(line, length))
        return;
    im->report->rows++;
    if (length > LIMIT_IMPORT_LINE_BYTES) {
        csv_refuse(im, im->line, 0, "the line is longer than %d bytes", LIMIT_IMPORT_LINE_BYTES);
        return;
    }
    const struct csv_dialect *d = &im->format.dialect;
    int32_t count = csv_split(line, length, d->delimiter, fields, LIMIT_IMPORT_COLUMNS, &problem);
    if (count < 0)
        csv_refuse(im, im->line, fields[0].column, "%s", problem);
    else if (count != d->column_count)
        csv_refuse(im, im->line, 0, "%d fields where the first line has %d", count,
                   d->column_count);
    else if (read_stamp(im, &fields[d->time_column], &r) && read_values(im, fields, &r))
        csv_accept_row(im, &r, e);
}

/* ---- the whole ---- */

static void plan_columns(struct csv_importer *im)
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

static enum err read_rows(struct csv_importer *im, struct error *e)
{
    bool fast = im->options->timeframe.minutes == 1;
    int64_t polled = im->line;
    while (im->at < im->end && im->failure == ERR_OK) {
        if (fast && im->session.close_ns > 0)
            csv_fast_rows(im, CANCEL_ROWS);
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
    struct csv_importer im = {.options = options, .cancel = cancel, .report = ret_report};
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
        err = csv_sort_rows(&im, e);
    }
    if (err == ERR_OK && ret_report->error_count > 0)
        err = csv_first_refusal(&im, e);
    if (err == ERR_OK)
        err = csv_rows_finish(&im.rows, options, ret_report, ret_bars, e);
    csv_rows_release(&im.rows);
    return err;
}
