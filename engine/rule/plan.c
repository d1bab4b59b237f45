/* Lowering the tree. Three things are decided here that are not plain translation.
 *
 * Equal sub-expressions are merged by interning nodes: an operand is an index, so equality of a
 * node is equality of its fields. `a > b` is `b < a`, and operands of commutative operations are
 * sorted, so that spellings meet. (IEEE addition and multiplication commute; they do not
 * associate.)
 *
 * An offset of a boolean moves down to the numbers under it: (a > b)[1] is a[1] > b[1]. So only
 * columns have a past, and a mask lives for one block. `a crosses above b` is a > b and a[1] <=
 * b[1].
 *
 * A timeframe moves down in the same way: tf("1h", a > b) is tf("1h", a) > tf("1h", b). The numbers
 * under it become nodes of the frame's own plan, which runs over the longer bars; the rule's plan
 * sees their last complete value. So only columns pass from one plan to the other.
 */
#include "engine/rule/plan.h"

#include "engine/rule/plan_builder.h"

#include <assert.h>
#include <math.h>

enum { NODES_PER_AST = 10, NODES_SPARE = 16, NOMINAL_SESSION_MINUTES = 390 };

/* A frame of the rule with the builder of its plan. */
struct frame_draft {
    struct plan_frame frame;
    struct plan_builder nodes;
};

struct lowering {
    struct plan_builder nodes; /* of the rule's own plan */
    struct frame_draft *frames;
    int32_t frame_count;
    struct timeframe timeframe; /* of the rule */
};

/* Where nodes go. Inside a tf() numbers are computed in the frame's plan and booleans in the
 * rule's; elsewhere both are the same. */
struct scope {
    struct lowering *l;
    struct plan_builder *numbers, *logic;
    struct frame_draft *frame; /* of a tf(): its numbers are observed ... */
    int64_t shift;             /* ... as they were that many of the rule's bars ago */
};

/* The node of s->logic for the value of `node` that many bars ago: bars of the plan that computes
 * its numbers. */
static int32_t lower(const struct scope *s, const struct ast *node, int64_t shift);

/* A number: its node in s->numbers ... */
static int32_t lower_value(const struct scope *s, const struct ast *node);
/* ... and the node of s->logic that shows it as it was that many bars ago. */
static int32_t show(const struct scope *s, int32_t x, int64_t shift);

/* An operand that must be a column: a constant is spread, a boolean becomes 1 and 0. */
static int32_t lower_column(const struct scope *s, const struct ast *node)
{
    struct plan_builder *b = s->numbers;
    int32_t x = lower(s, node, 0);
    if (plan_op_is_boolean(b->nodes[x].op))
        return plan_builder_unary(b, PLAN_ONE_OR_ZERO, x);
    return plan_builder_is_constant(b, x) ? plan_builder_unary(b, PLAN_SPREAD, x) : x;
}

/* An input of an indicator that is not written. */
static int32_t implied_input(struct plan_builder *b, enum indicator_input input)
{
    if (input == INDICATOR_INPUT_SERIES)
        return plan_builder_column(b, BAR_CLOSE);
    return plan_builder_column(b, (enum bar_column)(input - INDICATOR_INPUT_OPEN + BAR_OPEN));
}

static int32_t indicator(const struct scope *s, const struct ast *node)
{
    const struct indicator *i = node->indicator;
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_KERNEL);
    draft.kernel = i->kernel;
    draft.input_count = i->input_count;
    for (int32_t j = 0; j < i->input_count; j++)
        draft.input[j] = node->input[j] != NULL ? lower_column(s, node->input[j])
                                                : implied_input(s->numbers, i->input[j]);
    for (int32_t j = 0; j < i->parameter_count; j++)
        draft.parameter[j] = node->parameter[j];
    int32_t kernel = plan_builder_add(s->numbers, &draft);
    if (i->output == 0)
        return kernel;
    plan_node_draft(&draft, PLAN_OUTPUT);
    draft.input_count = 1;
    draft.input[0] = kernel;
    draft.output = i->output;
    return plan_builder_add(s->numbers, &draft);
}

