/* The arguments of an indicator: which is an input, which a parameter, and whether it is in range.
 * What is wrong is told with a call that would do.
 */
#include "engine/rule/check_parts.h"

#include "base/number.h"
#include "base/strbuf.h"
#include "engine/indicators/indicators.h"

#include <math.h>
#include <stdio.h>

enum { CALL_TEXT = 160 };

/* ---- words ------------------------------------------------------------------------------- */

static bool is_written(enum indicator_input input)
{
    return input <= INDICATOR_INPUT_RULE;
}

static int32_t arguments_at_most(const struct indicator *indicator)
{
    int32_t count = indicator->parameter_count;
    for (int32_t i = 0; i < indicator->input_count; i++)
        count += is_written(indicator->input[i]);
    return count;
}

static int32_t arguments_at_least(const struct indicator *indicator)
{
    int32_t count = 0;
    for (int32_t i = 0; i < indicator->input_count; i++)
        count += indicator->input[i] == INDICATOR_INPUT_VALUE ||
                 indicator->input[i] == INDICATOR_INPUT_RULE;
    for (int32_t i = 0; i < indicator->parameter_count; i++)
        count += isnan(indicator->parameter[i].fallback);
    return count;
}

/* A value that a person might write for a parameter. */
static double usual_value(const struct indicator_parameter *p)
{
    double value = !isnan(p->fallback) ? p->fallback : p->whole ? 20 : 2;
    return value < p->min ? p->min : value > p->max ? p->max : value;
}

/* "sma(20)", "count(close > open, 20)": a call with all that must be given. */
static const char *example_call(const struct indicator *indicator, bool series, char out[CALL_TEXT])
{
    static const char *const values[] = {"close", "open", "high", "low"};
    struct strbuf text;
    const char *comma = "";
    strbuf_init(&text, CALL_TEXT - 1);
    strbuf_add_format(&text, "%s(", indicator->name);
    for (int32_t i = 0; i < indicator->input_count; i++) {
        enum indicator_input input = indicator->input[i];
        if (!is_written(input) || (input == INDICATOR_INPUT_SERIES && !series))
            continue;
        strbuf_add_format(&text, "%s%s", comma,
                          input == INDICATOR_INPUT_RULE ? "close > open" : values[i]);
        comma = ", ";
    }
    for (int32_t i = 0; i < indicator->parameter_count; i++) {
        char number[NUMBER_MAX_TEXT];
        if (!isnan(indicator->parameter[i].fallback) && !series)
            continue;
        size_t length = number_format(usual_value(&indicator->parameter[i]), number);
        strbuf_add_format(&text, "%s%.*s", comma, (int)length, number);
        comma = ", ";
    }
    strbuf_add_char(&text, ')');
    snprintf(out, CALL_TEXT, "%s", strbuf_text(&text));
    strbuf_release(&text);
    return out;
}

static enum err wrong_count(struct checker *c, const struct ast *node)
{
    const struct indicator *indicator = node->indicator;
    int32_t least = arguments_at_least(indicator), most = arguments_at_most(indicator);
    char signature[CALL_TEXT];
    if (most == 0)
        return rule_text_error(&c->text, node->offset, c->e, "%s takes no arguments",
                               indicator->name);
    bool many = node->child_count > most;
    return rule_text_error(&c->text, node->offset, c->e, "%s %s%s%d argument%s, not %d: %s",
                           indicator->name, many ? "takes " : "needs ",
                           least == most ? ""
                           : many        ? "at most "
                                         : "at least ",
                           many ? most : least, (many ? most : least) == 1 ? "" : "s",
                           node->child_count,
                           indicator_signature(indicator, signature, sizeof(signature)));
}

/* ---- parameters -------------------------------------------------------------------------- */

