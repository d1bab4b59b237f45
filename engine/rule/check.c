#include "engine/rule/check.h"

#include "base/text.h"
#include "engine/indicators/indicators.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct checker {
    struct rule_text text;
    const struct rule_options *options;
    struct check_result *result;
    struct error *e;
    bool inside_frame;
    struct timeframe frame[LIMIT_RULE_TIMEFRAMES]; /* distinct ones, beside the rule's */
    int32_t frame_count;
};

static enum err check_node(struct checker *c, struct ast *node);
static enum err check_frame(struct checker *c, struct ast *node);

/* Where an expression begins: operators sit between their operands. */
static size_t leftmost(const struct ast *node)
{
    while (node->kind == AST_OR || node->kind == AST_AND || node->kind == AST_COMPARE ||
           node->kind == AST_CROSSES || node->kind == AST_BINARY || node->kind == AST_OFFSET)
        node = node->child;
    return node->offset;
}

/* `user` says who needs it: "'and'", "an addition". */
static enum err require(struct checker *c, const struct ast *node, enum value_type type,
                        const char *user)
{
    if (node->type == type)
        return ERR_OK;
    if (node->type == VALUE_TEXT)
        return rule_text_error(&c->text, leftmost(node), c->e, "%s cannot use a quoted text", user);
    if (type == VALUE_NUMBER)
        return rule_text_error(&c->text, leftmost(node), c->e,
                               "%s needs a number here, but this is true or false", user);
    return rule_text_error(
        &c->text, leftmost(node), c->e,
        "%s needs something true or false here, but this is a number: compare it with something",
        user);
}

