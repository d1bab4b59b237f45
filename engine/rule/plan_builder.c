#include "engine/rule/plan_builder.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { TABLE_SIZE = 32768 };

enum err plan_builder_init(struct plan_builder *b, int32_t capacity, struct arena *arena,
                           struct error *e)
{
    *b = (struct plan_builder){.capacity = capacity};
    b->nodes = arena_alloc_array(arena, (size_t)capacity, sizeof(*b->nodes));
    b->table = arena_alloc_array(arena, TABLE_SIZE, sizeof(*b->table));
    if (b->nodes == NULL || b->table == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    return ERR_OK;
}

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
int32_t plan_builder_add(struct plan_builder *b, const struct plan_node *draft)
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

void plan_node_draft(struct plan_node *draft, enum plan_op op)
{
    memset(draft, 0, sizeof(*draft));
    draft->op = op;
    draft->slot = -1;
}

int32_t plan_builder_constant(struct plan_builder *b, double value)
{
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_CONSTANT);
    draft.value = value == 0 ? 0 : isnan(value) ? NAN : value; /* one zero, one NaN */
    return plan_builder_add(b, &draft);
}

static int32_t truth(struct plan_builder *b, bool value)
{
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_TRUTH);
    draft.value = value;
    return plan_builder_add(b, &draft);
}

int32_t plan_builder_unary(struct plan_builder *b, enum plan_op op, int32_t x)
{
    struct plan_node draft;
    plan_node_draft(&draft, op);
    draft.input_count = 1;
    draft.input[0] = x;
    return plan_builder_add(b, &draft);
}

static int32_t binary(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y)
{
    bool commutes = op == PLAN_ADD || op == PLAN_MULTIPLY || op == PLAN_EQUAL ||
                    op == PLAN_NOT_EQUAL || op == PLAN_AND || op == PLAN_OR;
    struct plan_node draft;
    plan_node_draft(&draft, op);
    draft.input_count = 2;
    draft.input[0] = commutes && x > y ? y : x;
    draft.input[1] = commutes && x > y ? x : y;
    return plan_builder_add(b, &draft);
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

int32_t plan_builder_logic(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y)
{
    return x == y ? x : binary(b, op, x, y);
}

int32_t plan_builder_arithmetic(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y)
{
    if (plan_builder_is_constant(b, x) && plan_builder_is_constant(b, y))
        return plan_builder_constant(b, fold(op, b->nodes[x].value, b->nodes[y].value));
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

int32_t plan_builder_comparison(struct plan_builder *b, enum plan_op op, int32_t x, int32_t y)
{
    if (plan_builder_is_constant(b, x) && plan_builder_is_constant(b, y))
        return truth(b, fold_comparison(op, b->nodes[x].value, b->nodes[y].value));
    return binary(b, op, x, y);
}

int32_t plan_builder_offset(struct plan_builder *b, int32_t x, int64_t bars)
{
    if (bars == 0 || plan_builder_is_constant(b, x))
        return x;
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_OFFSET);
    draft.input_count = 1;
    draft.input[0] = x;
    draft.bars = bars;
    if (b->nodes[x].op == PLAN_OFFSET) {
        draft.input[0] = b->nodes[x].input[0];
        draft.bars += b->nodes[x].bars;
    }
    return plan_builder_add(b, &draft);
}

int32_t plan_builder_column(struct plan_builder *b, enum bar_column column)
{
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_COLUMN);
    draft.column = column;
    return plan_builder_add(b, &draft);
}

int32_t plan_builder_series(struct plan_builder *b, const struct series *series)
{
    if (series->raw_column >= 0)
        return plan_builder_column(b, (enum bar_column)series->raw_column);
    struct plan_node draft;
    plan_node_draft(&draft, PLAN_SERIES);
    draft.series = series;
    return plan_builder_add(b, &draft);
}
