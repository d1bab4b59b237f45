#include "server/jobs/study_spec.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "db/series_repo.h"

#include <stdio.h>
#include <string.h>

const char *const study_trigger_names[] = {"on_true", "every_bar", "once_per_day", NULL};
const char *const weekday_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

/* clang-format off */
#define WINDOW(member, name, kind, ...) JSON_FIELD(struct study_spec_window, member, name, kind, __VA_ARGS__)
#define HAS_WINDOW(member) JSON_PRESENT(struct study_spec_window, member)
#define HAS(member) JSON_PRESENT(struct study_spec, member)
#define SPEC(member, name, kind, ...) JSON_FIELD(struct study_spec, member, name, kind, __VA_ARGS__)

static const struct json_field window_fields[] = {
    WINDOW(from_minute, "from", JSON_TIME_OF_DAY, HAS_WINDOW(has_from)),
    WINDOW(to_minute, "to", JSON_TIME_OF_DAY, HAS_WINDOW(has_to)),
    WINDOW(timezone, "timezone", JSON_TEXT, .min = 1, .max = 64),
    WINDOW(days, "days", JSON_FLAGS, .choices = weekday_names, .min = 1, .max = 7, HAS_WINDOW(has_days)),
};
enum { WINDOW_FIELD_COUNT = sizeof(window_fields) / sizeof(window_fields[0]) };

#define COMMON_FIELDS                                                                                         \
    SPEC(rule, "rule", JSON_TEXT, .required = true, .min = 1, .max = LIMIT_RULE_BYTES),                       \
    SPEC(timeframe_text, "timeframe", JSON_TEXT, .min = 1, .max = 8),                                         \
    SPEC(from_text, "from", JSON_TEXT, .min = 1, .max = 40),                                                  \
    SPEC(to_text, "to", JSON_TEXT, .min = 1, .max = 40),                                                      \
    SPEC(window, "window", JSON_OBJECT, .fields = window_fields, .field_count = WINDOW_FIELD_COUNT,           \
         HAS(has_window)),                                                                                    \
    SPEC(trigger, "trigger", JSON_ENUM, .choices = study_trigger_names, HAS(has_trigger)),                    \
    SPEC(cooldown_ns, "cooldown", JSON_DURATION, HAS(has_cooldown)),                                          \
    SPEC(horizon_names, "horizons", JSON_TEXTS, .min = 1, .max = LIMIT_HORIZONS, HAS(has_horizons))

static const struct json_field backtest_fields[] = {
    SPEC(name, "name", JSON_TEXT, .min = 0, .max = LIMIT_JOB_NAME_BYTES),
    SPEC(notes, "notes", JSON_TEXT, .min = 0, .max = LIMIT_JOB_NOTES_BYTES),
    SPEC(symbols, "symbols", JSON_TEXTS, .required = true, .min = 1, .max = LIMIT_JOB_SYMBOLS),
    COMMON_FIELDS,
    SPEC(strategy, "strategy", JSON_OBJECT, .fields = strategy_spec_fields, .field_count = STRATEGY_SPEC_FIELDS,
         HAS(has_strategy)),
    SPEC(shard_text, "shard", JSON_TEXT, .min = 1, .max = 8),
};
static const struct json_field check_fields[] = {
    SPEC(symbol, "symbol", JSON_TEXT, .required = true, .min = 1, .max = LIMIT_SYMBOL_BYTES),
    COMMON_FIELDS,
    SPEC(latest, "latest", JSON_INT, .min = 0, .max = LIMIT_PAGE_ITEMS, HAS(has_latest)),
};
/* clang-format on */

static const struct {
    const struct json_field *fields;
    size_t count;
} tables[] = {
    [STUDY_SPEC_CHECK] = {check_fields, sizeof(check_fields) / sizeof(check_fields[0])},
    [STUDY_SPEC_BACKTEST] = {backtest_fields, sizeof(backtest_fields) / sizeof(backtest_fields[0])},
};

enum err study_spec_when_parse(const char *text, const char *pointer, struct study_spec_when *ret,
                               struct error *e)
{
    struct study_spec_when w = {.given = true};
    struct error inner;
    w.is_date = civil_parse(text, strlen(text), &w.days);
    if (!w.is_date && rfc3339_parse(text, strlen(text), &w.ns, &inner))
        return error_field(e, ERR_INVALID, pointer, "'%s' is neither a date nor an RFC 3339 time",
                           text);
    *ret = w;
    return ERR_OK;
}

/* 2260: a day on each side of the range of int64 ns is left over. */
enum { LAST_DAY = 106000 };

int64_t study_spec_when_begin(const struct study_spec_when *w, const struct zone *zone)
{
    if (!w->is_date)
        return w->ns;
    if (w->days < -LAST_DAY)
        return INT64_MIN;
    if (w->days > LAST_DAY)
        return INT64_MAX;
    return zone_local_to_utc(zone, (int64_t)w->days * 86400, NULL) * NS_PER_SECOND;
}

int64_t study_spec_when_end(const struct study_spec_when *w, const struct zone *zone)
{
    struct study_spec_when next = *w;
    next.days += w->is_date;
    return study_spec_when_begin(&next, zone);
}

