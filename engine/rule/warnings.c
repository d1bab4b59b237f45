#include "engine/rule/warnings.h"

#include "engine/rule/check.h"
#include "engine/rule/normal.h"

#include <math.h>
#include <string.h>

/* Every value of an expression that exists lies in [min, max]. */
struct range {
    double min, max;
};

static const struct range anything = {-INFINITY, INFINITY};

static struct range range_of(const struct ast *node)
{
    struct range a, b;
    double value;
    if (check_constant(node, &value))
        return isnan(value) ? anything : (struct range){value, value};
    switch (node->kind) {
    case AST_NEGATE:
        a = range_of(node->child);
        return (struct range){-a.max, -a.min};
    case AST_OFFSET:
    case AST_FRAME:
        return range_of(node->child);
    case AST_BINARY:
        if (node->op != TOKEN_PLUS && node->op != TOKEN_MINUS)
            return anything;
        a = range_of(node->child);
        b = range_of(node->child->next);
        if (node->op == TOKEN_MINUS)
            b = (struct range){-b.max, -b.min};
        return (struct range){a.min + b.min, a.max + b.max};
    case AST_NAME:
    case AST_CALL:
        if (node->series != NULL)
            return (struct range){node->series->min, node->series->max};
        return (struct range){node->indicator->min, node->indicator->max};
    default:
        return anything;
    }
}

/* Is a value the result of rounding? Then == and != are up to chance. */
static bool is_rounded(const struct ast *node)
{
    double unused;
    if (check_constant(node, &unused))
        return false;
    if (node->kind == AST_BINARY)
        return true;
    if (node->kind == AST_NAME || node->kind == AST_CALL) {
        if (node->series != NULL)
            return node->series->computed;
        if (node->indicator->input[0] == INDICATOR_INPUT_RULE)
            return false; /* it counts bars */
        if (!node->indicator->picks)
            return true;
        for (int32_t i = 0; i < node->indicator->input_count; i++)
            if (node->input[i] != NULL && is_rounded(node->input[i]))
                return true;
        return false;
    }
    return node->child != NULL && is_rounded(node->child);
}

enum verdict { SOMETIMES, NEVER, ALWAYS };

static enum verdict judge_less(struct range a, struct range b, bool or_equal)
{
    if (or_equal ? a.min > b.max : a.min >= b.max)
        return NEVER;
    return (or_equal ? a.max <= b.min : a.max < b.min) ? ALWAYS : SOMETIMES;
}

static enum verdict judge(const struct ast *node)
{
    struct range a = range_of(node->child), b = range_of(node->child->next);
    bool apart = a.min > b.max || b.min > a.max;
    switch (node->op) {
    case TOKEN_LESS:
        return judge_less(a, b, false);
    case TOKEN_LESS_EQUAL:
        return judge_less(a, b, true);
    case TOKEN_GREATER:
        return judge_less(b, a, false);
    case TOKEN_GREATER_EQUAL:
        return judge_less(b, a, true);
    case TOKEN_EQUAL:
        return apart ? NEVER : SOMETIMES;
    default:
        return apart ? ALWAYS : SOMETIMES;
    }
}

/* a goes from b or below to above it. */
static bool never_above(struct range a, struct range b)
{
    return a.max <= b.min || a.min > b.max;
}

static bool never_crosses(const struct ast *node)
{
    struct range a = range_of(node->child), b = range_of(node->child->next);
    bool above = never_above(a, b), below = never_above(b, a);
    return node->op == TOKEN_ABOVE ? above : node->op == TOKEN_BELOW ? below : above && below;
}

/* ---- clocks ------------------------------------------------------------------------------ */

/* Clocks are compared over these years: zones change their rules now and then, and a difference
 * long ago is none for today's rules. */
enum { FIRST_YEAR = 2015, LAST_YEAR = 2030 };

/* The time between two clocks is not always the same. */
static bool drift_apart(const struct zone *a, const struct zone *b)
{
    const int64_t year_s = INT64_C(31556952);
    int64_t at_s = (FIRST_YEAR - 1970) * year_s, end_s = (LAST_YEAR - 1970) * year_s;
    int32_t apart_s = zone_offset_at(a, at_s) - zone_offset_at(b, at_s);
    while (at_s < end_s) {
        int64_t next_a = zone_next_change(a, at_s), next_b = zone_next_change(b, at_s);
        at_s = next_a < next_b ? next_a : next_b;
        if (at_s < end_s && zone_offset_at(a, at_s) - zone_offset_at(b, at_s) != apart_s)
            return true;
    }
    return false;
}

