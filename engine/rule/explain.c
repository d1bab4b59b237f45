/* Every side of a comparison becomes a tree of its own, wrapped into the tf() and the offsets that
 * it stands in, and all of them one plan with an output each. One run up to the bar gives the
 * values; the truths follow from them.
 */
#include "engine/rule/explain.h"

#include "base/limits.h"
#include "engine/rule/compiled.h"
#include "engine/rule/normal.h"
#include "engine/rule/parser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_MAX_BYTES = 64 * 1024 * 1024,
    TEXT_MAX_BYTES = 256 * 1024,
    VALUES_PER_COMPARISON = 4,
    NUMBER_TEXT = 32,
};

/* A tf() or an offset of a truth, from the inside out. */
struct context {
    const struct ast *node;
    const struct context *outer;
};

/* A value that the run will give. */
struct wanted {
    const struct ast *tree;
    double *place;
};

struct explanation {
    struct arena arena; /* owns everything below */
    struct rule_text text;
    struct explain_clause *root;
    struct explain_miss miss;
    bool missed;
    /* while it is made */
    struct wanted *wanted;
    int32_t wanted_count;
};

/* A clause with what made it, for the time until its values are known. */
struct leaf {
    struct explain_clause clause; /* first */
    enum token_kind op;
    bool left_constant, right_constant;
    bool clock; /* its sides are times of day */
};

static enum err out_of_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "out of memory to explain the rule");
}

/* ---- trees and texts --------------------------------------------------------------------- */

/* The node around a copy of the tree, which then has no sibling; NULL when out of memory. */
static struct ast *wrap(struct arena *arena, const struct ast *around, const struct ast *tree)
{
    struct ast *child = arena_alloc(arena, sizeof(*child));
    struct ast *node = arena_alloc(arena, sizeof(*node));
    if (child == NULL || node == NULL)
        return NULL;
    *child = *tree;
    child->next = NULL;
    *node = *around;
    node->next = NULL;
    node->child = child;
    node->child_count = 1;
    node->type = child->type;
    return node;
}

/* The tree as it stands in its context. */
static const struct ast *in_context(struct arena *arena, const struct context *context,
                                    const struct ast *tree)
{
    for (; context != NULL && tree != NULL; context = context->outer)
        tree = wrap(arena, context->node, tree);
    return tree;
}

static const char *text_of(struct arena *arena, const struct ast *tree)
{
    struct strbuf text;
    strbuf_init(&text, TEXT_MAX_BYTES);
    normal_write(&text, tree);
    const char *copy = strbuf_failed(&text) ? NULL : arena_strdup(arena, strbuf_text(&text));
    strbuf_release(&text);
    return copy;
}

/* ---- clauses ----------------------------------------------------------------------------- */

static enum err want(struct explanation *x, const struct context *context, const struct ast *tree,
                     double *place, struct error *e)
{
    const struct ast *whole = in_context(&x->arena, context, tree);
    if (whole == NULL)
        return out_of_memory(e);
    x->wanted[x->wanted_count++] = (struct wanted){whole, place};
    return ERR_OK;
}

static enum err want_side(struct explanation *x, const struct context *context,
                          const struct ast *side, bool crosses, struct explain_side *ret,
                          struct error *e)
{
    static const struct ast one_bar_ago = {.kind = AST_OFFSET, .value = 1};
    struct context before = {.node = &one_bar_ago, .outer = context};
    ret->value = ret->before = NAN;
    double constant;
    if (check_constant(side, &constant)) {
        ret->value = constant;
        ret->before = crosses ? constant : NAN;
        ret->text = text_of(&x->arena, side);
        return ret->text != NULL ? ERR_OK : out_of_memory(e);
    }
    const struct ast *whole = in_context(&x->arena, context, side);
    ret->text = whole != NULL ? text_of(&x->arena, whole) : NULL;
    if (ret->text == NULL)
        return out_of_memory(e);
    enum err err = want(x, context, side, &ret->value, e);
    if (err == ERR_OK && crosses)
        err = want(x, &before, side, &ret->before, e);
    return err;
}

static bool is_clock(const struct ast *side)
{
    return side->kind == AST_TIME ||
           (side->series != NULL && strcmp(side->series->name, "time") == 0);
}

