#include "engine/rule/kernels.h"

#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>

/* One loop is written once, for any operation and either kind of operand; each function below is
 * that loop with the operation, and which operand is a constant, known to the compiler, so that it
 * vectorises. */
#define FOLDED static inline __attribute__((always_inline))

/* ---- arithmetic -------------------------------------------------------------------------- */

FOLDED double calculate(enum plan_op op, double x, double y)
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

FOLDED void calculate_all(enum plan_op op, const double *a, double ka, const double *b, double kb,
                          int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = calculate(op, a != NULL ? a[i] : ka, b != NULL ? b[i] : kb);
}

/* clang-format off */
#define ARITHMETIC(name, op)                                                                       \
    CLONES static void name##_columns(const double *a, const double *b, int64_t n, double *out)    \
    {                                                                                              \
        calculate_all(op, a, 0, b, 0, n, out);                                                     \
    }                                                                                              \
    CLONES static void name##_constant(const double *a, double kb, int64_t n, double *out)         \
    {                                                                                              \
        calculate_all(op, a, 0, NULL, kb, n, out);                                                 \
    }                                                                                              \
    CLONES static void constant_##name(double ka, const double *b, int64_t n, double *out)         \
    {                                                                                              \
        calculate_all(op, NULL, ka, b, 0, n, out);                                                 \
    }
ARITHMETIC(add, PLAN_ADD)
ARITHMETIC(subtract, PLAN_SUBTRACT)
ARITHMETIC(multiply, PLAN_MULTIPLY)
ARITHMETIC(divide, PLAN_DIVIDE)

static const struct {
    void (*columns)(const double *a, const double *b, int64_t n, double *out);
    void (*right_constant)(const double *a, double kb, int64_t n, double *out);
    void (*left_constant)(double ka, const double *b, int64_t n, double *out);
} arithmetic[] = {
    {add_columns, add_constant, constant_add},
    {subtract_columns, subtract_constant, constant_subtract},
    {multiply_columns, multiply_constant, constant_multiply},
    {divide_columns, divide_constant, constant_divide},
};
/* clang-format on */

void kernel_arithmetic(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                       int64_t count, double *out)
{
    assert(op >= PLAN_ADD && op <= PLAN_DIVIDE && (a.column != NULL || b.column != NULL));
    int at = (int)op - PLAN_ADD;
    if (a.column == NULL)
        arithmetic[at].left_constant(a.constant, b.column, count, out);
    else if (b.column == NULL)
        arithmetic[at].right_constant(a.column, b.constant, count, out);
    else
        arithmetic[at].columns(a.column, b.column, count, out);
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

/* ---- comparisons ------------------------------------------------------------------------- */

FOLDED uint64_t holds(enum plan_op op, double x, double y)
{
    switch (op) {
    case PLAN_LESS:
        return x < y;
    case PLAN_LESS_EQUAL:
        return x <= y;
    case PLAN_EQUAL:
        return x == y;
    default:
        return (x < y) | (x > y); /* != would hold for a MISSING operand */
    }
}

/* A word of the mask from 64 comparisons: each gives 0 or 1, shifted to its place by its lane. */
FOLDED void compare_all(enum plan_op op, const double *a, double ka, const double *b, double kb,
                        int64_t count, uint64_t *mask)
{
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
        uint64_t bits = 0;
        for (int64_t lane = 0; lane < 64; lane++)
            bits |= holds(op, a != NULL ? a[i + lane] : ka, b != NULL ? b[i + lane] : kb) << lane;
        mask[i / 64] = bits;
    }
    if (i == count)
        return;
    uint64_t bits = 0;
    for (int64_t lane = 0; i + lane < count; lane++)
        bits |= holds(op, a != NULL ? a[i + lane] : ka, b != NULL ? b[i + lane] : kb) << lane;
    mask[i / 64] = bits;
}

/* clang-format off */
#define COMPARISON(name, op)                                                                       \
    CLONES static void name##_columns(const double *a, const double *b, int64_t n, uint64_t *mask) \
    {                                                                                              \
        compare_all(op, a, 0, b, 0, n, mask);                                                      \
    }                                                                                              \
    CLONES static void name##_constant(const double *a, double kb, int64_t n, uint64_t *mask)      \
    {                                                                                              \
        compare_all(op, a, 0, NULL, kb, n, mask);                                                  \
    }                                                                                              \
    CLONES static void constant_##name(double ka, const double *b, int64_t n, uint64_t *mask)      \
    {                                                                                              \
        compare_all(op, NULL, ka, b, 0, n, mask);                                                  \
    }
COMPARISON(less, PLAN_LESS)
COMPARISON(less_equal, PLAN_LESS_EQUAL)
COMPARISON(equal, PLAN_EQUAL)
COMPARISON(not_equal, PLAN_NOT_EQUAL)

static const struct {
    void (*columns)(const double *a, const double *b, int64_t n, uint64_t *mask);
    void (*right_constant)(const double *a, double kb, int64_t n, uint64_t *mask);
    void (*left_constant)(double ka, const double *b, int64_t n, uint64_t *mask);
} comparisons[] = {
    {less_columns, less_constant, constant_less},
    {less_equal_columns, less_equal_constant, constant_less_equal},
    {equal_columns, equal_constant, constant_equal},
    {not_equal_columns, not_equal_constant, constant_not_equal},
};
/* clang-format on */

void kernel_compare(enum plan_op op, struct kernel_operand a, struct kernel_operand b,
                    int64_t count, uint64_t *mask)
{
    assert(op >= PLAN_LESS && op <= PLAN_NOT_EQUAL && (a.column != NULL || b.column != NULL));
    int at = (int)op - PLAN_LESS;
    if (a.column == NULL)
        comparisons[at].left_constant(a.constant, b.column, count, mask);
    else if (b.column == NULL)
        comparisons[at].right_constant(a.column, b.constant, count, mask);
    else
        comparisons[at].columns(a.column, b.column, count, mask);
}

/* ---- logic ------------------------------------------------------------------------------- */

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
