#include "server/cli/study_text.h"

#include "base/rfc3339.h"
#include "server/cli/histogram.h"
#include "server/cli/table.h"
#include "server/cli/terminal.h"
#include "server/cli/text_format.h"
#include "server/cli/trade_text.h"

#include <math.h>
#include <string.h>

enum { SYMBOLS_NAMED = 8, INDENT = 2 };

struct page {
    FILE *out;
    bool colour;
    const struct json_value *answer, *request, *result, *study;
};

static void heading(const struct page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void heading(const struct page *p, const char *format, ...)
{
    va_list arguments;
    fputs(p->colour ? "\n\033[1m" : "\n", p->out);
    va_start(arguments, format);
    vfprintf(p->out, format, arguments);
    va_end(arguments);
    fputs(p->colour ? "\033[0m\n" : "\n", p->out);
}

/* ---- the question ---- */

static void print_symbols(const struct page *p)
{
    const struct json_value *symbols = json_value_member(p->result, "symbols");
    size_t count = json_value_count(symbols), named = 0;
    const struct json_value *s = json_value_first(symbols);
    for (; s && named < SYMBOLS_NAMED; s = json_value_next(s), named++)
        fprintf(p->out, "%s%s", named ? ", " : "", json_value_member_text(s, "symbol"));
    if (count > named)
        fprintf(p->out, " and %zu more", count - named);
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void print_window(const struct page *p)
{
    const struct json_value *window = json_value_member(p->request, "window");
    const struct json_value *days = json_value_first(json_value_member(window, "days"));
    if (json_value_member(window, "from") || json_value_member(window, "to"))
        fprintf(p->out, ", %s-%s", or_else(json_value_member_text(window, "from"), "00:00"),
                or_else(json_value_member_text(window, "to"), "24:00"));
    for (const char *comma = ", "; days; days = json_value_next(days), comma = " ")
        fprintf(p->out, "%s%s", comma, json_value_text(days));
}

static void print_question(const struct page *p)
{
    const char *from = json_value_member_text(p->request, "from");
    const char *to = json_value_member_text(p->request, "to");
    const char *cooldown = json_value_member_text(p->request, "cooldown");
    fprintf(p->out, "%s%s%s\n", p->colour ? "\033[1m" : "",
            or_else(json_value_member_text(p->request, "rule"), ""), p->colour ? "\033[0m" : "");
    print_symbols(p);
    fprintf(p->out, " %s", or_else(json_value_member_text(p->request, "timeframe"), "1m"));
    if (from)
        fprintf(p->out, ", from %s", from);
    if (to)
        fprintf(p->out, ", to %s", to);
    print_window(p);
    fprintf(p->out, ", %s", or_else(json_value_member_text(p->request, "trigger"), "on_true"));
    if (cooldown)
        fprintf(p->out, ", cooldown %s", cooldown);
    fputc('\n', p->out);
}

/* ---- what was found ---- */

static void print_counts(const struct page *p)
{
    char fires[TEXT_FORMAT_MAX], days[TEXT_FORMAT_MAX], all[TEXT_FORMAT_MAX], bars[TEXT_FORMAT_MAX],
        dropped[TEXT_FORMAT_MAX];
    int64_t count = json_value_member_int(p->result, "fires");
    int64_t candidates = json_value_member_int(p->study, "candidates");
    bool has_several = json_value_count(json_value_member(p->result, "symbols")) > 1;
    heading(p, "%s fire%s on %s of %s days%s, in %s bars", format_grouped(count, fires),
            count == 1 ? "" : "s",
            format_grouped(json_value_member_int(p->study, "days_with_fires"), days),
            format_grouped(json_value_member_int(p->study, "days"), all),
            has_several ? " of a symbol" : "",
            format_grouped(json_value_member_int(p->study, "bars_in_window"), bars));
    if (candidates > count)
        fprintf(p->out, "%s more were dropped by the cooldown\n",
                format_grouped(candidates - count, dropped));
}

static void horizon_row(struct table *t, const struct json_value *h)
{
    char n[TEXT_FORMAT_MAX], text[TEXT_FORMAT_MAX], high_text[TEXT_FORMAT_MAX];
    double low = json_value_member_number(h, "ci_low");
    double high = json_value_member_number(h, "ci_high");
    /* Coloured only where the interval leaves no doubt about the sign. */
    enum table_style style = low > 0 ? TABLE_GREEN : high < 0 ? TABLE_RED : TABLE_PLAIN;
    table_cell(t, TABLE_PLAIN, "%s", or_else(json_value_member_text(h, "horizon"), ""));
    table_cell(t, TABLE_PLAIN, "%s", format_grouped(json_value_member_int(h, "n"), n));
    static const char *const returns[] = {"mean", "median"};
    for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++)
        table_cell(t, TABLE_PLAIN, "%s",
                   format_signed_percent(json_value_member_number(h, returns[i]), 3, text));
    table_cell(t, TABLE_PLAIN, "%s",
               format_percent(json_value_member_number(h, "hit_rate"), 1, text));
    table_cell(t, TABLE_PLAIN, "%s",
               format_signed_percent(json_value_member_number(h, "base_mean"), 3, text));
    table_cell(t, TABLE_PLAIN, "%s",
               format_percent(json_value_member_number(h, "base_hit_rate"), 1, text));
    table_cell(t, style, "%s",
               format_signed_percent(json_value_member_number(h, "difference"), 3, text));
    if (isnan(low) || isnan(high))
        table_cell(t, TABLE_PLAIN, "-");
    else
        table_cell(t, style, "%s .. %s", format_signed_percent(low, 3, text),
                   format_signed_percent(high, 3, high_text));
}

static void print_horizons(const struct page *p)
{
    static const char *const names[] = {"after",    "n",          "mean",
                                        "median",   "hit rate",   "base",
                                        "base hit", "difference", "95% interval"};
    struct table t;
    table_init(&t, "lrrrrrrrr");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(&t, TABLE_BOLD, "%s", names[i]);
    const struct json_value *h = json_value_first(json_value_member(p->study, "horizons"));
    for (; h; h = json_value_next(h))
        horizon_row(&t, h);
    fputc('\n', p->out);
    table_print(&t, p->out, INDENT, p->colour);
    table_release(&t);
}

static void print_each_symbol(const struct page *p)
{
    const struct json_value *symbols = json_value_member(p->result, "symbols");
    bool trades = json_value_member(json_value_first(symbols), "trades") != NULL;
    struct table t;
    if (json_value_count(symbols) < 2)
        return;
    table_init(&t, trades ? "lrrrrrr" : "lrrr");
    table_cell(&t, TABLE_BOLD, "symbol");
    table_cell(&t, TABLE_BOLD, "fires");
    table_cell(&t, TABLE_BOLD, "bars");
    table_cell(&t, TABLE_BOLD, "per 1,000 bars");
    if (trades)
        trade_text_symbol(&t, NULL);
    for (const struct json_value *s = json_value_first(symbols); s; s = json_value_next(s)) {
        char text[TEXT_FORMAT_MAX];
        int64_t fires = json_value_member_int(s, "fires");
        int64_t bars = json_value_member_int(s, "bars_in_window");
        table_cell(&t, TABLE_PLAIN, "%s", or_else(json_value_member_text(s, "symbol"), ""));
        table_cell(&t, TABLE_PLAIN, "%s", format_grouped(fires, text));
        table_cell(&t, TABLE_PLAIN, "%s", format_grouped(bars, text));
        table_cell(&t, TABLE_PLAIN, "%.2f", bars ? 1000.0 * (double)fires / (double)bars : 0.0);
        if (trades)
            trade_text_symbol(&t, json_value_member(s, "trades"));
    }
    heading(p, "By symbol");
    table_print(&t, p->out, INDENT, p->colour);
    table_release(&t);
}

/* ---- when ---- */

static void print_times(const struct page *p)
{
    struct histogram by_time, by_weekday;
    histogram_of_times(json_value_member(p->study, "by_minute"), &by_time);
    histogram_of_weekdays(json_value_member(p->study, "by_weekday"), &by_weekday);
    heading(p, "By time of day (%s)", or_else(json_value_member_text(p->study, "timezone"), "UTC"));
    histogram_print(&by_time, p->out, INDENT);
    heading(p, "By weekday");
    histogram_print(&by_weekday, p->out, INDENT);
}

/* The horizons' names (of the header) or returns; never more than there are columns. */
static void forward_cells(struct table *t, const struct json_value *fire, bool names)
{
    char text[TEXT_FORMAT_MAX];
    const struct json_value *f = json_value_first(json_value_member(fire, "forward"));
    for (; f && t->cell_count % t->column_count; f = json_value_next(f))
        table_cell(t, names ? TABLE_BOLD : TABLE_PLAIN, "%s",
                   names ? json_value_name(f)
                         : format_signed_percent(json_value_number(f), 3, text));
    table_end_row(t);
}

static int decimals_of(const char *price)
{
    const char *point = price ? strchr(price, '.') : NULL;
    return point ? (int)strlen(point + 1) : 0;
}

/* Zeros behind a price until it has as many decimals as the others: the points line up. */
static void price_cell(struct table *t, const char *price, int decimals)
{
    static const char zeros[] = "00000000";
    int missing = decimals - decimals_of(price);
    table_cell(t, TABLE_PLAIN, "%s%s%.*s", price, decimals && !decimals_of(price) ? "." : "",
               missing, zeros);
}

static void fire_row(struct table *t, const struct json_value *fire, int decimals,
                     const struct zone *zone)
{
    char text[TEXT_FORMAT_MAX];
    const char *at = or_else(json_value_member_text(fire, "at"), "");
    int64_t ns;
    if (rfc3339_parse(at, strlen(at), &ns, NULL) == ERR_OK)
        table_cell(t, TABLE_PLAIN, "%s", format_local(ns, zone, text));
    else
        table_cell(t, TABLE_PLAIN, "%s", at);
    price_cell(t, or_else(json_value_member_text(fire, "price"), "-"), decimals);
    forward_cells(t, fire, false);
}

static void print_latest(const struct page *p)
{
    const struct json_value *latest = json_value_member(p->answer, "latest");
    const struct json_value *fire = json_value_first(latest);
    const struct json_value *forward = json_value_member(fire, "forward");
    const char *name = json_value_member_text(p->study, "timezone");
    const struct zone *zone = zone_utc();
    char columns[TABLE_COLUMNS_MAX + 1] = "lr";
    struct table t;
    int decimals = 0;
    if (!fire)
        return;
    for (const struct json_value *f = fire; f; f = json_value_next(f)) {
        int own = decimals_of(json_value_member_text(f, "price"));
        decimals = own > decimals ? own : decimals;
    }
    if (name && zone_find(name, &zone, NULL))
        zone = zone_utc();
    for (size_t i = 0; i < json_value_count(forward) && i + 2 < TABLE_COLUMNS_MAX; i++)
        columns[i + 2] = 'r';
    table_init(&t, columns);
    table_cell(&t, TABLE_BOLD, "at");
    table_cell(&t, TABLE_BOLD, "price");
    forward_cells(&t, fire, true);
    for (; fire; fire = json_value_next(fire))
        fire_row(&t, fire, decimals, zone);
    heading(p, "Latest (%s)", zone_name(zone));
    table_print(&t, p->out, INDENT, p->colour);
    table_release(&t);
}

/* ---- how ---- */

static void print_timing(const struct page *p)
{
    char elapsed[TEXT_FORMAT_MAX], bars[TEXT_FORMAT_MAX], rate[TEXT_FORMAT_MAX];
    const struct json_value *timing = json_value_member(p->answer, "timing");
    int64_t workers = json_value_member_int(timing, "workers");
    fprintf(p->out, "\n%s bars in %s: %s bars/s with %lld worker%s\n",
            format_grouped(json_value_member_int(p->study, "bars"), bars),
            format_elapsed(json_value_member_number(timing, "elapsed_ms") / 1000, elapsed),
            format_grouped(json_value_member_int(timing, "bars_per_second"), rate),
            (long long)workers, workers == 1 ? "" : "s");
    fprintf(p->out, "digest %s\n", or_else(json_value_member_text(p->result, "digest"), "-"));
}

void study_text_print(FILE *out, const struct json_value *answer)
{
    struct page page = {.out = out,
                        .colour = terminal_has_colour(out),
                        .answer = answer,
                        .request = json_value_member(answer, "request"),
                        .result = json_value_member(answer, "result")};
    page.study = json_value_member(page.result, "study");
    print_question(&page);
    print_counts(&page);
    if (json_value_member_int(page.result, "fires") > 0) {
        print_horizons(&page);
        trade_text_print(out, page.colour, page.result);
        print_each_symbol(&page);
        print_times(&page);
        print_latest(&page);
    }
    print_timing(&page);
}
