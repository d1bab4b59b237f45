/* What follows from the nodes. Forward: what is recursive, where values begin. Backward: how far
 * back consumers read, and how far before a start values must be computed for that. Then memory: a
 * slot that keeps nothing is scratch, and scratch is shared by slots that are not alive together,
 * so that a long rule still works in the nearest cache.
 */
#include "engine/rule/plan.h"

#include "base/limits.h"

#include <assert.h>

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool owns_slot(enum plan_op op)
{
    return op == PLAN_SPREAD || op == PLAN_SERIES || op == PLAN_FRAME || op == PLAN_KERNEL ||
           op == PLAN_ONE_OR_ZERO || (op >= PLAN_NEGATE && op <= PLAN_DIVIDE);
}

/* How far before a block `node` reads its inputs, its own past apart. */
static int64_t reach_of(const struct plan_node *node)
{
    if (node->op == PLAN_OFFSET)
        return node->bars;
    if (node->op == PLAN_KERNEL && node->kernel->history != NULL)
        return node->kernel->history(node->parameter);
    return 0;
}

/* A pointer into its input's column: what is read of it is read of the input. */
static bool is_alias(enum plan_op op)
{
    return op == PLAN_OFFSET || op == PLAN_OUTPUT;
}

static uint32_t columns_of(const struct plan_node *node)
{
    if (node->op == PLAN_COLUMN)
        return BAR_COLUMN_BIT(node->column);
    return node->op == PLAN_SERIES ? node->series->columns : 0;
}

static void derive_kernel(struct plan_node *node)
{
    const struct indicator_kernel *kernel = node->kernel;
    int64_t lookback = kernel->lookback != NULL ? kernel->lookback(node->parameter) : 0;
    node->lookback_bars += lookback;
    node->expected_bars += lookback;
    if (kernel->memory == INDICATOR_RECURSIVE) {
        node->recursive = true;
        node->warmup_bars += kernel->warmup(node->parameter);
    } else if (node->recursive) {
        node->warmup_bars += reach_of(node);
    }
}

/* A long bar is seen at the last of its bars, or later; each has one at least. */
static void derive_frame(struct plan_node *node, const struct plan_frame *frame)
{
    const struct plan_node *shown = &frame->plan.nodes[frame->plan.output[node->output]];
    node->recursive = shown->recursive;
    node->lookback_bars = shown->lookback_bars;
    node->expected_bars = (shown->expected_bars + 1) * frame->ratio - 1;
    node->warmup_bars = shown->recursive ? (shown->warmup_bars + 1) * frame->ratio : 0;
}

static void derive_forward(struct plan *p)
{
    for (int32_t i = 0; i < p->node_count; i++) {
        struct plan_node *node = &p->nodes[i];
        for (int32_t j = 0; j < node->input_count; j++) {
            const struct plan_node *input = &p->nodes[node->input[j]];
            node->recursive |= input->recursive;
            node->lookback_bars = larger(node->lookback_bars, input->lookback_bars);
            node->expected_bars = larger(node->expected_bars, input->expected_bars);
            node->warmup_bars = larger(node->warmup_bars, input->warmup_bars);
        }
        if (node->op == PLAN_COLUMN) {
            node->price = node->column != BAR_VOLUME;
            node->volume = node->column == BAR_VOLUME;
        } else if (node->op == PLAN_OFFSET) {
            node->price = p->nodes[node->input[0]].price;
            node->volume = p->nodes[node->input[0]].volume;
            node->lookback_bars += node->bars;
            node->expected_bars += node->bars;
            node->warmup_bars += node->recursive ? node->bars : 0;
        } else if (node->op == PLAN_KERNEL) {
            derive_kernel(node);
        } else if (node->op == PLAN_FRAME) {
            derive_frame(node, &p->frames[node->frame]);
            p->columns |= p->frames[node->frame].plan.columns;
        } else if (node->op == PLAN_ONE_OR_ZERO) {
            node->lookback_bars = node->expected_bars = 0; /* what is not known is false */
        }
        p->columns |= columns_of(node);
        p->warmup_bars = larger(p->warmup_bars, node->warmup_bars);
    }
    for (int32_t i = 0; i < p->output_count; i++)
        p->expected_bars = larger(p->expected_bars, p->nodes[p->output[i]].expected_bars);
}

