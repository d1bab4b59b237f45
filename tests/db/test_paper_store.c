/* The paper broker on a real database: the contract of brokers, and that a restart goes on exactly.
 */
#include "db/paper_store.h"

#include "base/decimal.h"
#include "base/parker.h"
#include "orders/paper/paper_broker.h"
#include "tests/db/fixture.h"
#include "tests/orders/broker_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE DECIMAL_ONE
#define CASH (1000000 * ONE)

struct bench {
    char *folder;
    struct storage storage;
    struct paper_store *store;
    struct broker *broker;
};

static void start(struct bench *b)
{
    assert_int_equal(storage_open(b->folder, NULL, &b->storage, NULL), ERR_OK);
    assert_int_equal(paper_store_create(b->storage.writer, b->storage.readers, &b->store, NULL),
                     ERR_OK);
    const struct paper_options options = {.clock = clock_real(), .store = b->store, .cash = CASH};
    assert_int_equal(paper_broker_create(&options, &b->broker, NULL), ERR_OK);
}

static void stop(struct bench *b)
{
    if (b->broker)
        b->broker->operations->free(b->broker);
    b->broker = NULL;
    paper_store_free(b->store);
    storage_close(&b->storage);
    b->storage = (struct storage){0};
}

static void restart(struct bench *b)
{
    stop(b);
    start(b);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->folder = fixture_folder();
    start(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    stop(b);
    fixture_remove(b->folder);
    free(b);
    return 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct broker_submit order(const char *client_id, enum order_side side, int64_t quantity,
                                  int64_t limit_price)
{
    struct broker_submit s = {
        .client_id = client_id,
        .side = side,
        .type = limit_price ? ORDER_TYPE_LIMIT : ORDER_TYPE_MARKET,
        .time_in_force = TIF_GTC,
        .quantity = quantity,
        .limit_price = limit_price,
        .opens = side == ORDER_BUY,
    };
    assert_int_equal(contract_share("SPY", 3, &s.contract, NULL), ERR_OK);
    return s;
}

static enum outcome submit(struct bench *b, const struct broker_submit *s)
{
    bool reported = false;
    struct broker_report report;
    struct broker_refusal refusal;
    return b->broker->operations->submit(b->broker, s, &reported, &report, &refusal);
}

static struct broker_report found(struct broker *broker, const char *client_id)
{
    struct broker_report report;
    bool there = false;
    assert_int_equal(broker->operations->find(broker, client_id, &there, &report), OUTCOME_OK);
    assert_true(there);
    return report;
}

/* Returns when the market has taken it. */
static void post(struct broker *broker, int64_t bid, int64_t bid_size, int64_t ask,
                 int64_t ask_size)
{
    static int64_t number;
    struct market_quote q = {.symbol = "SPY",
                             .bid = bid,
                             .ask = ask,
                             .bid_size = bid_size,
                             .ask_size = ask_size,
                             .at_ns = 0};
    struct market_quote mark = {.symbol = "MARK", .bid = ++number};
    struct contract contract;
    struct order_quote seen = {0};
    int64_t age_ns;
    struct parker parker;
    parker_init(&parker);
    assert_int_equal(contract_share("MARK", 4, &contract, NULL), ERR_OK);
    assert_int_equal(paper_broker_quotes(broker, &q, 1, NULL), ERR_OK);
    assert_int_equal(paper_broker_quotes(broker, &mark, 1, NULL), ERR_OK);
    while (seen.bid != number) {
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS / 4);
        broker->operations->quote(broker, &contract, &seen, &age_ns);
    }
    parker_release(&parker);
}

static struct broker_account account(struct bench *b)
{
    struct broker_account a = {.cash = 0};
    assert_int_equal(b->broker->operations->account(b->broker, &a), OUTCOME_OK);
    return a;
}

static bool add_quantity(void *context, const struct broker_position *p)
{
    if (strcmp(p->symbol, "SPY") == 0)
        *(int64_t *)context += p->quantity;
    return true;
}

static int64_t held(struct bench *b)
{
    int64_t quantity = 0;
    assert_int_equal(b->broker->operations->positions(b->broker, add_quantity, &quantity),
                     OUTCOME_OK);
    return quantity;
}

/* ---- the contract ---------------------------------------------------------------------------- */

static struct broker *create_fresh(void *context)
{
    struct bench *b = context;
    stop(b);
    fixture_remove(b->folder);
    b->folder = fixture_folder();
    start(b);
    struct broker *broker = b->broker;
    b->broker = NULL; /* the row frees it */
    return broker;
}

struct contract_bench {
    struct bench *bench;
    struct broker *broker;
};

static struct broker *create_subject(void *context)
{
    struct contract_bench *c = context;
    return c->broker = create_fresh(c->bench);
}

static void fill(void *context, const char *client_id, int64_t quantity, int64_t price)
{
    struct contract_bench *c = context;
    bool buys = strrchr(client_id, '-')[1] == 'e';
    post(c->broker, buys ? 0 : price, quantity, buys ? price : 0, quantity);
}

static int count(void *context, const char *client_id)
{
    struct contract_bench *c = context;
    struct paper_order_row row;
    bool there = false;
    assert_int_equal(
        c->bench->store->operations->find(c->bench->store, client_id, &there, &row, NULL), ERR_OK);
    return there;
}

static void it_holds_the_contract_of_brokers(void **state)
{
    struct contract_bench c = {.bench = *state};
    struct broker_subject subject = {
        .context = &c, .create = create_subject, .fill = fill, .count = count};
    assert_true(broker_contract_hold(&subject) >= 13);
}

/* ---- restarts -------------------------------------------------------------------------------- */

static void a_restart_goes_on_exactly(void **state)
{
    struct bench *b = *state;
    struct broker_submit buy = order("buy-1", ORDER_BUY, 10 * ONE, 100 * ONE);
    struct broker_submit stop_order = order("sell-1", ORDER_SELL, 4 * ONE, 0);
    stop_order.type = ORDER_TYPE_STOP;
    stop_order.stop_price = 90 * ONE;
    assert_int_equal(submit(b, &buy), OUTCOME_OK);
    post(b->broker, 98 * ONE, ONE, 99 * ONE, 4 * ONE);
    assert_int_equal(submit(b, &stop_order), OUTCOME_OK);
    struct broker_account before = account(b);
    assert_int_equal(before.cash, CASH - 4 * 99 * ONE);
    assert_int_equal(before.buying_power, before.cash - 6 * 100 * ONE);
    restart(b);
    struct broker_report r = found(b->broker, "buy-1");
    assert_int_equal(r.status, ORDER_STATUS_NEW);
    assert_int_equal(r.filled, 4 * ONE);
    assert_int_equal(r.filled_value, 4 * 99 * ONE);
    struct broker_account after = account(b);
    assert_int_equal(after.cash, before.cash);
    assert_int_equal(after.buying_power, before.buying_power);
    assert_int_equal(held(b), 4 * ONE);
    assert_int_equal(submit(b, &buy), OUTCOME_UNKNOWN);
    struct broker_submit too_much = order("sell-2", ORDER_SELL, ONE, 120 * ONE);
    assert_int_equal(submit(b, &too_much), OUTCOME_REJECTED);
    post(b->broker, 89 * ONE, 3 * ONE, 95 * ONE, 2 * ONE);
    assert_int_equal(found(b->broker, "sell-1").filled, 3 * ONE);
    assert_int_equal(found(b->broker, "buy-1").filled, 6 * ONE);
    restart(b);
    /* It was triggered: any price will do. */
    post(b->broker, 93 * ONE, 0, 200 * ONE, 0);
    assert_int_equal(found(b->broker, "sell-1").status, ORDER_STATUS_FILLED);
    assert_int_equal(held(b), 2 * ONE);
}

static void what_ended_is_found_after_a_restart(void **state)
{
    struct bench *b = *state;
    struct broker_refusal refusal;
    struct broker_submit buy = order("buy-1", ORDER_BUY, 10 * ONE, 100 * ONE);
    assert_int_equal(submit(b, &buy), OUTCOME_OK);
    assert_int_equal(b->broker->operations->cancel(b->broker, "buy-1", "", &refusal), OUTCOME_OK);
    restart(b);
    assert_int_equal(found(b->broker, "buy-1").status, ORDER_STATUS_CANCELED);
    assert_int_equal(submit(b, &buy), OUTCOME_UNKNOWN);
    assert_int_equal(b->broker->operations->cancel(b->broker, "buy-1", "", &refusal),
                     OUTCOME_REJECTED);
    assert_int_equal(refusal.reject, REJECT_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_holds_the_contract_of_brokers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart_goes_on_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ended_is_found_after_a_restart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
