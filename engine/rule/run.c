/* A run: the plan's memory for one walk over bars.
 *
 * A block is evaluated node by node, each over all its bars. Columns of the bars are read in place;
 * near bar 0, where a window or an offset would reach before the first bar, through a copy with
 * MISSING values in front. A slot that keeps values for later moves them to its front only when its
 * buffer is full.
 *
 * Starting (or loading a state) at a bar rebuilds what does not depend on where a run began: the
 * bars before are evaluated for those nodes only, as far back as later nodes will look. What does
 * depend on it, recursive states and the kept values of columns derived from them, comes from the
 * saved state, or is empty on a fresh start.
 */
#include "engine/rule/compiled.h"
#include "engine/rule/kernels.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_WORDS = PLAN_BLOCK_BARS / 64, CACHE_LINE = 64 };

struct rule_run {
    const struct rule *rule;
    const struct bars *bars; /* borrowed until the run is freed */
    int64_t position;
    double *values;                /* all slots */
    int64_t *cursor;               /* [slot] where in its buffer the next block goes */
    unsigned char *states;         /* of recursive kernels */
    unsigned char *caches;         /* of windows and series */
    uint64_t *masks;               /* [node * BLOCK_WORDS] */
    const double **view;           /* [node] bar `start` of the current block */
    double *pad[BAR_COLUMN_COUNT]; /* the first bars behind MISSING ones; NULL until needed */
};

/* ---- life cycle -------------------------------------------------------------------------- */

