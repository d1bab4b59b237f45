#include "engine/study/shard_plan.h"

#include "base/civil.h"
#include "base/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_MAX = 10000 };

static const struct {
    const char *name;
    enum shard_unit unit;
} units[] = {{"day", SHARD_BY_DAY}, {"week", SHARD_BY_WEEK}, {"month", SHARD_BY_MONTH}};
enum { UNIT_COUNT = sizeof units / sizeof *units };

enum err shard_size_parse(const char *text, size_t length, struct shard_size *ret, struct error *e)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0) {
            *ret = (struct shard_size){.unit = units[i].unit};
            return ERR_OK;
        }
    }
    int32_t sessions = 0;
    bool good = length >= 1 && length <= 5;
    for (size_t i = 0; good && i < length; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        sessions = sessions * 10 + (text[i] - '0');
    }
    if (!good || sessions < 1 || sessions > SESSIONS_MAX)
        return error_set(e, ERR_INVALID,
                         "a shard is a \"day\", a \"week\", a \"month\" or 1 to %d sessions",
                         SESSIONS_MAX);
    *ret = (struct shard_size){.unit = SHARD_BY_SESSIONS, .sessions = sessions};
    return ERR_OK;
}

void shard_size_format(struct shard_size s, char out[16])
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (units[i].unit == s.unit)
            snprintf(out, 16, "%s", units[i].name);
    }
    if (s.unit == SHARD_BY_SESSIONS)
        snprintf(out, 16, "%d", (int)s.sessions);
}

/* The plan while it grows. */
struct planner {
    struct shard_plan *plan;
    int64_t capacity;
    struct shard_size size;
    int64_t from_ns, to_ns;
    bool history;
};

/* One session as the walk over a symbol meets it. */
struct stop {
    int64_t session;
    int64_t first_bar, end_bar;
    int32_t day;
    bool state_only;
    int64_t period; /* sessions of one shard share it */
};

/* The period that a day lies in; `session` counts from the first session of its kind. */
static int64_t period_of(struct shard_size size, int32_t day, int64_t session)
{
    switch (size.unit) {
    case SHARD_BY_DAY:
        return day;
    case SHARD_BY_WEEK:
        return day - civil_weekday(day); /* the Sunday before */
    case SHARD_BY_MONTH: {
        struct civil_date date = civil_from_days(day);
        return (int64_t)date.year * 12 + date.month;
    }
    case SHARD_BY_SESSIONS:
        return session / size.sessions;
    }
    assert(!"shard unit");
    return 0;
}

static enum err check_day(const struct shard_symbol *symbol, int64_t i, struct session *ret,
                          struct error *e)
{
    const struct shard_day *day = &symbol->days[i];
    char date[11];
    civil_format(day->day, date);
    if (day->count < 1 || (i > 0 && symbol->days[i - 1].day >= day->day))
        return error_set(e, ERR_DATA, "%s: stored day %s is empty or out of order", symbol->name,
                         date);
    if (!calendar_session(symbol->calendar, day->day, ret))
        return error_set(e, ERR_DATA, "%s: stored day %s is no session of calendar %s",
                         symbol->name, date, calendar_name(symbol->calendar));
    return ERR_OK;
}

static enum err add_shard(struct planner *p, int32_t symbol, const struct stop *stop,
                          struct error *e)
{
    struct shard_plan *plan = p->plan;
    if (plan->shard_count == LIMIT_SHARDS)
        return error_set(e, ERR_TOO_LARGE, "the study would have more than %d shards",
                         LIMIT_SHARDS);
    if (plan->shard_count == p->capacity) {
        int64_t capacity = p->capacity ? 2 * p->capacity : 64;
        struct shard *shards = realloc(plan->shards, (size_t)capacity * sizeof *shards);
        if (!shards)
            return error_set(e, ERR_NO_MEMORY, "no memory for the shards");
        plan->shards = shards;
        p->capacity = capacity;
    }
    int64_t index = plan->shard_count++;
    plan->shards[index] = (struct shard){
        .symbol = symbol,
        .ordinal = (int32_t)(index - plan->symbol_first[symbol]),
        .state_only = stop->state_only,
        .from_day = stop->day,
        .first_session = stop->session,
        .first_bar = stop->first_bar,
    };
    return ERR_OK;
}

