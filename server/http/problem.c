#include "server/http/response.h"

#include "base/json_writer.h"

static void write_place(struct json_writer *w, int64_t line, int32_t column)
{
    if (line > 0)
        json_member_int(w, "line", line);
    if (column > 0)
        json_member_int(w, "column", column);
}

static void write_detail(struct json_writer *w, const struct http_problem_detail *d)
{
    json_begin_object(w);
    if (d->pointer && d->pointer[0] == '?')
        json_member_string(w, "parameter", d->pointer + 1);
    else if (d->pointer && d->pointer[0])
        json_member_string(w, "pointer", d->pointer);
    write_place(w, d->line, d->column);
    json_member_string(w, "detail", d->detail);
    json_end_object(w);
}

void http_problem_write(struct strbuf *out, const struct error *e, const char *request_id,
                        const struct http_problem_detail *details, size_t detail_count)
{
    struct http_problem_detail own = {e->pointer, e->line, e->column, e->message};
    if (detail_count == 0 && (e->pointer[0] || e->line > 0)) {
        details = &own;
        detail_count = 1;
    }
    struct json_writer w;
    char type[64];
    snprintf(type, sizeof type, "urn:bracketd:problem:%s", err_slug(e->code));
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_member_string(&w, "type", type);
    json_member_string(&w, "title", err_title(e->code));
    json_member_int(&w, "status", err_http_status(e->code));
    json_member_string(&w, "detail", e->message);
    json_member_string(&w, "code", err_slug(e->code));
    json_member_string(&w, "request_id", request_id);
    write_place(&w, e->line, e->column);
    if (detail_count > 0) {
        json_key(&w, "errors");
        json_begin_array(&w);
        for (size_t i = 0; i < detail_count; i++)
            write_detail(&w, &details[i]);
        json_end_array(&w);
    }
    json_end_object(&w);
    strbuf_add_char(out, '\n');
}
