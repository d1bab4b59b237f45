#include "server/report/report_read.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "server/jobs/study_spec.h"
#include "server/report/report_terms.h"
#include "server/report/show.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static enum err refuse(struct error *e, const char *what)
{
    return error_set(e, ERR_DATA, "the stored result has no %s", what);
}

/* ---- single values ---- */

/* Money is a decimal in a string; NaN when there is none. */
static double money_at(const struct json_value *v, const char *name)
{
    const char *text = json_value_member_text(v, name);
    double x;
    return text && number_parse(text, strlen(text), &x) ? x : (double)NAN;
}

static int64_t decimal_at(const struct json_value *v, const char *name)
{
    const char *text = json_value_member_text(v, name);
    int64_t decimal;
    return text && decimal_parse(text, strlen(text), &decimal, NULL) == ERR_OK ? decimal : 0;
}

static int64_t time_at(const struct json_value *v, const char *name)
{
    const char *text = json_value_member_text(v, name);
    int64_t ns;
    return text && rfc3339_parse(text, strlen(text), &ns, NULL) == ERR_OK ? ns : METRICS_NO_TIME;
}

static bool day_at(const struct json_value *v, const char *name, int32_t *ret)
{
    const char *text = json_value_member_text(v, name);
    return text && civil_parse(text, strlen(text), ret);
}

/* ---- metrics ---- */

enum metric_kind { METRIC_NUMBER, METRIC_MONEY, METRIC_COUNT, METRIC_TIME, METRIC_SECONDS };

/* clang-format off */
#define METRIC(member, kind) {#member, METRIC_##kind, offsetof(struct metrics, member)}
static const struct {
    const char *name;
    enum metric_kind kind;
    size_t offset;
} metric_members[] = {
    METRIC(total_return, NUMBER), METRIC(cagr, NUMBER), METRIC(annual_volatility, NUMBER),
    METRIC(sharpe, NUMBER), METRIC(sortino, NUMBER), METRIC(calmar, NUMBER),
    METRIC(max_drawdown, NUMBER), METRIC(exposure, NUMBER), METRIC(turnover, NUMBER),
    METRIC(buy_and_hold, NUMBER), METRIC(days, COUNT), METRIC(trades, COUNT),
    METRIC(wins, COUNT), METRIC(losses, COUNT), METRIC(ambiguous, COUNT),
    METRIC(win_rate, NUMBER), METRIC(gross_profit, MONEY), METRIC(gross_loss, MONEY),
    METRIC(commission, MONEY), METRIC(profit_factor, NUMBER), METRIC(expectancy, MONEY),
    METRIC(expectancy_r, NUMBER), METRIC(payoff_ratio, NUMBER), METRIC(average_trade, NUMBER),
    METRIC(median_trade, NUMBER), METRIC(best_trade, NUMBER), METRIC(worst_trade, NUMBER),
    METRIC(average_holding_s, NUMBER), METRIC(average_bars_held, NUMBER),
    METRIC(longest_losing_run, COUNT), METRIC(trades_per_day, NUMBER),
    {"drawdown_peak", METRIC_TIME, offsetof(struct metrics, drawdown_peak_ns)},
    {"drawdown_trough", METRIC_TIME, offsetof(struct metrics, drawdown_trough_ns)},
    {"drawdown_recovered", METRIC_TIME, offsetof(struct metrics, drawdown_recovered_ns)},
    {"drawdown_duration_s", METRIC_SECONDS, offsetof(struct metrics, drawdown_duration_ns)},
};
/* clang-format on */

static void read_metrics(const struct json_value *v, struct metrics *ret)
{
    for (size_t i = 0; i < sizeof(metric_members) / sizeof(metric_members[0]); i++) {
        const char *name = metric_members[i].name;
        double x = json_value_member_number(v, name);
        int64_t n = json_value_member_int(v, name);
        void *member = (char *)ret + metric_members[i].offset;
        switch (metric_members[i].kind) {
        case METRIC_MONEY:
            x = money_at(v, name);
            memcpy(member, &x, sizeof(x));
            break;
        case METRIC_NUMBER:
            memcpy(member, &x, sizeof(x));
            break;
        case METRIC_TIME:
            n = time_at(v, name);
            memcpy(member, &n, sizeof(n));
            break;
        case METRIC_SECONDS:
            n = isnan(x) ? 0 : (int64_t)(x * (double)NS_PER_SECOND);
            memcpy(member, &n, sizeof(n));
            break;
        case METRIC_COUNT:
            memcpy(member, &n, sizeof(n));
        }
    }
}

