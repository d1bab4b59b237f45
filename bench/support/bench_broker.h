/* A broker that costs next to nothing: orders rest in a table until the benchmark fills them. It
 * deduplicates, finds, lists everything at once and gives hints, as the paper broker does, so what
 * is measured over it is the desk.
 */
#ifndef BENCH_SUPPORT_BENCH_BROKER_H
#define BENCH_SUPPORT_BENCH_BROKER_H

#include "orders/broker.h"

struct bench_broker;

/* Room for `orders_max` orders ever made. */
struct bench_broker *bench_broker_create(int32_t orders_max);
void bench_broker_free(struct bench_broker *b);
struct broker *bench_broker_of(struct bench_broker *b);

/* Called with each order that is taken, on the thread that submits it. */
void bench_broker_watch(struct bench_broker *b,
                        void (*taken)(void *context, const struct client_id *id), void *context);
/* Fills an order whole at its limit price and hints. false when it does not rest there. */
bool bench_broker_fill(struct bench_broker *b, const char *client_id);
int32_t bench_broker_count(struct bench_broker *b);
/* Memory of the table that is in use. */
int64_t bench_broker_bytes(struct bench_broker *b);

#endif
