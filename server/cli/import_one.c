#include "server/cli/import_one.h"

#include "base/clock.h"
#include "server/api/import_run.h"
#include "server/api/lean_import.h"
#include "server/cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_BYTES_MAX = 4 << 10 };

/* ---- on a folder ---- */

static void list_rows(const struct csv_report *csv, struct import_refusal *ret)
{
    ret->total = csv->error_count;
    for (; ret->count < LIMIT_IMPORT_ERRORS && (int64_t)ret->count < ret->total; ret->count++) {
        const struct csv_row_error *row = &csv->errors[ret->count];
        struct problem_place *place = &ret->places[ret->count];
        place->line = row->line;
        place->column = row->column;
        snprintf(place->detail, sizeof(place->detail), "%s", row->message);
    }
}

static enum err import_zip_here(struct storage *storage, const struct import_order *order,
                                const struct import_file *file, struct strbuf *ret_report,
                                struct error *e)
{
    struct lean_report report;
    struct lean_settings settings = {.mode = order->settings->bars.mode,
                                     .dry_run = order->settings->bars.dry_run,
                                     .now_ns = clock_realtime_ns(clock_real()),
                                     .cancel = order->cancel,
                                     .file = file->name};
    int64_t begun_ns = clock_monotonic_ns(clock_real());
    enum err err = lean_import_run(storage, &settings, file->fd, &report, e);
    if (!err) {
        struct json_writer w;
        report.elapsed_ns = clock_monotonic_ns(clock_real()) - begun_ns;
        json_writer_init(&w, ret_report);
        lean_report_write(&w, &report);
    }
    return err;
}

static enum err import_here(struct storage *storage, const struct import_order *order,
                            const struct import_file *file, struct strbuf *ret_report,
                            struct import_refusal *ret_refusal, struct error *e)
{
    if (file->zip)
        return import_zip_here(storage, order, file, ret_report, e);
    struct import_settings settings = *order->settings;
    struct import_report *report = calloc(1, sizeof(*report));
    if (!report)
        return error_set(e, ERR_NO_MEMORY, "out of memory for an import");
    int64_t begun_ns = clock_monotonic_ns(clock_real());
    settings.bars.symbol = order->symbol;
    settings.bars.now_ns = clock_realtime_ns(clock_real());
    settings.bars.cancel = order->cancel;
    enum err err = import_run(storage, &settings, file->fd, report, e);
    if (err == ERR_DATA)
        list_rows(&report->csv, ret_refusal);
    if (!err) {
        struct json_writer w;
        report->elapsed_ns = clock_monotonic_ns(clock_real()) - begun_ns;
        json_writer_init(&w, ret_report);
        import_report_write(&w, report);
    }
    free(report);
    return err;
}

/* ---- through a server ---- */

static void add_zip_options(struct strbuf *target, const struct import_options *o)
{
    url_add_query(target, "format", "lean");
    if (o->mode)
        url_add_query(target, "mode", o->mode);
    if (o->dry_run)
        url_add_query(target, "dry_run", "true");
}

/* The symbol, and the options given as query parameters: a flag's name with _ for -. */
static void add_csv_options(struct strbuf *target, const struct import_order *order)
{
    const struct import_options *o = order->options;
    strbuf_add_char(target, '/');
    url_add_escaped(target, order->symbol);
    static const struct option rows[] = {IMPORT_OPTION_ROWS(struct import_options, )};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const void *member = (const char *)o + rows[i].offset;
        char name[32], number[24];
        const char *value = NULL;
        snprintf(name, sizeof(name), "%s", rows[i].name);
        for (char *p = name; *p; p++)
            if (*p == '-')
                *p = '_';
        if (rows[i].kind == OPTION_FLAG) {
            value = *(const bool *)member ? "true" : NULL;
        } else if (rows[i].kind == OPTION_INTEGER) {
            snprintf(number, sizeof(number), "%lld", (long long)*(const int64_t *)member);
            value = number;
        } else {
            value = *(const char *const *)member;
        }
        if (value)
            url_add_query(target, name, value);
    }
}

static void on_sent(void *context, int64_t bytes_done, int64_t bytes_total)
{
    progress_draw_bytes(context, "upload", bytes_done, bytes_total);
}

static enum err import_there(struct api_client *client, const struct import_order *order,
                             const struct import_file *file, struct strbuf *ret_report,
                             struct import_refusal *ret_refusal, struct error *e)
{
    struct strbuf target;
    struct progress progress;
    struct api_response response;
    strbuf_init(&target, TARGET_BYTES_MAX);
    strbuf_add_string(&target, "/v1/bars");
    if (file->zip)
        add_zip_options(&target, order->options);
    else
        add_csv_options(&target, order);
    progress_begin(&progress);
    struct api_request request = {.method = "POST",
                                  .target = strbuf_text(&target),
                                  .content_type = file->zip    ? "application/zip"
                                                  : file->gzip ? "application/gzip"
                                                               : "text/csv",
                                  .from_file = true,
                                  .fd = file->fd,
                                  .file_bytes = file->size_bytes,
                                  .timeout_ms = (int64_t)LIMIT_IMPORT_SECONDS * 1000,
                                  .cancel = order->cancel,
                                  .on_sent = on_sent,
                                  .context = &progress};
    enum err err = api_client_send(client, &request, &response, e);
    progress_end(&progress);
    if (!err)
        strbuf_add(ret_report, response.body.data, response.body.length);
    else if (err == ERR_DATA)
        ret_refusal->count = problem_places(strbuf_text(&response.body), response.body.length,
                                            ret_refusal->places, LIMIT_IMPORT_ERRORS);
    api_response_release(&response);
    strbuf_release(&target);
    return err;
}

enum err import_one(struct target *target, const struct import_order *order,
                    const struct import_file *file, struct strbuf *ret_report,
                    struct import_refusal *ret_refusal, struct error *e)
{
    ret_refusal->count = 0;
    ret_refusal->total = 0;
    return target->client ? import_there(target->client, order, file, ret_report, ret_refusal, e)
                          : import_here(&target->storage, order, file, ret_report, ret_refusal, e);
}
