/* Rows of named columns as JSON, CSV or NDJSON: a handler writes each list once, the caller of the
 * API picks the form.
 *
 *   JSON     {"items": [{"at": ..., "close": ...}, ...], "next_cursor": ...}
 *   CSV      a header with the column names, one line a row
 *   NDJSON   one object a line
 *
 * Every row gives a value for every column, in order (asserted). Where there is no value, CSV has
 * an empty field and the others null. CSV and NDJSON have no room for the cursor of the next page:
 * it goes into the header X-Next-Cursor, for all three alike.
 */
#ifndef SERVER_API_ROWS_H
#define SERVER_API_ROWS_H

#include "base/json_writer.h"
#include "server/http/response.h"

enum rows_format { ROWS_JSON, ROWS_CSV, ROWS_NDJSON };

struct rows {
    enum rows_format format;
    struct strbuf *out; /* borrowed */
    struct json_writer json;
    const char *const *columns; /* borrowed until the end */
    size_t column_count;
    size_t column; /* the next one of the row under way */
};

/* ?format= or Accept; JSON when neither is there. ERR_NOT_ACCEPTABLE. */
enum err rows_negotiate(const struct http_request *r, enum rows_format *ret, struct error *e);
const char *rows_media_type(enum rows_format format);

/* Writes into out->body. */
void rows_begin(struct rows *w, struct http_response *out, enum rows_format format,
                const char *const *columns, size_t column_count);
/* Goes on in another buffer: for CSV and NDJSON, whose lists have no end of their own. */
void rows_go_on(struct rows *w, struct strbuf *out);
/* Ends the list and makes it the answer. next_cursor NULL: this was the last page. */
enum err rows_respond(struct rows *w, struct http_request *r, struct http_response *out,
                      const char *next_cursor, struct error *e);

void rows_row(struct rows *w); /* then one call per column, then rows_row_end */
void rows_row_end(struct rows *w);

void rows_string(struct rows *w, const char *text);
void rows_int(struct rows *w, int64_t value);
void rows_bool(struct rows *w, bool value);
void rows_number(struct rows *w, double x); /* not finite: no value */
void rows_price(struct rows *w, double x);  /* a decimal string in JSON; not finite: no value */
void rows_decimal(struct rows *w, int64_t value); /* base/decimal.h; a string in JSON */
void rows_time(struct rows *w, int64_t ns);
void rows_date(struct rows *w, int32_t days);
void rows_null(struct rows *w);
/* A finished JSON value; CSV has its text. */
void rows_json(struct rows *w, const char *json, size_t length);

/* The columns in between are members of an object of this name; CSV stays flat. */
void rows_group(struct rows *w, const char *name);
void rows_group_end(struct rows *w);

#endif
