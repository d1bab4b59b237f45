/* A run of a rule: the run of its plan, and of each of its frames. */
#include "engine/rule/compiled.h"
#include "engine/rule/frame_run.h"
#include "engine/rule/kernels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct rule_run {
    const struct rule *rule;
    struct plan_run run;
    int32_t frame_count; /* of the frames that are initialised */
    struct frame_run frames[];
};

static enum err init_frames(struct rule_run *run, const struct rule *r, const struct bars *bars,
                            struct error *e)
{
    const struct plan *p = &r->plan;
    assert(p->frame_count == 0 || bars->timeframe.minutes == r->options.timeframe.minutes);
    for (; run->frame_count < p->frame_count; run->frame_count++) {
        struct frame_run *frame = &run->frames[run->frame_count];
        enum err err =
            frame_run_init(frame, &p->frames[run->frame_count], bars, r->options.zone, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err rule_run_create(const struct rule *r, const struct bars *bars, struct rule_run **ret,
                         struct error *e)
{
    if (r->parameters.parameter_count > 0)
        return error_set(e, ERR_RULE, "$%s has no value: $names are filled by a sweep",
                         r->parameters.parameter[0]);
    size_t frame_count = (size_t)r->plan.frame_count;
    struct rule_run *run = calloc(1, sizeof(*run) + frame_count * sizeof(run->frames[0]));
    if (run == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a run of the rule");
    run->rule = r;
    enum err err = init_frames(run, r, bars, e);
    if (err == ERR_OK)
        err = plan_run_init(&run->run, &r->plan, bars, false, r->options.zone, run->frames, e);
    if (err != ERR_OK) {
        rule_run_free(run);
        return err;
    }
    rule_run_start(run, 0);
    *ret = run;
    return ERR_OK;
}

void rule_run_free(struct rule_run *run)
{
    if (run == NULL)
        return;
    for (int32_t f = 0; f < run->frame_count; f++)
        frame_run_release(&run->frames[f]);
    plan_run_release(&run->run);
    free(run);
}

int64_t rule_run_position(const struct rule_run *run)
{
    return run->run.position;
}

void rule_run_start(struct rule_run *run, int64_t bar)
{
    assert(bar >= 0 && bar <= run->run.bars->count);
    plan_run_start(&run->run, bar);
}

/* ---- state: that of the rule's plan, then those of the frames ---------------------------- */

size_t rule_saved_bytes(const struct rule *r)
{
    size_t bytes = r->plan.saved_bytes;
    for (int32_t f = 0; f < r->plan.frame_count; f++)
        bytes += r->plan.frames[f].plan.saved_bytes;
    return bytes;
}

size_t rule_state_bytes(const struct rule_run *run)
{
    return rule_saved_bytes(run->rule);
}

void rule_run_save(const struct rule_run *run, void *state)
{
    unsigned char *at = state;
    plan_run_save(&run->run, at);
    at += run->rule->plan.saved_bytes;
    for (int32_t f = 0; f < run->frame_count; f++) {
        plan_run_save(&run->frames[f].run, at);
        at += run->frames[f].frame->plan.saved_bytes;
    }
}

void rule_run_load(struct rule_run *run, int64_t bar, const void *state)
{
    const unsigned char *at = state;
    rule_run_start(run, bar);
    plan_run_load(&run->run, at);
    at += run->rule->plan.saved_bytes;
    for (int32_t f = 0; f < run->frame_count; f++) {
        plan_run_load(&run->frames[f].run, at);
        at += run->frames[f].frame->plan.saved_bytes;
    }
}

/* ---- evaluation -------------------------------------------------------------------------- */

/* Puts the block's bits behind the `at` ones that the mask has. Bits of the block's last word that
 * are beyond its count are 0. */
static void append_bits(uint64_t *mask, int64_t at, const uint64_t *block, int64_t count)
{
    uint64_t *out = mask + at / 64;
    int64_t shift = at % 64;
    if (shift == 0) {
        memcpy(out, block, (size_t)((count + 63) / 64) * sizeof(*out));
        return;
    }
    for (int64_t w = 0; w * 64 < count; w++) {
        out[w] |= block[w] << shift;
        if (shift + count - w * 64 > 64)
            out[w + 1] = block[w] >> (64 - shift);
    }
}

void rule_run_eval(struct rule_run *run, int64_t end, uint64_t *mask)
{
    assert(mask == NULL || run->rule->boolean);
    assert(end >= run->run.position && end <= run->run.bars->count);
    int64_t start = run->run.position;
    while (run->run.position < end) {
        int64_t at = run->run.position - start;
        int64_t count = plan_run_next(&run->run, end);
        if (mask != NULL)
            append_bits(mask, at, plan_run_mask(&run->run, run->rule->plan.output[0]), count);
    }
}

double rule_run_output(const struct rule_run *run, int32_t output)
{
    return plan_run_values(&run->run, run->rule->plan.output[output])[0];
}

void rule_run_values(struct rule_run *run, int64_t end, double *values)
{
    int32_t root = run->rule->plan.output[0];
    assert(end >= run->run.position && end <= run->run.bars->count);
    while (run->run.position < end) {
        int64_t count = plan_run_next(&run->run, end);
        if (run->rule->boolean)
            kernel_mask_to_numbers(plan_run_mask(&run->run, root), count, values);
        else
            memcpy(values, plan_run_values(&run->run, root), (size_t)count * sizeof(*values));
        values += count;
    }
}