/* A market that never closes has no hours that a clock could miss. */
static bool has_hours(const struct calendar *calendar)
{
    const int64_t day_ns = timeframe_ns((struct timeframe){0});
    struct session session;
    return calendar_next_session(calendar, 0, &session) &&
           session.close_ns - session.open_ns < day_ns;
}

static bool reads_clock(const struct ast *node)
{
    if (node->series != NULL && strcmp(node->series->name, "time") == 0)
        return true;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        if (reads_clock(child))
            return true;
    return false;
}

/* What is to be said of a comparison with `time`, or NULL. Where the market is not known, only a
 * zone that was chosen and has no summer time is worth a word. */
static const char *clock_warning(const struct rule_options *options, struct arena *arena)
{
    const struct calendar *calendar = options->calendar;
    const struct zone *zone = options->zone != NULL ? options->zone : zone_utc(), *market;
    if (calendar == NULL) {
        if (options->zone == NULL ||
            zone_next_change(zone, (int64_t)(FIRST_YEAR - 1970) * 31556952) != INT64_MAX)
            return NULL;
        return arena_printf(
            arena,
            "goes by %s, a clock without summer time: where the market has one, the "
            "session moves past it by an hour twice a year; name the market's "
            "timezone, or use minutes_since_open",
            zone_name(zone));
    }
    market = calendar_zone(calendar);
    if (!has_hours(calendar) || !drift_apart(zone, market))
        return NULL;
    return arena_printf(arena,
                        "goes by the clock of %s, while %s opens and closes by that of %s, which "
                        "changes on other days: they drift an hour apart; use timezone %s, or "
                        "minutes_since_open",
                        zone_name(zone), calendar_name(calendar), zone_name(market),
                        zone_name(market));
}

/* ---- the tree ---------------------------------------------------------------------------- */

struct finder {
    struct arena *arena;
    const char *clock; /* what is wrong with times of day, or NULL */
    struct warnings warnings;
    struct error *e;
};

static enum err add(struct finder *f, const struct ast *node, const char *what)
{
    struct warnings *w = &f->warnings;
    if (w->count == WARNINGS_MAX)
        return ERR_OK;
    struct strbuf clause;
    strbuf_init(&clause, 64 * 1024);
    normal_write(&clause, node);
    const char *text = strbuf_failed(&clause)
                           ? NULL
                           : arena_printf(f->arena, "'%s' %s", strbuf_text(&clause), what);
    strbuf_release(&clause);
    if (text == NULL)
        return error_set(f->e, ERR_NO_MEMORY, "out of memory for the rule");
    w->text[w->count++] = text;
    return ERR_OK;
}

static enum err check_comparison(struct finder *f, const struct ast *node)
{
    enum verdict verdict = judge(node);
    if (verdict == NEVER)
        return add(f, node, "can never hold: its sides do not reach that far");
    if (verdict == ALWAYS)
        return add(f, node, "holds on every bar where its values exist");
    if ((node->op == TOKEN_EQUAL || node->op == TOKEN_NOT_EQUAL) &&
        (is_rounded(node->child) || is_rounded(node->child->next)))
        return add(f, node,
                   "compares computed numbers for equality, which rounding decides: use <= or >=, "
                   "or a distance such as abs(a - b) < 0.01");
    return ERR_OK;
}

static enum err check_crosses(struct finder *f, const struct ast *node)
{
    return never_crosses(node) ? add(f, node, "can never hold: its sides do not reach each other")
                               : ERR_OK;
}

static enum err find(struct finder *f, const struct ast *node)
{
    enum err err = ERR_OK;
    bool compares = node->kind == AST_COMPARE || node->kind == AST_CROSSES;
    if (compares)
        err = node->kind == AST_COMPARE ? check_comparison(f, node) : check_crosses(f, node);
    if (err == ERR_OK && compares && f->clock != NULL && reads_clock(node))
        err = add(f, node, f->clock);
    for (const struct ast *child = node->child; child != NULL && err == ERR_OK; child = child->next)
        err = find(f, child);
    return err;
}

enum err warnings_find(const struct ast *root, const struct rule_options *options,
                       struct arena *arena, struct warnings *ret, struct error *e)
{
    struct finder f = {.arena = arena, .e = e};
    if (reads_clock(root))
        f.clock = clock_warning(options, arena);
    enum err err = find(&f, root);
    if (err == ERR_OK)
        *ret = f.warnings;
    return err;
}