static void derive_backward(struct plan *p)
{
    for (int32_t i = p->node_count - 1; i >= 0; i--) {
        const struct plan_node *node = &p->nodes[i];
        int64_t reach = reach_of(node);
        for (int32_t j = 0; j < node->input_count; j++) {
            struct plan_node *input = &p->nodes[node->input[j]];
            int64_t kept = reach + (is_alias(node->op) ? node->keep_bars : 0);
            input->keep_bars = larger(input->keep_bars, kept);
            int64_t rebuilt = node->recursive ? kept : larger(kept, reach + node->rebuild_bars);
            input->rebuild_bars = larger(input->rebuild_bars, rebuilt);
        }
    }
    for (int32_t i = 0; i < p->node_count; i++) {
        const struct plan_node *node = &p->nodes[i];
        if (node->op == PLAN_COLUMN)
            p->pad_bars[node->column] = larger(p->pad_bars[node->column], node->keep_bars);
        else if (!node->recursive)
            p->rebuild_bars = larger(p->rebuild_bars, node->rebuild_bars);
    }
}

/* The node whose slot holds this node's values. */
static int32_t owner_of(const struct plan *p, int32_t i)
{
    while (is_alias(p->nodes[i].op))
        i = p->nodes[i].input[0];
    return i;
}

static void find_last_uses(struct plan *p)
{
    for (int32_t i = 0; i < p->node_count; i++) {
        p->nodes[i].last_use = i;
        for (int32_t j = 0; j < p->nodes[i].input_count; j++)
            p->nodes[owner_of(p, p->nodes[i].input[j])].last_use = i;
    }
    for (int32_t i = 0; i < p->node_count; i++)
        if (p->nodes[i].observed)
            p->nodes[owner_of(p, i)].last_use = INT32_MAX;
}

static void add_slots(struct plan *p, int32_t i)
{
    struct plan_node *node = &p->nodes[i];
    int32_t outputs = node->op == PLAN_KERNEL ? node->kernel->output_count : 1;
    node->slot = p->slot_count;
    for (int32_t output = 0; output < outputs; output++) {
        struct plan_slot *slot = &p->slots[p->slot_count++];
        *slot = (struct plan_slot){.node = i,
                                   .output = output,
                                   .keep_bars = node->keep_bars,
                                   .saved = node->recursive && node->keep_bars > 0};
        slot->capacity = slot->keep_bars + larger(slot->keep_bars, PLAN_BLOCK_BARS);
        if (slot->saved)
            p->saved_bytes += (size_t)slot->keep_bars * sizeof(double);
        if (slot->keep_bars > 0) {
            slot->offset = p->value_count;
            p->value_count += ((size_t)slot->capacity + 7) / 8 * 8;
        }
    }
}