static void read_account(const struct json_value *result, const struct json_value *strategy,
                         struct report_parts *ret)
{
    const struct json_value *trades = json_value_member(result, "trades");
    const char *intrabar = json_value_member_text(strategy, "intrabar");
    read_metrics(json_value_member(result, "metrics"), &ret->chosen);
    read_metrics(json_value_member(result, "metrics_worst"), &ret->worst);
    read_metrics(json_value_member(result, "metrics_best"), &ret->best);
    ret->account = (struct report_account){
        .chosen = &ret->chosen,
        .worst = &ret->worst,
        .best = &ret->best,
        .intrabar = intrabar ? intrabar : intrabar_name(INTRABAR_PESSIMISTIC),
        .skipped_late =
            json_value_member_int(result, "fires") - json_value_member_int(trades, "candidates"),
        .skipped_in_position = json_value_member_int(trades, "in_position"),
        .skipped_too_small = json_value_member_int(trades, "too_small"),
        .skipped_unaffordable = json_value_member_int(trades, "unaffordable")};
    ret->input.account = &ret->account;
}

/* ---- the study ---- */

static void read_stats(const struct json_value *h, struct study_horizon_stats *s)
{
    *s = (struct study_horizon_stats){
        .n = json_value_member_int(h, "n"),
        .mean = json_value_member_number(h, "mean"),
        .median = json_value_member_number(h, "median"),
        .stdev = json_value_member_number(h, "stdev"),
        .hit_rate = json_value_member_number(h, "hit_rate"),
        .base_n = json_value_member_int(h, "base_n"),
        .base_mean = json_value_member_number(h, "base_mean"),
        .base_stdev = (double)NAN,
        .base_hit_rate = json_value_member_number(h, "base_hit_rate"),
        .difference = json_value_member_number(h, "difference"),
        .ci_low = json_value_member_number(h, "ci_low"),
        .ci_high = json_value_member_number(h, "ci_high"),
    };
}

static enum err read_horizons(const struct json_value *study, struct report_parts *ret,
                              struct error *e)
{
    const struct json_value *h = json_value_first(json_value_member(study, "horizons"));
    size_t count = 0;
    for (; h && count < LIMIT_HORIZONS; h = json_value_next(h), count++) {
        const char *name = json_value_member_text(h, "horizon");
        enum err err =
            name ? study_horizon_parse(name, strlen(name), &ret->horizons[count], e) : ERR_INVALID;
        if (err)
            return refuse(e, "known horizons");
        read_stats(h, &ret->stats[count]);
    }
    ret->input.horizon_count = count;
    ret->input.horizons = ret->horizons;
    ret->input.stats = ret->stats;
    return ERR_OK;
}

static bool read_key(const struct json_value *g, int32_t *ret)
{
    const char *time = json_value_member_text(g, "time");
    const char *weekday = json_value_member_text(g, "weekday");
    const char *month = json_value_member_text(g, "month");
    if (time)
        return time_of_day_parse(time, strlen(time), ret, NULL) == ERR_OK;
    for (int32_t i = 0; weekday && weekday_names[i]; i++) {
        if (strcmp(weekday, weekday_names[i]) == 0) {
            *ret = i + 1;
            return true;
        }
    }
    char first_day[16];
    int32_t day;
    if (!month || snprintf(first_day, sizeof(first_day), "%.7s-01", month) != 10 ||
        !civil_parse(first_day, 10, &day))
        return false;
    struct civil_date date = civil_from_days(day);
    *ret = date.year * 12 + date.month - 1;
    return true;
}

static void read_group(const struct json_value *g, struct study_group *ret)
{
    const struct json_value *n = json_value_first(json_value_member(g, "n"));
    const struct json_value *mean = json_value_first(json_value_member(g, "mean"));
    const struct json_value *hit = json_value_first(json_value_member(g, "hit_rate"));
    ret->fires = json_value_member_int(g, "fires");
    for (size_t h = 0; h < LIMIT_HORIZONS && mean; h++) {
        double value = json_value_number(mean);
        /* A result of an older version has no n. */
        ret->horizon[h].n = isnan(value) ? 0 : n ? json_value_int(n) : ret->fires;
        ret->horizon[h].mean = value;
        ret->horizon[h].hit_rate = json_value_number(hit);
        n = n ? json_value_next(n) : NULL;
        mean = json_value_next(mean);
        hit = hit ? json_value_next(hit) : NULL;
    }
}

static enum err read_groups(const struct json_value *study, const char *name, struct arena *arena,
                            struct study_groups *ret, struct error *e)
{
    const struct json_value *list = json_value_member(study, name);
    const struct json_value *g = json_value_first(list);
    struct study_group *items = arena_alloc_array(arena, json_value_count(list), sizeof(*items));
    size_t count = 0;
    if (!items)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the report");
    for (; g; g = json_value_next(g), count++) {
        if (!read_key(g, &items[count].key) || (count && items[count].key <= items[count - 1].key))
            return refuse(e, "groups in order");
        read_group(g, &items[count]);
    }
    *ret = (struct study_groups){.count = count, .items = items};
    return ERR_OK;
}

static void read_counts(const struct json_value *result, const struct json_value *study,
                        struct study_counts *ret)
{
    *ret =
        (struct study_counts){.fires = json_value_member_int(result, "fires"),
                              .candidates = json_value_member_int(study, "candidates"),
                              .bars_evaluated = json_value_member_int(study, "bars"),
                              .bars_in_window = json_value_member_int(study, "bars_in_window"),
                              .days = json_value_member_int(study, "days"),
                              .days_with_fires = json_value_member_int(study, "days_with_fires")};
}

