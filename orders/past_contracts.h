/* Contracts that are over and that nobody quotes any more, in tables that would otherwise keep each
 * symbol that ever came: when such a table is gone through, and what it may forget.
 *
 * A table is gone through as it grows: at PAST_FIRST entries, then whenever it has doubled, and at
 * its limit once a minute; so that costs next to nothing for each entry. Plain values.
 */
#ifndef ORDERS_PAST_CONTRACTS_H
#define ORDERS_PAST_CONTRACTS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

enum { PAST_FIRST = 4096 };

struct past_sweep {
    size_t at;        /* entries; 0 = PAST_FIRST */
    int64_t after_ns; /* monotonic */
};
bool past_sweep_due(const struct past_sweep *s, size_t count, int64_t now_ns);
/* It was done and left so many; `limit` is the table's. */
void past_sweep_done(struct past_sweep *s, size_t count, size_t limit, int64_t now_ns);

/* An option whose expiry day was over a day ago, and of which no quote came for a day: never a
 * share. now_ns UTC; quote_age_ns INT64_MAX = it has none. Whether somebody holds it or has orders
 * in it is for the table to know. */
bool past_contract(const char *symbol, int64_t quote_age_ns, int64_t now_ns);

#endif