static int32_t lower_binary(const struct scope *s, const struct ast *node)
{
    enum plan_op op = node->op == TOKEN_PLUS    ? PLAN_ADD
                      : node->op == TOKEN_MINUS ? PLAN_SUBTRACT
                      : node->op == TOKEN_STAR  ? PLAN_MULTIPLY
                                                : PLAN_DIVIDE;
    int32_t x = lower(s, node->child, 0);
    return plan_builder_arithmetic(s->numbers, op, x, lower(s, node->child->next, 0));
}

static int32_t lower_negate(const struct scope *s, const struct ast *node)
{
    struct plan_builder *b = s->numbers;
    int32_t x = lower(s, node->child, 0);
    return plan_builder_is_constant(b, x) ? plan_builder_constant(b, -b->nodes[x].value)
                                          : plan_builder_unary(b, PLAN_NEGATE, x);
}

/* A number, where numbers and booleans go to one plan. */
static int32_t lower_number(const struct scope *s, const struct ast *node)
{
    switch (node->kind) {
    case AST_NUMBER:
    case AST_TIME:
        return plan_builder_constant(s->numbers, node->value);
    case AST_PARAMETER: /* free: nothing is known of it */
        return plan_builder_constant(s->numbers, NAN);
    case AST_NEGATE:
        return lower_negate(s, node);
    case AST_BINARY:
        return lower_binary(s, node);
    case AST_OFFSET:
        return lower(s, node->child, (int64_t)node->value);
    default:
        return node->series != NULL ? plan_builder_series(s->numbers, node->series)
                                    : indicator(s, node);
    }
}

static int32_t lower_comparison(struct plan_builder *b, enum token_kind op, int32_t x, int32_t y)
{
    switch (op) {
    case TOKEN_LESS:
        return plan_builder_comparison(b, PLAN_LESS, x, y);
    case TOKEN_LESS_EQUAL:
        return plan_builder_comparison(b, PLAN_LESS_EQUAL, x, y);
    case TOKEN_GREATER:
        return plan_builder_comparison(b, PLAN_LESS, y, x);
    case TOKEN_GREATER_EQUAL:
        return plan_builder_comparison(b, PLAN_LESS_EQUAL, y, x);
    case TOKEN_EQUAL:
        return plan_builder_comparison(b, PLAN_EQUAL, x, y);
    default:
        return plan_builder_comparison(b, PLAN_NOT_EQUAL, x, y);
    }
}

/* Both sides now and one bar before. */
struct crossing {
    int32_t x, y, x_before, y_before;
};

static int32_t crosses_above(struct plan_builder *b, struct crossing c)
{
    int32_t now = plan_builder_comparison(b, PLAN_LESS, c.y, c.x);
    int32_t before = plan_builder_comparison(b, PLAN_LESS_EQUAL, c.x_before, c.y_before);
    return plan_builder_logic(b, PLAN_AND, now, before);
}

static int32_t lower_crosses(const struct scope *s, const struct ast *node, int64_t shift)
{
    int32_t left = lower_value(s, node->child), right = lower_value(s, node->child->next);
    struct crossing c = {.x = show(s, left, shift), .y = show(s, right, shift)};
    c.x_before = show(s, left, shift + 1);
    c.y_before = show(s, right, shift + 1);
    struct crossing turned = {c.y, c.x, c.y_before, c.x_before};
    if (node->op == TOKEN_ABOVE)
        return crosses_above(s->logic, c);
    if (node->op == TOKEN_BELOW)
        return crosses_above(s->logic, turned);
    int32_t above = crosses_above(s->logic, c);
    return plan_builder_logic(s->logic, PLAN_OR, above, crosses_above(s->logic, turned));
}

static int32_t lower_chain(const struct scope *s, const struct ast *node, enum plan_op op,
                           int64_t shift)
{
    int32_t x = lower(s, node->child, shift);
    for (const struct ast *child = node->child->next; child != NULL; child = child->next)
        x = plan_builder_logic(s->logic, op, x, lower(s, child, shift));
    return x;
}

/* ---- frames ------------------------------------------------------------------------------ */

static struct frame_draft *find_frame(const struct lowering *l, struct timeframe timeframe)
{
    for (int32_t i = 0; i < l->frame_count; i++)
        if (l->frames[i].frame.timeframe.minutes == timeframe.minutes)
            return &l->frames[i];
    return NULL;
}