void study_spec_init(struct study_spec *s)
{
    memset(s, 0, sizeof(*s));
    s->timeframe = (struct timeframe){.minutes = 1};
    s->latest = 10;
}

/* In a backtest "*" may stand for more (study_universe.h). */
static enum err check_symbol(const struct study_spec *s, const char *symbol, struct error *e)
{
    char plain[LIMIT_SYMBOL_BYTES + 2];
    snprintf(plain, sizeof(plain), "%s", symbol);
    for (char *p = plain; *p && !s->symbol; p++)
        if (*p == '*')
            *p = 'X';
    return series_check_symbol(plain, e);
}

static enum err settle_symbols(struct study_spec *s, struct error *e)
{
    char pointer[32] = "/symbol";
    for (size_t i = 0; i < s->symbols.count; i++) {
        struct error inner;
        if (!s->symbol)
            snprintf(pointer, sizeof(pointer), "/symbols/%zu", i);
        if (check_symbol(s, s->symbols.items[i], &inner))
            return error_field(e, ERR_INVALID, pointer, "%s", inner.message);
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->symbols.items[k], s->symbols.items[i]) == 0)
                return error_field(e, ERR_INVALID, pointer, "'%s' is named twice",
                                   s->symbols.items[i]);
    }
    return ERR_OK;
}

static enum err settle_horizons(struct study_spec *s, struct error *e)
{
    if (s->horizon_names.count > LIMIT_HORIZONS)
        return error_field(e, ERR_INVALID, "/horizons", "more than %d horizons", LIMIT_HORIZONS);
    s->horizon_count = s->horizon_names.count;
    for (size_t i = 0; i < s->horizon_count; i++) {
        struct error inner;
        char pointer[32];
        const char *name = s->horizon_names.items[i];
        if (study_horizon_parse(name, strlen(name), &s->horizons[i], &inner)) {
            snprintf(pointer, sizeof(pointer), "/horizons/%zu", i);
            return error_field(e, ERR_INVALID, pointer, "%s", inner.message);
        }
    }
    return ERR_OK;
}

static enum err settle_window(const struct study_spec *s, struct error *e)
{
    const struct zone *zone;
    struct error inner;
    if (s->has_window && s->window.timezone && zone_find(s->window.timezone, &zone, &inner))
        return error_field(e, ERR_INVALID, "/window/timezone", "%s", inner.message);
    return ERR_OK;
}

enum err study_spec_settle(struct study_spec *s, struct error *e)
{
    struct error inner;
    if (s->timeframe_text &&
        timeframe_parse(s->timeframe_text, strlen(s->timeframe_text), &s->timeframe, &inner))
        return error_field(e, ERR_INVALID, "/timeframe", "%s", inner.message);
    if (s->shard_text && shard_size_parse(s->shard_text, strlen(s->shard_text), &s->shard, &inner))
        return error_field(e, ERR_INVALID, "/shard", "%s", inner.message);
    enum err err;
    if ((s->from_text && (err = study_spec_when_parse(s->from_text, "/from", &s->from, e))) ||
        (s->to_text && (err = study_spec_when_parse(s->to_text, "/to", &s->to, e))) ||
        (err = settle_symbols(s, e)) || (err = settle_window(s, e)) ||
        (err = settle_horizons(s, e)) ||
        (s->has_strategy && (err = strategy_spec_settle(&s->strategy, e))))
        return err;
    if (s->from.given && s->to.given &&
        study_spec_when_begin(&s->from, zone_utc()) >= study_spec_when_end(&s->to, zone_utc()))
        return error_field(e, ERR_INVALID, "/to", "'to' is not after 'from'");
    return ERR_OK;
}

enum err study_spec_decode(const char *text, size_t length, enum study_spec_kind kind,
                           struct arena *arena, struct study_spec *ret, struct error *e)
{
    study_spec_init(ret);
    enum err err =
        json_decode(text, length, tables[kind].fields, tables[kind].count, ret, arena, e);
    if (err && kind == STUDY_SPEC_CHECK && e && strcmp(e->pointer, "/strategy") == 0)
        return error_field(e, ERR_INVALID, "/strategy",
                           "a check trades nothing: ask POST /v1/backtests with the strategy");
    if (err)
        return err;
    if (kind == STUDY_SPEC_CHECK) {
        ret->symbols.items = arena_alloc(arena, sizeof(*ret->symbols.items));
        if (!ret->symbols.items)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the request");
        ret->symbols.items[0] = ret->symbol;
        ret->symbols.count = 1;
    }
    return study_spec_settle(ret, e);
}

void study_spec_encode(const struct study_spec *s, enum study_spec_kind kind, struct json_writer *w)
{
    json_encode(w, tables[kind].fields, tables[kind].count, s);
}

enum err study_spec_parse_window(const char *text, const char *pointer, struct study_spec *s,
                                 struct error *e)
{
    const char *dash = strchr(text, '-');
    struct study_spec_window *w = &s->window;
    if (!dash || time_of_day_parse(text, (size_t)(dash - text), &w->from_minute, NULL) ||
        time_of_day_parse(dash + 1, strlen(dash + 1), &w->to_minute, NULL))
        return error_field(e, ERR_INVALID, pointer, "'%s' is not a window such as 09:45-11:30",
                           text);
    s->has_window = w->has_from = w->has_to = true;
    return ERR_OK;
}
