#include "orders/desk/snapshot.h"

#include "base/pages.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

struct snapshot *snapshot_create(int64_t asked_monotonic_ns)
{
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->references, 1);
    s->asked_monotonic_ns = asked_monotonic_ns;
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add(&s->references, 1);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub(&s->references, 1) != 1)
        return;
    pages_give(s->reports, s->capacity * sizeof *s->reports);
    pages_give(s->positions, s->position_capacity * sizeof *s->positions);
    free(s);
}

/* Room for one more item, or false: then the snapshot has failed. */
static bool grow(struct snapshot *s, void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    void *grown =
        *capacity ? pages_grow(*items, *capacity * size, wanted * size) : pages_take(wanted * size);
    if (!grown) {
        s->failed = true;
        return false;
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

bool snapshot_add_report(struct snapshot *s, const struct client_id *id,
                         const struct broker_report *report)
{
    void *items = s->reports;
    if (!grow(s, &items, s->count, &s->capacity, sizeof *s->reports))
        return false;
    s->reports = items;
    struct snapshot_report *r = &s->reports[s->count++];
    *r = (struct snapshot_report){
        .bracket = id->bracket,
        .leg = id->leg,
        .generation = id->generation,
        .status = report->status,
        .type = report->type,
        .quantity = report->quantity,
        .limit_price = report->limit_price,
        .stop_price = report->stop_price,
        .filled = report->filled,
        .filled_value = report->filled_value,
        .busted = report->busted,
        .busted_value = report->busted_value,
    };
    memcpy(r->broker_order_id, report->broker_order_id, sizeof r->broker_order_id);
    return true;
}

bool snapshot_add_position(void *snapshot, const struct broker_position *position)
{
    struct snapshot *s = snapshot;
    void *items = s->positions;
    if (!grow(s, &items, s->position_count, &s->position_capacity, sizeof *s->positions))
        return false;
    s->positions = items;
    s->positions[s->position_count++] = *position;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct snapshot_report *x = a, *y = b;
    int order = memcmp(&x->bracket, &y->bracket, sizeof x->bracket);
    if (!order)
        order = (x->leg > y->leg) - (x->leg < y->leg);
    return order ? order : (x->generation > y->generation) - (x->generation < y->generation);
}

static bool same(const struct snapshot_report *a, const struct snapshot_report *b)
{
    return a->status == b->status && a->filled == b->filled && a->filled_value == b->filled_value &&
           a->busted == b->busted && a->busted_value == b->busted_value &&
           a->quantity == b->quantity && a->limit_price == b->limit_price &&
           a->stop_price == b->stop_price;
}

/* Brokers list in the order in which orders were made, and that is nearly always this one. */
static void sort(struct snapshot *s)
{
    for (size_t i = 1; i < s->count; i++) {
        if (compare(&s->reports[i - 1], &s->reports[i]) <= 0)
            continue;
        qsort(s->reports, s->count, sizeof *s->reports, compare);
        return;
    }
}

bool snapshot_seal(struct snapshot *s, const struct snapshot *before)
{
    if (s->failed)
        return false;
    s->number = before ? before->number + 1 : 1;
    sort(s);
    size_t j = 0, known = before ? before->count : 0;
    for (size_t i = 0; i < s->count; i++) {
        struct snapshot_report *r = &s->reports[i];
        while (j < known && compare(&before->reports[j], r) < 0)
            j++;
        bool old = j < known && !compare(&before->reports[j], r) && same(&before->reports[j], r);
        r->since = old ? before->reports[j].since : s->number;
    }
    return true;
}

const struct snapshot_report *snapshot_of(const struct snapshot *s, const struct uuid *bracket,
                                          size_t *ret_count)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(&s->reports[middle].bracket, bracket, sizeof *bracket) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < s->count; high++)
        if (memcmp(&s->reports[high].bracket, bracket, sizeof *bracket) != 0)
            break;
    *ret_count = high - low;
    return s->reports + low;
}

const struct snapshot_report *snapshot_find(const struct snapshot *s, const struct uuid *bracket,
                                            enum leg leg, int32_t generation)
{
    size_t count;
    const struct snapshot_report *r = snapshot_of(s, bracket, &count);
    for (size_t i = 0; i < count; i++)
        if (r[i].leg == leg && r[i].generation == generation)
            return &r[i];
    return NULL;
}

int64_t snapshot_position(const struct snapshot *s, const char *symbol)
{
    for (size_t i = 0; i < s->position_count; i++)
        if (!strcmp(s->positions[i].symbol, symbol))
            return s->positions[i].quantity;
    return 0;
}
