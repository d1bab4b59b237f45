#include "tests/orders/desk/desk_bench.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void told(void *context, const struct desk_news *news)
{
    struct bench *b = context;
    atomic_fetch_add(&b->news, 1);
    if (news->sequence <= atomic_load(&b->newest))
        abort(); /* not in order */
    atomic_store(&b->newest, news->sequence);
}

static void broken(void *context, const struct error *e)
{
    (void)e;
    atomic_fetch_add(&((struct bench *)context)->failures, 1);
}

void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    b->store = memory_store_create();
    b->broker = script_broker_create(BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_BULK_LIST);
    b->options = (struct desk_options){
        .broker = script_broker_of(b->broker),
        .store = memory_store_of(b->store),
        .clock = clock_real(),
        .instance = "t",
        .listener = {.context = b, .committed = told, .failed = broken},
        .poll_interval_ns = 20 * NS_PER_MS,
        .linger_ns = 200 * NS_PER_MS,
    };
}

void bench_start(struct bench *b)
{
    struct error e;
    assert_int_equal(desk_create(&b->options, &b->desk, NULL), ERR_OK);
    if (desk_start(b->desk, &e) != ERR_OK)
        fail_msg("%s", e.message);
}

void bench_open(struct bench *b)
{
    bench_start(b);
    EVENTUALLY(desk_ready(b->desk, NULL));
}

void bench_stop(struct bench *b)
{
    assert_int_equal(desk_stop(b->desk, 5 * NS_PER_SECOND, NULL), ERR_OK);
    desk_free(b->desk);
    b->desk = NULL;
}

void bench_release(struct bench *b)
{
    if (b->desk)
        bench_stop(b);
    assert_int_equal(script_broker_doubles(b->broker), 0);
    memory_store_free(b->store);
    script_broker_free(b->broker);
}

int bench_set_up(void **state)
{
    struct bench *b = malloc(sizeof *b);
    bench_init(b);
    bench_open(b);
    *state = b;
    return 0;
}

int bench_tear_down(void **state)
{
    bench_release(*state);
    free(*state);
    return 0;
}

/* ---- asking and waiting ---------------------------------------------------------------------- */

void bench_answered(void *answer, const struct desk_result *r)
{
    struct answer *a = answer;
    a->outcome = r->outcome;
    a->code = r->error ? r->error->code : ERR_OK;
    a->id = r->id;
    a->rev = r->rev;
    snprintf(a->response, sizeof a->response, "%s", r->response ? r->response : "");
    atomic_store(&a->there, true);
}

enum desk_outcome answer_outcome(struct answer *a)
{
    EVENTUALLY(atomic_load(&a->there));
    return a->outcome;
}

struct bracket_spec bench_terms(void)
{
    struct bracket_spec spec = fixture_spec();
    spec.not_found_bound_ns = 30 * NS_PER_MS;
    return spec;
}

struct answer bench_place(struct bench *b, const struct desk_placement *placement)
{
    struct answer a = {.outcome = DESK_REFUSED};
    enum err err = desk_place(b->desk, placement, bench_answered, &a, NULL);
    if (err != ERR_OK)
        return (struct answer){.outcome = DESK_REFUSED, .code = err};
    answer_outcome(&a);
    return a;
}

struct desk_order *bench_find(struct bench *b, const struct uuid *id)
{
    struct desk_order *o = desk_find(b->desk, id);
    assert_non_null(o);
    return o;
}

void bench_await_status(struct bench *b, const struct uuid *id, enum bracket_status status)
{
    struct desk_order *o = bench_find(b, id);
    EVENTUALLY(desk_status(o) == status);
    desk_unref(o);
}