/* The node of the rule's plan that shows number x of the frame's plan. */
static int32_t observe(const struct scope *s, int32_t x)
{
    struct plan *frame = &s->frame->frame.plan;
    if (plan_builder_is_constant(s->numbers, x))
        return plan_builder_constant(s->logic, s->numbers->nodes[x].value);
    int32_t output = 0;
    while (output < frame->output_count && frame->output[output] != x)
        output++;
    if (output == frame->output_count)
        frame->output[frame->output_count++] = x;
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_FRAME);
    draft.frame = (int32_t)(s->frame - s->l->frames);
    draft.output = output;
    return plan_builder_offset(s->logic, plan_builder_add(s->logic, &draft), s->shift);
}

static int32_t lower_frame(const struct scope *s, const struct ast *node, int64_t shift)
{
    if (node->timeframe.minutes == s->l->timeframe.minutes)
        return lower(s, node->child, shift);
    struct scope inside = {.l = s->l, .logic = s->logic, .shift = shift};
    inside.frame = find_frame(s->l, node->timeframe);
    inside.numbers = &inside.frame->nodes;
    return lower(&inside, node->child, 0);
}

static int32_t lower_value(const struct scope *s, const struct ast *node)
{
    if (node->kind == AST_FRAME)
        return lower_frame(s, node, 0);
    struct scope numbers = {.l = s->l, .numbers = s->numbers, .logic = s->numbers};
    return lower_number(&numbers, node);
}

static int32_t show(const struct scope *s, int32_t x, int64_t shift)
{
    int32_t shifted = plan_builder_offset(s->numbers, x, shift);
    return s->numbers == s->logic ? shifted : observe(s, shifted);
}

static int32_t lower(const struct scope *s, const struct ast *node, int64_t shift)
{
    if (node->type == VALUE_NUMBER)
        return show(s, lower_value(s, node), shift);
    if (node->kind == AST_FRAME)
        return lower_frame(s, node, shift);
    int32_t x;
    switch (node->kind) {
    case AST_OR:
        return lower_chain(s, node, PLAN_OR, shift);
    case AST_AND:
        return lower_chain(s, node, PLAN_AND, shift);
    case AST_NOT:
        return plan_builder_unary(s->logic, PLAN_NOT, lower(s, node->child, shift));
    case AST_COMPARE:
        x = lower(s, node->child, shift);
        return lower_comparison(s->logic, node->op, x, lower(s, node->child->next, shift));
    case AST_CROSSES:
        return lower_crosses(s, node, shift);
    case AST_OFFSET:
        return lower(s, node->child, shift + (int64_t)node->value);
    default:
        assert(!"not a boolean");
        return 0;
    }
}

/* ---- the whole --------------------------------------------------------------------------- */

static int32_t count_ast(const struct ast *node)
{
    int32_t count = 1;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        count += count_ast(child);
    return count;
}

static int32_t count_frames(const struct ast *node)
{
    int32_t count = node->kind == AST_FRAME;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        count += count_frames(child);
    return count;
}

/* How many nodes of the tree stand in a tf() of that timeframe. */
static int32_t count_inside(const struct ast *node, struct timeframe timeframe)
{
    if (node->kind == AST_FRAME)
        return node->timeframe.minutes == timeframe.minutes ? count_ast(node->child) : 0;
    int32_t count = 0;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        count += count_inside(child, timeframe);
    return count;
}

/* How many of the rule's bars make one of the timeframe, when none is missing. */
static int64_t frame_ratio(struct timeframe timeframe, const struct rule_options *options)
{
    struct session session;
    int64_t minutes = timeframe.minutes;
    if (minutes == 0) {
        minutes = NOMINAL_SESSION_MINUTES;
        if (options->calendar != NULL && calendar_next_session(options->calendar, 0, &session))
            minutes = (session.close_ns - session.open_ns) / timeframe_ns((struct timeframe){1});
    }
    int64_t ratio = minutes / options->timeframe.minutes;
    return ratio > 1 ? ratio : 1;
}

