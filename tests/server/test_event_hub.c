#include "tests/support/test.h"

#include "server/events/event_hub.h"
#include "tests/orders/desk/script_broker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 3 };

/* A log that holds whatever sequences it is said to: the event `sequence` is of the order
 * sequence % ORDERS. */
struct bench {
    struct order_store store; /* first */
    atomic_llong end;
    atomic_int reads;
    atomic_bool broken;
    struct script_broker *broker;
    struct desk *desk;
    struct event_hub *hub;
    bool stopped;
};

static struct uuid order(int64_t number)
{
    struct uuid id = {{0}};
    id.bytes[15] = (unsigned char)(number % ORDERS);
    return id;
}

static enum err events(struct order_store *store, const struct uuid *id, int64_t since,
                       int32_t limit, order_record_fn *visit, void *context, struct error *e)
{
    struct bench *b = (struct bench *)store;
    atomic_fetch_add(&b->reads, 1);
    if (atomic_load(&b->broken))
        return error_set(e, ERR_IO, "the disk is gone");
    unsigned char body[ORDER_EVENT_BYTES_MAX];
    struct order_event event;
    order_event_init(&event, EVENT_PAUSED, (struct order_clock){1, 1});
    size_t body_bytes = order_event_encode(&event, body);
    int64_t end = atomic_load(&b->end);
    for (int64_t i = since + 1; i <= end && limit > 0; i++) {
        struct uuid of = order(i);
        if (id && memcmp(id, &of, sizeof of) != 0)
            continue;
        const struct order_record record = {.sequence = i,
                                            .seq = i,
                                            .at_ns = 1,
                                            .type = EVENT_PAUSED,
                                            .body = body,
                                            .body_bytes = body_bytes};
        limit--;
        if (!visit(context, &of, &record))
            break;
    }
    return ERR_OK;
}

static enum err load(struct order_store *store, const struct uuid *id, stored_order_fn *visit,
                     void *context, struct error *e)
{
    (void)store, (void)id, (void)visit, (void)context;
    return error_set(e, ERR_NOT_FOUND, "not kept");
}

static enum err newest(struct order_store *store, int64_t *ret, struct error *e)
{
    (void)e;
    *ret = atomic_load(&((struct bench *)store)->end);
    return ERR_OK;
}

static int set_up(void **state)
{
    static const struct order_store_operations operations = {
        .events = events, .load = load, .newest = newest};
    struct bench *b = test_calloc(1, sizeof *b);
    b->store.operations = &operations;
    atomic_init(&b->end, 100);
    b->broker = script_broker_create(0);
    struct desk_options options = {.broker = script_broker_of(b->broker),
                                   .store = &b->store,
                                   .clock = clock_real(),
                                   .instance = "t"};
    assert_int_equal(desk_create(&options, &b->desk, NULL), ERR_OK);
    assert_int_equal(event_hub_create(&b->store, &b->hub, NULL), ERR_OK);
    assert_int_equal(event_hub_start(b->hub, b->desk, NULL, NULL), ERR_OK);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    event_hub_stop(b->hub);
    event_hub_free(b->hub);
    desk_free(b->desk);
    script_broker_free(b->broker);
    test_free(b);
    return 0;
}

/* The log grows to `end`, and the desk tells of its last event. */
static void commit(struct bench *b, int64_t end)
{
    struct uuid id = order(end);
    atomic_store(&b->end, end);
    const struct desk_news news = {.sequence = end, .id = &id, .rev = end};
    event_hub_order(b->hub, &news);
}

static struct event_hub_stats stats(struct bench *b)
{
    struct event_hub_stats s;
    event_hub_stats(b->hub, &s);
    return s;
}

/* ---- streams --------------------------------------------------------------------------------- */

struct watcher {
    struct event_subscriber subscriber; /* first */
    struct event_place place;
    struct bench *bench;
    atomic_int wakes;
};

static void count_wake(struct event_subscriber *s)
{
    atomic_fetch_add(&((struct watcher *)s)->wakes, 1);
}

static void watch(struct bench *b, struct watcher *w, struct event_filter filter)
{
    *w = (struct watcher){.subscriber = {.wake = count_wake, .filter = filter}, .bench = b};
    assert_int_equal(event_hub_subscribe(b->hub, &w->subscriber, &w->place, NULL), ERR_OK);
}

static void leave(struct watcher *w)
{
    event_hub_unsubscribe(w->bench->hub, &w->subscriber);
}

/* Reads on as a stream does, until there is nothing more. Checks that each event comes once, in
 * order; returns how many. */
