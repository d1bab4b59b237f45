/* Brackets on the paper broker and one database, through all layers but HTTP: whatever the quotes
 * do, and across restarts, each bracket sells what it bought and never more.
 */
#include "base/random.h"
#include "db/order_store.h"
#include "db/paper_store.h"
#include "orders/desk/desk.h"
#include "orders/paper/paper_broker.h"
#include "tests/db/fixture.h"
#include "tests/orders/bracket_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 24, PATIENCE_MS = 30000 };

struct bench {
    char *folder;
    struct storage storage;
    struct order_store *order_store;
    struct paper_store *paper_store;
    struct broker *broker;
    struct desk *desk;
    int64_t latency_ns;
    struct random random;
    int64_t price; /* cents */
    int32_t placed;
    struct uuid ids[COUNT];
};

static bool is_ready(void *context)
{
    return desk_ready(((struct bench *)context)->desk, NULL);
}

static void start(struct bench *b)
{
    assert_int_equal(storage_open(b->folder, NULL, &b->storage, NULL), ERR_OK);
    struct writer *writer = b->storage.writer;
    struct readers *readers = b->storage.readers;
    assert_int_equal(order_store_create(writer, readers, &b->order_store, NULL), ERR_OK);
    assert_int_equal(paper_store_create(writer, readers, &b->paper_store, NULL), ERR_OK);
    const struct paper_options paper = {.clock = clock_real(),
                                        .store = b->paper_store,
                                        .cash = 1000000 * ONE,
                                        .latency_ns = b->latency_ns};
    assert_int_equal(paper_broker_create(&paper, &b->broker, NULL), ERR_OK);
    const struct desk_options desk = {.broker = b->broker,
                                      .store = b->order_store,
                                      .clock = clock_real(),
                                      .instance = "t",
                                      .poll_interval_ns = 50 * NS_PER_MS};
    assert_int_equal(desk_create(&desk, &b->desk, NULL), ERR_OK);
    assert_int_equal(desk_start(b->desk, NULL), ERR_OK);
    assert_true(test_wait(is_ready, b, PATIENCE_MS));
}

static void stop(struct bench *b)
{
    assert_int_equal(desk_stop(b->desk, 10 * NS_PER_SECOND, NULL), ERR_OK);
    desk_free(b->desk);
    b->broker->operations->free(b->broker);
    paper_store_free(b->paper_store);
    order_store_free(b->order_store);
    storage_close(&b->storage);
    b->storage = (struct storage){0};
}

/* ---- the market ------------------------------------------------------------------------------ */

/* To the broker first, as the server does it. Sizes 0 = any. */
static void quote(struct bench *b, int64_t bid, int64_t ask, int64_t size)
{
    const struct market_quote q = {
        .symbol = "SPY", .bid = bid, .ask = ask, .bid_size = size, .ask_size = size};
    assert_int_equal(paper_broker_quotes(b->broker, &q, 1, NULL), ERR_OK);
    desk_quote(b->desk, "SPY", bid, ask, false, 0);
}

/* A random walk between the exits, a few contracts at a time. */
static void walk(struct bench *b, int steps)
{
    for (int i = 0; i < steps; i++) {
        b->price += (int64_t)random_below(&b->random, 161) - 80;
        if (b->price < 9400)
            b->price = 9400;
        if (b->price > 11100)
            b->price = 11100;
        quote(b, b->price * CENT, (b->price + 2) * CENT,
              (int64_t)(1 + random_below(&b->random, 30)) * ONE);
        test_pause_ms(2);
    }
}

/* ---- brackets -------------------------------------------------------------------------------- */

struct placing {
    struct bench *bench;
    atomic_int done;
};

static void placed(void *context, const struct desk_result *r)
{
    struct placing *p = context;
    assert_int_equal(r->outcome, DESK_DONE);
    p->bench->ids[p->bench->placed++] = r->id;
    atomic_fetch_add(&p->done, 1);
}

static bool all_placed(void *context)
{
    return atomic_load(&((struct placing *)context)->done) == COUNT;
}