static enum err make_frame(struct lowering *l, struct timeframe timeframe, struct plan_trees trees,
                           const struct rule_options *options, struct arena *arena, struct error *e)
{
    struct frame_draft *draft = &l->frames[l->frame_count++];
    int32_t capacity = NODES_SPARE;
    for (int32_t i = 0; i < trees.count; i++)
        capacity += NODES_PER_AST * count_inside(trees.root[i], timeframe);
    draft->frame.timeframe = timeframe;
    draft->frame.ratio = frame_ratio(timeframe, options);
    draft->frame.plan.output = arena_alloc_array(arena, (size_t)capacity, sizeof(int32_t));
    if (draft->frame.plan.output == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    return plan_builder_init(&draft->nodes, capacity, arena, e);
}

/* Makes the frames of all tf() under a node of the trees. */
static enum err make_frames(struct lowering *l, const struct ast *node, struct plan_trees trees,
                            const struct rule_options *options, struct arena *arena,
                            struct error *e)
{
    enum err err = ERR_OK;
    bool wanted = node->kind == AST_FRAME && node->timeframe.minutes != l->timeframe.minutes;
    if (wanted && find_frame(l, node->timeframe) == NULL)
        err = make_frame(l, node->timeframe, trees, options, arena, e);
    for (const struct ast *child = node->child; child != NULL && err == ERR_OK; child = child->next)
        err = make_frames(l, child, trees, options, arena, e);
    return err;
}

static enum err init_lowering(struct lowering *l, struct plan_trees trees,
                              const struct rule_options *options, struct arena *arena,
                              struct error *e)
{
    int32_t capacity = NODES_SPARE, frames = 0;
    for (int32_t i = 0; i < trees.count; i++) {
        capacity += NODES_PER_AST * count_ast(trees.root[i]);
        frames += count_frames(trees.root[i]);
    }
    *l = (struct lowering){.timeframe = options->timeframe};
    l->frames = arena_alloc_array(arena, (size_t)frames + 1, sizeof(*l->frames));
    if (l->frames == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    enum err err = plan_builder_init(&l->nodes, capacity, arena, e);
    for (int32_t i = 0; i < trees.count && err == ERR_OK; i++)
        err = make_frames(l, trees.root[i], trees, options, arena, e);
    return err;
}

/* Takes the finished frames into the plan. */
static enum err finish_frames(const struct lowering *l, struct arena *arena, struct plan *p,
                              struct error *e)
{
    p->frame_count = l->frame_count;
    p->frames = arena_alloc_array(arena, (size_t)l->frame_count + 1, sizeof(*p->frames));
    if (p->frames == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    for (int32_t i = 0; i < l->frame_count; i++) {
        const struct plan_builder *nodes = &l->frames[i].nodes;
        p->frames[i] = l->frames[i].frame;
        p->frames[i].plan.nodes = nodes->nodes;
        p->frames[i].plan.node_count = nodes->count;
    }
    return ERR_OK;
}

/* The node of a whole tree: a column or a mask. */
static int32_t lower_output(struct lowering *l, const struct ast *root)
{
    struct scope scope = {.l = l, .numbers = &l->nodes, .logic = &l->nodes};
    int32_t x = lower(&scope, root, 0);
    return plan_builder_is_constant(&l->nodes, x) ? plan_builder_unary(&l->nodes, PLAN_SPREAD, x)
                                                  : x;
}

enum err plan_build(struct plan_trees trees, const struct rule_options *options,
                    struct arena *arena, struct plan *ret, struct error *e)
{
    struct lowering l;
    struct plan p = {.output_count = trees.count};
    enum err err = init_lowering(&l, trees, options, arena, e);
    if (err != ERR_OK)
        return err;
    p.output = arena_alloc_array(arena, (size_t)trees.count + 1, sizeof(*p.output));
    if (p.output == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    for (int32_t i = 0; i < trees.count; i++)
        p.output[i] = lower_output(&l, trees.root[i]);
    p.nodes = l.nodes.nodes;
    p.node_count = l.nodes.count;
    if ((err = finish_frames(&l, arena, &p, e)) != ERR_OK ||
        (err = plan_analyse(&p, arena, e)) != ERR_OK)
        return err;
    *ret = p;
    return ERR_OK;
}
