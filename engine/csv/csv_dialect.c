/* Finding out a file's dialect from its first lines.
 *
 * With a header, names decide: each alias means one thing, whatever its place. Of several columns
 * that may hold the stamp the first row's values decide, and an epoch wins, because it needs no
 * zone.
 *
 * Without one, the first column is the time, then come four prices, which csv_prices.c tells apart
 * by their values, and perhaps the volume.
 */
#include "engine/csv/csv_dialect.h"

#include "base/limits.h"
#include "engine/csv/csv_names.h"
#include "engine/csv/csv_prices.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const meaning_names[] = {"open", "high", "low", "close", "volume", "time"};

/* The lines that the dialect is read from. */
struct sample {
    const char *file; /* for messages */
    const char *end;
    char delimiter;
    struct csv_field first[LIMIT_IMPORT_COLUMNS]; /* fields of the first line that is not blank */
    int32_t first_count;
    int64_t first_line;
    const char *first_text, *rest;
};

static enum err refuse(const struct sample *s, struct error *e, int64_t line, int32_t column,
                       const char *what, const char *detail)
{
    char place[24] = "";
    if (column > 0)
        snprintf(place, sizeof(place), ", column %d", column);
    return error_at(e, ERR_DATA, line, column, "%s%sline %lld%s: %s%s", s->file ? s->file : "",
                    s->file ? ", " : "", (long long)line, place, what, detail);
}

/* ---- delimiter and first line ---- */

static char choose_delimiter(const char *line, size_t length)
{
    static const char candidates[] = {',', ';', '\t'};
    int32_t most = 0;
    char chosen = ',';
    for (size_t k = 0; k < sizeof(candidates); k++) {
        int32_t count = 0;
        bool quoted = false;
        for (size_t i = 0; i < length; i++) {
            quoted = quoted != (line[i] == '"');
            count += !quoted && line[i] == candidates[k];
        }
        if (count > most) {
            most = count;
            chosen = candidates[k];
        }
    }
    return chosen;
}

static enum err read_first_line(struct sample *s, const char *text, size_t length, struct error *e)
{
    if (length == 0)
        return refuse(s, e, 1, 0, "there is no row in it", "");
    assert(text);
    s->end = text + length;
    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return refuse(s, e, 1, 1, "the text is UTF-16; save it as UTF-8", "");
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    size_t line_length = 0;
    s->first_text = text;
    for (s->rest = text; s->rest < s->end;) {
        s->first_text = s->rest;
        s->rest = csv_line(s->rest, s->end, &line_length);
        s->first_line++;
        if (!csv_is_blank(s->first_text, line_length))
            break;
        line_length = 0;
    }
    if (line_length == 0)
        return refuse(s, e, 1, 0, "there is no row in it", "");
    if (line_length > LIMIT_IMPORT_LINE_BYTES)
        return refuse(s, e, s->first_line, 0, "the line is too long", "");
    s->delimiter = choose_delimiter(s->first_text, line_length);
    const char *problem;
    s->first_count = csv_split(s->first_text, line_length, s->delimiter, s->first,
                               LIMIT_IMPORT_COLUMNS, &problem);
    if (s->first_count < 0)
        return refuse(s, e, s->first_line, s->first[0].column, problem, "");
    return ERR_OK;
}

/* A row has a number or a stamp somewhere, a header has none. */
static bool is_header(const struct sample *s)
{
    for (int32_t i = 0; i < s->first_count; i++) {
        const struct csv_field *f = &s->first[i];
        struct csv_reading reading;
        double x;
        enum csv_number_state state = csv_number_read(f->text, f->length, 1, &x);
        if (state == CSV_NUMBER_OK || state == CSV_NUMBER_NEGATIVE ||
            csv_stamp_read(f->text, f->length, &reading))
            return false;
    }
    return true;
}

/* The fields of the next line that is not blank; 0 at the end, -1 with a problem and its column in
 * fields[0] when it can't be split. */
