#include "server/api/lean_import.h"

#include "base/zip.h"
#include "engine/lean/lean_rows.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[LEAN_SERIES_KINDS] = {"trade", "bid", "ask"};

/* An import under way: the file at hand, and which of its series was given last. */
struct lean_reader {
    const struct lean_settings *settings;
    const struct calendar *calendar;
    struct lean_report *report;
    struct zip zip;
    size_t cursor;
    int64_t inflated_bytes; /* of all files so far */
    char *text;
    size_t text_capacity;
    struct lean_name name;
    struct lean_rows rows;
    int next_side; /* of `rows` */
    enum lean_series_kind kind;
    char symbol[LIMIT_SYMBOL_BYTES + sizeof ":bid"];
};

/* ---- files ---- */

static enum err inflate(struct lean_reader *r, const struct zip_file *file, struct error *e)
{
    int shown = (int)file->name_length;
    r->inflated_bytes += (int64_t)file->size_bytes;
    if ((int64_t)file->size_bytes > LIMIT_ZIP_FILE_BYTES)
        return error_set(e, ERR_TOO_LARGE, "%.*s inflates to more than %lld bytes", shown,
                         file->name, (long long)LIMIT_ZIP_FILE_BYTES);
    if (r->inflated_bytes > LIMIT_IMPORT_INFLATED_BYTES)
        return error_set(e, ERR_TOO_LARGE, "the zip inflates to more than %lld bytes",
                         (long long)LIMIT_IMPORT_INFLATED_BYTES);
    if (file->size_bytes > r->text_capacity) {
        char *grown = realloc(r->text, file->size_bytes);
        if (!grown)
            return error_set(e, ERR_NO_MEMORY, "no memory to inflate %.*s", shown, file->name);
        r->text = grown;
        r->text_capacity = file->size_bytes;
    }
    return file->size_bytes > 0 ? zip_read(file, r->text, e) : ERR_OK;
}

/* The row's place in the file that is in the zip. */
static enum err place(const struct zip_file *file, const struct error *row, struct error *e)
{
    char column[24] = "";
    if (row->column > 0)
        snprintf(column, sizeof column, ", column %d", (int)row->column);
    if (row->line == 0)
        return error_set(e, row->code, "%.*s: %s", (int)file->name_length, file->name,
                         row->message);
    return error_at(e, row->code, row->line, row->column, "%.*s, line %lld%s: %s",
                    (int)file->name_length, file->name, (long long)row->line, column, row->message);
}

static enum err next_file(struct lean_reader *r, struct error *e)
{
    struct zip_file file;
    struct error row;
    enum err err = zip_next(&r->zip, &r->cursor, &file, e);
    if (!err)
        err = lean_name_parse(file.name, file.name_length, &r->name, e);
    if (!err)
        err = inflate(r, &file, e);
    if (err)
        return err;
    if (lean_rows_read(&r->rows, &r->name, r->calendar, r->text, file.size_bytes, &row))
        return place(&file, &row, e);
    r->next_side = 0;
    r->report->files++;
    r->report->contracts += r->name.is_option;
    r->report->rows += r->rows.rows;
    r->report->outside += r->rows.outside;
    r->report->empty += r->rows.empty;
    return ERR_OK;
}

/* ---- series ---- */

static void count_series(struct lean_reader *r, const struct lean_series *s)
{
    struct lean_report *report = r->report;
    bool first = true;
    for (int k = 0; k < LEAN_SERIES_KINDS; k++)
        first = first && report->kind[k].series == 0;
    if (first || s->time_ns[0] < report->first_ns)
        report->first_ns = s->time_ns[0];
    if (first || s->time_ns[s->count - 1] > report->last_ns)
        report->last_ns = s->time_ns[s->count - 1];
    report->kind[r->kind].series++;
    report->kind[r->kind].bars += s->count;
}

/* Names the series of a side, and hands it over. */
static void give(struct lean_reader *r, int side, struct bar_import *import, struct bar_batch *bars)
{
    const struct lean_series *s = &r->rows.side[side];
    bool quotes = r->name.kind == LEAN_MINUTE_QUOTES;
    r->kind = !quotes                 ? LEAN_SERIES_TRADE
              : side == LEAN_SIDE_BID ? LEAN_SERIES_BID
                                      : LEAN_SERIES_ASK;
    snprintf(r->symbol, sizeof r->symbol, "%s%s%s", r->name.symbol, quotes ? ":" : "",
             quotes ? kind_names[r->kind] : "");
    *import = (struct bar_import){.symbol = r->symbol,
                                  .timeframe = r->rows.timeframe,
                                  .calendar = r->calendar,
                                  .mode = r->settings->mode,
                                  .now_ns = r->settings->now_ns};
    *bars = (struct bar_batch){.count = s->count,
                               .time_ns = s->time_ns,
                               .session_count = s->session_count,
                               .sessions = s->sessions};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        bars->column[c] = s->column[c];
    count_series(r, s);
}

