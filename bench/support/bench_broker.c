#include "bench/support/bench_broker.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bench_broker {
    struct broker broker;
    struct broker_capabilities capabilities;
    pthread_mutex_t lock; /* a leaf beside the ranked ones */
    struct broker_report *orders;
    int32_t *slots; /* index into `orders`, plus 1; probed linearly */
    uint64_t slot_count;
    int32_t count, orders_max;
    broker_hint_fn *hint;
    void *hint_context;
    void (*taken)(void *context, const struct client_id *id);
    void *taken_context;
};

static struct bench_broker *of(const struct broker *b)
{
    return (struct bench_broker *)b;
}

static const struct broker_capabilities *capabilities(const struct broker *b)
{
    return &of(b)->capabilities;
}

/* FNV-1a. The slot of the order, or the free one where it belongs. */
static int32_t *slot_of(struct bench_broker *s, const char *client_id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = client_id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    uint64_t at = hash % s->slot_count;
    while (s->slots[at] && strcmp(s->orders[s->slots[at] - 1].client_id, client_id) != 0)
        at = (at + 1) % s->slot_count;
    return &s->slots[at];
}

static struct broker_report *look_up(struct bench_broker *s, const char *client_id)
{
    int32_t slot = *slot_of(s, client_id);
    return slot ? &s->orders[slot - 1] : NULL;
}

static enum outcome submit(struct broker *b, const struct broker_submit *call, bool *ret_reported,
                           struct broker_report *ret_report, struct broker_refusal *ret_refusal)
{
    (void)ret_refusal;
    struct bench_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    int32_t *slot = slot_of(s, call->client_id);
    bool taken = !*slot && s->count < s->orders_max;
    if (taken) {
        struct broker_report *r = &s->orders[s->count++];
        *slot = s->count;
        *r = (struct broker_report){.status = ORDER_STATUS_NEW,
                                    .type = call->type,
                                    .quantity = call->quantity,
                                    .limit_price = call->limit_price,
                                    .stop_price = call->stop_price};
        text_fit(call->client_id, r->client_id, sizeof r->client_id);
        text_fit(call->client_id, r->broker_order_id, sizeof r->broker_order_id);
        *ret_report = *r;
    }
    pthread_mutex_unlock(&s->lock);
    *ret_reported = taken;
    struct client_id id;
    if (taken && s->taken && client_id_parse(call->client_id, strlen(call->client_id), &id))
        s->taken(s->taken_context, &id);
    return taken ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

static enum outcome cancel(struct broker *b, const char *client_id, const char *broker_order_id,
                           struct broker_refusal *ret_refusal)
{
    (void)broker_order_id;
    struct bench_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    struct broker_report *r = look_up(s, client_id);
    bool canceled = r && !order_status_dead(r->status);
    if (canceled)
        r->status = ORDER_STATUS_CANCELED;
    pthread_mutex_unlock(&s->lock);
    if (!canceled)
        ret_refusal->reject = REJECT_GONE;
    return canceled ? OUTCOME_OK : OUTCOME_REJECTED;
}

static enum outcome find(struct broker *b, const char *client_id, bool *ret_found,
                         struct broker_report *ret_report)
{
    struct bench_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    const struct broker_report *r = look_up(s, client_id);
    *ret_found = r != NULL;
    if (r)
        *ret_report = *r;
    pthread_mutex_unlock(&s->lock);
    return OUTCOME_OK;
}

static enum outcome list(struct broker *b, int64_t since_ns, broker_report_fn *told, void *context)
{
    (void)since_ns;
    struct bench_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    for (int32_t i = 0; i < s->count; i++)
        if (!told(context, &s->orders[i]))
            break;
    pthread_mutex_unlock(&s->lock);
    return OUTCOME_OK;
}

static enum outcome account(struct broker *b, struct broker_account *ret)
{
    (void)b;
    *ret = (struct broker_account){.id = "bench"};
    return OUTCOME_OK;
}

static void listen(struct broker *b, broker_hint_fn *hint, void *context)
{
    struct bench_broker *s = of(b);
    pthread_mutex_lock(&s->lock);
    s->hint = hint;
    s->hint_context = context;
    pthread_mutex_unlock(&s->lock);
}

static void free_broker(struct broker *b)
{
    bench_broker_free(of(b));
}

struct bench_broker *bench_broker_create(int32_t orders_max)
{
    static const struct broker_operations operations = {
        .capabilities = capabilities,
        .submit = submit,
        .cancel = cancel,
        .find = find,
        .list = list,
        .account = account,
        .listen = listen,
        .free = free_broker,
    };
    struct bench_broker *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->broker.operations = &operations;
    s->capabilities = (struct broker_capabilities){
        .name = "bench", .abilities = BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_BULK_LIST};
    s->orders_max = orders_max;
    s->slot_count = 2 * (uint64_t)orders_max + 1;
    s->orders = calloc((size_t)orders_max, sizeof *s->orders);
    s->slots = calloc(s->slot_count, sizeof *s->slots);
    if (!s->orders || !s->slots)
        abort();
    memset(s->slots, 0, s->slot_count * sizeof *s->slots); /* touched: it counts as used */
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void bench_broker_free(struct bench_broker *b)
{
    if (!b)
        return;
    pthread_mutex_destroy(&b->lock);
    free(b->orders);
    free(b->slots);
    free(b);
}

struct broker *bench_broker_of(struct bench_broker *b)
{
    return &b->broker;
}

void bench_broker_watch(struct bench_broker *b,
                        void (*taken)(void *context, const struct client_id *id), void *context)
{
    b->taken = taken;
    b->taken_context = context;
}

bool bench_broker_fill(struct bench_broker *b, const char *client_id)
{
    pthread_mutex_lock(&b->lock);
    struct broker_report *r = look_up(b, client_id);
    bool rests = r && !order_status_dead(r->status);
    if (rests) {
        r->status = ORDER_STATUS_FILLED;
        r->filled = r->quantity;
        r->filled_value = order_value(r->quantity, r->limit_price);
    }
    broker_hint_fn *hint = b->hint;
    void *context = b->hint_context;
    pthread_mutex_unlock(&b->lock);
    if (rests && hint)
        hint(context, client_id);
    return rests;
}

int32_t bench_broker_count(struct bench_broker *b)
{
    pthread_mutex_lock(&b->lock);
    int32_t count = b->count;
    pthread_mutex_unlock(&b->lock);
    return count;
}

int64_t bench_broker_bytes(struct bench_broker *b)
{
    return bench_broker_count(b) * (int64_t)sizeof *b->orders +
           (int64_t)(b->slot_count * sizeof *b->slots);
}