static int read_on(struct watcher *w)
{
    struct strbuf out;
    int count = 0;
    int64_t before = w->place.sequence;
    enum event_read next = EVENT_READ_MORE;
    strbuf_init(&out, 1 << 20);
    while (next != EVENT_READ_ALL) {
        strbuf_clear(&out);
        next = event_hub_read(w->bench->hub, &w->subscriber.filter, &w->place, &out);
        if (next == EVENT_READ_BEHIND)
            assert_int_equal(
                event_hub_read_log(w->bench->hub, &w->subscriber.filter, &w->place, &out, NULL),
                ERR_OK);
        for (const char *p = strbuf_text(&out); (p = strstr(p, "id: ")); p++) {
            int64_t id = strtoll(p + 4, NULL, 10);
            assert_true(id > before);
            assert_true(w->subscriber.filter.has_order_id || id == before + 1);
            before = id;
            count++;
        }
    }
    strbuf_release(&out);
    return count;
}

static bool was_woken(void *context)
{
    return atomic_load(&((struct watcher *)context)->wakes) > 0;
}

static bool has_caught_up(void *context)
{
    struct watcher *w = context;
    read_on(w);
    return w->place.sequence == atomic_load(&w->bench->end);
}

static const struct event_filter all_orders = {.orders = true};

static void a_stream_is_woken_and_reads_what_is_new(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    watch(b, &w, all_orders);
    assert_int_equal(w.place.sequence, 100);
    assert_int_equal(read_on(&w), 0);
    commit(b, 103);
    assert_true(test_wait(was_woken, &w, 10000));
    assert_true(test_wait(has_caught_up, &w, 10000));
    assert_int_equal(stats(b).log_reads, 0);
    leave(&w);
}

static void with_nobody_watching_nothing_is_read(void **state)
{
    struct bench *b = *state;
    for (int i = 101; i < 200; i++)
        commit(b, i);
    test_pause_ms(50);
    assert_int_equal(atomic_load(&b->reads), 0);
    assert_int_equal(stats(b).rounds, 0);
    assert_int_equal(event_hub_sequence(b->hub), 199);
}

static void a_stream_from_long_ago_reads_the_log_first(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    watch(b, &w, all_orders);
    w.place.sequence = 3;
    assert_int_equal(read_on(&w), 97);
    assert_true(stats(b).log_reads >= 1);
    commit(b, 101);
    assert_true(test_wait(has_caught_up, &w, 10000));
    leave(&w);
}

static void a_stream_that_the_ring_left_behind_is_served_from_the_log(void **state)
{
    struct bench *b = *state;
    struct watcher slow, quick;
    watch(b, &slow, all_orders);
    watch(b, &quick, all_orders);
    int64_t end = 100;
    while (end < 100 + 3 * LIMIT_EVENT_RING) {
        commit(b, end += 500);
        assert_true(test_wait(has_caught_up, &quick, 10000));
    }
    assert_int_equal(read_on(&slow), end - 100);
    assert_true(stats(b).log_reads >= 1);
    leave(&slow);
    leave(&quick);
}

static void one_order_alone_wakes_its_stream(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    struct event_filter filter = {.orders = true, .has_order_id = true, .order_id = order(1)};
    watch(b, &w, filter);
    commit(b, 101); /* of order 2 */
    commit(b, 102); /* of order 0 */
    test_pause_ms(50);
    assert_int_equal(atomic_load(&w.wakes), 0);
    commit(b, 103);
    assert_true(test_wait(was_woken, &w, 10000));
    assert_int_equal(read_on(&w), 1);
    w.place.sequence = 0; /* from the log */
    assert_int_equal(read_on(&w), 103 / ORDERS + 1);
    leave(&w);
}

static void many_commits_are_few_wakes(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    watch(b, &w, all_orders);
    for (int i = 101; i <= 2100; i++)
        commit(b, i);
    assert_true(test_wait(has_caught_up, &w, 10000));
    assert_true(atomic_load(&w.wakes) < 1000);
    leave(&w);
}

static void a_log_that_cannot_be_read_is_left_to_the_streams(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    struct strbuf out;
    watch(b, &w, all_orders);
    atomic_store(&b->broken, true);
    commit(b, 101);
    assert_true(test_wait(was_woken, &w, 10000));
    strbuf_init(&out, 1 << 20);
    assert_int_equal(event_hub_read(b->hub, &w.subscriber.filter, &w.place, &out),
                     EVENT_READ_BEHIND);
    assert_int_equal(event_hub_read_log(b->hub, &w.subscriber.filter, &w.place, &out, NULL),
                     ERR_IO);
    strbuf_release(&out);
    atomic_store(&b->broken, false);
    assert_int_equal(read_on(&w), 1);
    leave(&w);
}

