#include "server/jobs/study_explain.h"

#include "base/rfc3339.h"
#include "engine/rule/explain.h"
#include "engine/study/study_request.h"
#include "server/series_lookup.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Groups inside groups are told so deep, within what JSON readers take; deeper ones are replaced by
 * their comparisons. */
enum { LEVELS_MAX = 12 };

/* A bar of a symbol under the study's rule. */
struct bar_case {
    const struct study_explain *x;
    const struct bars *bars;
    struct rule_options options;
    struct study_window window;
    const struct zone *zone; /* of the calendar */
    int64_t bar;
    bool value;
    const char *held_back; /* why a true bar is no fire; NULL = it is one, or not true */
    struct explanation *explanation;
};

/* ---- the bar ------------------------------------------------------------------------------------
 */

static enum err no_bar(const struct bar_case *c, int64_t next, struct error *e)
{
    const struct study_explain *x = c->x;
    char at[RFC3339_MAX], before[RFC3339_MAX], after[RFC3339_MAX], timeframe[8];
    rfc3339_format(x->at_ns, at);
    timeframe_format(x->spec->timeframe, timeframe);
    if (next > 0)
        rfc3339_format(c->bars->time_ns[next - 1], before);
    if (next < c->bars->count)
        rfc3339_format(c->bars->time_ns[next], after);
    if (next == 0 || next == c->bars->count)
        return error_field(e, ERR_NOT_FOUND, x->at_pointer,
                           "no %s bar of '%s' starts at %s; the nearest starts at %s", timeframe,
                           x->symbol, at, next == 0 ? after : before);
    return error_field(e, ERR_NOT_FOUND, x->at_pointer,
                       "no %s bar of '%s' starts at %s; the nearest start at %s and %s", timeframe,
                       x->symbol, at, before, after);
}

static enum err settle_zone(struct bar_case *c, struct error *e)
{
    const struct study_spec *spec = c->x->spec;
    struct study_request request;
    study_request_defaults(&request);
    c->window = request.window;
    c->zone = calendar_zone(c->options.calendar);
    c->options.timeframe = spec->timeframe;
    c->options.zone = c->zone;
    if (spec->has_window && spec->window.timezone) {
        enum err err = zone_find(spec->window.timezone, &c->options.zone, e);
        if (err)
            return err;
    }
    c->window.zone = c->options.zone;
    if (!spec->has_window)
        return ERR_OK;
    if (spec->window.has_from)
        c->window.from_minute = spec->window.from_minute;
    if (spec->window.has_to)
        c->window.to_minute = spec->window.to_minute;
    if (spec->window.has_days)
        c->window.weekdays = spec->window.days;
    return ERR_OK;
}

static enum err find_bar(struct bar_case *c, struct error *e)
{
    const struct study_explain *x = c->x;
    struct series_row series;
    enum err err;
    if ((err = series_lookup(x->storage, x->symbol, x->spec->timeframe, "", &series, e)) ||
        (err = bar_cache_get(x->storage->bar_cache, x->pool, x->symbol, x->spec->timeframe,
                             BAR_ALL_COLUMNS, &c->bars, NULL, e)))
        return err;
    c->options.calendar = series.calendar;
    if ((err = settle_zone(c, e)))
        return err;
    c->bar = bars_lower_bound(c->bars, x->at_ns);
    if (c->bar == c->bars->count || c->bars->time_ns[c->bar] != x->at_ns)
        return no_bar(c, c->bar, e);
    return ERR_OK;
}

/* ---- why a true bar is no fire ------------------------------------------------------------------
 */

static bool is_inside(const struct bar_case *c, int64_t bar)
{
    return study_window_at(&c->window, c->zone, c->bars->time_ns[bar]).inside;
}

static bool is_in_range(const struct bar_case *c)
{
    const struct study_spec *spec = c->x->spec;
    const struct zone *zone = c->options.zone;
    return (!spec->from.given || c->x->at_ns >= study_spec_when_begin(&spec->from, zone)) &&
           (!spec->to.given || c->x->at_ns < study_spec_when_end(&spec->to, zone));
}

/* mask: the rule's bits from the session's first bar on. */
static bool is_held_by_trigger(const struct bar_case *c, int64_t first, const uint64_t *mask)
{
    const struct study_spec *spec = c->x->spec;
    enum study_trigger trigger =
        spec->has_trigger ? (enum study_trigger)spec->trigger : STUDY_ON_TRUE;
    int64_t from = trigger == STUDY_ON_TRUE ? c->bar - 1 : first;
    for (int64_t i = from < first ? first : from; trigger != STUDY_EVERY_BAR && i < c->bar; i++)
        if ((mask[(i - first) / 64] >> ((i - first) % 64) & 1) && is_inside(c, i))
            return true;
    return false;
}

static const char *held_back(const struct bar_case *c, int64_t first, const uint64_t *mask)
{
    if (!c->value || c->x->fired)
        return NULL;
    if (!is_in_range(c))
        return "range";
    if (!is_inside(c, c->bar))
        return "window";
    if (is_held_by_trigger(c, first, mask))
        return "trigger";
    return c->x->spec->has_cooldown ? "cooldown" : NULL;
}

