#include "tests/orders/paper/paper_subject.h"

#include "base/parker.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

struct broker *paper_subject_open(struct paper_subject *s, const struct clock *clock,
                                  int64_t latency_ns)
{
    if (!s->store)
        s->store = memory_paper_store_create();
    const struct paper_options options = {.clock = clock,
                                          .store = memory_paper_store_face(s->store),
                                          .cash = PAPER_SUBJECT_CASH,
                                          .latency_ns = latency_ns};
    assert_int_equal(paper_broker_create(&options, &s->broker, NULL), ERR_OK);
    return s->broker;
}

void paper_subject_close(struct paper_subject *s)
{
    if (s->store)
        memory_paper_store_free(s->store);
    *s = (struct paper_subject){.store = NULL};
}

/* The market takes quotes in order: a mark that is there tells that those before it were taken. */
static void await_mark(struct broker *broker)
{
    static int64_t number;
    struct market_quote mark = {.symbol = "MARK", .bid = ++number};
    struct order_quote seen = {.bid = 0};
    struct contract contract;
    struct parker parker;
    int64_t age_ns;
    assert_int_equal(contract_share("MARK", 4, &contract, NULL), ERR_OK);
    assert_int_equal(paper_broker_quotes(broker, &mark, 1, NULL), ERR_OK);
    parker_init(&parker);
    while (seen.bid != number) {
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS / 4);
        broker->operations->quote(broker, &contract, &seen, &age_ns);
    }
    parker_release(&parker);
}

void paper_subject_quote(struct broker *broker, const char *symbol, int64_t bid, int64_t bid_size,
                         int64_t ask, int64_t ask_size)
{
    struct market_quote q = {.bid = bid, .ask = ask, .bid_size = bid_size, .ask_size = ask_size};
    snprintf(q.symbol, sizeof q.symbol, "%s", symbol);
    assert_int_equal(paper_broker_quotes(broker, &q, 1, NULL), ERR_OK);
    await_mark(broker);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

static struct broker *create(void *context)
{
    struct paper_subject *s = context;
    paper_subject_close(s);
    return paper_subject_open(s, clock_real(), 0);
}

/* Ids of the matrix end in the leg's letter and a generation: entries buy, exits sell. */
static void fill(void *context, const char *client_id, int64_t quantity, int64_t price)
{
    struct paper_subject *s = context;
    bool buys = strrchr(client_id, '-')[1] == 'e';
    paper_subject_quote(s->broker, "SPY", buys ? 0 : price, quantity, buys ? price : 0, quantity);
}

static int count(void *context, const char *client_id)
{
    struct paper_subject *s = context;
    return memory_paper_store_count(s->store, client_id);
}

struct broker_subject paper_subject_contract(struct paper_subject *s)
{
    return (struct broker_subject){.context = s, .create = create, .fill = fill, .count = count};
}
