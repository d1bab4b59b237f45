#include "orders/desk/snapshot.h"

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
    free(s->reports);
    free(s->positions);
    free(s);
}

/* Room for one more item, or false: then the snapshot has failed. */
static bool grow(struct snapshot *s, void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    void *grown = reallocarray(*items, wanted, size);
    if (!grown) {
        s->failed = true;
        return false;
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

bool snapshot_add_report(void *snapshot, const struct broker_report *report)
{
    struct snapshot *s = snapshot;
    void *items = s->reports;
    if (!grow(s, &items, s->count, &s->capacity, sizeof *s->reports))
        return false;
    s->reports = items;
    s->reports[s->count++] = (struct snapshot_report){.report = *report};
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
    return strcmp(x->report.client_id, y->report.client_id);
}

static bool same(const struct broker_report *a, const struct broker_report *b)
{
    return a->status == b->status && a->filled == b->filled && a->busted == b->busted;
}

bool snapshot_seal(struct snapshot *s, const struct snapshot *before)
{
    if (s->failed)
        return false;
    if (s->count)
        qsort(s->reports, s->count, sizeof *s->reports, compare);
    size_t j = 0;
    for (size_t i = 0; before && i < s->count; i++) {
        const struct broker_report *r = &s->reports[i].report;
        while (j < before->count && strcmp(before->reports[j].report.client_id, r->client_id) < 0)
            j++;
        s->reports[i].stable = j < before->count &&
                               !strcmp(before->reports[j].report.client_id, r->client_id) &&
                               same(&before->reports[j].report, r);
    }
    return true;
}

const struct snapshot_report *snapshot_of(const struct snapshot *s, const char *prefix,
                                          size_t *ret_count)
{
    size_t low = 0, high = s->count, length = strlen(prefix);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(s->reports[middle].report.client_id, prefix, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < s->count; high++)
        if (strncmp(s->reports[high].report.client_id, prefix, length) != 0)
            break;
    *ret_count = high - low;
    return s->reports + low;
}

const struct snapshot_report *snapshot_find(const struct snapshot *s, const char *client_id)
{
    size_t count;
    const struct snapshot_report *r = snapshot_of(s, client_id, &count);
    return count && !strcmp(r->report.client_id, client_id) ? r : NULL;
}

int64_t snapshot_position(const struct snapshot *s, const char *symbol)
{
    for (size_t i = 0; i < s->position_count; i++)
        if (!strcmp(s->positions[i].symbol, symbol))
            return s->positions[i].quantity;
    return 0;
}
