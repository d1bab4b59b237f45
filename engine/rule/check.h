/* Names, types, arguments: turns a parse tree that is well formed into one that means something.
 *
 * Fills the checker's part of every node. Afterwards each NAME and CALL has its series or its
 * indicator with all parameters in range, and every operand has the type that its operator needs.
 */
#ifndef ENGINE_RULE_CHECK_H
#define ENGINE_RULE_CHECK_H

#include "base/limits.h"
#include "engine/rule/ast.h"
#include "engine/rule/rule.h"

struct check_result {
    const char *parameter[LIMIT_RULE_PARAMETERS]; /* distinct $names in order of appearance */
    size_t parameter_count;
};

/* ERR_RULE with place and caret. */
enum err check_rule(struct rule_text text, const struct rule_options *options, struct ast *root,
                    struct check_result *ret, struct error *e);

/* The value of an expression of literals; false when it names a series. *ret is NaN when it holds a
 * $name. */
bool check_constant(const struct ast *node, double *ret);
bool check_has_parameter(const struct ast *node);

#endif
