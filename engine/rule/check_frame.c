/* tf("15m", x). */
#include "engine/rule/check_parts.h"

#include <string.h>

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
        return rule_text_error(&c->text, checker_place(text), c->e,
                               "tf begins with a timeframe in quotes, as in tf(\"15m\", ema(20))");
    if (timeframe_parse(text->name, strlen(text->name), ret, &inner) != ERR_OK)
        return rule_text_error(&c->text, text->offset, c->e, "%s", inner.message);
    return add_frame(c, text, *ret);
}

/* tf("15m", x): the call becomes a frame around x. */
enum err checker_frame(struct checker *c, struct ast *node)
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
    err = checker_node(c, shown);
    c->inside_frame = false;
    if (err != ERR_OK)
        return err;
    if (shown->type == VALUE_TEXT)
        return checker_require(c, shown, VALUE_NUMBER, "tf");
    node->kind = AST_FRAME;
    node->type = shown->type;
    node->child = shown;
    node->child_count = 1;
    return ERR_OK;
}
