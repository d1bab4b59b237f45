/* The inside of the paper broker: its book behind a lock, and its thread. Private to the folder. */
#ifndef ORDERS_PAPER_PAPER_PRIVATE_H
#define ORDERS_PAPER_PAPER_PRIVATE_H

#include "base/mutex.h"
#include "base/thread.h"
#include "orders/paper/paper_book.h"
#include "orders/paper/paper_broker.h"
#include "orders/paper/paper_quotes.h"
#include "orders/paper/paper_store.h"

#include <stdatomic.h>

/* Whether the store knows an order that memory does not. Asked by any thread, answered by the
 * market's: tracking threads have small stacks, on which a database cannot be read. */
struct paper_question {
    struct paper_question *next;
    const char *client_id; /* borrowed */
    struct parker parker;
    bool good, known; /* written before the wake */
    struct paper_order_row row;
};

struct paper_broker {
    struct broker broker; /* first */
    struct paper_options options;
    struct mutex mutex;
    /* behind the mutex */
    struct paper_book book;
    struct paper_outbox outbox;
    bool failed;     /* to store: what is in memory is not to be told */
    int64_t pump_ns; /* nothing is given to the store before (real, monotonic) */
    int32_t listing; /* listings under way: no order leaves memory */
    struct paper_question *questions;

    struct paper_quotes quotes;
    struct parker parker; /* the market's */
    struct thread thread;
    atomic_bool stopping;
    atomic_bool at_work; /* the market's thread does not wait */
    atomic_int storing;  /* batches whose end the store has not finished telling */
    atomic_bool history; /* the store may have orders that are not in memory */

    struct mutex hint_mutex;
    /* behind the hint mutex */
    broker_hint_fn *hint;
    void *hint_context;
};

static inline struct paper_broker *paper_self(struct broker *b)
{
    return (struct paper_broker *)b;
}

static inline struct order_clock paper_now(const struct paper_broker *p)
{
    return (struct order_clock){.wall_ns = clock_realtime_ns(p->options.clock),
                                .steady_ns = clock_monotonic_ns(p->options.clock)};
}

/* Hands the next batch to the store, when none is under way. The caller holds the mutex. */
void paper_pump(struct paper_broker *p) REQUIRES(&p->mutex);

/* Waits until a batch is stored. The caller has called paper_wait_begin under the mutex, and has
 * released it. false: it will never be, or it takes too long to wait for. */
struct paper_wait {
    struct paper_waiter waiter;
    bool waits, lost;
};
void paper_wait_begin(struct paper_broker *p, struct paper_wait *wait, int64_t batch)
    REQUIRES(&p->mutex);
bool paper_wait_end(struct paper_broker *p, struct paper_wait *wait);

/* false when the store does not answer. Writes *ret (NULL allowed) when it is known. */
bool paper_look_up(struct paper_broker *p, const char *client_id, bool *ret_known,
                   struct paper_order_row *ret);

/* broker_operations that only look (paper_look.c). */
enum outcome paper_find(struct broker *broker, const char *client_id, bool *ret_found,
                        struct broker_report *ret_report);
enum outcome paper_list(struct broker *broker, int64_t since_ns, broker_report_fn *tell,
                        void *context);
enum outcome paper_fills(struct broker *broker, int64_t since_ns, broker_fill_fn *tell,
                         void *context);
enum outcome paper_positions(struct broker *broker, broker_position_fn *tell, void *context);
enum outcome paper_account(struct broker *broker, struct broker_account *ret);
enum outcome paper_quote(struct broker *broker, const struct contract *contract,
                         struct order_quote *ret, int64_t *ret_age_ns);

/* The thread `paper`. */
void *paper_market_main(void *context);

#endif
