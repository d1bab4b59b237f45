/* The parts of the checker, for check*.c. All report errors with a place and a caret through c->e.
 */
#ifndef ENGINE_RULE_CHECK_PARTS_H
#define ENGINE_RULE_CHECK_PARTS_H

#include "engine/rule/check.h"

struct checker {
    struct rule_text text;
    const struct rule_options *options;
    struct check_result *result;
    struct error *e;
    bool inside_frame;
    struct timeframe frame[LIMIT_RULE_TIMEFRAMES]; /* distinct ones, beside the rule's */
    int32_t frame_count;
};

/* Checks a node and all below it. */
enum err checker_node(struct checker *c, struct ast *node);
/* Where an expression begins: operators sit between their operands. */
size_t checker_place(const struct ast *node);
/* That a checked node has this type; `user` says who needs it: "'and'", "sma". */
enum err checker_require(struct checker *c, const struct ast *node, enum value_type type,
                         const char *user);

/* check_call.c: gives the checked arguments of an indicator their places. */
enum err checker_arguments(struct checker *c, struct ast *node);
/* check_frame.c: tf() becomes a frame. */
enum err checker_frame(struct checker *c, struct ast *node);
/* check_names.c: fails, with what may have been meant. */
enum err checker_unknown_name(struct checker *c, const struct ast *node);

#endif
