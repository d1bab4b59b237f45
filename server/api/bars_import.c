/* The body goes to a nameless file first and is parsed when it is complete: parsing wants the whole
 * text (the dialect is found out from it, an import is all or nothing), and a slow sender must not
 * hold memory or the one writer of bars. */
#include "server/api/bars_import.h"

#include "server/api/disk_space.h"
#include "server/api/import_run.h"
#include "server/api/spool.h"
#include "server/app.h"

#include <unistd.h>

struct upload {
    int fd;
    int64_t begun_ns; /* monotonic */
    struct import_settings settings;
    struct import_report report;
};

static enum err check_disk(const struct app *app, struct error *e)
{
    return disk_space_check(data_folder_path(app->storage.folder), app->config->disk_reserve_mb, e);
}

static enum err upload_begin(struct http_request *r, struct error *e)
{
    struct app *app = r->app;
    const char *symbol = http_param(r, "symbol");
    struct import_options options;
    struct upload *u = arena_alloc(r->arena, sizeof *u);
    if (!u)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the upload");
    enum err err;
    if ((err = series_check_symbol(symbol, e)) ||
        (err = import_options_from_query(r, &options, e)) ||
        (err = import_options_settle(&options, &u->settings, e)) || (err = check_disk(app, e)) ||
        (err = spool_open(data_folder_path(app->storage.folder), &u->fd, e)))
        return err;
    u->settings.bars.symbol = symbol;
    u->begun_ns = clock_monotonic_ns(app->clock);
    r->user = u;
    return ERR_OK;
}

static enum err upload_chunk(struct http_request *r, const void *bytes, size_t size_bytes,
                             struct error *e)
{
    struct upload *u = r->user;
    enum err err = check_disk(r->app, e);
    return err ? err : spool_write(u->fd, bytes, size_bytes, e);
}

static void upload_abort(struct http_request *r)
{
    struct upload *u = r->user;
    close(u->fd);
}

const struct http_stream bars_import_stream = {
    .begin = upload_begin, .chunk = upload_chunk, .abort = upload_abort};

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
    struct upload *u = r->user;
    u->settings.bars.now_ns = clock_realtime_ns(app->clock);
    enum err err = import_run(&app->storage, &u->settings, u->fd, &u->report, e);
    close(u->fd);
    if (err == ERR_DATA && u->report.csv.error_count > 0) {
        respond_refused(r, out, &u->report.csv, e);
        return ERR_OK;
    }
    if (err)
        return err;
    struct json_writer w;
    u->report.elapsed_ns = clock_monotonic_ns(app->clock) - u->begun_ns;
    json_writer_init(&w, &out->body);
    import_report_write(&w, &u->report);
    return http_respond_json(out, 200, e);
}
