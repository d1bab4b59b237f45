/* A run of one plan.
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
#include "engine/rule/plan_run.h"

#include "engine/rule/frame_run.h"
#include "engine/rule/kernels.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_WORDS = PLAN_BLOCK_BARS / 64, CACHE_LINE = 64 };

/* ---- life cycle -------------------------------------------------------------------------- */

void *plan_run_alloc(size_t size_bytes)
{
    size_t rounded = (size_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *memory = aligned_alloc(CACHE_LINE, rounded > 0 ? rounded : CACHE_LINE);
    if (memory != NULL)
        memset(memory, 0, rounded);
    return memory;
}

/* The first bars of a column behind pad_bars MISSING ones. Unused (and small) when nothing looks
 * back. */
static double *make_pad(const struct plan_run *run, int32_t column)
{
    int64_t before = run->plan->pad_bars[column];
    int64_t count = before + PLAN_BLOCK_BARS;
    if (count > run->bars->count)
        count = run->bars->count;
    double *pad = plan_run_alloc((size_t)(before + count) * sizeof(double));
    if (pad == NULL)
        return NULL;
    kernel_fill(NAN, before, pad);
    memcpy(pad + before, run->bars->column[column], (size_t)count * sizeof(double));
    return pad;
}

static bool make_pads(struct plan_run *run)
{
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        if (run->plan->pad_bars[c] > 0 && (run->pad[c] = make_pad(run, c)) == NULL)
            return false;
    return true;
}

enum err plan_run_init(struct plan_run *run, const struct plan *plan, const struct bars *bars,
                       bool padded, const struct zone *zone, struct frame_run *frames,
                       struct error *e)
{
    *run = (struct plan_run){.plan = plan, .bars = bars, .zone = zone, .frames = frames};
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        assert(!(plan->columns & BAR_COLUMN_BIT(c)) || bars->column[c] != NULL);
    run->values = plan_run_alloc(plan->value_count * sizeof(double));
    run->cursor = plan_run_alloc((size_t)plan->slot_count * sizeof(*run->cursor));
    run->states = plan_run_alloc(plan->kernel_state_bytes);
    run->caches = plan_run_alloc(plan->cache_bytes);
    run->masks = plan_run_alloc((size_t)plan->node_count * BLOCK_WORDS * sizeof(*run->masks));
    run->view = plan_run_alloc((size_t)plan->node_count * sizeof(*run->view));
    if (run->values != NULL && run->cursor != NULL && run->states != NULL && run->caches != NULL &&
        run->masks != NULL && run->view != NULL && (padded || make_pads(run)))
        return ERR_OK;
    plan_run_release(run);
    return error_set(e, ERR_NO_MEMORY, "out of memory for a run of the rule");
}

void plan_run_release(struct plan_run *run)
{
    for (int32_t c = 0; c < BAR_COLUMN_COUNT; c++)
        free(run->pad[c]);
    free(run->values);
    free(run->cursor);
    free(run->states);
    free(run->caches);
    free(run->masks);
    free(run->view);
    *run = (struct plan_run){0};
}

/* ---- one block --------------------------------------------------------------------------- */

static uint64_t *mask_of(struct plan_run *run, int32_t node)
{
    return run->masks + (size_t)node * BLOCK_WORDS;
}

/* Where the block's values of a slot go; makes room behind the kept ones. */
static double *slot_room(struct plan_run *run, int32_t index, int64_t count)
{
    const struct plan_slot *slot = &run->plan->slots[index];
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

static const double *column_view(const struct plan_run *run, enum bar_column c, int64_t start)
{
    int64_t before = run->plan->pad_bars[c];
    if (start < before && run->pad[c] != NULL)
        return run->pad[c] + before + start;
    return run->bars->column[c] + start;
}

static struct kernel_operand operand(const struct plan_run *run, int32_t node)
{
    const struct plan_node *n = &run->plan->nodes[node];
    if (n->op == PLAN_CONSTANT)
        return (struct kernel_operand){NULL, n->value};
    return (struct kernel_operand){run->view[node], 0};
}

static void eval_kernel(struct plan_run *run, const struct plan_node *node, int64_t start,
                        int64_t count, double *out)
{
    const struct plan *p = run->plan;
    const struct plan_node *input = &p->nodes[node->input[0]];
    struct indicator_block block = {.start = start,
                                    .count = count,
                                    .parameter = node->parameter,
                                    .first = input->lookback_bars,
                                    .decimals =
                                        input->price ? bars_decimals_at(run->bars, start) : -1,
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
static const double *output_view(const struct plan_run *run, const struct plan_node *node,
                                 int64_t count)
{
    const struct plan *p = run->plan;
    int32_t index = p->nodes[node->input[0]].slot + node->output;
    const struct plan_slot *slot = &p->slots[index];
    const double *base = run->values + slot->offset;
    return slot->keep_bars == 0 ? base : base + run->cursor[index] - count;
}

static void eval_number(struct plan_run *run, const struct plan_node *node, int64_t start,
                        int64_t count, double *out)
{
    const struct plan *p = run->plan;
    struct series_context context = {run->bars, bars_decimals_at(run->bars, start), run->zone};
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
    case PLAN_FRAME:
        frame_run_show(&run->frames[node->frame], node->output, count, out);
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

static void eval_boolean(struct plan_run *run, const struct plan_node *node, int64_t count,
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

static void eval_node(struct plan_run *run, int32_t i, int64_t start, int64_t count)
{
    const struct plan_node *node = &run->plan->nodes[i];
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

/* Marks every cache as out of date: what it holds of sums is built anew from the values before. */
static void forget_caches(struct plan_run *run)
{
    const struct plan *p = run->plan;
    const int64_t rebuild = -1;
    for (int32_t i = 0; i < p->node_count; i++) {
        const struct plan_node *node = &p->nodes[i];
        bool cache = node->op == PLAN_SERIES ||
                     (node->op == PLAN_KERNEL && node->kernel->memory == INDICATOR_WINDOW);
        if (cache && node->state_bytes > 0)
            memcpy(run->caches + node->state_offset, &rebuild, sizeof(rebuild));
    }
}

/* How many bars the block at `start` has. It ends before the first bar that is not decimal, and
 * begins anew there: behind it sums are made otherwise. */
static int64_t begin_block(struct plan_run *run, int64_t start, int64_t end)
{
    int64_t decimal_end = run->bars->decimal_end;
    if (start == decimal_end)
        forget_caches(run);
    if (start < decimal_end && decimal_end < end)
        end = decimal_end;
    return end - start < PLAN_BLOCK_BARS ? end - start : PLAN_BLOCK_BARS;
}

int64_t plan_run_next(struct plan_run *run, int64_t end)
{
    int64_t start = run->position;
    int64_t count = begin_block(run, start, end);
    for (int32_t f = 0; f < run->plan->frame_count; f++)
        frame_run_advance(&run->frames[f], count);
    for (int32_t i = 0; i < run->plan->node_count; i++)
        eval_node(run, i, start, count);
    run->position += count;
    return count;
}

const uint64_t *plan_run_mask(const struct plan_run *run, int32_t node)
{
    return run->masks + (size_t)node * BLOCK_WORDS;
}

const double *plan_run_values(const struct plan_run *run, int32_t node)
{
    return run->view[node];
}

/* `back` bars before the position; the node's owner keeps more than that. */
static double value_before(const struct plan_run *run, int32_t node, int64_t back)
{
    const struct plan_node *n = &run->plan->nodes[node];
    if (n->op == PLAN_COLUMN)
        return column_view(run, n->column, run->position)[-1 - back];
    if (n->op == PLAN_OFFSET)
        return value_before(run, n->input[0], back + n->bars);
    int32_t slot = n->op == PLAN_OUTPUT ? run->plan->nodes[n->input[0]].slot + n->output : n->slot;
    assert(run->plan->slots[slot].keep_bars > back);
    return run->values[(int64_t)run->plan->slots[slot].offset + run->cursor[slot] - 1 - back];
}

double plan_run_last(const struct plan_run *run, int32_t node)
{
    return value_before(run, node, 0);
}

/* ---- starting ---------------------------------------------------------------------------- */

/* Marks every cache as out of date and every kept value as MISSING. */
static void forget(struct plan_run *run)
{
    const struct plan *p = run->plan;
    forget_caches(run);
    for (int32_t s = 0; s < p->slot_count; s++) {
        kernel_fill(NAN, p->slots[s].keep_bars, run->values + p->slots[s].offset);
        run->cursor[s] = p->slots[s].keep_bars;
    }
    memset(run->states, 0, p->kernel_state_bytes);
}

/* Do nodes that are rebuilt look at this frame? */
static bool is_rebuilt(const struct plan *p, int32_t frame)
{
    for (int32_t i = 0; i < p->node_count; i++) {
        const struct plan_node *node = &p->nodes[i];
        if (node->op == PLAN_FRAME && node->frame == frame && !node->recursive &&
            node->rebuild_bars > 0)
            return true;
    }
    return false;
}

static void start_frames(struct plan_run *run, int64_t bar)
{
    for (int32_t f = 0; f < run->plan->frame_count; f++)
        frame_run_start(&run->frames[f], bar);
}

/* Evaluates what does not depend on the run's start on the bars before it. */
static void rebuild(struct plan_run *run, int64_t bar)
{
    const struct plan *p = run->plan;
    int64_t start = bar > p->rebuild_bars ? bar - p->rebuild_bars : 0;
    start_frames(run, start);
    while (start < bar) {
        int64_t count = begin_block(run, start, bar);
        for (int32_t f = 0; f < p->frame_count; f++)
            if (is_rebuilt(p, f))
                frame_run_advance(&run->frames[f], count);
        for (int32_t i = 0; i < p->node_count; i++)
            if (!p->nodes[i].recursive && p->nodes[i].rebuild_bars > 0)
                eval_node(run, i, start, count);
        start += count;
    }
    if (p->rebuild_bars > 0)
        start_frames(run, bar);
}

void plan_run_start(struct plan_run *run, int64_t bar)
{
    forget(run);
    rebuild(run, bar);
    run->position = bar;
}

void plan_run_save(const struct plan_run *run, void *state)
{
    const struct plan *p = run->plan;
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

void plan_run_load(struct plan_run *run, const void *state)
{
    const struct plan *p = run->plan;
    const unsigned char *at = state;
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