static enum err make_leaf(struct explanation *x, const struct context *context,
                          const struct ast *node, struct explain_clause **ret, struct error *e)
{
    struct leaf *leaf = arena_alloc(&x->arena, sizeof(*leaf));
    const struct ast *left = node->child, *right = node->child->next;
    if (leaf == NULL)
        return out_of_memory(e);
    bool crosses = node->kind == AST_CROSSES;
    *ret = &leaf->clause;
    leaf->clause.kind = crosses ? EXPLAIN_CROSSES : EXPLAIN_COMPARISON;
    leaf->op = node->op;
    leaf->clock = is_clock(left) || is_clock(right);
    double unused;
    leaf->left_constant = check_constant(left, &unused);
    leaf->right_constant = check_constant(right, &unused);
    enum err err = want_side(x, context, left, crosses, &leaf->clause.left, e);
    return err != ERR_OK ? err : want_side(x, context, right, crosses, &leaf->clause.right, e);
}

static enum err make_clause(struct explanation *x, const struct context *context,
                            const struct ast *node, struct explain_clause **ret, struct error *e);

static enum err make_group(struct explanation *x, const struct context *context,
                           const struct ast *node, struct explain_clause **ret, struct error *e)
{
    struct explain_clause *clause = arena_alloc(&x->arena, sizeof(*clause));
    if (clause == NULL)
        return out_of_memory(e);
    clause->kind = node->kind == AST_OR    ? EXPLAIN_OR
                   : node->kind == AST_AND ? EXPLAIN_AND
                                           : EXPLAIN_NOT;
    clause->distance = clause->left.value = clause->right.value = NAN;
    *ret = clause;
    struct explain_clause *last = NULL;
    for (const struct ast *child = node->child; child != NULL; child = child->next) {
        struct explain_clause *made;
        enum err err = make_clause(x, context, child, &made, e);
        if (err != ERR_OK)
            return err;
        if (last != NULL)
            last->next = made;
        else
            clause->child = made;
        last = made;
    }
    return ERR_OK;
}

/* What stands in a tf() or an offset. Offsets of offsets add up. */
static enum err make_inside(struct explanation *x, const struct context *context,
                            const struct ast *node, struct explain_clause **ret, struct error *e)
{
    struct ast around = *node;
    struct context inside = {.node = &around, .outer = context};
    if (node->kind == AST_OFFSET && context != NULL && context->node->kind == AST_OFFSET) {
        around.value += context->node->value;
        inside.outer = context->outer;
    }
    return make_clause(x, &inside, node->child, ret, e);
}

static enum err make_clause(struct explanation *x, const struct context *context,
                            const struct ast *node, struct explain_clause **ret, struct error *e)
{
    if (node->kind == AST_FRAME || node->kind == AST_OFFSET)
        return make_inside(x, context, node, ret, e);
    bool leaf = node->kind == AST_COMPARE || node->kind == AST_CROSSES;
    enum err err =
        leaf ? make_leaf(x, context, node, ret, e) : make_group(x, context, node, ret, e);
    if (err != ERR_OK)
        return err;
    const struct ast *whole = in_context(&x->arena, context, node);
    (*ret)->text = whole != NULL ? text_of(&x->arena, whole) : NULL;
    return (*ret)->text != NULL ? ERR_OK : out_of_memory(e);
}

/* ---- values ------------------------------------------------------------------------------ */

static enum err evaluate(struct explanation *x, const struct rule_options *options,
                         const struct bars *bars, int64_t bar, struct error *e)
{
    struct rule rule = {.options = *options};
    const struct ast **roots =
        arena_alloc_array(&x->arena, (size_t)x->wanted_count + 1, sizeof(const struct ast *));
    struct rule_run *run = NULL;
    if (roots == NULL)
        return out_of_memory(e);
    for (int32_t i = 0; i < x->wanted_count; i++)
        roots[i] = x->wanted[i].tree;
    struct plan_trees trees = {.root = roots, .count = x->wanted_count};
    struct error inner;
    enum err err = plan_build(trees, options, &x->arena, &rule.plan, &inner);
    if (err == ERR_RULE)
        return rule_text_error(&x->text, 0, e, "%s", inner.message);
    if (err != ERR_OK)
        return out_of_memory(e);
    if ((err = rule_run_create(&rule, bars, &run, e)) != ERR_OK)
        return err;
    rule_run_eval(run, bar, NULL);
    rule_run_eval(run, bar + 1, NULL);
    for (int32_t i = 0; i < x->wanted_count; i++)
        *x->wanted[i].place = rule_run_output(run, i);
    rule_run_free(run);
    return ERR_OK;
}

