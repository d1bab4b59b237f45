#include "server/api/rows.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/number.h"
#include "base/rfc3339.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const media_types[] = {"application/json", "text/csv", "application/x-ndjson",
                                          NULL};

enum err rows_negotiate(const struct http_request *r, enum rows_format *ret, struct error *e)
{
    int index = 0;
    enum err err = http_negotiate(r, media_types, &index, e);
    if (!err)
        *ret = (enum rows_format)index;
    return err;
}

const char *rows_media_type(enum rows_format format)
{
    return media_types[format];
}

/* RFC 4180: quoted where a reader would otherwise split the field. */
static void add_csv_text(struct strbuf *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        strbuf_add_string(out, text);
        return;
    }
    strbuf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            strbuf_add_char(out, '"');
        strbuf_add_char(out, *text);
    }
    strbuf_add_char(out, '"');
}

static void write_csv_header(struct rows *w)
{
    for (size_t i = 0; i < w->column_count; i++) {
        if (i > 0)
            strbuf_add_char(w->out, ',');
        add_csv_text(w->out, w->columns[i]);
    }
    strbuf_add_char(w->out, '\n');
}

void rows_begin(struct rows *w, struct http_response *out, enum rows_format format,
                const char *const *columns, size_t column_count)
{
    *w = (struct rows){
        .format = format, .out = &out->body, .columns = columns, .column_count = column_count};
    json_writer_init(&w->json, w->out);
    if (format == ROWS_CSV)
        write_csv_header(w);
    if (format == ROWS_JSON) {
        json_begin_object(&w->json);
        json_key(&w->json, "items");
        json_begin_array(&w->json);
    }
}

void rows_go_on(struct rows *w, struct strbuf *out)
{
    assert(w->format != ROWS_JSON);
    w->out = out;
    json_writer_init(&w->json, out);
}

enum err rows_respond(struct rows *w, struct http_request *r, struct http_response *out,
                      const char *next_cursor, struct error *e)
{
    if (w->format == ROWS_JSON) {
        json_end_array(&w->json);
        json_member_string(&w->json, "next_cursor", next_cursor);
        json_end_object(&w->json);
    }
    if (next_cursor)
        http_add_header(r, out, "X-Next-Cursor", "%s", next_cursor);
    return http_respond_text(out, 200, media_types[w->format], e);
}

void rows_row(struct rows *w)
{
    w->column = 0;
    if (w->format == ROWS_NDJSON)
        json_writer_init(&w->json, w->out); /* a text of its own each */
    if (w->format != ROWS_CSV)
        json_begin_object(&w->json);
}

void rows_row_end(struct rows *w)
{
    assert(w->column == w->column_count);
    if (w->format != ROWS_CSV)
        json_end_object(&w->json);
    if (w->format != ROWS_JSON)
        strbuf_add_char(w->out, '\n');
}

/* Begins the next value. True when it is CSV's, which the caller then writes as plain text. */
static bool next_column(struct rows *w)
{
    assert(w->column < w->column_count);
    size_t column = w->column++;
    if (w->format != ROWS_CSV) {
        json_key(&w->json, w->columns[column]);
        return false;
    }
    if (column > 0)
        strbuf_add_char(w->out, ',');
    return true;
}

void rows_string(struct rows *w, const char *text)
{
    if (next_column(w))
        add_csv_text(w->out, text);
    else
        json_string(&w->json, text);
}

void rows_int(struct rows *w, int64_t value)
{
    if (next_column(w))
        strbuf_add_format(w->out, "%" PRId64, value);
    else
        json_int(&w->json, value);
}

void rows_bool(struct rows *w, bool value)
{
    if (next_column(w))
        strbuf_add_string(w->out, value ? "true" : "false");
    else
        json_bool(&w->json, value);
}

static void add_csv_number(struct strbuf *out, double x)
{
    char text[NUMBER_MAX_TEXT];
    if (isfinite(x))
        strbuf_add(out, text, number_format(x, text));
}

void rows_number(struct rows *w, double x)
{
    if (next_column(w))
        add_csv_number(w->out, x);
    else
        json_number(&w->json, x);
}

void rows_price(struct rows *w, double x)
{
    if (next_column(w))
        add_csv_number(w->out, x);
    else
        json_price(&w->json, x);
}

void rows_decimal(struct rows *w, int64_t value)
{
    char text[DECIMAL_MAX_TEXT];
    if (next_column(w))
        strbuf_add(w->out, text, decimal_format(value, text));
    else
        json_decimal(&w->json, value);
}

void rows_time(struct rows *w, int64_t ns)
{
    char text[RFC3339_MAX];
    if (next_column(w))
        strbuf_add(w->out, text, rfc3339_format(ns, text));
    else
        json_time(&w->json, ns);
}

void rows_date(struct rows *w, int32_t days)
{
    char text[11];
    civil_format(days, text);
    rows_string(w, text);
}

void rows_null(struct rows *w)
{
    if (!next_column(w))
        json_null(&w->json);
}

void rows_json(struct rows *w, const char *json, size_t length)
{
    if (next_column(w))
        add_csv_text(w->out, json);
    else
        json_raw(&w->json, json, length);
}

void rows_group(struct rows *w, const char *name)
{
    if (w->format == ROWS_CSV)
        return;
    json_key(&w->json, name);
    json_begin_object(&w->json);
}

void rows_group_end(struct rows *w)
{
    if (w->format != ROWS_CSV)
        json_end_object(&w->json);
}
