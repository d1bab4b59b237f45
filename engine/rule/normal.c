#include "engine/rule/normal.h"

#include "base/number.h"
#include "engine/rule/check.h"

/* How tightly a node binds: a child that binds less tightly needs brackets. */
enum binding {
    BINDS_OR,
    BINDS_AND,
    BINDS_NOT,
    BINDS_COMPARE,
    BINDS_SUM,
    BINDS_TERM,
    BINDS_UNARY,
    BINDS_OFFSET,
    BINDS_PRIMARY
};

static enum binding binding_of(const struct ast *node)
{
    switch (node->kind) {
    case AST_OR:
        return BINDS_OR;
    case AST_AND:
        return BINDS_AND;
    case AST_NOT:
        return BINDS_NOT;
    case AST_COMPARE:
    case AST_CROSSES:
        return BINDS_COMPARE;
    case AST_BINARY:
        return node->op == TOKEN_PLUS || node->op == TOKEN_MINUS ? BINDS_SUM : BINDS_TERM;
    case AST_NEGATE:
        return BINDS_UNARY;
    case AST_OFFSET:
        return BINDS_OFFSET;
    default:
        return BINDS_PRIMARY;
    }
}

static void write_at_least(struct strbuf *out, const struct ast *node, enum binding least)
{
    bool brackets = binding_of(node) < least;
    if (brackets)
        strbuf_add_char(out, '(');
    normal_write(out, node);
    if (brackets)
        strbuf_add_char(out, ')');
}

static void write_number(struct strbuf *out, double value)
{
    char text[NUMBER_MAX_TEXT];
    strbuf_add(out, text, number_format(value, text));
}

static void write_chain(struct strbuf *out, const struct ast *node, const char *word,
                        enum binding least)
{
    for (const struct ast *child = node->child; child != NULL; child = child->next) {
        if (child != node->child)
            strbuf_add_string(out, word);
        write_at_least(out, child, least);
    }
}

static const char *operator_word(const struct ast *node)
{
    if (node->kind == AST_CROSSES)
        return node->op == TOKEN_ABOVE   ? " crosses above "
               : node->op == TOKEN_BELOW ? " crosses below "
                                         : " crosses ";
    switch (node->op) {
    case TOKEN_LESS:
        return " < ";
    case TOKEN_LESS_EQUAL:
        return " <= ";
    case TOKEN_GREATER:
        return " > ";
    case TOKEN_GREATER_EQUAL:
        return " >= ";
    case TOKEN_EQUAL:
        return " == ";
    case TOKEN_NOT_EQUAL:
        return " != ";
    case TOKEN_PLUS:
        return " + ";
    case TOKEN_MINUS:
        return " - ";
    case TOKEN_STAR:
        return " * ";
    default:
        return " / ";
    }
}

/* a op b; left to right, so a right operand of the same binding needs brackets. */
static void write_infix(struct strbuf *out, const struct ast *node)
{
    bool arithmetic = node->kind == AST_BINARY;
    enum binding own = binding_of(node);
    write_at_least(out, node->child, arithmetic ? own : BINDS_SUM);
    strbuf_add_string(out, operator_word(node));
    write_at_least(out, node->child->next, arithmetic ? own + 1 : BINDS_SUM);
}

static bool is_plain_close(const struct ast *node)
{
    return node->kind == AST_NAME && node->series != NULL && node->series->raw_column == BAR_CLOSE;
}

static void write_argument(struct strbuf *out, bool *first)
{
    strbuf_add_char(out, *first ? '(' : ',');
    if (!*first)
        strbuf_add_char(out, ' ');
    *first = false;
}

static void write_indicator(struct strbuf *out, const struct ast *node)
{
    const struct indicator *indicator = node->indicator;
    bool first = true;
    strbuf_add_string(out, indicator->name);
    for (int32_t i = 0; i < indicator->input_count; i++) {
        const struct ast *input = node->input[i];
        if (input == NULL ||
            (indicator->input[i] == INDICATOR_INPUT_SERIES && is_plain_close(input)))
            continue;
        write_argument(out, &first);
        normal_write(out, input);
    }
    for (int32_t i = 0; i < indicator->parameter_count; i++) {
        write_argument(out, &first);
        if (node->argument[i] != NULL && check_has_parameter(node->argument[i]))
            normal_write(out, node->argument[i]);
        else
            write_number(out, node->parameter[i]);
    }
    if (!first)
        strbuf_add_char(out, ')');
}

static void write_frame(struct strbuf *out, const struct ast *node)
{
    char name[8];
    timeframe_format(node->timeframe, name);
    strbuf_add_format(out, "tf(\"%s\", ", name);
    normal_write(out, node->child);
    strbuf_add_char(out, ')');
}

void normal_write(struct strbuf *out, const struct ast *node)
{
    switch (node->kind) {
    case AST_OR:
        write_chain(out, node, " or ", BINDS_AND);
        return;
    case AST_AND:
        write_chain(out, node, " and ", BINDS_NOT);
        return;
    case AST_NOT:
        strbuf_add_string(out, "not ");
        write_at_least(out, node->child, BINDS_NOT);
        return;
    case AST_COMPARE:
    case AST_CROSSES:
    case AST_BINARY:
        write_infix(out, node);
        return;
    case AST_NEGATE:
        strbuf_add_char(out, '-');
        write_at_least(out, node->child, BINDS_UNARY);
        return;
    case AST_OFFSET:
        write_at_least(out, node->child, BINDS_OFFSET);
        strbuf_add_format(out, "[%d]", (int)node->value);
        return;
    case AST_NUMBER:
        write_number(out, node->value);
        return;
    case AST_TIME:
        strbuf_add_format(out, "%02d:%02d", (int)node->value / 60, (int)node->value % 60);
        return;
    case AST_PARAMETER:
        strbuf_add_format(out, "$%s", node->name);
        return;
    case AST_STRING:
        strbuf_add_format(out, "\"%s\"", node->name);
        return;
    case AST_FRAME:
        write_frame(out, node);
        return;
    case AST_NAME:
    case AST_CALL:
        if (node->series != NULL)
            strbuf_add_string(out, node->series->name);
        else
            write_indicator(out, node);
        return;
    }
}