static bool compare(enum token_kind op, double a, double b)
{
    switch (op) {
    case TOKEN_LESS:
        return a < b;
    case TOKEN_LESS_EQUAL:
        return a <= b;
    case TOKEN_GREATER:
        return a > b;
    case TOKEN_GREATER_EQUAL:
        return a >= b;
    case TOKEN_EQUAL:
        return a == b;
    default:
        return a < b || a > b;
    }
}

static bool crosses(enum token_kind op, const struct explain_clause *c)
{
    bool above = c->left.value > c->right.value && c->left.before <= c->right.before;
    bool below = c->left.value < c->right.value && c->left.before >= c->right.before;
    return op == TOKEN_ABOVE ? above : op == TOKEN_BELOW ? below : above || below;
}

/* Is a above b already (below, where that is asked for), so that the bar before decides? */
static bool is_beyond(const struct leaf *leaf)
{
    const struct explain_clause *c = &leaf->clause;
    return !c->truth && ((leaf->op == TOKEN_ABOVE && c->left.value > c->right.value) ||
                         (leaf->op == TOKEN_BELOW && c->left.value < c->right.value));
}

static void judge_leaf(struct leaf *leaf)
{
    struct explain_clause *c = &leaf->clause;
    if (c->kind == EXPLAIN_COMPARISON) {
        c->truth = compare(leaf->op, c->left.value, c->right.value);
        c->distance = fabs(c->left.value - c->right.value);
        return;
    }
    c->truth = crosses(leaf->op, c);
    c->distance = fabs(c->left.value - c->right.value);
    if (isnan(c->left.before) || isnan(c->right.before))
        c->distance = NAN;
    else if (is_beyond(leaf))
        c->distance = fabs(c->left.before - c->right.before);
}

static void judge(struct explain_clause *clause)
{
    if (clause->kind == EXPLAIN_COMPARISON || clause->kind == EXPLAIN_CROSSES) {
        judge_leaf((struct leaf *)clause);
        return;
    }
    bool all = true, any = false;
    for (struct explain_clause *child = clause->child; child != NULL; child = child->next) {
        judge(child);
        all = all && child->truth;
        any = any || child->truth;
    }
    clause->truth = clause->kind == EXPLAIN_AND ? all : clause->kind == EXPLAIN_OR ? any : !any;
}

/* ---- the nearest miss -------------------------------------------------------------------- */

/* 0 = it touches, infinite = there is nothing to measure. */
static double proportion(const struct explain_clause *c)
{
    double larger = fmax(fabs(c->left.value), fabs(c->right.value));
    if (isnan(c->distance))
        return INFINITY;
    return larger > 0 ? c->distance / larger : 0;
}

/* Looks through the clauses that would have to turn for `clause` to be `wanted`. */
static void find_miss(const struct explain_clause *clause, bool wanted,
                      const struct explain_clause **nearest)
{
    if (clause->truth == wanted)
        return;
    if (clause->kind == EXPLAIN_COMPARISON || clause->kind == EXPLAIN_CROSSES) {
        if (*nearest == NULL || proportion(clause) < proportion(*nearest))
            *nearest = clause;
        return;
    }
    if (clause->kind == EXPLAIN_NOT)
        wanted = !wanted;
    for (const struct explain_clause *child = clause->child; child != NULL; child = child->next)
        find_miss(child, wanted, nearest);
}

/* For people: some six digits, no trailing zeros. */
static const char *number_text(double x, bool clock, char out[NUMBER_TEXT])
{
    if (clock && x >= 0 && x < 1440 && x == floor(x)) {
        snprintf(out, NUMBER_TEXT, "%02d:%02d", (int)x / 60, (int)x % 60);
        return out;
    }
    double size = fabs(x);
    if (size >= 1e15 || (size < 1e-4 && size > 0)) {
        snprintf(out, NUMBER_TEXT, "%.4g", x);
        return out;
    }
    int decimals = 2;
    for (double limit = 1000; limit >= 1 && size < limit && decimals < 6; limit /= 10)
        decimals++;
    snprintf(out, NUMBER_TEXT, "%.*f", decimals, x);
    size_t length = strlen(out);
    while (out[length - 1] == '0')
        length--;
    out[out[length - 1] == '.' ? length - 1 : length] = '\0';
    return out;
}

