/* A desk over a store in memory and a broker that does as it is told, and the answers that it
 * gives. */
#ifndef TESTS_ORDERS_DESK_DESK_BENCH_H
#define TESTS_ORDERS_DESK_DESK_BENCH_H

#include "orders/desk/desk.h"
#include "tests/orders/bracket_fixture.h"
#include "tests/orders/desk/memory_store.h"
#include "tests/orders/desk/script_broker.h"

#include <stdatomic.h>

/* The store and the broker outlive the desk: what is changed in `options` holds from the next start
 * on. */
struct bench {
    struct memory_store *store;
    struct script_broker *broker;
    struct desk_options options;
    struct desk *desk; /* NULL while stopped */
    atomic_int news, failures;
    atomic_llong newest; /* sequence */
};

/* The real clock, polls of 20 ms; not started. */
void bench_init(struct bench *b);
void bench_start(struct bench *b);
/* The same, until the gate opens. */
void bench_open(struct bench *b);
void bench_stop(struct bench *b);
/* Fails when an order was submitted twice. */
void bench_release(struct bench *b);
/* Around a cmocka test: *state is a bench that is open. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* Of one call: hand it over with bench_answered. */
struct answer {
    atomic_bool there;
    enum desk_outcome outcome;
    enum err code;
    struct uuid id;
    int64_t rev;
    char response[256];
};
void bench_answered(void *answer, const struct desk_result *r);
/* Waits for it, and returns its outcome. */
enum desk_outcome answer_outcome(struct answer *a);

/* Of fixture_spec, with a short bound for what the broker does not find. */
struct bracket_spec bench_terms(void);
/* The answer: what was refused at once, as DESK_REFUSED. */
struct answer bench_place(struct bench *b, const struct desk_placement *placement);
/* A live one, with a reference; fails when there is none. */
struct desk_order *bench_find(struct bench *b, const struct uuid *id);
/* Waits until a live one has the status. */
void bench_await_status(struct bench *b, const struct uuid *id, enum bracket_status status);

#endif
