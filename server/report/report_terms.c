/* Members of a request are told as they were given, whatever they are: a member that a later
 * version knows is told too. Defaults that decide the answer are told beside them. */
#include "server/report/report_terms.h"

#include "base/number.h"
#include "base/rfc3339.h"
#include "base/strbuf.h"
#include "server/report/show.h"
#include "server/version.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TERMS_MOST = 64, VALUE_BYTES = 16 * 1024 };

struct terms_builder {
    struct arena *arena;
    struct report_term items[TERMS_MOST];
    size_t count;
};

static void add(struct terms_builder *b, const char *name, const char *value)
{
    if (b->count < TERMS_MOST && name && value)
        b->items[b->count++] = (struct report_term){name, value};
}

static struct report_terms finish(const struct terms_builder *b)
{
    struct report_term *items = arena_alloc_array(b->arena, b->count, sizeof(*items));
    if (!items)
        return (struct report_terms){0};
    memcpy(items, b->items, b->count * sizeof(*items));
    return (struct report_terms){.count = b->count, .items = items};
}

/* "take_profit" -> "Take profit" */
static const char *title_of(struct arena *arena, const char *name)
{
    char *title = arena_strdup(arena, name);
    for (char *p = title; p && *p; p++)
        *p = *p == '_' ? ' ' : *p;
    if (title)
        title[0] = (char)toupper((unsigned char)title[0]);
    return title;
}

/* ---- values ---- */

static void add_name(struct strbuf *out, const char *name)
{
    for (const char *p = name; *p; p++)
        strbuf_add_char(out, *p == '_' ? ' ' : *p);
}

static void add_value(struct strbuf *out, const struct json_value *v);

/* "period 14", "0.5 %", "atr (period 14, multiple 2)"; what is only called type or value goes
 * without its name. */
static void add_member(struct strbuf *out, const struct json_value *v)
{
    const char *name = json_value_name(v);
    bool nested = json_value_first(v) != NULL;
    bool is_percent = strcmp(name, "percent") == 0;
    bool is_named =
        name[0] && !is_percent && strcmp(name, "type") != 0 && strcmp(name, "value") != 0;
    if (is_named) {
        add_name(out, name);
        strbuf_add_string(out, nested ? " (" : " ");
    }
    add_value(out, v);
    if (is_percent)
        strbuf_add_string(out, " %");
    if (is_named && nested)
        strbuf_add_char(out, ')');
}

/* "0.5", "mon, tue", "fixed_cash, 20000", "per share 0.005, minimum 1" */
static void add_value(struct strbuf *out, const struct json_value *v)
{
    char number[NUMBER_MAX_TEXT];
    const struct json_value *child = json_value_first(v);
    if (json_value_text(v))
        strbuf_add_string(out, json_value_text(v));
    else if (!isnan(json_value_number(v)))
        strbuf_add(out, number, number_format(json_value_number(v), number));
    else if (!child)
        strbuf_add_string(out, json_value_is_true(v) ? "yes" : "no");
    for (const char *comma = ""; child; child = json_value_next(child), comma = ", ") {
        strbuf_add_string(out, comma);
        add_member(out, child);
    }
}

static const char *value_of(struct arena *arena, const struct json_value *v)
{
    struct strbuf text;
    strbuf_init(&text, VALUE_BYTES);
    add_value(&text, v);
    const char *value = arena_strdup(arena, strbuf_text(&text));
    strbuf_release(&text);
    return value;
}

/* ---- what was asked ---- */