/* The rule's own run, up to the bar. */
static enum err evaluate(struct bar_case *c, struct error *e)
{
    const char *text = c->x->spec->rule;
    int64_t first = c->bars->sessions[bars_session_of(c->bars, c->bar)].first;
    uint64_t mask[LIMIT_SESSION_BARS / 64 + 1];
    struct rule *rule = NULL;
    struct rule_run *run = NULL;
    assert(c->bar - first < LIMIT_SESSION_BARS);
    enum err err = rule_compile(text, strlen(text), &c->options, &rule, e);
    if (!err)
        err = rule_run_create(rule, c->bars, &run, e);
    if (!err) {
        rule_run_eval(run, first, NULL);
        rule_run_eval(run, c->bar + 1, mask);
        c->value = mask[(c->bar - first) / 64] >> ((c->bar - first) % 64) & 1;
        c->held_back = held_back(c, first, mask);
    }
    rule_run_free(run);
    rule_free(rule);
    return err;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

static void write_bar(struct json_writer *w, const struct bar_case *c)
{
    json_key(w, "bar");
    json_begin_object(w);
    for (int k = 0; k < BAR_COLUMN_COUNT; k++) {
        json_key(w, bar_column_name((enum bar_column)k));
        json_price(w, c->bars->column[k][c->bar]);
    }
    json_end_object(w);
}

static void write_side(struct json_writer *w, const char *name, const struct explain_side *side,
                       bool crosses)
{
    json_key(w, name);
    json_begin_object(w);
    json_member_string(w, "text", side->text);
    json_member_number(w, "value", side->value);
    if (crosses)
        json_member_number(w, "before", side->before);
    json_end_object(w);
}

static bool is_group(const struct explain_clause *c)
{
    return c->kind != EXPLAIN_COMPARISON && c->kind != EXPLAIN_CROSSES;
}

static void write_list(struct json_writer *w, const struct explain_clause *first, int level);

static void write_clause(struct json_writer *w, const struct explain_clause *clause, int level)
{
    static const char *const kinds[] = {"or", "and", "not", "comparison", "crosses"};
    bool crosses = clause->kind == EXPLAIN_CROSSES;
    json_begin_object(w);
    json_member_string(w, "kind", kinds[clause->kind]);
    json_member_string(w, "text", clause->text);
    json_member_bool(w, "truth", clause->truth);
    if (is_group(clause)) {
        json_key(w, "clauses");
        json_begin_array(w);
        write_list(w, clause->child, level + 1);
        json_end_array(w);
    } else {
        write_side(w, "left", &clause->left, crosses);
        write_side(w, "right", &clause->right, crosses);
        json_member_number(w, "distance", clause->distance);
    }
    json_end_object(w);
}

static void write_list(struct json_writer *w, const struct explain_clause *first, int level)
{
    for (const struct explain_clause *c = first; c; c = c->next) {
        if (level == LEVELS_MAX && is_group(c))
            write_list(w, c->child, level);
        else
            write_clause(w, c, level);
    }
}

static void write_nearest_miss(struct json_writer *w, const struct explain_miss *miss)
{
    json_key(w, "nearest_miss");
    if (!miss) {
        json_null(w);
        return;
    }
    json_begin_object(w);
    json_member_string(w, "clause", miss->clause->text);
    json_member_string(w, "text", miss->text);
    json_member_number(w, "distance", miss->clause->distance);
    json_end_object(w);
}

static void write_case(struct json_writer *w, const struct bar_case *c)
{
    const struct explain_clause *root = explanation_clause(c->explanation);
    char timeframe[8];
    timeframe_format(c->x->spec->timeframe, timeframe);
    json_begin_object(w);
    json_member_string(w, "rule", root->text);
    json_member_string(w, "symbol", c->x->symbol);
    json_member_string(w, "timeframe", timeframe);
    json_member_string(w, "timezone", zone_name(c->options.zone));
    json_member_time(w, "at", c->x->at_ns);
    write_bar(w, c);
    json_member_bool(w, "value", c->value);
    json_member_bool(w, "fired", c->x->fired);
    json_member_string(w, "held_back", c->held_back);
    json_key(w, "clauses");
    json_begin_array(w);
    write_list(w, root->kind == EXPLAIN_AND ? root->child : root, 1);
    json_end_array(w);
    write_nearest_miss(w, explanation_nearest_miss(c->explanation));
    json_end_object(w);
}

enum err study_explain_write(const struct study_explain *x, struct json_writer *w, struct error *e)
{
    struct bar_case c = {.x = x};
    enum err err;
    if (!(err = find_bar(&c, e)) && !(err = evaluate(&c, e)) &&
        !(err = explain_rule(x->spec->rule, strlen(x->spec->rule), &c.options, c.bars, c.bar,
                             &c.explanation, e))) {
        assert(explanation_clause(c.explanation)->truth == c.value);
        write_case(w, &c);
    }
    explanation_free(c.explanation);
    bars_unref(c.bars);
    return err;
}