static enum err not_constant(struct checker *c, const struct ast *node, int32_t i)
{
    const struct indicator *indicator = node->indicator;
    const char *name = indicator->parameter[i].name;
    size_t place = checker_place(node->argument[i]);
    char example[CALL_TEXT];
    double unused;
    if (node->input[0] != NULL && indicator->input[0] == INDICATOR_INPUT_SERIES &&
        check_constant(node->input[0], &unused))
        return rule_text_error(&c->text, place, c->e, "%s's series comes before its %s, as in %s",
                               indicator->name, name, example_call(indicator, true, example));
    return rule_text_error(&c->text, place, c->e,
                           "%s's %s must be a number or a $name, it cannot change from bar to bar",
                           indicator->name, name);
}

static enum err check_range(struct checker *c, struct ast *node, int32_t i)
{
    const struct indicator_parameter *p = &node->indicator->parameter[i];
    const struct ast *argument = node->argument[i];
    double value;
    if (!check_constant(argument, &value))
        return not_constant(c, node, i);
    if (check_has_parameter(argument)) { /* the sweep that fills it checks it */
        node->parameter[i] = isnan(p->fallback) ? p->min : p->fallback;
        return ERR_OK;
    }
    if (!(value >= p->min && value <= p->max) || (p->whole && value != floor(value)))
        return rule_text_error(&c->text, checker_place(argument), c->e,
                               "%s's %s must be a %snumber from %.15g to %.15g, not %.15g",
                               node->indicator->name, p->name, p->whole ? "whole " : "", p->min,
                               p->max, value);
    node->parameter[i] = value;
    return ERR_OK;
}

static enum err bind_parameters(struct checker *c, struct ast *node, struct ast *argument)
{
    const struct indicator *indicator = node->indicator;
    char example[CALL_TEXT];
    for (int32_t i = 0; i < indicator->parameter_count; i++) {
        const struct indicator_parameter *p = &indicator->parameter[i];
        if (argument == NULL && isnan(p->fallback))
            return rule_text_error(&c->text, node->offset, c->e, "%s needs its %s, as in %s",
                                   indicator->name, p->name,
                                   example_call(indicator, false, example));
        if (argument == NULL) {
            node->parameter[i] = p->fallback;
            continue;
        }
        node->argument[i] = argument;
        enum err err = checker_require(c, argument, VALUE_NUMBER, indicator->name);
        if (err != ERR_OK || (err = check_range(c, node, i)) != ERR_OK)
            return err;
        argument = argument->next;
    }
    return argument == NULL ? ERR_OK : wrong_count(c, node);
}

/* ---- inputs ------------------------------------------------------------------------------ */

/* The first arguments are the inputs. A series in front may be left out: it is there when there are
 * more arguments than parameters, or when the first one is not a constant. */
static enum err bind_inputs(struct checker *c, struct ast *node, struct ast **rest)
{
    const struct indicator *indicator = node->indicator;
    struct ast *argument = node->child;
    double unused;
    for (int32_t i = 0; i < indicator->input_count; i++) {
        enum indicator_input input = indicator->input[i];
        if (!is_written(input))
            continue;
        if (input == INDICATOR_INPUT_SERIES &&
            (argument == NULL || (node->child_count <= indicator->parameter_count &&
                                  check_constant(argument, &unused))))
            continue;
        if (argument == NULL)
            return wrong_count(c, node);
        enum err err = checker_require(c, argument,
                                       input == INDICATOR_INPUT_RULE ? VALUE_BOOLEAN : VALUE_NUMBER,
                                       indicator->name);
        if (err != ERR_OK)
            return err;
        node->input[i] = argument;
        argument = argument->next;
    }
    *rest = argument;
    return ERR_OK;
}

enum err checker_arguments(struct checker *c, struct ast *node)
{
    struct ast *rest = NULL;
    if (node->child_count > arguments_at_most(node->indicator))
        return wrong_count(c, node);
    enum err err = bind_inputs(c, node, &rest);
    return err != ERR_OK ? err : bind_parameters(c, node, rest);
}