/* What has no value, or NULL. */
static const char *missing_side(const struct explain_clause *c)
{
    bool crossing = c->kind == EXPLAIN_CROSSES;
    if (isnan(c->left.value) || (crossing && isnan(c->left.before)))
        return c->left.text;
    if (isnan(c->right.value) || (crossing && isnan(c->right.before)))
        return c->right.text;
    return NULL;
}

/* "rsi(14) was 30.4", "close was 101.2 and sma(200) 101.5" */
static const char *sides_text(struct arena *arena, const struct leaf *leaf, bool before)
{
    const struct explain_side *left = &leaf->clause.left, *right = &leaf->clause.right;
    char a[NUMBER_TEXT], b[NUMBER_TEXT];
    number_text(before ? left->before : left->value, leaf->clock, a);
    number_text(before ? right->before : right->value, leaf->clock, b);
    if (leaf->right_constant)
        return arena_printf(arena, "%s was %s", left->text, a);
    if (leaf->left_constant)
        return arena_printf(arena, "%s was %s", right->text, b);
    return arena_printf(arena, "%s was %s and %s %s", left->text, a, right->text, b);
}

static const char *miss_text(struct arena *arena, const struct leaf *leaf)
{
    const struct explain_clause *c = &leaf->clause;
    const char *missing = missing_side(c), *unit = "";
    if (missing != NULL)
        return arena_printf(arena, "%s had no value%s", missing,
                            c->kind == EXPLAIN_CROSSES ? " here or on the bar before" : "");
    bool before = c->kind == EXPLAIN_CROSSES && is_beyond(leaf);
    const char *sides = sides_text(arena, leaf, before);
    if (sides == NULL)
        return NULL;
    char distance[NUMBER_TEXT];
    number_text(c->distance, false, distance);
    if (leaf->clock)
        unit = c->distance == 1 ? " minute" : " minutes";
    return before ? arena_printf(arena, "%s on the bar before, %s%s away: it had crossed already",
                                 sides, distance, unit)
                  : arena_printf(arena, "%s, %s%s away", sides, distance, unit);
}

static enum err find_nearest(struct explanation *x, struct error *e)
{
    const struct explain_clause *nearest = NULL;
    find_miss(x->root, true, &nearest);
    if (nearest == NULL)
        return ERR_OK;
    x->missed = true;
    x->miss.clause = nearest;
    x->miss.text = miss_text(&x->arena, (const struct leaf *)nearest);
    return x->miss.text != NULL ? ERR_OK : out_of_memory(e);
}

/* ---- the whole --------------------------------------------------------------------------- */

static enum err explain(struct explanation *x, const struct rule_options *options,
                        const struct bars *bars, int64_t bar, struct error *e)
{
    struct ast *root;
    struct check_result checked;
    enum err err = parser_parse(x->text, &x->arena, &root, e);
    if (err != ERR_OK || (err = check_rule(x->text, options, root, &checked, e)) != ERR_OK)
        return err;
    x->wanted = arena_alloc_array(&x->arena, (size_t)LIMIT_RULE_NODES * VALUES_PER_COMPARISON,
                                  sizeof(*x->wanted));
    if (x->wanted == NULL)
        return out_of_memory(e);
    if ((err = make_clause(x, NULL, root, &x->root, e)) != ERR_OK ||
        (err = evaluate(x, options, bars, bar, e)) != ERR_OK)
        return err;
    judge(x->root);
    return find_nearest(x, e);
}

enum err explain_rule(const char *text, size_t length, const struct rule_options *options,
                      const struct bars *bars, int64_t bar, struct explanation **ret,
                      struct error *e)
{
    struct explanation *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return out_of_memory(e);
    struct rule_options settled = *options;
    settled.any_type = settled.parameters = false;
    if (settled.zone == NULL)
        settled.zone = zone_utc();
    x->text = (struct rule_text){text, length};
    arena_init(&x->arena, ARENA_MAX_BYTES);
    enum err err = explain(x, &settled, bars, bar, e);
    if (err != ERR_OK) {
        explanation_free(x);
        return err;
    }
    *ret = x;
    return ERR_OK;
}

void explanation_free(struct explanation *x)
{
    if (x == NULL)
        return;
    arena_release(&x->arena);
    free(x);
}

const struct explain_clause *explanation_clause(const struct explanation *x)
{
    return x->root;
}

const struct explain_miss *explanation_nearest_miss(const struct explanation *x)
{
    return x->missed ? &x->miss : NULL;
}
