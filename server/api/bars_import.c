#include "server/api/bars_import.h"

#include "server/api/import_run.h"
#include "server/api/lean_import.h"
#include "server/api/upload.h"
#include "server/app.h"

#include <unistd.h>

struct bars_upload {
    struct upload upload;
    struct import_settings settings;
    struct import_report report;
};

struct lean_upload {
    struct upload upload;
    struct lean_settings settings;
};

/* ---- POST /v1/bars/{symbol} ---- */

static enum err bars_upload_begin(struct http_request *r, struct error *e)
{
    const char *symbol = http_param(r, "symbol");
    struct import_options options;
    struct bars_upload *u = arena_alloc(r->arena, sizeof *u);
    if (!u)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the upload");
    enum err err;
    if ((err = series_check_symbol(symbol, e)) ||
        (err = import_options_from_query(r, &options, e)) ||
        (err = import_options_settle(&options, &u->settings, e)))
        return err;
    u->settings.bars.symbol = symbol;
    return upload_open(r, &u->upload, e);
}

const struct http_stream bars_import_stream = {
    .begin = bars_upload_begin, .chunk = upload_chunk, .abort = upload_abort};

static void respond_refused(struct http_request *r, struct http_response *out,
                            const struct csv_report *csv, const struct error *e)
{
    struct http_problem_detail details[LIMIT_IMPORT_ERRORS];
    size_t count = 0;
    for (; count < LIMIT_IMPORT_ERRORS && (int64_t)count < csv->error_count; count++) {
        const struct csv_row_error *row = &csv->errors[count];
        details[count] = (struct http_problem_detail){
            .line = row->line, .column = row->column, .detail = row->message};
    }
    http_respond_problem(r, out, e, details, count);
}

enum err bars_import(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct bars_upload *u = r->user;
    u->settings.bars.now_ns = clock_realtime_ns(app->clock);
    enum err err = import_run(&app->storage, &u->settings, u->upload.fd, &u->report, e);
    close(u->upload.fd);
    if (err == ERR_DATA && u->report.csv.error_count > 0) {
        respond_refused(r, out, &u->report.csv, e);
        return ERR_OK;
    }
    if (err)
        return err;
    struct json_writer w;
    u->report.elapsed_ns = clock_monotonic_ns(app->clock) - u->upload.begun_ns;
    json_writer_init(&w, &out->body);
    import_report_write(&w, &u->report);
    return http_respond_json(out, 200, e);
}

/* ---- POST /v1/bars?format=lean ---- */

static enum err lean_upload_begin(struct http_request *r, struct error *e)
{
    static const char *const names[] = {"format", "mode", "dry_run", NULL};
    static const char *const formats[] = {"lean", NULL};
    int format = -1, mode = 0;
    struct lean_upload *u = arena_alloc(r->arena, sizeof *u);
    if (!u)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the upload");
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_enum(r, "format", formats, &format, e)) ||
        (err = http_query_enum(r, "mode", import_modes, &mode, e)) ||
        (err = http_query_bool(r, "dry_run", &u->settings.dry_run, e)))
        return err;
    if (format < 0)
        return error_field(e, ERR_INVALID, "?format",
                           "format=lean is needed here; CSV of one symbol goes to "
                           "/v1/bars/{symbol}");
    u->settings.mode = (enum bar_import_mode)mode;
    return upload_open(r, &u->upload, e);
}

const struct http_stream lean_import_stream = {
    .begin = lean_upload_begin, .chunk = upload_chunk, .abort = upload_abort};

enum err lean_import(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct lean_upload *u = r->user;
    struct lean_report report;
    u->settings.now_ns = clock_realtime_ns(app->clock);
    enum err err = lean_import_run(&app->storage, &u->settings, u->upload.fd, &report, e);
    close(u->upload.fd);
    if (err)
        return err;
    struct json_writer w;
    report.elapsed_ns = clock_monotonic_ns(app->clock) - u->upload.begun_ns;
    json_writer_init(&w, &out->body);
    lean_report_write(&w, &report);
    return http_respond_json(out, 200, e);
}
