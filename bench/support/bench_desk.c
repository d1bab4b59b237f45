#include "bench/support/bench_desk.h"

#include "base/parker.h"
#include "base/strbuf.h"
#include "bench/support/bench_bars.h"
#include "bench/support/bench_process.h"
#include "db/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTRACTS = 256, ANSWER_BYTES = 1200, PATIENCE_S = 60, STOP_PATIENCE_S = 20 };

#define ONE INT64_C(1000000)

/* Ends the program when it takes too long. */
static void await(const char *what, bool (*there)(void *context), void *context)
{
    struct parker parker;
    parker_init(&parker);
    int64_t start_ns = clock_monotonic_ns(clock_real());
    while (!there(context)) {
        int64_t now_ns = clock_monotonic_ns(clock_real());
        if (now_ns - start_ns > PATIENCE_S * NS_PER_SECOND) {
            fprintf(stderr, "bench: waited too long for %s\n", what);
            exit(1);
        }
        parker_wait(&parker, clock_real(), now_ns + NS_PER_MS / 4);
    }
    parker_release(&parker);
}

/* ---- a clock that looks how late waits end --------------------------------------------------- */

static _Thread_local int64_t awaited_ns; /* 0 = none */

static int64_t realtime_ns(const struct clock *clock)
{
    (void)clock;
    return clock_realtime_ns(clock_real());
}

/* The first look after a wait tells; a wait that was cut short is none. */
static int64_t monotonic_ns(const struct clock *clock)
{
    (void)clock;
    int64_t now_ns = clock_monotonic_ns(clock_real());
    if (awaited_ns && now_ns >= awaited_ns)
        bench_lateness_add(now_ns - awaited_ns);
    awaited_ns = 0;
    return now_ns;
}

static int64_t wait_until_ns(const struct clock *clock, int64_t deadline_ns)
{
    (void)clock;
    awaited_ns = deadline_ns;
    return deadline_ns;
}

static const struct clock watched_clock = {
    .realtime_ns = realtime_ns, .monotonic_ns = monotonic_ns, .wait_until_ns = wait_until_ns};

/* ---- life ------------------------------------------------------------------------------------ */

static void broken(void *context, const struct error *e)
{
    (void)context;
    bench_must(e->code, e);
}

void bench_desk_open(struct bench_desk *b, int32_t brackets, struct desk_listener listener)
{
    struct error e;
    *b = (struct bench_desk){.listener = listener};
    b->listener.failed = broken;
    bench_folder_make(b->folder);
    bench_must(storage_open(b->folder, NULL, &b->storage, &e), &e);
    bench_must(order_store_create(b->storage.writer, b->storage.readers, &b->store, &e), &e);
    b->broker = bench_broker_create(4 * brackets);
}

void bench_desk_close(struct bench_desk *b)
{
    order_store_free(b->store);
    bench_broker_free(b->broker);
    storage_close(&b->storage);
    bench_folder_remove(b->folder);
}

static bool is_ready(void *desk)
{
    return desk_ready(desk, NULL);
}

void bench_desk_start(struct bench_desk *b)
{
    struct error e;
    const struct desk_options options = {.broker = bench_broker_of(b->broker),
                                         .store = b->store,
                                         .clock = &watched_clock,
                                         .instance = "bench",
                                         .listener = b->listener};
    bench_must(desk_create(&options, &b->desk, &e), &e);
    bench_must(desk_start(b->desk, &e), &e);
    await("the desk", is_ready, b->desk);
}

void bench_desk_stop(struct bench_desk *b)
{
    struct error e;
    bench_must(desk_stop(b->desk, STOP_PATIENCE_S * NS_PER_SECOND, &e), &e);
    desk_free(b->desk);
    b->desk = NULL;
}

/* ---- load ------------------------------------------------------------------------------------ */