static enum err check_children(struct checker *c, struct ast *node, enum value_type type,
                               const char *user)
{
    for (struct ast *child = node->child; child != NULL; child = child->next) {
        enum err err = check_node(c, child);
        if (err != ERR_OK || (err = require(c, child, type, user)) != ERR_OK)
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

static enum err unknown_name(struct checker *c, const struct ast *node)
{
    const char *names[128];
    size_t count = 0;
    assert(series_count() + indicator_count() + 1 <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < series_count(); i++)
        names[count++] = series_at(i)->name;
    for (size_t i = 0; i < indicator_count(); i++)
        names[count++] = indicator_at(i)->name;
    names[count++] = "tf";
    const char *nearest = text_nearest(node->name, strlen(node->name), names, count);
    if (nearest != NULL)
        return rule_text_error(&c->text, node->offset, c->e,
                               "unknown name '%s', did you mean '%s'?", node->name, nearest);
    return rule_text_error(&c->text, node->offset, c->e,
                           "unknown name '%s': it is neither a series nor an indicator",
                           node->name);
}

/* ---- calls ------------------------------------------------------------------------------- */

static enum err wrong_arguments(struct checker *c, const struct ast *node, const char *what)
{
    char signature[160];
    return rule_text_error(&c->text, node->offset, c->e, "%s: %s", what,
                           indicator_signature(node->indicator, signature, sizeof(signature)));
}

static enum err check_range(struct checker *c, struct ast *node, int32_t i)
{
    const struct indicator_parameter *p = &node->indicator->parameter[i];
    const struct ast *argument = node->argument[i];
    double value;
    if (!check_constant(argument, &value))
        return rule_text_error(
            &c->text, leftmost(argument), c->e,
            "the %s of %s must be a number or a $name, it cannot change from bar "
            "to bar",
            p->name, node->indicator->name);
    if (check_has_parameter(argument)) { /* the sweep that fills it checks it */
        node->parameter[i] = isnan(p->fallback) ? p->min : p->fallback;
        return ERR_OK;
    }
    if (!(value >= p->min && value <= p->max) || (p->whole && value != floor(value)))
        return rule_text_error(&c->text, leftmost(argument), c->e,
                               "the %s of %s must be a %snumber from %.15g to %.15g, not %.15g",
                               p->name, node->indicator->name, p->whole ? "whole " : "", p->min,
                               p->max, value);
    node->parameter[i] = value;
    return ERR_OK;
}

static enum err bind_parameters(struct checker *c, struct ast *node, struct ast *argument)
{
    const struct indicator *indicator = node->indicator;
    for (int32_t i = 0; i < indicator->parameter_count; i++) {
        const struct indicator_parameter *p = &indicator->parameter[i];
        if (argument == NULL) {
            if (isnan(p->fallback))
                return rule_text_error(&c->text, node->offset, c->e,
                                       "%s needs its %s, as in %s(20)", indicator->name, p->name,
                                       indicator->name);
            node->parameter[i] = p->fallback;
            continue;
        }
        node->argument[i] = argument;
        enum err err = require(c, argument, VALUE_NUMBER, indicator->name);
        if (err != ERR_OK || (err = check_range(c, node, i)) != ERR_OK)
            return err;
        argument = argument->next;
    }
    return argument == NULL ? ERR_OK : wrong_arguments(c, node, "too many arguments");
}

/* The first arguments are the inputs. A series in front may be left out: it is there when there are
 * more arguments than parameters, or when the first one is not a constant. */
static enum err bind_inputs(struct checker *c, struct ast *node, struct ast **rest)
{
    const struct indicator *indicator = node->indicator;
    struct ast *argument = node->child;
    double unused;
    for (int32_t i = 0; i < indicator->input_count; i++) {
        enum indicator_input input = indicator->input[i];
        if (input > INDICATOR_INPUT_RULE)
            continue;
        if (input == INDICATOR_INPUT_SERIES &&
            (argument == NULL || (node->child_count <= indicator->parameter_count &&
                                  check_constant(argument, &unused))))
            continue;
        if (argument == NULL)
            return wrong_arguments(c, node, "too few arguments");
        enum err err =
            require(c, argument, input == INDICATOR_INPUT_RULE ? VALUE_BOOLEAN : VALUE_NUMBER,
                    indicator->name);
        if (err != ERR_OK)
            return err;
        node->input[i] = argument;
        argument = argument->next;
    }
    *rest = argument;
    return ERR_OK;
}

static enum err check_call(struct checker *c, struct ast *node)
{
    if (strcmp(node->name, "tf") == 0)
        return check_frame(c, node);
    node->indicator = indicator_find(node->name);
    if (node->indicator == NULL) {
        if (series_find(node->name) != NULL)
            return rule_text_error(&c->text, node->offset, c->e,
                                   "'%s' is a series and takes no arguments; [k] looks back k bars",
                                   node->name);
        return unknown_name(c, node);
    }
    for (struct ast *child = node->child; child != NULL; child = child->next) {
        enum err err = check_node(c, child);
        if (err != ERR_OK)
            return err;
    }
    struct ast *rest = NULL;
    enum err err = bind_inputs(c, node, &rest);
    return err != ERR_OK ? err : bind_parameters(c, node, rest);
}

/* ---- tf() -------------------------------------------------------------------------------- */

static bool is_rule_timeframe(const struct checker *c, struct timeframe t)
{
    return t.minutes == c->options->timeframe.minutes;
}

/* Enters a timeframe of the rule. */
static enum err add_frame(struct checker *c, const struct ast *text, struct timeframe timeframe)
{
    char rule[8], name[8];
    timeframe_format(c->options->timeframe, rule);
    timeframe_format(timeframe, name);
    if (!timeframe_is_multiple(timeframe, c->options->timeframe))
        return rule_text_error(&c->text, text->offset, c->e,
                               "%s bars cannot be made of the rule's %s bars: tf needs a multiple "
                               "of %s",
                               name, rule, rule);
    for (int32_t i = 0; i < c->frame_count; i++)
        if (c->frame[i].minutes == timeframe.minutes)
            return ERR_OK;
    if (is_rule_timeframe(c, timeframe))
        return ERR_OK;
    if (c->frame_count == LIMIT_RULE_TIMEFRAMES)
        return rule_text_error(&c->text, text->offset, c->e,
                               "the rule looks at more than %d other timeframes",
                               LIMIT_RULE_TIMEFRAMES);
    c->frame[c->frame_count++] = timeframe;
    return ERR_OK;
}

static enum err check_timeframe(struct checker *c, const struct ast *text, struct timeframe *ret)
{
    struct error inner;
    if (text->kind != AST_STRING)
        return rule_text_error(&c->text, leftmost(text), c->e,
                               "tf begins with a timeframe in quotes, as in tf(\"15m\", ema(20))");
    if (timeframe_parse(text->name, strlen(text->name), ret, &inner) != ERR_OK)
        return rule_text_error(&c->text, text->offset, c->e, "%s", inner.message);
    return add_frame(c, text, *ret);
}

/* tf("15m", x): the call becomes a frame around x. */
static enum err check_frame(struct checker *c, struct ast *node)
{
    if (c->inside_frame)
        return rule_text_error(&c->text, node->offset, c->e,
                               "tf cannot stand inside tf: write them side by side, as in "
                               "tf(\"15m\", close) > tf(\"1h\", sma(20))");
    if (node->child_count != 2)
        return rule_text_error(&c->text, node->offset, c->e,
                               "tf takes a timeframe and one expression, as in "
                               "tf(\"15m\", ema(20))");
    struct ast *text = node->child, *shown = node->child->next;
    enum err err = check_timeframe(c, text, &node->timeframe);
    if (err != ERR_OK)
        return err;
    c->inside_frame = true;
    err = check_node(c, shown);
    c->inside_frame = false;
    if (err != ERR_OK)
        return err;
    if (shown->type == VALUE_TEXT)
        return require(c, shown, VALUE_NUMBER, "tf");
    node->kind = AST_FRAME;
    node->type = shown->type;
    node->child = shown;
    node->child_count = 1;
    return ERR_OK;
}

static enum err check_name(struct checker *c, struct ast *node)
{
    node->series = series_find(node->name);
    if (node->series != NULL)
        return ERR_OK;
    return check_call(c, node); /* an indicator without arguments needs no brackets */
}

/* ---- the tree ---------------------------------------------------------------------------- */

static enum err check_node(struct checker *c, struct ast *node)
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
        err = check_node(c, node->child);
        node->type = node->child->type;
        return err != ERR_OK || node->type != VALUE_TEXT
                   ? err
                   : require(c, node->child, VALUE_NUMBER, "'['");
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
    enum err err = check_node(&c, root);
    if (err != ERR_OK)
        return err;
    bool number_is_fine = options->any_type && root->type == VALUE_NUMBER;
    if (!number_is_fine && (err = require(&c, root, VALUE_BOOLEAN, "a rule")) != ERR_OK)
        return err;
    *ret = result;
    return ERR_OK;
}