/* Scratch for slots that keep nothing: a buffer is free again after its slot's last use. */
static enum err place_scratch(struct plan *p, struct arena *arena, struct error *e)
{
    size_t *free_offset = arena_alloc_array(arena, (size_t)p->slot_count + 1, sizeof(*free_offset));
    if (free_offset == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    int32_t free_count = 0;
    int32_t *release_next = arena_alloc_array(arena, (size_t)p->slot_count + 1, sizeof(int32_t));
    int32_t *release_head = arena_alloc_array(arena, (size_t)p->node_count + 1, sizeof(int32_t));
    if (release_next == NULL || release_head == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    int32_t s = 0;
    for (int32_t i = 0; i < p->node_count; i++) {
        for (; s < p->slot_count && p->slots[s].node == i; s++) {
            struct plan_slot *slot = &p->slots[s];
            if (slot->keep_bars > 0)
                continue;
            if (free_count > 0) {
                slot->offset = free_offset[--free_count];
            } else {
                slot->offset = p->value_count;
                p->value_count += PLAN_BLOCK_BARS;
            }
            int32_t last_use = p->nodes[i].last_use;
            if (last_use < p->node_count) {
                release_next[s] = release_head[last_use];
                release_head[last_use] = s + 1;
            }
        }
        for (int32_t r = release_head[i]; r != 0; r = release_next[r - 1])
            free_offset[free_count++] = p->slots[r - 1].offset;
    }
    return ERR_OK;
}

static void place_states(struct plan *p)
{
    for (int32_t i = 0; i < p->node_count; i++) {
        struct plan_node *node = &p->nodes[i];
        if (node->op == PLAN_SERIES) {
            node->state_bytes = sizeof(struct series_state);
        } else if (node->op == PLAN_KERNEL && node->kernel->state_bytes != NULL) {
            node->state_bytes = (node->kernel->state_bytes(node->parameter) + 7) / 8 * 8;
            if (node->kernel->memory == INDICATOR_RECURSIVE) {
                node->state_offset = p->kernel_state_bytes;
                p->kernel_state_bytes += node->state_bytes;
                continue;
            }
        }
        node->state_offset = p->cache_bytes;
        p->cache_bytes += node->state_bytes;
    }
    p->saved_bytes += p->kernel_state_bytes;
}

static size_t memory_of(const struct plan *p)
{
    size_t bytes = p->value_count * sizeof(double) + p->cache_bytes + p->saved_bytes;
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        bytes += (size_t)(2 * p->pad_bars[c] + PLAN_BLOCK_BARS) * sizeof(double);
    for (int32_t i = 0; i < p->frame_count; i++)
        bytes += memory_of(&p->frames[i].plan);
    return bytes;
}

static enum err check_memory(const struct plan *p, struct error *e)
{
    size_t bytes = memory_of(p);
    if (bytes <= LIMIT_RULE_MEMORY_BYTES)
        return ERR_OK;
    return error_set(
        e, ERR_RULE,
        "the windows and offsets of this rule add up to %.1f MiB, the limit is %d MiB: "
        "use fewer or shorter ones",
        (double)bytes / (1024 * 1024), LIMIT_RULE_MEMORY_BYTES / (1024 * 1024));
}

/* One plan whose frames are done and whose observed nodes are marked. */
static enum err analyse_one(struct plan *p, struct arena *arena, struct error *e)
{
    derive_forward(p);
    derive_backward(p);
    find_last_uses(p);
    size_t most = (size_t)p->node_count * INDICATOR_OUTPUTS_MAX;
    p->slots = arena_alloc_array(arena, most, sizeof(*p->slots));
    if (p->slots == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the rule");
    for (int32_t i = 0; i < p->node_count; i++)
        if (owns_slot(p->nodes[i].op))
            add_slots(p, i);
    enum err err = place_scratch(p, arena, e);
    if (err == ERR_OK)
        place_states(p);
    return err;
}

static void observe_outputs(struct plan *p, int64_t keep_bars)
{
    for (int32_t i = 0; i < p->output_count; i++) {
        struct plan_node *node = &p->nodes[p->output[i]];
        node->observed = true;
        node->keep_bars = node->rebuild_bars = keep_bars;
    }
}

enum err plan_analyse(struct plan *p, struct arena *arena, struct error *e)
{
    for (int32_t i = 0; i < p->frame_count; i++) {
        struct plan *frame = &p->frames[i].plan;
        observe_outputs(frame, 1); /* until its next bar, what it shows is looked back on */
        enum err err = analyse_one(frame, arena, e);
        if (err != ERR_OK)
            return err;
    }
    observe_outputs(p, 0);
    enum err err = analyse_one(p, arena, e);
    return err != ERR_OK ? err : check_memory(p, e);
}