static enum err next_series(void *context, struct bar_import *ret_import,
                            struct bar_batch *ret_bars, bool *ret_more, struct error *e)
{
    struct lean_reader *r = context;
    for (;;) {
        while (r->next_side < LEAN_SIDE_COUNT) {
            int side = r->next_side++;
            if (r->rows.side[side].count == 0)
                continue;
            give(r, side, ret_import, ret_bars);
            return ERR_OK;
        }
        if (r->report->files == r->zip.file_count) {
            *ret_more = false;
            return ERR_OK;
        }
        enum err err = next_file(r, e);
        if (err)
            return err;
    }
}

static void series_done(void *context, const struct bar_import_result *result)
{
    struct lean_reader *r = context;
    r->report->inserted += result->inserted;
    r->report->duplicates += result->duplicates;
    r->report->replaced += result->replaced;
}

/* ---- the whole ---- */

/* LEAN's days and minutes are New York's. */
static enum err read_zip(struct storage *storage, struct lean_reader *r, struct error *e)
{
    const struct bar_import_source source = {
        .next = next_series, .done = series_done, .context = r};
    enum err err = calendar_find("XNYS", &r->calendar, e);
    if (!err && r->zip.file_count == 0)
        err = error_set(e, ERR_DATA, "the zip is empty");
    if (!err)
        err = bar_store_import_each(storage->bar_store, &source, r->settings->dry_run,
                                    r->settings->cancel, e);
    return err;
}

static bool has_bars(const struct lean_report *r)
{
    int64_t bars = 0;
    for (int k = 0; k < LEAN_SERIES_KINDS; k++)
        bars += r->kind[k].bars;
    return bars > 0;
}

enum err lean_import_run(struct storage *storage, const struct lean_settings *settings, int fd,
                         struct lean_report *ret, struct error *e)
{
    struct csv_source source;
    const char *name = settings->file ? settings->file : "the file";
    enum err err = csv_source_open_fd(&source, fd, LIMIT_IMPORT_INFLATED_BYTES, name, e);
    if (err)
        return err;
    *ret = (struct lean_report){.dry_run = settings->dry_run};
    struct lean_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err = error_set(e, ERR_NO_MEMORY, "out of memory for an import");
        goto out;
    }
    r->settings = settings;
    r->report = ret;
    r->next_side = LEAN_SIDE_COUNT;
    if (!zip_is_one(source.text, source.length)) {
        err = error_set(e, ERR_DATA, "%s is no zip", name);
        goto out;
    }
    err = zip_open(&r->zip, source.text, source.length, e);
    if (err)
        goto out;
    r->cursor = r->zip.directory_at;
    err = read_zip(storage, r, e);
    if (!err && !has_bars(ret))
        err = error_set(e, ERR_DATA, "the zip has no bar inside a session of XNYS");
out:
    if (r) {
        lean_rows_release(&r->rows);
        free(r->text);
    }
    free(r);
    csv_source_close(&source);
    return err;
}

void lean_report_write(struct json_writer *w, const struct lean_report *r)
{
    json_begin_object(w);
    json_member_string(w, "format", "lean");
    json_member_bool(w, "dry_run", r->dry_run);
    json_member_int(w, "files", r->files);
    json_member_int(w, "contracts", r->contracts);
    json_member_int(w, "rows", r->rows);
    json_member_int(w, "inserted", r->inserted);
    json_member_int(w, "duplicates", r->duplicates);
    json_member_int(w, "replaced", r->replaced);
    json_member_int(w, "outside", r->outside);
    json_member_int(w, "empty_quotes", r->empty);
    json_key(w, "series");
    json_begin_object(w);
    for (int k = 0; k < LEAN_SERIES_KINDS; k++) {
        json_key(w, kind_names[k]);
        json_begin_object(w);
        json_member_int(w, "series", r->kind[k].series);
        json_member_int(w, "bars", r->kind[k].bars);
        json_end_object(w);
    }
    json_end_object(w);
    json_key(w, "first");
    json_time(w, r->first_ns);
    json_key(w, "last");
    json_time(w, r->last_ns);
    json_member_number(w, "elapsed_ms", (double)r->elapsed_ns / 1e6);
    json_end_object(w);
}
