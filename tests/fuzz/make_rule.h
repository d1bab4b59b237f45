/* Rules made out of bytes, by the table of indicators and that of series: so every indicator is
 * fuzzed from the day that it is in the table, deep inside others too, where a text that is changed
 * at random seldom gets. */
#ifndef TESTS_FUZZ_MAKE_RULE_H
#define TESTS_FUZZ_MAKE_RULE_H

#include "base/strbuf.h"

#include <stdint.h>

/* The values that the made rule can have, by the tables: what an indicator or a series at its root
 * says of itself. */
struct made_bounds {
    double min, max;
};

/* Appends a rule: a truth or, when the first byte is odd, a number. The same bytes give the same
 * rule; without any left it ends soon. It may be one that the compiler refuses. */
void make_rule(const uint8_t *data, size_t size, struct strbuf *out, struct made_bounds *ret);

#endif
