#include "server/cli/import_text.h"

#include "server/cli/table.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"

#include <string.h>

enum { INDENT = 2 };

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* ---- the report ---- */

static void count_row(struct table *t, const struct json_value *report, const char *member,
                      const char *label, bool always)
{
    char text[TEXT_FORMAT_MAX];
    int64_t count = json_value_member_int(report, member);
    if (count == 0 && !always)
        return;
    table_cell(t, TABLE_PLAIN, "%s", label);
    table_cell(t, TABLE_PLAIN, "%s", format_grouped(count, text));
}

static void gap_rows(struct table *t, const struct json_value *report)
{
    char text[TEXT_FORMAT_MAX], longest[TEXT_FORMAT_MAX];
    const struct json_value *gaps = json_value_member(report, "gaps");
    int64_t missing = json_value_member_int(report, "missing_sessions");
    table_cell(t, TABLE_PLAIN, "sessions");
    table_cell(t, TABLE_PLAIN, "%s, %s missing in between",
               format_grouped(json_value_member_int(report, "sessions"), text),
               missing ? format_grouped(missing, longest) : "none");
    table_cell(t, TABLE_PLAIN, "gaps");
    if (json_value_member_int(gaps, "minutes") == 0)
        table_cell(t, TABLE_PLAIN, "none");
    else
        table_cell(t, TABLE_PLAIN, "%s minutes, the longest %s at %s",
                   format_grouped(json_value_member_int(gaps, "minutes"), text),
                   format_grouped(json_value_member_int(gaps, "longest_minutes"), longest),
                   or_else(json_value_member_text(gaps, "longest_at"), "-"));
}

static void dialect_row(struct table *t, const struct json_value *report)
{
    const struct json_value *d = json_value_member(report, "dialect");
    const char *delimiter = or_else(json_value_member_text(d, "delimiter"), "");
    table_cell(t, TABLE_PLAIN, "read as");
    table_cell(t, TABLE_PLAIN, "%s, by %s, stamps %s, %s",
               or_else(json_value_member_text(d, "order"), ""),
               strcmp(delimiter, "\t") == 0  ? "tab"
               : strcmp(delimiter, ";") == 0 ? "semicolon"
                                             : "comma",
               or_else(json_value_member_text(d, "stamp"), ""),
               json_value_is_true(json_value_member(d, "header")) ? "header" : "no header");
}

static void timing_row(struct table *t, const struct json_value *report)
{
    char elapsed[TEXT_FORMAT_MAX], rate[TEXT_FORMAT_MAX];
    double seconds = json_value_member_number(report, "elapsed_ms") / 1000;
    double rows = (double)json_value_member_int(report, "rows");
    table_cell(t, TABLE_PLAIN, "took");
    table_cell(t, TABLE_PLAIN, "%s, %s rows/s", format_elapsed(seconds, elapsed),
               format_grouped(seconds > 0 ? (int64_t)(rows / seconds) : 0, rate));
}

void import_text_print(FILE *out, const struct json_value *report)
{
    struct table t;
    fprintf(out, "%s %s (%s)%s\n", or_else(json_value_member_text(report, "symbol"), ""),
            or_else(json_value_member_text(report, "timeframe"), ""),
            or_else(json_value_member_text(report, "calendar"), ""),
            json_value_is_true(json_value_member(report, "dry_run"))
                ? ": a dry run, nothing is kept"
                : "");
    table_init(&t, "ll");
    count_row(&t, report, "rows", "rows", true);
    count_row(&t, report, "inserted", "new bars", true);
    count_row(&t, report, "duplicates", "identical, dropped", false);
    count_row(&t, report, "replaced", "replaced", false);
    count_row(&t, report, "conflicts", "conflicts settled", false);
    count_row(&t, report, "outside", "outside sessions, dropped", false);
    count_row(&t, report, "bad_rows", "bad rows, dropped", false);
    count_row(&t, report, "misaligned", "of these misaligned", false);
    table_cell(&t, TABLE_PLAIN, "from");
    table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(report, "first"), "-"));
    table_cell(&t, TABLE_PLAIN, "to");
    table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(report, "last"), "-"));
    gap_rows(&t, report);
    dialect_row(&t, report);
    timing_row(&t, report);
    table_print(&t, out, INDENT, terminal_has_colour(out));
    table_release(&t);
}

static void series_row(struct table *t, const struct json_value *report, const char *kind,
                       const char *label)
{
    char series[TEXT_FORMAT_MAX], bars[TEXT_FORMAT_MAX];
    const struct json_value *count = json_value_member(json_value_member(report, "series"), kind);
    int64_t n = json_value_member_int(count, "series");
    if (n == 0)
        return;
    table_cell(t, TABLE_PLAIN, "%s", label);
    table_cell(t, TABLE_PLAIN, "%s bars of %s series",
               format_grouped(json_value_member_int(count, "bars"), bars),
               format_grouped(n, series));
}

void import_text_print_zip(FILE *out, const struct json_value *report)
{
    struct table t;
    char files[TEXT_FORMAT_MAX], contracts[TEXT_FORMAT_MAX];
    fprintf(out, "%s files, %s of option contracts%s\n",
            format_grouped(json_value_member_int(report, "files"), files),
            format_grouped(json_value_member_int(report, "contracts"), contracts),
            json_value_is_true(json_value_member(report, "dry_run"))
                ? ": a dry run, nothing is kept"
                : "");
    table_init(&t, "ll");
    count_row(&t, report, "rows", "rows", true);
    series_row(&t, report, "trade", "trades");
    series_row(&t, report, "bid", "bids");
    series_row(&t, report, "ask", "asks");
    count_row(&t, report, "inserted", "new bars", true);
    count_row(&t, report, "duplicates", "identical, dropped", false);
    count_row(&t, report, "replaced", "replaced", false);
    count_row(&t, report, "outside", "outside sessions, dropped", false);
    count_row(&t, report, "empty_quotes", "sides without a quote", false);
    table_cell(&t, TABLE_PLAIN, "from");
    table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(report, "first"), "-"));
    table_cell(&t, TABLE_PLAIN, "to");
    table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(report, "last"), "-"));
    timing_row(&t, report);
    table_print(&t, out, INDENT, terminal_has_colour(out));
    table_release(&t);
}

/* ---- refusals ---- */

static void print_place(const char *file, int64_t line, int32_t column, const char *message)
{
    fputs(file, stderr);
    if (line > 0)
        fprintf(stderr, ":%lld", (long long)line);
    if (line > 0 && column > 0)
        fprintf(stderr, ":%d", (int)column);
    fprintf(stderr, ": %s\n", message);
}

/* The importer's messages begin with the place, which is printed in front of them here. */
static const char *without_place(const struct error *e)
{
    const char *colon = strstr(e->message, ": ");
    return e->line > 0 && strncmp(e->message, "line ", 5) == 0 && colon ? colon + 2 : e->message;
}

void import_text_refuse(const char *file, const struct import_refusal *refusal,
                        const struct error *e)
{
    if (refusal->count == 0) {
        print_place(file, e->line, e->column, without_place(e));
        return;
    }
    for (size_t i = 0; i < refusal->count; i++)
        print_place(file, refusal->places[i].line, refusal->places[i].column,
                    refusal->places[i].detail);
    if (refusal->total > (int64_t)refusal->count)
        fprintf(stderr, "%s: %lld rows more\n", file,
                (long long)(refusal->total - (int64_t)refusal->count));
    fprintf(stderr, "bracketd: nothing of %s was imported\n", file);
}