/* ---- symbols ---- */

static const struct study_horizon_stats *read_symbol_stats(const struct json_value *symbol,
                                                           size_t count, struct arena *arena)
{
    struct study_horizon_stats *stats = arena_alloc_array(arena, count, sizeof(*stats));
    const struct json_value *h = json_value_first(json_value_member(symbol, "horizons"));
    for (size_t i = 0; stats && i < count; i++, h = json_value_next(h)) {
        if (!h)
            return NULL;
        read_stats(h, &stats[i]);
    }
    return stats;
}

static const struct trade_stats *read_symbol_trades(const struct json_value *symbol,
                                                    struct arena *arena)
{
    const struct json_value *v = json_value_member(symbol, "trades");
    struct trade_stats *s = v ? arena_alloc(arena, sizeof(*s)) : NULL;
    if (!s)
        return NULL;
    s->trades = json_value_member_int(v, "count");
    s->wins = json_value_member_int(v, "wins");
    s->losses = json_value_member_int(v, "losses");
    s->ambiguous = json_value_member_int(v, "ambiguous");
    s->pnl = decimal_at(v, "pnl");
    s->win_rate = json_value_member_number(v, "win_rate");
    s->profit_factor = json_value_member_number(v, "profit_factor");
    return s;
}

static enum err read_symbols(const struct json_value *result, struct arena *arena,
                             struct report_input *ret, struct error *e)
{
    const struct json_value *list = json_value_member(result, "symbols");
    const struct json_value *s = json_value_first(list);
    struct report_symbol *items = arena_alloc_array(arena, json_value_count(list), sizeof(*items));
    size_t count = 0;
    if (!items)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the report");
    for (; s; s = json_value_next(s), count++) {
        items[count].name = json_value_member_text(s, "symbol");
        items[count].fires = json_value_member_int(s, "fires");
        items[count].horizons = read_symbol_stats(s, ret->horizon_count, arena);
        items[count].trades = read_symbol_trades(s, arena);
        if (!items[count].name)
            return refuse(e, "names of its symbols");
    }
    ret->symbols = items;
    ret->symbol_count = count;
    return count ? ERR_OK : refuse(e, "symbols");
}

/* ---- the rest ---- */

static const char *range_of(const struct json_value *study, struct arena *arena)
{
    int32_t first, last;
    if (!day_at(study, "first_day", &first) || !day_at(study, "last_day", &last))
        return "all of the range";
    if (first == last)
        return arena_strdup(arena, show_day(first).text);
    return arena_printf(arena, "%s \xe2\x80\x93 %s", show_day(first).text, show_day(last).text);
}

static enum err read_texts(const struct json_value *job, const char *engine_version,
                           struct arena *arena, struct report_input *in, struct error *e)
{
    const struct json_value *request = json_value_member(job, "request");
    const struct json_value *study = json_value_member(json_value_member(job, "result"), "study");
    const char *zone = json_value_member_text(study, "timezone");
    const char *timeframe = json_value_member_text(request, "timeframe");
    enum err err = zone ? zone_find(zone, &in->zone, e) : refuse(e, "time zone");
    if (err)
        return err;
    in->rule = json_value_member_text(request, "rule");
    in->name = json_value_member_text(job, "name");
    in->name = in->name ? in->name : json_value_member_text(request, "name");
    in->notes = json_value_member_text(job, "notes");
    in->notes = in->notes ? in->notes : json_value_member_text(request, "notes");
    in->timeframe = timeframe ? timeframe : "1m";
    in->range = range_of(study, arena);
    in->request = report_terms_of_request(request, arena);
    in->strategy = report_terms_of_strategy(json_value_member(request, "strategy"), arena);
    in->origin = report_terms_of_origin(job, engine_version, in->zone, arena);
    if (!in->range)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the report");
    return in->rule ? ERR_OK : refuse(e, "rule");
}

enum err report_read(const struct json_value *job, const char *engine_version, struct arena *arena,
                     struct report_parts *ret, struct error *e)
{
    const struct json_value *result = json_value_member(job, "result");
    const struct json_value *study = json_value_member(result, "study");
    const struct json_value *strategy =
        json_value_member(json_value_member(job, "request"), "strategy");
    enum err err;
    *ret = (struct report_parts){0};
    if (!study)
        return refuse(e, "study");
    read_counts(result, study, &ret->input.counts);
    if ((err = read_texts(job, engine_version, arena, &ret->input, e)) ||
        (err = read_horizons(study, ret, e)) ||
        (err = read_groups(study, "by_minute", arena, &ret->input.by_minute, e)) ||
        (err = read_groups(study, "by_weekday", arena, &ret->input.by_weekday, e)) ||
        (err = read_groups(study, "by_month", arena, &ret->input.by_month, e)) ||
        (err = read_symbols(result, arena, &ret->input, e)))
        return err;
    if (json_value_member(result, "metrics"))
        read_account(result, strategy, ret);
    return ERR_OK;
}
