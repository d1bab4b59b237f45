/* The paper broker on a store in memory, as a subject of the broker's contract and for tests of its
 * threads.
 */
#ifndef TESTS_ORDERS_PAPER_PAPER_SUBJECT_H
#define TESTS_ORDERS_PAPER_PAPER_SUBJECT_H

#include "orders/paper/paper_broker.h"
#include "tests/orders/broker_contract.h"
#include "tests/orders/paper/memory_paper_store.h"

#define PAPER_SUBJECT_CASH (INT64_C(1000000) * 1000000)

struct paper_subject {
    struct memory_paper_store *store;
    struct broker *broker;
};

/* Opens a broker on the store, which is made when there is none. */
struct broker *paper_subject_open(struct paper_subject *s, const struct clock *clock,
                                  int64_t latency_ns);
/* The store goes; the broker has been freed. */
void paper_subject_close(struct paper_subject *s);

/* For the matrix. The subject is borrowed. */
struct broker_subject paper_subject_contract(struct paper_subject *s);

/* Posts a quote and returns when the market has taken it. Sizes 0 = not known. */
void paper_subject_quote(struct broker *broker, const char *symbol, int64_t bid, int64_t bid_size,
                         int64_t ask, int64_t ask_size);

#endif