static void streams_have_a_limit(void **state)
{
    struct bench *b = *state;
    struct watcher *all = test_calloc(LIMIT_EVENT_STREAMS, sizeof *all), one = {.bench = b};
    for (int i = 0; i < LIMIT_EVENT_STREAMS; i++)
        watch(b, &all[i], all_orders);
    assert_int_equal(event_hub_subscribe(b->hub, &one.subscriber, &one.place, NULL), ERR_BUSY);
    for (int i = 0; i < LIMIT_EVENT_STREAMS; i++)
        leave(&all[i]);
    watch(b, &one, all_orders);
    leave(&one);
    test_free(all);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void tell_job(struct bench *b, int number, enum job_status status, int64_t done)
{
    struct job_news news = {.id = order(number), .status = status, .progress = {.bars_done = done}};
    event_hub_job(b->hub, &news);
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)); text++)
        count++;
    return count;
}

static void a_stream_is_told_the_newest_state_of_each_job(void **state)
{
    struct bench *b = *state;
    struct watcher w;
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    tell_job(b, 0, JOB_SUCCEEDED, 9);
    tell_job(b, 1, JOB_RUNNING, 1);
    watch(b, &w, (struct event_filter){.jobs = true});
    event_hub_read(b->hub, &w.subscriber.filter, &w.place, &out); /* what is under way */
    assert_int_equal(count_of(strbuf_text(&out), "event: job"), 1);
    assert_int_equal(count_of(strbuf_text(&out), "\"running\""), 1);
    strbuf_clear(&out);
    tell_job(b, 1, JOB_RUNNING, 1); /* nothing new */
    tell_job(b, 1, JOB_RUNNING, 2);
    tell_job(b, 1, JOB_RUNNING, 3);
    tell_job(b, 2, JOB_QUEUED, 0);
    assert_true(test_wait(was_woken, &w, 10000));
    event_hub_read(b->hub, &w.subscriber.filter, &w.place, &out);
    assert_int_equal(count_of(strbuf_text(&out), "event: job"), 2);
    assert_int_equal(count_of(strbuf_text(&out), "\"bars_done\":3"), 1);
    strbuf_clear(&out);
    event_hub_read(b->hub, &w.subscriber.filter, &w.place, &out);
    assert_int_equal(out.length, 0);
    strbuf_release(&out);
    leave(&w);
}

/* ---- waits ----------------------------------------------------------------------------------- */

struct waiting {
    struct event_wait wait; /* first */
    struct bench *bench;
    atomic_int dues;
    atomic_bool expired;
    bool again; /* waits once more when it is due */
    atomic_bool hold, held;
};

static void on_due(struct event_wait *wait)
{
    struct waiting *w = (struct waiting *)wait;
    atomic_store(&w->expired, wait->expired);
    if (w->again && !wait->expired) {
        atomic_store(&w->held, true);
        while (atomic_load(&w->hold))
            test_pause_ms(1);
        wait->since = event_hub_sequence(w->bench->hub);
        event_hub_wait(w->bench->hub, wait);
    }
    atomic_fetch_add(&w->dues, 1); /* the last touch */
}

static void begin(struct bench *b, struct waiting *w, int of)
{
    *w = (struct waiting){.wait = {.due = on_due, .has_order_id = of >= 0, .since = 100},
                          .bench = b};
    if (of >= 0)
        w->wait.order_id = order(of);
    event_hub_wait(b->hub, &w->wait);
}

static bool is_due(void *context)
{
    return atomic_load(&((struct waiting *)context)->dues) > 0;
}

static void a_wait_for_an_order_is_due_at_its_change(void **state)
{
    struct bench *b = *state;
    struct waiting w, also, other;
    begin(b, &w, 1);
    begin(b, &also, 1);
    begin(b, &other, 2);
    commit(b, 103); /* of order 1 */
    assert_true(test_wait(is_due, &w, 10000));
    assert_true(test_wait(is_due, &also, 10000));
    assert_false(atomic_load(&w.expired));
    assert_int_equal(atomic_load(&other.dues), 0);
    assert_int_equal(stats(b).waits, 1);
    assert_true(event_hub_unwait(b->hub, &other.wait));
    assert_false(event_hub_unwait(b->hub, &w.wait));
}

