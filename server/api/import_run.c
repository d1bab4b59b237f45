#include "server/api/import_run.h"

#include <string.h>

static const char *const DEFAULT_CALENDAR = "XNYS";

/* Settings without a calendar take the stored one, or the default for a new symbol. */
static enum err choose_calendar(struct storage *storage, struct import_settings *s, struct error *e)
{
    if (s->csv.calendar)
        return ERR_OK;
    struct db_read reader = {0};
    struct series_row series;
    enum err err = readers_lease(storage->bar_readers, &reader, e);
    if (err)
        return err;
    err = series_repo_find(&reader, s->bars.symbol, s->bars.timeframe, &series, e);
    readers_return(storage->bar_readers, &reader);
    if (err == ERR_NOT_FOUND)
        err = calendar_find(DEFAULT_CALENDAR, &series.calendar, e);
    if (!err)
        s->csv.calendar = s->bars.calendar = series.calendar;
    return err;
}

/* Only a missing zone makes valid settings and a readable file ERR_INVALID: then the option is
 * named. */
static enum err pass_on(const struct import_settings *s, const struct error *from, struct error *e)
{
    if (from->code == ERR_INVALID && !s->csv.zone)
        error_field(e, ERR_INVALID, "?timezone", "%s (timezone, such as America/New_York)",
                    from->message);
    else
        error_set(e, from->code, "%s", from->message);
    if (e) {
        e->line = from->line;
        e->column = from->column;
    }
    return from->code;
}

static enum err store(struct storage *storage, const struct import_settings *s, int fd,
                      struct import_report *ret, struct error *e)
{
    struct csv_source source;
    struct csv_bars bars = {0};
    enum err err = csv_source_open_fd(&source, fd, LIMIT_IMPORT_INFLATED_BYTES,
                                      s->csv.file ? s->csv.file : "the file", e);
    if (err)
        return err;
    struct error refusal;
    err =
        csv_import(source.text, source.length, &s->csv, s->bars.cancel, &ret->csv, &bars, &refusal);
    csv_source_close(&source);
    if (err)
        return pass_on(s, &refusal, e);
    struct bar_batch batch = bar_batch_of_csv(&bars);
    err = bar_store_import(storage->bar_store, &s->bars, &batch, &ret->stored, e);
    csv_bars_release(&bars);
    return err;
}

enum err import_run(struct storage *storage, const struct import_settings *settings, int fd,
                    struct import_report *ret, struct error *e)
{
    struct import_settings s = *settings;
    memset(ret, 0, sizeof *ret);
    enum err err = choose_calendar(storage, &s, e);
    if (err)
        return err;
    snprintf(ret->symbol, sizeof ret->symbol, "%s", s.bars.symbol);
    ret->timeframe = s.bars.timeframe;
    ret->calendar = s.csv.calendar;
    ret->dry_run = s.bars.dry_run;
    return store(storage, &s, fd, ret, e);
}

/* ---- the report ---- */

static void write_counts(struct json_writer *w, const struct import_report *r)
{
    json_member_int(w, "rows", r->csv.rows);
    json_member_int(w, "inserted", r->stored.inserted);
    json_member_int(w, "duplicates", r->csv.duplicates + r->stored.duplicates);
    json_member_int(w, "replaced", r->stored.replaced);
    json_member_int(w, "conflicts", r->csv.conflicts);
    json_member_int(w, "outside", r->csv.outside);
    json_member_int(w, "bad_rows", r->csv.bad);
    json_member_int(w, "misaligned", r->csv.misaligned);
}

static void write_time_or_null(struct json_writer *w, const char *name, bool there, int64_t ns)
{
    json_key(w, name);
    if (there)
        json_time(w, ns);
    else
        json_null(w);
}

static void write_gaps(struct json_writer *w, const struct csv_report *csv)
{
    json_key(w, "gaps");
    json_begin_object(w);
    json_member_int(w, "minutes", csv->gaps);
    json_member_int(w, "longest_minutes", csv->longest_gap_minutes);
    write_time_or_null(w, "longest_at", csv->longest_gap_minutes > 0, csv->longest_gap_at_ns);
    json_end_object(w);
}

static void write_dialect(struct json_writer *w, const struct csv_dialect *d)
{
    json_key(w, "dialect");
    json_begin_object(w);
    json_key(w, "delimiter");
    json_string_n(w, &d->delimiter, 1);
    json_member_bool(w, "header", d->header);
    json_member_string(w, "stamp", d->stamp);
    json_member_string(w, "order", d->order);
    json_end_object(w);
}

void import_report_write(struct json_writer *w, const struct import_report *r)
{
    char timeframe[8];
    timeframe_format(r->timeframe, timeframe);
    json_begin_object(w);
    json_member_string(w, "symbol", r->symbol);
    json_member_string(w, "timeframe", timeframe);
    json_member_string(w, "calendar", calendar_name(r->calendar));
    json_member_bool(w, "dry_run", r->dry_run);
    write_counts(w, r);
    write_time_or_null(w, "first", r->csv.bars > 0, r->csv.first_ns);
    write_time_or_null(w, "last", r->csv.bars > 0, r->csv.last_ns);
    json_member_int(w, "sessions", r->csv.sessions);
    json_member_int(w, "missing_sessions", r->csv.missing_sessions);
    write_gaps(w, &r->csv);
    write_dialect(w, &r->csv.dialect);
    json_member_number(w, "elapsed_ms", (double)r->elapsed_ns / 1e6);
    json_end_object(w);
}