struct bracket_spec bench_desk_terms(int64_t number)
{
    struct bracket_spec spec = {
        .side = ORDER_BUY,
        .entry_type = ORDER_TYPE_LIMIT,
        .time_in_force = TIF_DAY,
        .exit_time_in_force = TIF_GTC,
        .quantity = 2 * ONE,
        .limit_price = 510 * ONE / 100,
        .take_profit = {.kind = EXIT_PRICE, .value = 7 * ONE},
        .stop_loss = {.kind = EXIT_PRICE, .value = 4 * ONE},
        .take_profit_ttl_ns = 10 * NS_PER_SECOND,
        .quote_max_age_ns = 5 * NS_PER_SECOND,
        .not_found_bound_ns = 3 * NS_PER_SECOND,
    };
    const int32_t year_days = 365;
    const struct occ_symbol symbol = {
        .root = "AAPL",
        .right = OPTION_CALL,
        .expiry_days = (int32_t)(clock_realtime_ns(clock_real()) / NS_PER_DAY) + year_days,
        .strike_milli = (100 + number % CONTRACTS) * OCC_STRIKE_ONE,
    };
    struct error e;
    bench_must(contract_option(&symbol, -1, &spec.contract, &e), &e);
    return spec;
}

static bool describe(void *context, const struct desk_view *view, struct strbuf *out)
{
    (void)context;
    (void)view;
    char *text = strbuf_reserve(out, ANSWER_BYTES);
    if (!text)
        return false;
    memset(text, 'x', ANSWER_BYTES);
    strbuf_commit(out, ANSWER_BYTES);
    return true;
}

static void answered(void *free_places, const struct desk_result *result)
{
    if (result->outcome != DESK_DONE)
        broken(NULL, result->error);
    sem_post(free_places);
}

static void place_one(struct bench_desk *b, const struct bracket_spec *spec, sem_t *free_places)
{
    char key[32];
    struct error e;
    snprintf(key, sizeof key, "bench-%lld", (long long)b->placed++);
    const struct desk_placement placement = {
        .spec = spec, .idempotency_key = key, .describe = describe};
    bench_must(desk_place(b->desk, &placement, answered, free_places, &e), &e);
}

void bench_desk_place(struct bench_desk *b, int32_t count, int32_t in_flight)
{
    struct bracket_spec specs[CONTRACTS];
    for (int i = 0; i < CONTRACTS; i++)
        specs[i] = bench_desk_terms(i);
    sem_t free_places;
    sem_init(&free_places, 0, (unsigned)in_flight);
    for (int32_t i = 0; i < count; i++) {
        sem_wait(&free_places);
        place_one(b, &specs[i % CONTRACTS], &free_places);
    }
    for (int32_t i = 0; i < in_flight; i++)
        sem_wait(&free_places);
    sem_destroy(&free_places);
}

struct awaited {
    struct bench_broker *broker;
    int32_t count;
};

static bool has_orders(void *context)
{
    const struct awaited *a = context;
    return bench_broker_count(a->broker) >= a->count;
}

void bench_desk_await_orders(struct bench_desk *b, int32_t count)
{
    await("orders at the broker", has_orders, &(struct awaited){b->broker, count});
}

/* ---- what is written ------------------------------------------------------------------------- */

static enum err add_bytes(void *context, const struct stored_order *order, struct error *e)
{
    (void)e;
    enum { NUMBER_BYTES = 8 };
    size_t *bytes = context;
    *bytes = 2 * sizeof(struct uuid) + SHA256_BYTES + 5 * NUMBER_BYTES;
    for (size_t i = 0; i < order->record_count; i++)
        *bytes += order->records[i].body_bytes + SHA256_BYTES + 4 * NUMBER_BYTES;
    for (size_t i = 0; i < order->intent_count; i++)
        *bytes += strlen(order->intents[i].client_id) + 9 * NUMBER_BYTES;
    *bytes += 2 * sizeof(struct uuid) + SHA256_BYTES + 2 * NUMBER_BYTES;
    return ERR_OK;
}

size_t bench_order_row_bytes(struct order_store *store, size_t answer_bytes)
{
    struct error e;
    size_t bytes = 0;
    bench_must(store->operations->load_unfinished(store, add_bytes, &bytes, &e), &e);
    return bytes + answer_bytes;
}

size_t bench_desk_row_bytes(struct bench_desk *b)
{
    return bench_order_row_bytes(b->store, ANSWER_BYTES);
}