static void a_wait_for_any_order_is_due_beyond_its_place(void **state)
{
    struct bench *b = *state;
    struct waiting w, later;
    begin(b, &w, -1);
    test_pause_ms(20);
    assert_int_equal(atomic_load(&w.dues), 0);
    commit(b, 101);
    assert_true(test_wait(is_due, &w, 10000));
    begin(b, &later, -1); /* it has happened already */
    assert_true(test_wait(is_due, &later, 10000));
}

static void a_wait_that_expires_is_due_and_knows_why(void **state)
{
    struct bench *b = *state;
    struct waiting w;
    begin(b, &w, 1);
    event_hub_expire(b->hub, &w.wait);
    assert_true(test_wait(is_due, &w, 10000));
    assert_true(atomic_load(&w.expired));
}

static bool is_held(void *context)
{
    return atomic_load(&((struct waiting *)context)->held);
}

static bool was_due_twice(void *context)
{
    return atomic_load(&((struct waiting *)context)->dues) == 2;
}

static void a_wait_that_expires_while_it_looks_again_does_not_wait_on(void **state)
{
    struct bench *b = *state;
    struct waiting w = {.bench = b, .again = true};
    atomic_store(&w.hold, true);
    w.wait = (struct event_wait){.due = on_due, .since = 100};
    event_hub_wait(b->hub, &w.wait);
    commit(b, 101);
    assert_true(test_wait(is_held, &w, 10000));
    event_hub_expire(b->hub, &w.wait);
    atomic_store(&w.hold, false);
    assert_true(test_wait(was_due_twice, &w, 10000));
    assert_true(atomic_load(&w.expired));
}

static void however_many_wait_for_one_order_each_is_due_once(void **state)
{
    enum { WAITS = 500 };
    struct bench *b = *state;
    static struct waiting waits[WAITS];
    for (int i = 0; i < WAITS; i++)
        begin(b, &waits[i], 1);
    assert_int_equal(stats(b).waits, WAITS);
    commit(b, 101); /* another order's */
    commit(b, 103);
    for (int i = 0; i < WAITS; i++)
        assert_true(test_wait(is_due, &waits[i], 10000));
    assert_int_equal(stats(b).waits, 0);
    commit(b, 103 + ORDERS); /* nobody waits for it any more */
    event_hub_stop(b->hub);
    for (int i = 0; i < WAITS; i++) {
        assert_int_equal(atomic_load(&waits[i].dues), 1);
        assert_false(atomic_load(&waits[i].expired));
    }
}

/* Whoever takes its wait back is not called, and whoever is called had not. */
static void a_wait_is_taken_back_or_due_never_both(void **state)
{
    enum { WAITS = 64, ROUNDS = 20 };
    struct bench *b = *state;
    static struct waiting waits[WAITS];
    for (int round = 0; round < ROUNDS; round++) {
        bool back[WAITS];
        for (int i = 0; i < WAITS; i++)
            begin(b, &waits[i], 1);
        commit(b, 103 + (int64_t)round * ORDERS);
        test_pause_ms(round % 8);
        for (int i = 0; i < WAITS; i++)
            back[i] = event_hub_unwait(b->hub, &waits[i].wait);
        for (int i = 0; i < WAITS; i++)
            assert_true(back[i] || test_wait(is_due, &waits[i], 10000));
        test_pause_ms(EVENT_ROUND_MS + 1);
        for (int i = 0; i < WAITS; i++)
            assert_int_equal(atomic_load(&waits[i].dues), !back[i]);
    }
    assert_int_equal(stats(b).waits, 0);
}

#define WITH_HUB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HUB(a_stream_is_woken_and_reads_what_is_new),
        WITH_HUB(with_nobody_watching_nothing_is_read),
        WITH_HUB(a_stream_from_long_ago_reads_the_log_first),
        WITH_HUB(a_stream_that_the_ring_left_behind_is_served_from_the_log),
        WITH_HUB(one_order_alone_wakes_its_stream),
        WITH_HUB(many_commits_are_few_wakes),
        WITH_HUB(a_log_that_cannot_be_read_is_left_to_the_streams),
        WITH_HUB(streams_have_a_limit),
        WITH_HUB(a_stream_is_told_the_newest_state_of_each_job),
        WITH_HUB(a_wait_for_an_order_is_due_at_its_change),
        WITH_HUB(a_wait_for_any_order_is_due_beyond_its_place),
        WITH_HUB(a_wait_that_expires_is_due_and_knows_why),
        WITH_HUB(a_wait_that_expires_while_it_looks_again_does_not_wait_on),
        WITH_HUB(however_many_wait_for_one_order_each_is_due_once),
        WITH_HUB(a_wait_is_taken_back_or_due_never_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