static int32_t next_row(const struct sample *s, const char **at, struct csv_field *fields,
                        int64_t *line, const char **ret_problem)
{
    while (*at < s->end) {
        const char *start = *at;
        size_t length;
        assert(start);
        *at = csv_line(start, s->end, &length);
        (*line)++;
        if (csv_is_blank(start, length))
            continue;
        if (length <= LIMIT_IMPORT_LINE_BYTES)
            return csv_split(start, length, s->delimiter, fields, LIMIT_IMPORT_COLUMNS,
                             ret_problem);
        fields[0].column = 0;
        *ret_problem = "the line is too long";
        return -1;
    }
    return 0;
}

/* ---- columns by name ---- */

static enum err unknown_column(const struct sample *s, const struct csv_field *f, struct error *e)
{
    const char *nearest = csv_nearest_name(f);
    char detail[160];
    snprintf(detail, sizeof(detail), "unknown column '%.*s'%s%s%s; ignore_columns lets it pass",
             (int)(f->length < 40 ? f->length : 40), f->text, nearest ? " (did you mean '" : "",
             nearest ? nearest : "", nearest ? "'?)" : "");
    return refuse(s, e, s->first_line, f->column, detail, "");
}

/* How good a stamp column is: an epoch, then an offset, then a time of day, then a date. */
static int stamp_rank(enum csv_stamp_kind kind)
{
    static const int ranks[] = {[CSV_STAMP_NONE] = 0,
                                [CSV_STAMP_DATE] = 1,
                                [CSV_STAMP_WALL] = 2,
                                [CSV_STAMP_OFFSET] = 3,
                                [CSV_STAMP_EPOCH] = 4};
    return ranks[kind];
}

static enum err columns_by_name(const struct sample *s, const struct csv_options *o,
                                struct csv_format *f, int64_t line, struct error *e)
{
    struct csv_dialect *d = &f->dialect;
    struct csv_field row[LIMIT_IMPORT_COLUMNS];
    const char *at = s->rest, *problem;
    int32_t row_count = next_row(s, &at, row, &line, &problem);
    struct csv_reading best = {.kind = CSV_STAMP_NONE};
    for (int32_t i = 0; i < s->first_count; i++) {
        const struct csv_field *name = &s->first[i];
        int meaning = csv_meaning(name);
        if (meaning < 0 && !o->ignore_columns)
            return unknown_column(s, name, e);
        if (meaning == CSV_MEANING_TIME) {
            struct csv_reading reading = {.kind = CSV_STAMP_NONE};
            if (i < row_count)
                csv_stamp_read(row[i].text, row[i].length, &reading);
            if (d->time_column < 0 || stamp_rank(reading.kind) > stamp_rank(best.kind)) {
                best = reading;
                d->time_column = i;
            }
        } else if (meaning >= 0 && meaning < BAR_COLUMN_COUNT) {
            if (d->column[meaning] >= 0)
                return refuse(s, e, s->first_line, name->column, "two columns are called ",
                              meaning_names[meaning]);
            d->column[meaning] = i;
        }
    }
    for (int m = 0; m <= CSV_MEANING_TIME; m++)
        if (m != BAR_VOLUME && (m == CSV_MEANING_TIME ? d->time_column : d->column[m]) < 0)
            return refuse(s, e, s->first_line, 0, "the header names no column for the ",
                          meaning_names[m]);
    return ERR_OK;
}

/* ---- columns by what is in them ---- */

static void take_prices(const struct sample *s, struct csv_price_sample *ret)
{
    struct csv_field row[LIMIT_IMPORT_COLUMNS];
    const char *at = s->first_text, *problem;
    int64_t line = 0;
    ret->count = 0;
    for (int32_t n; ret->count < CSV_SAMPLE_ROWS && at < s->end;) {
        n = next_row(s, &at, row, &line, &problem);
        bool good = n > CSV_PRICES;
        for (int k = 0; k < CSV_PRICES && good; k++)
            good = csv_number_read(row[1 + k].text, row[1 + k].length, 1,
                                   &ret->value[ret->count][k]) == CSV_NUMBER_OK;
        ret->count += good;
    }
}

static enum err columns_by_value(const struct sample *s, struct csv_format *f, struct error *e)
{
    struct csv_price_sample p;
    int32_t place[CSV_PRICES];
    take_prices(s, &p);
    if (p.count == 0)
        return refuse(s, e, s->first_line, 0,
                      "it is neither a header nor a row of a time, four prices and a volume", "");
    if (!csv_price_order(&p, place))
        return refuse(s, e, s->first_line, 0,
                      "no order of the four prices gives low <= open, close <= high; add a header",
                      "");
    f->dialect.time_column = 0;
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c++)
        f->dialect.column[c] = 1 + place[c];
    return ERR_OK;
}

