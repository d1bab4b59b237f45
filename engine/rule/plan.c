/* Lowering the tree. Two things are decided here that are not plain translation.
 *
 * Equal sub-expressions are merged by interning nodes: an operand is an index, so equality of a
 * node is equality of its fields. `a > b` is `b < a`, and operands of commutative operations are
 * sorted, so that spellings meet. (IEEE addition and multiplication commute; they do not
 * associate.)
 *
 * An offset of a boolean moves down to the numbers under it: (a > b)[1] is a[1] > b[1]. So only
 * columns have a past, and a mask lives for one block. `a crosses above b` is a > b and a[1] <=
 * b[1].
 */
#include "engine/rule/plan.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { TABLE_SIZE = 32768, NODES_PER_AST = 10, NODES_SPARE = 16 };

struct builder {
    struct arena *arena;
    struct plan_node *nodes;
    int32_t count, capacity;
    int32_t *table; /* index + 1 of nodes by hash, 0 = free */
};

/* FNV-1a over the fields that make a node what it is; they lie before `recursive`. */
static uint64_t hash_of(const struct plan_node *node)
{
    const unsigned char *bytes = (const unsigned char *)node;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < offsetof(struct plan_node, recursive); i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

/* The index of an equal node, or of this one, added. `draft` was cleared as a whole, padding
 * included. */
static int32_t intern(struct builder *b, const struct plan_node *draft)
{
    size_t at = hash_of(draft) % TABLE_SIZE;
    for (; b->table[at] != 0; at = (at + 1) % TABLE_SIZE)
        if (memcmp(&b->nodes[b->table[at] - 1], draft, offsetof(struct plan_node, recursive)) == 0)
            return b->table[at] - 1;
    assert(b->count < b->capacity);
    memcpy(&b->nodes[b->count], draft, sizeof(*draft));
    b->table[at] = ++b->count;
    return b->count - 1;
}

static void draft_init(struct plan_node *draft, enum plan_op op)
{
    memset(draft, 0, sizeof(*draft));
    draft->op = op;
    draft->slot = -1;
}

static int32_t constant(struct builder *b, double value)
{
    struct plan_node draft;
    draft_init(&draft, PLAN_CONSTANT);
    draft.value = value == 0 ? 0 : isnan(value) ? NAN : value; /* one zero, one NaN */
    return intern(b, &draft);
}

static int32_t truth(struct builder *b, bool value)
{
    struct plan_node draft;
    draft_init(&draft, PLAN_TRUTH);
    draft.value = value;
    return intern(b, &draft);
}

static bool is_constant(const struct builder *b, int32_t node)
{
    return b->nodes[node].op == PLAN_CONSTANT;
}

static int32_t unary(struct builder *b, enum plan_op op, int32_t x)
{
    struct plan_node draft;
    draft_init(&draft, op);
    draft.input_count = 1;
    draft.input[0] = x;
    return intern(b, &draft);
}

static int32_t binary(struct builder *b, enum plan_op op, int32_t x, int32_t y)
{
    bool commutes = op == PLAN_ADD || op == PLAN_MULTIPLY || op == PLAN_EQUAL ||
                    op == PLAN_NOT_EQUAL || op == PLAN_AND || op == PLAN_OR;
    if (op == PLAN_AND || op == PLAN_OR) {
        if (x == y)
            return x;
    }
    struct plan_node draft;
    draft_init(&draft, op);
    draft.input_count = 2;
    draft.input[0] = commutes && x > y ? y : x;
    draft.input[1] = commutes && x > y ? x : y;
    return intern(b, &draft);
}

static double fold(enum plan_op op, double x, double y)
{
    switch (op) {
    case PLAN_ADD:
        return x + y;
    case PLAN_SUBTRACT:
        return x - y;
    case PLAN_MULTIPLY:
        return x * y;
    default:
        return y == 0 ? NAN : x / y;
    }
}

static int32_t arithmetic(struct builder *b, enum plan_op op, int32_t x, int32_t y)
{
    if (is_constant(b, x) && is_constant(b, y))
        return constant(b, fold(op, b->nodes[x].value, b->nodes[y].value));
    return binary(b, op, x, y);
}

static bool fold_comparison(enum plan_op op, double x, double y)
{
    switch (op) {
    case PLAN_LESS:
        return x < y;
    case PLAN_LESS_EQUAL:
        return x <= y;
    case PLAN_EQUAL:
        return x == y;
    default:
        return x < y || x > y;
    }
}

static int32_t comparison(struct builder *b, enum plan_op op, int32_t x, int32_t y)
{
    if (is_constant(b, x) && is_constant(b, y))
        return truth(b, fold_comparison(op, b->nodes[x].value, b->nodes[y].value));
    return binary(b, op, x, y);
}

static int32_t offset(struct builder *b, int32_t x, int64_t bars)
{
    if (bars == 0 || is_constant(b, x))
        return x;
    struct plan_node draft;
    draft_init(&draft, PLAN_OFFSET);
    draft.input_count = 1;
    draft.input[0] = x;
    draft.bars = bars;
    if (b->nodes[x].op == PLAN_OFFSET) {
        draft.input[0] = b->nodes[x].input[0];
        draft.bars += b->nodes[x].bars;
    }
    return intern(b, &draft);
}

static int32_t column(struct builder *b, enum bar_column c)
{
    struct plan_node draft;
    draft_init(&draft, PLAN_COLUMN);
    draft.column = c;
    return intern(b, &draft);
}

static int32_t series(struct builder *b, const struct series *s)
{
    if (s->raw_column >= 0)
        return column(b, (enum bar_column)s->raw_column);
    struct plan_node draft;
    draft_init(&draft, PLAN_SERIES);
    draft.series = s;
    return intern(b, &draft);
}

/* The node for the value of `node` that many bars ago. */
static int32_t lower(struct builder *b, const struct ast *node, int64_t shift);

/* An operand that must be a column: a constant is spread, a boolean becomes 1 and 0. */
static int32_t lower_column(struct builder *b, const struct ast *node)
{
    int32_t x = lower(b, node, 0);
    if (plan_op_is_boolean(b->nodes[x].op))
        return unary(b, PLAN_ONE_OR_ZERO, x);
    return is_constant(b, x) ? unary(b, PLAN_SPREAD, x) : x;
}

static int32_t indicator(struct builder *b, const struct ast *node)
{
    const struct indicator *i = node->indicator;
    struct plan_node draft;
    draft_init(&draft, PLAN_KERNEL);
    draft.kernel = i->kernel;
    draft.input_count = i->input_count;
    for (int32_t j = 0; j < i->input_count; j++) {
        if (node->input[j] != NULL)
            draft.input[j] = lower_column(b, node->input[j]);
        else if (i->input[j] == INDICATOR_INPUT_SERIES)
            draft.input[j] = column(b, BAR_CLOSE);
        else
            draft.input[j] =
                column(b, (enum bar_column)(i->input[j] - INDICATOR_INPUT_OPEN + BAR_OPEN));
    }
    for (int32_t j = 0; j < i->parameter_count; j++)
        draft.parameter[j] = node->parameter[j];
    int32_t kernel = intern(b, &draft);
    if (i->output == 0)
        return kernel;
    draft_init(&draft, PLAN_OUTPUT);
    draft.input_count = 1;
    draft.input[0] = kernel;
    draft.output = i->output;
    return intern(b, &draft);
}

static int32_t lower_binary(struct builder *b, const struct ast *node)
{
    enum plan_op op = node->op == TOKEN_PLUS    ? PLAN_ADD
                      : node->op == TOKEN_MINUS ? PLAN_SUBTRACT
                      : node->op == TOKEN_STAR  ? PLAN_MULTIPLY
                                                : PLAN_DIVIDE;
    int32_t x = lower(b, node->child, 0);
    return arithmetic(b, op, x, lower(b, node->child->next, 0));
}

static int32_t lower_number(struct builder *b, const struct ast *node)
{
    int32_t x;
    switch (node->kind) {
    case AST_NUMBER:
    case AST_TIME:
        return constant(b, node->value);
    case AST_PARAMETER: /* free: nothing is known of it */
        return constant(b, NAN);
    case AST_NEGATE:
        x = lower(b, node->child, 0);
        return is_constant(b, x) ? constant(b, -b->nodes[x].value) : unary(b, PLAN_NEGATE, x);
    case AST_BINARY:
        return lower_binary(b, node);
    case AST_OFFSET:
        return lower(b, node->child, (int64_t)node->value);
    default:
        return node->series != NULL ? series(b, node->series) : indicator(b, node);
    }
}

static int32_t lower_comparison(struct builder *b, enum token_kind op, int32_t x, int32_t y)
{
    switch (op) {
    case TOKEN_LESS:
        return comparison(b, PLAN_LESS, x, y);
    case TOKEN_LESS_EQUAL:
        return comparison(b, PLAN_LESS_EQUAL, x, y);
    case TOKEN_GREATER:
        return comparison(b, PLAN_LESS, y, x);
    case TOKEN_GREATER_EQUAL:
        return comparison(b, PLAN_LESS_EQUAL, y, x);
    case TOKEN_EQUAL:
        return comparison(b, PLAN_EQUAL, x, y);
    default:
        return comparison(b, PLAN_NOT_EQUAL, x, y);
    }
}

static int32_t crosses_above(struct builder *b, int32_t x, int32_t y)
{
    int32_t now = comparison(b, PLAN_LESS, y, x);
    int32_t before = comparison(b, PLAN_LESS_EQUAL, offset(b, x, 1), offset(b, y, 1));
    return binary(b, PLAN_AND, now, before);
}

static int32_t lower_crosses(struct builder *b, enum token_kind direction, int32_t x, int32_t y)
{
    if (direction == TOKEN_ABOVE)
        return crosses_above(b, x, y);
    if (direction == TOKEN_BELOW)
        return crosses_above(b, y, x);
    int32_t above = crosses_above(b, x, y);
    return binary(b, PLAN_OR, above, crosses_above(b, y, x));
}

static int32_t lower_chain(struct builder *b, const struct ast *node, enum plan_op op,
                           int64_t shift)
{
    int32_t x = lower(b, node->child, shift);
    for (const struct ast *child = node->child->next; child != NULL; child = child->next)
        x = binary(b, op, x, lower(b, child, shift));
    return x;
}

static int32_t lower(struct builder *b, const struct ast *node, int64_t shift)
{
    if (node->type == VALUE_NUMBER)
        return offset(b, lower_number(b, node), shift);
    int32_t x;
    switch (node->kind) {
    case AST_OR:
        return lower_chain(b, node, PLAN_OR, shift);
    case AST_AND:
        return lower_chain(b, node, PLAN_AND, shift);
    case AST_NOT:
        return unary(b, PLAN_NOT, lower(b, node->child, shift));
    case AST_COMPARE:
        x = lower(b, node->child, shift);
        return lower_comparison(b, node->op, x, lower(b, node->child->next, shift));
    case AST_CROSSES:
        x = lower(b, node->child, shift);
        return lower_crosses(b, node->op, x, lower(b, node->child->next, shift));
    case AST_OFFSET:
        return lower(b, node->child, shift + (int64_t)node->value);
    default:
        assert(!"not a boolean");
        return 0;
    }
}

static int32_t count_ast(const struct ast *node)
{
    int32_t count = 1;
    for (const struct ast *child = node->child; child != NULL; child = child->next)
        count += count_ast(child);
    return count;
}

enum err plan_build(const struct ast *root, struct arena *arena, struct plan *ret, struct error *e)
{
    struct builder b = {.arena = arena, .capacity = NODES_PER_AST * count_ast(root) + NODES_SPARE};
    b.nodes = arena_alloc_array(arena, (size_t)b.capacity, sizeof(*b.nodes));
    b.table = arena_alloc_array(arena, TABLE_SIZE, sizeof(*b.table));
    if (b.nodes == NULL || b.table == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    int32_t last = lower(&b, root, 0);
    if (is_constant(&b, last))
        last = unary(&b, PLAN_SPREAD, last);
    struct plan p = {.nodes = b.nodes, .node_count = b.count, .root = last};
    enum err err = plan_analyse(&p, arena, e);
    if (err == ERR_OK)
        *ret = p;
    return err;
}
