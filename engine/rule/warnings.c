#include "engine/rule/warnings.h"

#include "engine/rule/check.h"
#include "engine/rule/normal.h"

#include <math.h>

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

static enum err add(struct warnings *w, struct arena *arena, const struct ast *node,
                    const char *what, struct error *e)
{
    if (w->count == WARNINGS_MAX)
        return ERR_OK;
    struct strbuf clause;
    strbuf_init(&clause, 64 * 1024);
    normal_write(&clause, node);
    const char *text =
        strbuf_failed(&clause) ? NULL : arena_printf(arena, "'%s' %s", strbuf_text(&clause), what);
    strbuf_release(&clause);
    if (text == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    w->text[w->count++] = text;
    return ERR_OK;
}

static enum err check_comparison(struct warnings *w, struct arena *arena, const struct ast *node,
                                 struct error *e)
{
    enum verdict verdict = judge(node);
    if (verdict == NEVER)
        return add(w, arena, node, "can never hold: its sides do not reach that far", e);
    if (verdict == ALWAYS)
        return add(w, arena, node, "holds on every bar where its values exist", e);
    if ((node->op == TOKEN_EQUAL || node->op == TOKEN_NOT_EQUAL) &&
        (is_rounded(node->child) || is_rounded(node->child->next)))
        return add(
            w, arena, node,
            "compares computed numbers for equality, which rounding decides: use <= or >=, or "
            "a distance such as abs(a - b) < 0.01",
            e);
    return ERR_OK;
}

static enum err find(struct warnings *w, struct arena *arena, const struct ast *node,
                     struct error *e)
{
    enum err err = ERR_OK;
    if (node->kind == AST_COMPARE)
        err = check_comparison(w, arena, node, e);
    for (const struct ast *child = node->child; child != NULL && err == ERR_OK; child = child->next)
        err = find(w, arena, child, e);
    return err;
}

enum err warnings_find(const struct ast *root, struct arena *arena, struct warnings *ret,
                       struct error *e)
{
    struct warnings w = {0};
    enum err err = find(&w, arena, root, e);
    if (err == ERR_OK)
        *ret = w;
    return err;
}
