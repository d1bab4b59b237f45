/* Batches of brackets for tests of the orders' store, and their submission. */
#ifndef TESTS_DB_ORDER_BATCHES_H
#define TESTS_DB_ORDER_BATCHES_H

#include "base/parker.h"
#include "orders/desk/draft.h"
#include "tests/db/fixture.h"

#include <stdatomic.h>

/* Of bracket `number` (fixture_uuid), accepted, with the intent of its entry of 10 at 100. The
 * batch lives in the draft. */
struct order_batch *batch_accept(struct draft *d, int number, const char *client_order_id);
/* After what is in the draft was stored: its entry is reported as filled with `filled`, at 100. */
struct order_batch *batch_report(struct draft *d, int64_t filled);

struct order_answer {
    atomic_bool there;
    enum order_commit_outcome outcome;
    enum err code;
    int64_t sequence;
    struct uuid id;
    char response[64];
};

/* What submit returns; when that is OK the answer comes. */
enum err order_submit(struct order_store *store, const struct order_batch *batch,
                      struct order_answer *ret);
void order_answer_wait(struct order_answer *a);

#endif
