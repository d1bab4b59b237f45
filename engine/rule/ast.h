/* The parse tree of a rule. Nodes live in the compile arena; the parser builds them, the checker
 * fills in the part below the line, the plan is built from it and then it is gone.
 *
 * and, or: two children or more. Comparison, crosses, binary: two. not, negate, offset, frame:
 * one. A call's children are its arguments.
 */
#ifndef ENGINE_RULE_AST_H
#define ENGINE_RULE_AST_H

#include "base/arena.h"
#include "engine/indicators/indicator.h"
#include "engine/rule/lexer.h"
#include "engine/rule/series.h"

enum ast_kind {
    AST_OR,
    AST_AND,
    AST_NOT,
    AST_COMPARE, /* op: the operator */
    AST_CROSSES, /* op: TOKEN_ABOVE, TOKEN_BELOW, or TOKEN_CROSSES for both */
    AST_BINARY,  /* op: + - * / */
    AST_NEGATE,
    AST_OFFSET, /* value: bars */
    AST_NUMBER,
    AST_TIME,      /* value: minutes after midnight */
    AST_PARAMETER, /* name, without the $ */
    AST_STRING,    /* name: the text */
    AST_NAME,
    AST_CALL,
    AST_FRAME /* tf("15m", x), made of a call by the checker; its child is x */
};

enum value_type { VALUE_NUMBER, VALUE_BOOLEAN, VALUE_TEXT };

struct ast {
    enum ast_kind kind;
    enum token_kind op;
    size_t offset; /* where errors about this node point */
    double value;
    const char *name;
    struct ast *child, *next;
    int32_t child_count;
    /* by the checker */
    enum value_type type;
    const struct series *series;                    /* NAME */
    const struct indicator *indicator;              /* NAME or CALL */
    struct ast *input[INDICATOR_INPUTS_MAX];        /* arguments that are inputs; NULL: implied */
    struct ast *argument[INDICATOR_PARAMETERS_MAX]; /* parameters as written; NULL: default */
    double parameter[INDICATOR_PARAMETERS_MAX];     /* their values; a free $name has the default */
    struct timeframe timeframe;                     /* FRAME */
};

#endif
