/* The paper broker's book alone, with a clock that is moved by hand and an audit of each event. */
#ifndef TESTS_ORDERS_PAPER_PAPER_BENCH_H
#define TESTS_ORDERS_PAPER_PAPER_BENCH_H

#include "base/decimal.h"
#include "orders/paper/paper_book.h"
#include "tests/orders/paper/paper_audit.h"

#define ONE DECIMAL_ONE
#define BENCH_CASH (100000 * ONE)
#define CALL "SPY261218C00500000"

struct paper_bench {
    struct paper_book book;
    struct paper_outbox outbox;
    struct order_clock now;
    struct broker_refusal refusal;  /* of the last submit */
    enum paper_event_kind last[16]; /* kinds of the events of the last call */
    size_t last_count;
    struct paper_audit audit;
};

/* At 10:00 in New York on Wednesday, 2026-11-18. calendar: NULL = never closed. */
void paper_bench_init(struct paper_bench *b, const char *calendar, int64_t latency_ns);
void paper_bench_release(struct paper_bench *b);
/* A new book of what the audit saw: as after a restart. */
void paper_bench_restart(struct paper_bench *b);

/* An order on a share or an option, by its symbol; limit and stop 0 = without. GTC. */
struct broker_submit paper_order(const char *client_id, const char *symbol, enum order_side side,
                                 int64_t quantity, int64_t limit_price, int64_t stop_price);
enum outcome paper_bench_submit(struct paper_bench *b, const struct broker_submit *s);
/* The same, which must be accepted. */
void paper_bench_place(struct paper_bench *b, const char *client_id, const char *symbol,
                       enum order_side side, int64_t quantity, int64_t limit_price,
                       int64_t stop_price);
enum outcome paper_bench_cancel(struct paper_bench *b, const char *client_id);
/* Sizes 0 = not known. */
void paper_bench_quote(struct paper_bench *b, const char *symbol, int64_t bid, int64_t bid_size,
                       int64_t ask, int64_t ask_size);
void paper_bench_take(struct paper_bench *b, const struct market_quote *q);
/* Both clocks go on, and what is due happens. Returns when something is due next. */
int64_t paper_bench_pass(struct paper_bench *b, int64_t ns);
/* To the wall clock's next `hour`:`minute` in New York. */
void paper_bench_pass_to(struct paper_bench *b, int hour, int minute);

const struct paper_order_row *paper_bench_row(struct paper_bench *b, const char *client_id);
int64_t paper_bench_held(struct paper_bench *b, const char *symbol);
/* Buys `quantity` of the symbol at 100, as "hold". */
void paper_bench_hold(struct paper_bench *b, const char *symbol, int64_t quantity);
/* Of cmocka: on New York's hours, without latency or with 50 ms. *state = struct paper_bench *. */
int paper_bench_setup(void **state);
int paper_bench_setup_late(void **state);
int paper_bench_teardown(void **state);
#define PAPER_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, paper_bench_setup, paper_bench_teardown)
#define PAPER_TEST_LATE(name)                                                                      \
    cmocka_unit_test_setup_teardown(name, paper_bench_setup_late, paper_bench_teardown)

struct broker_submit paper_order_with(struct broker_submit s, enum time_in_force tif);
void paper_assert_order(struct paper_bench *b, const char *client_id, enum order_status status,
                        int64_t filled, int64_t filled_value);
void paper_assert_live(struct paper_bench *b, const char *client_id, int64_t filled);
/* The whole quantity, at this price. */
void paper_assert_filled(struct paper_bench *b, const char *client_id, int64_t price);
/* The book's sums are those of its orders and positions. */
void paper_bench_check(struct paper_bench *b);

#endif
