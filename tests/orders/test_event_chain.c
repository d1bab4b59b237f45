#include "orders/event_chain.h"

#include "tests/orders/bracket_fixture.h"
#include "tests/support/test.h"

enum { EVENTS = 4 };

struct chain {
    struct fixture f;
    struct stored_order order;
    struct order_record records[EVENTS];
    unsigned char bodies[EVENTS][ORDER_EVENT_BYTES_MAX];
};

static void add(struct chain *c, const struct order_event *event)
{
    struct order_record *r = &c->records[c->order.record_count];
    unsigned char *body = c->bodies[c->order.record_count++];
    r->seq = ++c->order.header.rev;
    r->body = body;
    r->body_bytes = order_event_encode(event, body);
    memcpy(r->prev_hash, c->order.header.head, SHA256_BYTES);
    event_chain_add(c->order.header.head, &c->order.header.id, r->seq, body, r->body_bytes);
}

/* Accepted, then three more events. */
static void make(struct chain *c)
{
    memset(c, 0, sizeof *c);
    c->order.records = c->records;
    c->order.header.id.bytes[3] = 7;
    struct bracket_spec spec = fixture_spec();
    bracket_fixture_init(&c->f, &spec);
    struct order_event event = fixture_event(&c->f, EVENT_ACCEPTED);
    event.id = c->order.header.id;
    event.spec = spec;
    add(c, &event);
    const enum order_event_type types[] = {EVENT_PAUSED, EVENT_RESUMED, EVENT_CANCEL_REQUESTED};
    for (size_t i = 0; i < EVENTS - 1; i++) {
        event = fixture_event(&c->f, types[i]);
        add(c, &event);
    }
}

static void an_untouched_chain_folds(void **state)
{
    (void)state;
    struct chain c;
    struct bracket_state folded;
    struct order_clock newest;
    make(&c);
    assert_int_equal(event_chain_fold(&c.order, &folded, &newest, NULL), ERR_OK);
    assert_int_equal(folded.status, BRACKET_CANCELED);
    assert_int_equal(newest.steady_ns, c.f.clock.steady_ns);
    assert_int_equal(event_chain_fold(&c.order, &folded, NULL, NULL), ERR_OK);
}

struct steps {
    size_t count;
    int64_t seqs[EVENTS];
    struct bracket_state last;
};

static void note_step(void *context, const struct order_record *record,
                      const struct bracket_state *state)
{
    struct steps *steps = context;
    steps->seqs[steps->count++] = record->seq;
    steps->last = *state;
}

static void a_walk_tells_of_each_step(void **state)
{
    (void)state;
    struct chain c;
    struct steps steps = {0};
    struct bracket_state folded;
    make(&c);
    assert_int_equal(event_chain_walk(&c.order, note_step, &steps, &folded, NULL, NULL), ERR_OK);
    assert_int_equal(steps.count, EVENTS);
    for (size_t i = 0; i < EVENTS; i++)
        assert_int_equal(steps.seqs[i], i + 1);
    assert_memory_equal(&steps.last, &folded, sizeof folded);
}

static void fails_at(struct chain *c, const char *where)
{
    struct bracket_state folded;
    struct error e;
    assert_int_equal(event_chain_fold(&c->order, &folded, NULL, &e), ERR_DATA);
    assert_non_null(strstr(e.message, where));
}

static void any_change_shows(void **state)
{
    (void)state;
    struct chain c;
    for (size_t i = 0; i < EVENTS; i++) {
        make(&c);
        for (size_t b = 0; b < c.records[i].body_bytes; b++) {
            struct bracket_state folded;
            c.bodies[i][b] ^= 1;
            assert_int_equal(event_chain_fold(&c.order, &folded, NULL, NULL), ERR_DATA);
            c.bodies[i][b] ^= 1;
        }
    }
    make(&c);
    c.order.header.id.bytes[0] ^= 1;
    fails_at(&c, "seq 2");
}

static void events_left_out_moved_or_cut_off_show(void **state)
{
    (void)state;
    struct chain c;
    make(&c);
    struct order_record swapped = c.records[1];
    c.records[1] = c.records[2];
    c.records[2] = swapped;
    fails_at(&c, "seq 2");
    make(&c);
    c.order.record_count--;
    fails_at(&c, "seq 4");
    make(&c);
    c.order.header.rev++;
    fails_at(&c, "seq 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_chain_folds),
        cmocka_unit_test(a_walk_tells_of_each_step),
        cmocka_unit_test(any_change_shows),
        cmocka_unit_test(events_left_out_moved_or_cut_off_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