static enum err columns_without_header(const struct sample *s, const struct csv_options *o,
                                       struct csv_format *f, struct error *e)
{
    if (s->first_count < 1 + CSV_PRICES)
        return refuse(s, e, s->first_line, 0,
                      "a row without a header needs a time, four prices and perhaps a volume", "");
    if (s->first_count > 1 + BAR_COLUMN_COUNT && !o->ignore_columns)
        return refuse(s, e, s->first_line, s->first[1 + BAR_COLUMN_COUNT].column,
                      "an unknown column behind the volume; ignore_columns lets it pass", "");
    enum err err = columns_by_value(s, f, e);
    if (err == ERR_OK && s->first_count > 1 + CSV_PRICES)
        f->dialect.column[BAR_VOLUME] = 1 + CSV_PRICES;
    return err;
}

/* ---- stamps ---- */

static enum err find_stamp(const struct sample *s, const struct csv_options *o,
                           struct csv_format *f, struct error *e)
{
    struct csv_field row[LIMIT_IMPORT_COLUMNS];
    const char *at = f->data, *problem;
    int64_t line = f->data_line - 1;
    int32_t count = next_row(s, &at, row, &line, &problem);
    if (count < 0)
        return refuse(s, e, line, row[0].column, problem, "");
    if (count == 0)
        return refuse(s, e, line > 0 ? line : 1, 0, "there is no row behind the header", "");
    int32_t column = f->dialect.time_column;
    if (count <= column)
        return refuse(s, e, line, 0, "the row has no field for the time", "");
    struct csv_reading r;
    const struct csv_field *field = &row[column];
    if (!csv_stamp_read(field->text, field->length, &r))
        return refuse(s, e, line, field->column, "the stamp is of no form that is known", "");
    if (o->timeframe.minutes > 0 && r.kind == CSV_STAMP_DATE)
        return refuse(s, e, line, field->column, "the stamp has no time of day", "");
    if (o->timeframe.minutes > 0 && r.kind == CSV_STAMP_WALL && !o->zone)
        return error_at(e, ERR_INVALID, line, field->column,
                        "the stamps are wall clock readings: give the time zone that they are in");
    f->stamp = r.kind;
    f->unit_ns = csv_epoch_unit_ns(r.kind == CSV_STAMP_EPOCH ? r.count : 0);
    snprintf(f->dialect.stamp, sizeof(f->dialect.stamp), "%s", csv_stamp_name(r.kind, f->unit_ns));
    return ERR_OK;
}

static void describe_order(struct csv_dialect *d)
{
    size_t n = 0;
    for (int32_t i = 0; i < d->column_count && n < sizeof(d->order); i++) {
        const char *name = i == d->time_column ? "time" : "-";
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            if (d->column[c] == i)
                name = meaning_names[c];
        n += (size_t)snprintf(d->order + n, sizeof(d->order) - n, "%s%s", i ? "," : "", name);
    }
}

enum err csv_dialect_find(const char *text, size_t length, const struct csv_options *options,
                          struct csv_format *ret, struct error *e)
{
    struct sample s = {.file = options->file};
    struct csv_format f = {.dialect = {.time_column = -1, .column = {-1, -1, -1, -1, -1}}};
    enum err err = read_first_line(&s, text, length, e);
    if (err != ERR_OK)
        return err;
    f.dialect.delimiter = s.delimiter;
    f.dialect.header = is_header(&s);
    f.dialect.column_count = s.first_count;
    f.data = f.dialect.header ? s.rest : s.first_text;
    f.data_line = s.first_line + f.dialect.header;
    err = f.dialect.header ? columns_by_name(&s, options, &f, s.first_line, e)
                           : columns_without_header(&s, options, &f, e);
    if (err == ERR_OK)
        err = find_stamp(&s, options, &f, e);
    if (err != ERR_OK)
        return err;
    describe_order(&f.dialect);
    *ret = f;
    return ERR_OK;
}