struct told_default {
    const char *name, *value;
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static struct report_terms terms_of(const struct json_value *object, const char *const *left_out,
                                    const struct told_default *defaults, struct arena *arena)
{
    struct terms_builder b = {.arena = arena};
    const struct json_value *m = json_value_first(object);
    for (; m; m = json_value_next(m))
        if (!is_one_of(json_value_name(m), left_out))
            add(&b, title_of(arena, json_value_name(m)), value_of(arena, m));
    for (; object && defaults->name; defaults++)
        if (!json_value_member(object, defaults->name))
            add(&b, title_of(arena, defaults->name),
                arena_printf(arena, "%s (default)", defaults->value));
    return finish(&b);
}

struct report_terms report_terms_of_request(const struct json_value *request, struct arena *arena)
{
    static const char *const left_out[] = {"name", "notes", "strategy", NULL};
    static const struct told_default defaults[] = {{"timeframe", "1m"},
                                                   {"from", "all that is stored"},
                                                   {"to", "all that is stored"},
                                                   {"window", "the whole day"},
                                                   {"trigger", "on_true"},
                                                   {"cooldown", "none"},
                                                   {NULL, NULL}};
    return terms_of(request, left_out, defaults, arena);
}

struct report_terms report_terms_of_strategy(const struct json_value *strategy, struct arena *arena)
{
    static const char *const left_out[] = {NULL};
    static const struct told_default defaults[] = {{"side", "long"},
                                                   {"entry", "next_open"},
                                                   {"take_profit", "none"},
                                                   {"stop_loss", "none"},
                                                   {"intrabar", "pessimistic"},
                                                   {"commission", "none"},
                                                   {"slippage", "none"},
                                                   {"sizing", "fixed_cash, 10000"},
                                                   {"initial_cash", "100000"},
                                                   {"max_positions", "1"},
                                                   {NULL, NULL}};
    return terms_of(strategy, left_out, defaults, arena);
}

/* ---- where it comes from ---- */

/* Of many symbols the first; all are in the job's JSON, and in the digest. */
static void add_hashes(struct terms_builder *b, const struct json_value *symbols)
{
    enum { NAMED = 20 };
    struct strbuf text;
    size_t count = json_value_count(symbols), named = 0;
    const struct json_value *s = json_value_first(symbols);
    strbuf_init(&text, VALUE_BYTES);
    for (; s && named < NAMED; s = json_value_next(s), named++) {
        const char *name = json_value_member_text(s, "symbol");
        const char *hash = json_value_member_text(s, "data_hash");
        if (count > 1 && name)
            strbuf_add_format(&text, "%s%s ", named ? ", " : "", name);
        if (hash)
            strbuf_add_string(&text, hash);
    }
    if (named < count)
        strbuf_add_format(&text, " and %zu more", count - named);
    add(b, count > 1 ? "Data hashes" : "Data hash", arena_strdup(b->arena, strbuf_text(&text)));
    strbuf_release(&text);
}

static void add_time(struct terms_builder *b, const char *name, const char *text,
                     const struct zone *zone)
{
    int64_t ns;
    if (text && rfc3339_parse(text, strlen(text), &ns, NULL) == ERR_OK)
        add(b, name, arena_strdup(b->arena, show_instant(ns, zone).text));
}

static void add_timing(struct terms_builder *b, const struct json_value *timing)
{
    double elapsed_ms = json_value_member_number(timing, "elapsed_ms");
    double bars_per_second = json_value_member_number(timing, "bars_per_second");
    if (isnan(elapsed_ms) || isnan(bars_per_second))
        return;
    add(b, "Computed in",
        arena_printf(b->arena, "%s s, %s bars a second on %s threads",
                     show_number(elapsed_ms / 1000, 3).text, show_number(bars_per_second, 0).text,
                     show_count(json_value_member_int(timing, "workers")).text));
}

struct report_terms report_terms_of_origin(const struct json_value *job, const char *engine_version,
                                           const struct zone *zone, struct arena *arena)
{
    struct terms_builder b = {.arena = arena};
    const struct json_value *result = json_value_member(job, "result");
    add(&b, "Backtest", json_value_member_text(job, "id"));
    add(&b, "Digest", json_value_member_text(result, "digest"));
    add_hashes(&b, json_value_member(result, "symbols"));
    add(&b, "Program",
        engine_version
            ? arena_printf(arena, "bracketd %s, engine %s", BRACKETD_VERSION, engine_version)
            : arena_printf(arena, "bracketd %s", BRACKETD_VERSION));
    add_time(&b, "Finished", json_value_member_text(job, "finished_at"), zone);
    add_timing(&b, json_value_member(job, "timing"));
    return finish(&b);
}
