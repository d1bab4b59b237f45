/* The paper broker's journal, checked event by event: what the fold of its fills says about cash,
 * positions and orders must be what the events say themselves.
 */
#ifndef TESTS_ORDERS_PAPER_PAPER_AUDIT_H
#define TESTS_ORDERS_PAPER_PAPER_AUDIT_H

#include "orders/paper/paper_store.h"

enum { AUDIT_ORDERS = 4096, AUDIT_SYMBOLS = 16 };

struct paper_audit {
    int64_t cash, seq;
    size_t order_count;
    struct paper_order_row orders[AUDIT_ORDERS]; /* by id - 1, as of their last event */
    size_t symbol_count;
    struct position positions[AUDIT_SYMBOLS];
};

void paper_audit_init(struct paper_audit *a, int64_t cash);
/* Fails the running test when the event cannot follow what came before. */
void paper_audit_event(struct paper_audit *a, const struct paper_event *event);
/* 0 when there never was one. */
int64_t paper_audit_held(const struct paper_audit *a, const char *symbol);

#endif
