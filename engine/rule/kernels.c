#include "engine/rule/kernels.h"

#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>

/* Each operation three times: column with column, column with constant, constant with column. */
#define THREE_FORMS(name, type, result, LOOP, expression)                                          \
    CLONES static void name##_cc(const double *a, const double *b, int64_t count, type *result){   \
        LOOP(a[i], b[i], expression)} CLONES static void name##_ck(const double *a, double b,      \
                                                                   int64_t count, type *result){   \
        LOOP(a[i], b, expression)} CLONES static void name##_kc(double a, const double *b,         \
                                                                int64_t count, type *result)       \
    {                                                                                              \
        LOOP(a, b[i], expression)                                                                  \
    }                                                                                              \
    static void name(struct kernel_operand a, struct kernel_operand b, int64_t count,              \
                     type *result)                                                                 \
    {                                                                                              \
        assert(a.column != NULL || b.column != NULL);                                              \
        if (a.column == NULL)                                                                      \
            name##_kc(a.constant, b.column, count, result);                                        \
        else if (b.column == NULL)                                                                 \
            name##_ck(a.column, b.constant, count, result);                                        \
        else                                                                                       \
            name##_cc(a.column, b.column, count, result);                                          \
    }

/* ---- arithmetic
 * ---------------------------------------------------------------------------------- */

#define NUMBER_LOOP(left, right, expression)                                                       \
    for (int64_t i = 0; i < count; i++) {                                                          \
        double x = left, y = right;                                                                \
        out[i] = expression;                                                                       \
    }

THREE_FORMS(add, double, out, NUMBER_LOOP, x + y)
THREE_FORMS(subtract, double, out, NUMBER_LOOP, x - y)
THREE_FORMS(multiply, double, out, NUMBER_LOOP, x *y)
THREE_FORMS(divide, double, out, NUMBER_LOOP, y == 0 ? NAN : x / y)

void kernel_arithmetic(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                       int64_t count, double *out)
{
    switch (op) {
    case PLAN_ADD:
        add(a, b, count, out);
        return;
    case PLAN_SUBTRACT:
        subtract(a, b, count, out);
        return;
    case PLAN_MULTIPLY:
        multiply(a, b, count, out);
        return;
    default:
        assert(op == PLAN_DIVIDE);
        divide(a, b, count, out);
        return;
    }
}

void kernel_negate(const double *a, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = -a[i];
}

void kernel_fill(double value, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = value;
}

/* ---- comparisons
 * --------------------------------------------------------------------------------- */

/* One word of the mask from 64 comparisons: each gives 0 or 1, shifted to its place by its lane. */
#define MASK_LOOP(left, right, expression)                                                         \
    int64_t full = count / 64 * 64, word = 0, i = 0;                                               \
    for (; i < full; word++) {                                                                     \
        uint64_t bits = 0;                                                                         \
        for (uint64_t lane = 0; lane < 64; lane++, i++) {                                          \
            double x = left, y = right;                                                            \
            bits |= (uint64_t)(expression) << lane;                                                \
        }                                                                                          \
        mask[word] = bits;                                                                         \
    }                                                                                              \
    if (i < count) {                                                                               \
        uint64_t bits = 0;                                                                         \
        for (; i < count; i++) {                                                                   \
            double x = left, y = right;                                                            \
            bits |= (uint64_t)(expression) << (i & 63);                                            \
        }                                                                                          \
        mask[word] = bits;                                                                         \
    }

THREE_FORMS(less, uint64_t, mask, MASK_LOOP, x < y)
THREE_FORMS(less_equal, uint64_t, mask, MASK_LOOP, x <= y)
THREE_FORMS(equal, uint64_t, mask, MASK_LOOP, x == y)
THREE_FORMS(not_equal, uint64_t, mask, MASK_LOOP, (x < y) | (x > y))

void kernel_compare(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                    int64_t count, uint64_t *mask)
{
    switch (op) {
    case PLAN_LESS:
        less(a, b, count, mask);
        return;
    case PLAN_LESS_EQUAL:
        less_equal(a, b, count, mask);
        return;
    case PLAN_EQUAL:
        equal(a, b, count, mask);
        return;
    default:
        assert(op == PLAN_NOT_EQUAL);
        not_equal(a, b, count, mask);
        return;
    }
}

/* ---- logic
 * --------------------------------------------------------------------------------------- */

void kernel_combine(enum plan_op op, const uint64_t *a, const uint64_t *b, int64_t words,
                    uint64_t *mask)
{
    if (op == PLAN_AND) {
        for (int64_t w = 0; w < words; w++)
            mask[w] = a[w] & b[w];
        return;
    }
    assert(op == PLAN_OR);
    for (int64_t w = 0; w < words; w++)
        mask[w] = a[w] | b[w];
}

/* Clears the bits past count in the last word. */
static void trim(int64_t count, uint64_t *mask)
{
    if (count % 64 != 0)
        mask[count / 64] &= (UINT64_C(1) << (count % 64)) - 1;
}

void kernel_not(const uint64_t *a, int64_t count, uint64_t *mask)
{
    for (int64_t w = 0; w < (count + 63) / 64; w++)
        mask[w] = ~a[w];
    trim(count, mask);
}

void kernel_truth(bool value, int64_t count, uint64_t *mask)
{
    for (int64_t w = 0; w < (count + 63) / 64; w++)
        mask[w] = value ? UINT64_MAX : 0;
    trim(count, mask);
}

void kernel_mask_to_numbers(const uint64_t *mask, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (double)(mask[i / 64] >> (i % 64) & 1);
}
