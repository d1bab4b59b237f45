/* What is allowed but hardly meant: comparisons that can never hold or always do, equality of
 * values that come out of floating-point arithmetic, and times of day by a clock that the market
 * does not follow.
 */
#ifndef ENGINE_RULE_WARNINGS_H
#define ENGINE_RULE_WARNINGS_H

#include "engine/rule/ast.h"
#include "engine/rule/rule.h"

enum { WARNINGS_MAX = 16 };

struct warnings {
    const char *text[WARNINGS_MAX]; /* in the arena; further ones are dropped */
    size_t count;
};

/* Of a checked tree; the options as they were given. ERR_NO_MEMORY. */
enum err warnings_find(const struct ast *root, const struct rule_options *options,
                       struct arena *arena, struct warnings *ret, struct error *e);

#endif
