#include "tests/db/order_batches.h"

#include "tests/orders/bracket_fixture.h"

#include <stdio.h>

static const struct draft_names names = {.instance = "t", .broker = "test"};

static const char *no_id(void *context, enum leg leg, int32_t generation)
{
    (void)context;
    (void)generation;
    return leg == LEG_ENTRY ? "broker-1" : "";
}

struct order_batch *batch_accept(struct draft *d, int number, const char *client_order_id)
{
    struct order_header header = {.id = fixture_uuid(number),
                                  .key_id = fixture_uuid(900),
                                  .created_at_ns = number,
                                  .symbol = "ABC"};
    struct bracket_state empty;
    struct order_event e;
    snprintf(header.client_order_id, sizeof header.client_order_id, "%s", client_order_id);
    bracket_state_init(&empty);
    draft_begin(d, &header, &empty);
    struct order_clock clock = {.wall_ns = START_NS, .steady_ns = 1000};
    order_event_init(&e, EVENT_ACCEPTED, clock);
    e.id = header.id;
    e.spec = fixture_spec();
    assert_true(draft_feed(d, &e));
    draft_derive(d, clock, &e.quote);
    assert_true(draft_seal(d, &names, no_id, NULL));
    d->batch.creates = true;
    return &d->batch;
}

struct order_batch *batch_report(struct draft *d, int64_t filled)
{
    struct order_header header = d->header;
    struct bracket_state state = *d->now;
    struct order_event e;
    draft_begin(d, &header, &state);
    order_event_init(&e, EVENT_REPORT, (struct order_clock){START_NS, 2000 + filled});
    e.generation = 1;
    e.status = ORDER_STATUS_NEW;
    e.quantity = 10 * ONE;
    e.filled = filled;
    e.filled_value = order_value(filled, 100 * ONE);
    e.from_ns = 1500;
    assert_true(draft_feed(d, &e));
    assert_true(draft_seal(d, &names, no_id, NULL));
    return &d->batch;
}

static void answered(void *context, const struct order_commit *c)
{
    struct order_answer *a = context;
    a->outcome = c->outcome;
    a->code = c->code;
    a->sequence = c->sequence;
    a->id = c->order_id;
    snprintf(a->response, sizeof a->response, "%s", c->response ? c->response : "");
    atomic_store(&a->there, true);
}

enum err order_submit(struct order_store *store, const struct order_batch *batch,
                      struct order_answer *ret)
{
    *ret = (struct order_answer){.outcome = COMMIT_UNKNOWN};
    return store->operations->submit(store, batch, answered, ret, NULL);
}

static bool is_there(void *context)
{
    struct order_answer *a = context;
    return atomic_load(&a->there);
}

void order_answer_wait(struct order_answer *a)
{
    assert_true(test_wait(is_there, a, 20000));
}
