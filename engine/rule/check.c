#include "engine/rule/check_parts.h"

#include "engine/indicators/indicators.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Where an expression begins: operators sit between their operands. */
size_t checker_place(const struct ast *node)
{
    while (node->kind == AST_OR || node->kind == AST_AND || node->kind == AST_COMPARE ||
           node->kind == AST_CROSSES || node->kind == AST_BINARY || node->kind == AST_OFFSET)
        node = node->child;
    return node->offset;
}

/* `user` says who needs it: "'and'", "an addition". */
enum err checker_require(struct checker *c, const struct ast *node, enum value_type type,
                         const char *user)
{
    if (node->type == type)
        return ERR_OK;
    if (node->type == VALUE_TEXT)
        return rule_text_error(&c->text, checker_place(node), c->e, "%s cannot use a quoted text",
                               user);
    if (type == VALUE_NUMBER)
        return rule_text_error(&c->text, checker_place(node), c->e,
                               "%s needs a number here, but this is true or false; "
                               "count(rule, n) counts on how many bars",
                               user);
    return rule_text_error(
        &c->text, checker_place(node), c->e,
        "%s needs something true or false here, but this is a number: compare it with something",
        user);
}

static enum err check_children(struct checker *c, struct ast *node, enum value_type type,
                               const char *user)
{
    for (struct ast *child = node->child; child != NULL; child = child->next) {
        enum err err = checker_node(c, child);
        if (err != ERR_OK || (err = checker_require(c, child, type, user)) != ERR_OK)
            return err;
    }
    return ERR_OK;
}

bool check_constant(const struct ast *node, double *ret)
{
    double a, b;
    switch (node->kind) {
    case AST_NUMBER:
    case AST_TIME:
        *ret = node->value;
        return true;
    case AST_PARAMETER:
        *ret = NAN;
        return true;
    case AST_NEGATE:
        if (!check_constant(node->child, &a))
            return false;
        *ret = -a;
        return true;
    case AST_BINARY:
        if (!check_constant(node->child, &a) || !check_constant(node->child->next, &b))
            return false;
        *ret = node->op == TOKEN_PLUS    ? a + b
               : node->op == TOKEN_MINUS ? a - b
               : node->op == TOKEN_STAR  ? a * b
               : b == 0                  ? NAN
                                         : a / b;
        return true;
    default:
        return false;
    }
}

bool check_has_parameter(const struct ast *node)
{
    if (node->kind == AST_PARAMETER)
        return true;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        if (check_has_parameter(child))
            return true;
    return false;
}

static enum err check_parameter(struct checker *c, const struct ast *node)
{
    if (!c->options->parameters)
        return rule_text_error(&c->text, node->offset, c->e,
                               "$%s has no value: $names are filled by a sweep", node->name);
    struct check_result *r = c->result;
    for (size_t i = 0; i < r->parameter_count; i++)
        if (strcmp(r->parameter[i], node->name) == 0)
            return ERR_OK;
    if (r->parameter_count == LIMIT_RULE_PARAMETERS)
        return rule_text_error(&c->text, node->offset, c->e, "the rule has more than %d $names",
                               LIMIT_RULE_PARAMETERS);
    r->parameter[r->parameter_count++] = node->name;
    return ERR_OK;
}

static enum err check_call(struct checker *c, struct ast *node)
{
    if (strcmp(node->name, "tf") == 0)
        return checker_frame(c, node);
    node->indicator = indicator_find(node->name);
    if (node->indicator == NULL) {
        if (series_find(node->name) != NULL)
            return rule_text_error(&c->text, node->offset, c->e,
                                   "'%s' is a series and takes no arguments; [k] looks back k bars",
                                   node->name);
        return checker_unknown_name(c, node);
    }
    for (struct ast *child = node->child; child != NULL; child = child->next) {
        enum err err = checker_node(c, child);
        if (err != ERR_OK)
            return err;
    }
    return checker_arguments(c, node);
}

static enum err check_name(struct checker *c, struct ast *node)
{
    node->series = series_find(node->name);
    if (node->series != NULL)
        return ERR_OK;
    return check_call(c, node); /* an indicator without arguments needs no brackets */
}

/* ---- the tree ---------------------------------------------------------------------------- */

enum err checker_node(struct checker *c, struct ast *node)
{
    node->type = VALUE_NUMBER;
    enum err err = ERR_OK;
    switch (node->kind) {
    case AST_OR:
        node->type = VALUE_BOOLEAN;
        return check_children(c, node, VALUE_BOOLEAN, "'or'");
    case AST_AND:
        node->type = VALUE_BOOLEAN;
        return check_children(c, node, VALUE_BOOLEAN, "'and'");
    case AST_NOT:
        node->type = VALUE_BOOLEAN;
        return check_children(c, node, VALUE_BOOLEAN, "'not'");
    case AST_COMPARE:
        node->type = VALUE_BOOLEAN;
        return check_children(c, node, VALUE_NUMBER, token_kind_text(node->op));
    case AST_CROSSES:
        node->type = VALUE_BOOLEAN;
        return check_children(c, node, VALUE_NUMBER, "'crosses'");
    case AST_BINARY:
        return check_children(c, node, VALUE_NUMBER, token_kind_text(node->op));
    case AST_NEGATE:
        return check_children(c, node, VALUE_NUMBER, "'-'");
    case AST_OFFSET:
        err = checker_node(c, node->child);
        node->type = node->child->type;
        return err != ERR_OK || node->type != VALUE_TEXT
                   ? err
                   : checker_require(c, node->child, VALUE_NUMBER, "'['");
    case AST_PARAMETER:
        return check_parameter(c, node);
    case AST_STRING:
        node->type = VALUE_TEXT;
        return ERR_OK;
    case AST_NAME:
        return check_name(c, node);
    case AST_CALL:
        return check_call(c, node);
    case AST_FRAME: /* made here */
    case AST_NUMBER:
    case AST_TIME:
        return ERR_OK;
    }
    assert(!"unreachable");
    return ERR_INTERNAL;
}

enum err check_rule(struct rule_text text, const struct rule_options *options, struct ast *root,
                    struct check_result *ret, struct error *e)
{
    struct check_result result = {0};
    struct checker c = {.text = text, .options = options, .result = &result, .e = e};
    enum err err = checker_node(&c, root);
    if (err != ERR_OK)
        return err;
    bool number_is_fine = options->any_type && root->type == VALUE_NUMBER;
    if (!number_is_fine && (err = checker_require(&c, root, VALUE_BOOLEAN, "a rule")) != ERR_OK)
        return err;
    *ret = result;
    return ERR_OK;
}