static void *alloc_zeroed(size_t size_bytes)
{
    size_t rounded = (size_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *memory = aligned_alloc(CACHE_LINE, rounded > 0 ? rounded : CACHE_LINE);
    if (memory != NULL)
        memset(memory, 0, rounded);
    return memory;
}

/* The first bars of a column behind pad_bars MISSING ones. Unused (and small) when nothing looks
 * back. */
static double *make_pad(const struct rule_run *run, int32_t column)
{
    int64_t before = run->rule->plan.pad_bars[column];
    int64_t count = before + PLAN_BLOCK_BARS;
    if (count > run->bars->count)
        count = run->bars->count;
    double *pad = alloc_zeroed((size_t)(before + count) * sizeof(double));
    if (pad == NULL)
        return NULL;
    kernel_fill(NAN, before, pad);
    memcpy(pad + before, run->bars->column[column], (size_t)count * sizeof(double));
    return pad;
}

static bool make_pads(struct rule_run *run)
{
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        if (run->rule->plan.pad_bars[c] > 0 && (run->pad[c] = make_pad(run, c)) == NULL)
            return false;
    return true;
}

enum err rule_run_create(const struct rule *r, const struct bars *bars, struct rule_run **ret,
                         struct error *e)
{
    const struct plan *p = &r->plan;
    if (r->parameters.parameter_count > 0)
        return error_set(e, ERR_RULE, "$%s has no value: $names are filled by a sweep",
                         r->parameters.parameter[0]);
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        assert(!(p->columns & BAR_COLUMN_BIT(c)) || bars->column[c] != NULL);
    struct rule_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        goto out_of_memory;
    run->rule = r;
    run->bars = bars;
    run->values = alloc_zeroed(p->value_count * sizeof(double));
    run->cursor = alloc_zeroed((size_t)p->slot_count * sizeof(*run->cursor));
    run->states = alloc_zeroed(p->kernel_state_bytes);
    run->caches = alloc_zeroed(p->cache_bytes);
    run->masks = alloc_zeroed((size_t)p->node_count * BLOCK_WORDS * sizeof(*run->masks));
    run->view = alloc_zeroed((size_t)p->node_count * sizeof(*run->view));
    if (run->values == NULL || run->cursor == NULL || run->states == NULL || run->caches == NULL ||
        run->masks == NULL || run->view == NULL || !make_pads(run))
        goto out_of_memory;
    rule_run_start(run, 0);
    *ret = run;
    return ERR_OK;

out_of_memory:
    rule_run_free(run);
    return error_set(e, ERR_NO_MEMORY, "out of memory for a run of the rule");
}

void rule_run_free(struct rule_run *run)
{
    if (run == NULL)
        return;
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        free(run->pad[c]);
    free(run->values);
    free(run->cursor);
    free(run->states);
    free(run->caches);
    free(run->masks);
    free(run->view);
    free(run);
}

int64_t rule_run_position(const struct rule_run *run)
{
    return run->position;
}

/* ---- one block --------------------------------------------------------------------------- */

static uint64_t *mask_of(struct rule_run *run, int32_t node)
{
    return run->masks + (size_t)node * BLOCK_WORDS;
}

/* Where the block's values of a slot go; makes room behind the kept ones. */
static double *slot_room(struct rule_run *run, int32_t index, int64_t count)
{
    const struct plan_slot *slot = &run->rule->plan.slots[index];
    double *base = run->values + slot->offset;
    int64_t *cursor = &run->cursor[index];
    if (slot->keep_bars == 0)
        return base;
    if (*cursor + count > slot->capacity) {
        memmove(base, base + *cursor - slot->keep_bars, (size_t)slot->keep_bars * sizeof(double));
        *cursor = slot->keep_bars;
    }
    double *room = base + *cursor;
    *cursor += count;
    return room;
}

static const double *column_view(const struct rule_run *run, enum bar_column c, int64_t start)
{
    int64_t before = run->rule->plan.pad_bars[c];
    if (start < before)
        return run->pad[c] + before + start;
    return run->bars->column[c] + start;
}

static struct kernel_operand operand(const struct rule_run *run, int32_t node)
{
    const struct plan_node *n = &run->rule->plan.nodes[node];
    if (n->op == PLAN_CONSTANT)
        return (struct kernel_operand){NULL, n->value};
    return (struct kernel_operand){run->view[node], 0};
}

static void eval_kernel(struct rule_run *run, const struct plan_node *node, int64_t start,
                        int64_t count, double *out)
{
    const struct plan *p = &run->rule->plan;
    const struct plan_node *input = &p->nodes[node->input[0]];
    struct indicator_block block = {.start = start,
                                    .count = count,
                                    .parameter = node->parameter,
                                    .first = input->lookback_bars,
                                    .decimals = input->price ? run->bars->price_decimals : -1,
                                    .volume = input->volume,
                                    .out = {out}};
    for (int32_t j = 0; j < node->input_count; j++)
        block.in[j] = run->view[node->input[j]];
    for (int32_t j = 1; j < node->kernel->output_count; j++)
        block.out[j] = slot_room(run, node->slot + j, count);
    unsigned char *memory = node->kernel->memory == INDICATOR_RECURSIVE ? run->states : run->caches;
    node->kernel->run(memory + node->state_offset, &block);
}

/* The current block's bars of a family's output: its slot was filled with the kernel's. */
static const double *output_view(const struct rule_run *run, const struct plan_node *node,
                                 int64_t count)
{
    const struct plan *p = &run->rule->plan;
    int32_t index = p->nodes[node->input[0]].slot + node->output;
    const struct plan_slot *slot = &p->slots[index];
    const double *base = run->values + slot->offset;
    return slot->keep_bars == 0 ? base : base + run->cursor[index] - count;
}

static void eval_number(struct rule_run *run, const struct plan_node *node, int64_t start,
                        int64_t count, double *out)
{
    const struct plan *p = &run->rule->plan;
    struct series_context context = {run->bars, run->rule->options.zone};
    switch (node->op) {
    case PLAN_SPREAD:
        kernel_fill(p->nodes[node->input[0]].value, count, out);
        return;
    case PLAN_SERIES:
        node->series->fill(&context, (struct series_state *)(run->caches + node->state_offset),
                           start, count, out);
        return;
    case PLAN_NEGATE:
        kernel_negate(run->view[node->input[0]], count, out);
        return;
    case PLAN_KERNEL:
        eval_kernel(run, node, start, count, out);
        return;
    case PLAN_ONE_OR_ZERO:
        kernel_mask_to_numbers(mask_of(run, node->input[0]), count, out);
        return;
    default:
        kernel_arithmetic(node->op, operand(run, node->input[0]), operand(run, node->input[1]),
                          count, out);
        return;
    }
}

static void eval_boolean(struct rule_run *run, const struct plan_node *node, int64_t count,
                         uint64_t *mask)
{
    switch (node->op) {
    case PLAN_AND:
    case PLAN_OR:
        kernel_combine(node->op, mask_of(run, node->input[0]), mask_of(run, node->input[1]),
                       (count + 63) / 64, mask);
        return;
    case PLAN_NOT:
        kernel_not(mask_of(run, node->input[0]), count, mask);
        return;
    case PLAN_TRUTH:
        kernel_truth(node->value != 0, count, mask);
        return;
    default:
        kernel_compare(node->op, operand(run, node->input[0]), operand(run, node->input[1]), count,
                       mask);
        return;
    }
}

static void eval_node(struct rule_run *run, int32_t i, int64_t start, int64_t count)
{
    const struct plan_node *node = &run->rule->plan.nodes[i];
    if (plan_op_is_boolean(node->op)) {
        eval_boolean(run, node, count, mask_of(run, i));
    } else if (node->op == PLAN_COLUMN) {
        run->view[i] = column_view(run, node->column, start);
    } else if (node->op == PLAN_OFFSET) {
        run->view[i] = run->view[node->input[0]] - node->bars;
    } else if (node->op == PLAN_OUTPUT) {
        run->view[i] = output_view(run, node, count);
    } else if (node->op != PLAN_CONSTANT) {
        double *out = slot_room(run, node->slot, count);
        eval_number(run, node, start, count, out);
        run->view[i] = out;
    }
}

static void eval_block(struct rule_run *run, int64_t start, int64_t count)
{
    for (int32_t i = 0; i < run->rule->plan.node_count; i++)
        eval_node(run, i, start, count);
}

/* ---- starting ---------------------------------------------------------------------------- */

/* Marks every cache as out of date and every kept value as MISSING. */
static void forget(struct rule_run *run)
{
    const struct plan *p = &run->rule->plan;
    const int64_t rebuild = -1;
    for (int32_t i = 0; i < p->node_count; i++) {
        const struct plan_node *node = &p->nodes[i];
        bool cache = node->op == PLAN_SERIES ||
                     (node->op == PLAN_KERNEL && node->kernel->memory == INDICATOR_WINDOW);
        if (cache && node->state_bytes > 0)
            memcpy(run->caches + node->state_offset, &rebuild, sizeof(rebuild));
    }
    for (int32_t s = 0; s < p->slot_count; s++) {
        kernel_fill(NAN, p->slots[s].keep_bars, run->values + p->slots[s].offset);
        run->cursor[s] = p->slots[s].keep_bars;
    }
    memset(run->states, 0, p->kernel_state_bytes);
}

/* Evaluates what does not depend on the run's start on the bars before it. */
static void rebuild(struct rule_run *run, int64_t bar)
{
    const struct plan *p = &run->rule->plan;
    int64_t start = bar > p->rebuild_bars ? bar - p->rebuild_bars : 0;
    while (start < bar) {
        int64_t count = bar - start < PLAN_BLOCK_BARS ? bar - start : PLAN_BLOCK_BARS;
        for (int32_t i = 0; i < p->node_count; i++)
            if (!p->nodes[i].recursive && p->nodes[i].rebuild_bars > 0)
                eval_node(run, i, start, count);
        start += count;
    }
}

void rule_run_start(struct rule_run *run, int64_t bar)
{
    assert(bar >= 0 && bar <= run->bars->count);
    forget(run);
    rebuild(run, bar);
    run->position = bar;
}

size_t rule_state_bytes(const struct rule_run *run)
{
    return run->rule->plan.saved_bytes;
}

void rule_run_save(const struct rule_run *run, void *state)
{
    const struct plan *p = &run->rule->plan;
    unsigned char *at = state;
    memcpy(at, run->states, p->kernel_state_bytes);
    at += p->kernel_state_bytes;
    for (int32_t s = 0; s < p->slot_count; s++) {
        const struct plan_slot *slot = &p->slots[s];
        if (!slot->saved)
            continue;
        const double *kept = run->values + slot->offset + run->cursor[s] - slot->keep_bars;
        for (int64_t i = 0; i < slot->keep_bars; i++) {
            double value = isnan(kept[i]) ? NAN : kept[i]; /* one NaN, so that memcmp compares */
            memcpy(at, &value, sizeof(value));
            at += sizeof(value);
        }
    }
}

void rule_run_load(struct rule_run *run, int64_t bar, const void *state)
{
    const struct plan *p = &run->rule->plan;
    const unsigned char *at = state;
    rule_run_start(run, bar);
    memcpy(run->states, at, p->kernel_state_bytes);
    at += p->kernel_state_bytes;
    for (int32_t s = 0; s < p->slot_count; s++) {
        const struct plan_slot *slot = &p->slots[s];
        if (!slot->saved)
            continue;
        size_t bytes = (size_t)slot->keep_bars * sizeof(double);
        memcpy(run->values + slot->offset, at, bytes); /* the cursor stands right behind */
        at += bytes;
    }
}

/* ---- evaluation -------------------------------------------------------------------------- */

/* Evaluates the next block, at most up to `end`; returns its bars. */
static int64_t eval_next(struct rule_run *run, int64_t end)
{
    int64_t count = end - run->position;
    if (count > PLAN_BLOCK_BARS)
        count = PLAN_BLOCK_BARS;
    eval_block(run, run->position, count);
    run->position += count;
    return count;
}

void rule_run_eval(struct rule_run *run, int64_t end, uint64_t *mask)
{
    assert(mask == NULL || run->rule->boolean);
    assert(end >= run->position && end <= run->bars->count);
    while (run->position < end) {
        int64_t words = (eval_next(run, end) + 63) / 64;
        if (mask == NULL)
            continue;
        memcpy(mask, mask_of(run, run->rule->plan.root), (size_t)words * sizeof(*mask));
        mask += words;
    }
}

void rule_run_values(struct rule_run *run, int64_t end, double *values)
{
    const struct plan *p = &run->rule->plan;
    assert(end >= run->position && end <= run->bars->count);
    while (run->position < end) {
        int64_t count = eval_next(run, end);
        if (run->rule->boolean)
            kernel_mask_to_numbers(mask_of(run, p->root), count, values);
        else
            memcpy(values, run->view[p->root], (size_t)count * sizeof(*values));
        values += count;
    }
}
