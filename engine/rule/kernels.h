/* The elementary operations over a block: arithmetic on columns, comparisons into bit masks, logic
 * on masks. All vectorised, all with the same results on every machine.
 */
#ifndef ENGINE_RULE_KERNELS_H
#define ENGINE_RULE_KERNELS_H

#include "engine/rule/plan.h"

/* A column of the block, or a constant when `column` is NULL. */
struct kernel_operand {
    const double *column;
    double constant;
};

/* PLAN_ADD .. PLAN_DIVIDE. Not both are constants; out may be neither. */
void kernel_arithmetic(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                       int64_t count, double *out);
void kernel_negate(const double *a, int64_t count, double *out);
void kernel_fill(double value, int64_t count, double *out);

/* PLAN_LESS .. PLAN_NOT_EQUAL; false when an operand is MISSING. Not both are constants. Writes
 * (count + 63) / 64 words; bits past count are zero. */
void kernel_compare(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                    int64_t count, uint64_t *mask);

/* PLAN_AND, PLAN_OR. */
void kernel_combine(enum plan_op op, const uint64_t *a, const uint64_t *b, int64_t words,
                    uint64_t *mask);
/* Bits past count come out as zero. */
void kernel_not(const uint64_t *a, int64_t count, uint64_t *mask);
void kernel_truth(bool value, int64_t count, uint64_t *mask);
void kernel_mask_to_numbers(const uint64_t *mask, int64_t count, double *out);

#endif