static void place_all(struct bench *b, enum protection protection)
{
    struct placing p = {.bench = b};
    for (int i = 0; i < COUNT; i++) {
        struct bracket_spec spec = fixture_spec();
        spec.protection = protection;
        spec.not_found_bound_ns = 20 * NS_PER_MS;
        spec.take_profit_ttl_ns = NS_PER_SECOND;
        spec.quantity = (1 + i % 10) * ONE;
        const struct desk_placement placement = {.spec = &spec};
        assert_int_equal(desk_place(b->desk, &placement, placed, &p, NULL), ERR_OK);
    }
    assert_true(test_wait(all_placed, &p, PATIENCE_MS));
}

/* The market lies at the stops until every bracket is final. */
static bool all_final(void *context)
{
    struct bench *b = context;
    static struct desk_view view;
    quote(b, 94 * ONE, 94 * ONE + CENT, 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(desk_load(b->desk, &b->ids[i], &view, NULL), ERR_OK);
        if (!bracket_status_final(view.header.status))
            return false;
    }
    return true;
}

/* ---- the broker's own books ------------------------------------------------------------------ */

struct books {
    struct bench *bench;
    int64_t bought[COUNT], sold[COUNT];
};

/* Which bracket's: ids hold it between the dashes. */
static int number_of(struct books *books, const char *client_id)
{
    for (int i = 0; i < COUNT; i++) {
        char entry[CLIENT_ID_TEXT];
        desk_client_id(books->bench->desk, &books->bench->ids[i], LEG_ENTRY, 1, entry);
        if (strncmp(entry, client_id, strlen(entry) - 2) == 0)
            return i;
    }
    fail_msg("whose is %s?", client_id);
    return 0;
}

static bool add_fill(void *context, const struct broker_fill *f)
{
    struct books *books = context;
    int i = number_of(books, f->client_id);
    bool entry = strrchr(f->client_id, '-')[1] == leg_letter(LEG_ENTRY);
    *(entry ? &books->bought[i] : &books->sold[i]) += f->quantity;
    assert_true(books->sold[i] <= books->bought[i]);
    return true;
}

static bool no_position(void *context, const struct broker_position *p)
{
    (void)context;
    fail_msg("%lld of %s are left", (long long)p->quantity, p->symbol);
    return true;
}

static void check_books(struct bench *b)
{
    static struct books books;
    static struct desk_view view;
    books = (struct books){.bench = b};
    assert_int_equal(b->broker->operations->fills(b->broker, 0, add_fill, &books), OUTCOME_OK);
    assert_int_equal(b->broker->operations->positions(b->broker, no_position, NULL), OUTCOME_OK);
    for (int i = 0; i < COUNT; i++) {
        struct bracket_sums sums;
        assert_int_equal(desk_load(b->desk, &b->ids[i], &view, NULL), ERR_OK);
        bracket_sum(&view.state, &sums);
        assert_int_equal(books.sold[i], books.bought[i]);
        assert_int_equal(sums.entered, books.bought[i]);
        assert_int_equal(sums.open, 0);
    }
}

static void run(enum protection protection, int64_t latency_ns, uint64_t seed)
{
    static struct bench b;
    memset(&b, 0, sizeof b);
    b.folder = fixture_folder();
    b.latency_ns = latency_ns;
    b.price = 10050;
    random_seed(&b.random, seed);
    start(&b);
    walk(&b, 5);
    place_all(&b, protection);
    for (int life = 0; life < 3; life++) {
        walk(&b, 60);
        stop(&b);
        start(&b);
    }
    walk(&b, 30);
    /* Whatever has not been bought yet is now, and is stopped out. */
    assert_true(test_wait(all_final, &b, PATIENCE_MS));
    check_books(&b);
    stop(&b);
    fixture_remove(b.folder);
}

static void with_a_resting_stop_each_bracket_sells_what_it_bought(void **state)
{
    (void)state;
    run(PROTECTION_RESTING_STOP, 0, 1);
    run(PROTECTION_RESTING_STOP, 3 * NS_PER_MS, 2);
}

static void with_a_pair_each_bracket_sells_what_it_bought(void **state)
{
    (void)state;
    run(PROTECTION_RESTING_BOTH, 0, 3);
    run(PROTECTION_RESTING_BOTH, 3 * NS_PER_MS, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_resting_stop_each_bracket_sells_what_it_bought),
        cmocka_unit_test(with_a_pair_each_bracket_sells_what_it_bought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
