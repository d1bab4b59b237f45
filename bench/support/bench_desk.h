/* A desk on a real store (bracketd.db in a folder that goes away) and on the broker of the
 * benchmarks, with what it takes to load it.
 */
#ifndef BENCH_SUPPORT_BENCH_DESK_H
#define BENCH_SUPPORT_BENCH_DESK_H

#include "bench/support/bench_broker.h"
#include "bench/support/bench_folder.h"
#include "db/order_store.h"
#include "db/storage.h"
#include "orders/desk/desk.h"

#include <semaphore.h>

struct bench_desk {
    char folder[BENCH_FOLDER_BYTES];
    struct storage storage;
    struct order_store *store;
    struct bench_broker *broker;
    struct desk_listener listener;
    struct desk *desk;
    int64_t placed; /* names the idempotency keys */
};

/* With room for `brackets` brackets. Any failure below ends the program. */
void bench_desk_open(struct bench_desk *b, int32_t brackets, struct desk_listener listener);
void bench_desk_close(struct bench_desk *b); /* and removes the folder */
/* The desk alone: made, started, and waited for until it is ready; stopped and freed. */
void bench_desk_start(struct bench_desk *b);
void bench_desk_stop(struct bench_desk *b);

/* A bracket on one of 256 option contracts: a limit entry, a resting stop, a watched take profit.
 */
struct bracket_spec bench_desk_terms(int64_t number);
/* Places `count` brackets with idempotency keys and answers of 1,200 bytes, `in_flight` at a time,
 * and waits until all are answered. */
void bench_desk_place(struct bench_desk *b, int32_t count, int32_t in_flight);
/* Waits until the broker has as many orders. */
void bench_desk_await_orders(struct bench_desk *b, int32_t count);
/* What one such acceptance writes, rows without their indexes. */
size_t bench_desk_row_bytes(struct bench_desk *b);
/* The same of the newest unfinished order of any store, with an answer of so many bytes. */
size_t bench_order_row_bytes(struct order_store *store, size_t answer_bytes);

#endif