static void extend_shard(struct shard_plan *plan, const struct stop *stop)
{
    assert(plan->shard_count > 0 && plan->shards);
    struct shard *shard = &plan->shards[plan->shard_count - 1];
    shard->to_day = stop->day;
    shard->end_session = stop->session + 1;
    shard->end_bar = stop->end_bar;
    plan->bar_count += stop->end_bar - stop->first_bar;
    if (!stop->state_only)
        plan->counted_bar_count += stop->end_bar - stop->first_bar;
}

/* History is only worth its shards when something is counted after it. */
static void drop_lone_history(struct shard_plan *plan, int32_t symbol)
{
    int64_t first = plan->symbol_first[symbol];
    if (plan->shard_count == first || !plan->shards[plan->shard_count - 1].state_only)
        return;
    for (int64_t i = first; i < plan->shard_count; i++)
        plan->bar_count -= plan->shards[i].end_bar - plan->shards[i].first_bar;
    plan->shard_count = first;
}

static enum err plan_symbol(struct planner *p, const struct shard_symbol *symbol, int32_t index,
                            struct error *e)
{
    struct stop last = {.session = -1};
    struct stop stop = {.end_bar = 0};
    int64_t kind_first = 0; /* first session of the same kind: history or counted */
    for (int64_t i = 0; i < symbol->day_count; i++) {
        struct session session;
        enum err code = check_day(symbol, i, &session, e);
        if (code != ERR_OK)
            return code;
        if (session.open_ns >= p->to_ns)
            break;
        stop.session = i;
        stop.day = session.day;
        stop.first_bar = stop.end_bar;
        stop.end_bar += symbol->days[i].count;
        stop.state_only = session.close_ns <= p->from_ns;
        if (stop.state_only && !p->history)
            continue;
        bool fresh = last.session < 0 || last.state_only != stop.state_only;
        if (fresh)
            kind_first = i;
        stop.period = period_of(p->size, session.day, i - kind_first);
        if (fresh || stop.period != last.period)
            code = add_shard(p, index, &stop, e);
        if (code != ERR_OK)
            return code;
        extend_shard(p->plan, &stop);
        last = stop;
    }
    drop_lone_history(p->plan, index);
    return ERR_OK;
}

enum err shard_plan_init(struct shard_plan *plan, const struct shard_symbol *symbols,
                         size_t symbol_count, int64_t from_ns, int64_t to_ns, bool history,
                         struct shard_size size, struct error *e)
{
    if (from_ns >= to_ns)
        return error_set(e, ERR_INVALID, "the range is empty: from must be before to");
    assert(size.unit != SHARD_BY_SESSIONS || size.sessions >= 1);
    struct shard_plan fresh = {.symbol_count = symbol_count};
    struct planner planner = {
        .plan = &fresh, .size = size, .from_ns = from_ns, .to_ns = to_ns, .history = history};
    fresh.symbol_first = calloc(symbol_count + 1, sizeof *fresh.symbol_first);
    if (!fresh.symbol_first)
        return error_set(e, ERR_NO_MEMORY, "no memory for the shards");
    for (size_t i = 0; i < symbol_count; i++) {
        enum err code = plan_symbol(&planner, &symbols[i], (int32_t)i, e);
        if (code != ERR_OK) {
            shard_plan_release(&fresh);
            return code;
        }
        fresh.symbol_first[i + 1] = fresh.shard_count;
    }
    *plan = fresh;
    return ERR_OK;
}

void shard_plan_release(struct shard_plan *plan)
{
    free(plan->shards);
    free(plan->symbol_first);
    *plan = (struct shard_plan){0};
}

enum err shard_days_of(const struct bars *bars, struct shard_day **ret_days, int64_t *ret_count,
                       struct error *e)
{
    struct shard_day *days = calloc((size_t)bars->session_count + 1, sizeof *days);
    if (!days)
        return error_set(e, ERR_NO_MEMORY, "no memory for the days");
    for (int64_t i = 0; i < bars->session_count; i++) {
        const struct bars_session *s = &bars->sessions[i];
        days[i] = (struct shard_day){.day = s->day, .count = s->end - s->first};
    }
    *ret_days = days;
    *ret_count = bars->session_count;
    return ERR_OK;
}
