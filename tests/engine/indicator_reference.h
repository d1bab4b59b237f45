/* Naive indicators, written straight from their definitions: each value from its whole window or
 * its whole past, in long double. Slow, and as plain as can be; what the engine's kernels are held
 * against.
 */
#ifndef TESTS_ENGINE_INDICATOR_REFERENCE_H
#define TESTS_ENGINE_INDICATOR_REFERENCE_H

#include <stdint.h>

/* What an indicator of the table is computed from: in[j][0..count), in the order of its inputs. */
struct reference_case {
    const double *in[4];
    int64_t count;
    double parameter[3];
    int32_t decimals; /* of prices: every one is the double nearest to k / 10^decimals; -1: none */
};

typedef void reference_function(const struct reference_case *c, double *out);

/* The reference of an indicator; fails the test when there is none. */
reference_function *reference_of(const char *name);

#endif
