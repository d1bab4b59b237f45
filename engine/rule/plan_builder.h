/* Nodes of a plan while it is built: each constructor gives the index of a node that means what was
 * asked for, an equal one that is there already or a new one. Constants are folded.
 */
#ifndef ENGINE_RULE_PLAN_BUILDER_H
#define ENGINE_RULE_PLAN_BUILDER_H

#include "engine/rule/plan.h"

struct plan_builder {
    struct plan_node *nodes; /* in the arena */
    int32_t count, capacity;
    int32_t *table; /* index + 1 of nodes by hash, 0 = free */
};

/* For at most `capacity` nodes. ERR_NO_MEMORY. */
enum err plan_builder_init(struct plan_builder *b, int32_t capacity, struct arena *arena,
                           struct error *e);

/* A node without inputs, all of its fields zero, for plan_builder_add. */
void plan_node_draft(struct plan_node *draft, enum plan_op op);
int32_t plan_builder_add(struct plan_builder *b, const struct plan_node *draft);

int32_t plan_builder_constant(struct plan_builder *b, double value);
int32_t plan_builder_unary(struct plan_builder *b, enum plan_op op, int32_t x);
/* AND and OR; the other operations have constructors of their own. */
int32_t plan_builder_logic(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y);
int32_t plan_builder_arithmetic(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y);
int32_t plan_builder_comparison(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y);
/* A number that many bars ago; offsets of offsets add up. */
int32_t plan_builder_offset(struct plan_builder *b, int32_t x, int64_t bars);
int32_t plan_builder_column(struct plan_builder *b, enum bar_column column);
int32_t plan_builder_series(struct plan_builder *b, const struct series *series);

static inline bool plan_builder_is_constant(const struct plan_builder *b, int32_t node)
{
    return b->nodes[node].op == PLAN_CONSTANT;
}

#endif
