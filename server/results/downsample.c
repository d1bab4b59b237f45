#include "server/results/downsample.h"

#include <assert.h>

enum { FIRST, LOWEST, HIGHEST, DEEPEST, LAST };
_Static_assert(LAST + 1 == DOWNSAMPLE_KEPT, "one place for each");

void downsample_init(struct downsample *d, int64_t total, int64_t points, downsample_keep *keep,
                     void *context)
{
    assert(total >= 0 && points >= DOWNSAMPLE_KEPT);
    *d = (struct downsample){.total = total,
                             .buckets = total <= points ? total : points / DOWNSAMPLE_KEPT,
                             .keep = keep,
                             .context = context};
}

static int64_t bucket_of(const struct downsample *d, int64_t index)
{
    return (int64_t)((__int128)index * d->buckets / d->total);
}

static void put(struct downsample *d, int place, const struct equity_record *r)
{
    d->kept[place].record = *r;
    d->kept[place].index = d->next;
}

static void begin_bucket(struct downsample *d, const struct equity_record *r)
{
    for (int i = 0; i < DOWNSAMPLE_KEPT; i++)
        put(d, i, r);
}

static void look_at(struct downsample *d, const struct equity_record *r)
{
    int64_t equity = r->point.equity;
    if (equity < d->kept[LOWEST].record.point.equity)
        put(d, LOWEST, r);
    if (equity > d->kept[HIGHEST].record.point.equity)
        put(d, HIGHEST, r);
    if (equity_record_drawdown(r) > equity_record_drawdown(&d->kept[DEEPEST].record))
        put(d, DEEPEST, r);
    put(d, LAST, r);
}

/* In the order of the curve, each once. */
static void end_bucket(struct downsample *d)
{
    int64_t done = -1;
    for (;;) {
        int least = -1;
        for (int i = 0; i < DOWNSAMPLE_KEPT; i++)
            if (d->kept[i].index > done && (least < 0 || d->kept[i].index < d->kept[least].index))
                least = i;
        if (least < 0)
            return;
        d->keep(d->context, &d->kept[least].record);
        done = d->kept[least].index;
    }
}

void downsample_add(struct downsample *d, const struct equity_record *r)
{
    assert(d->next < d->total);
    int64_t bucket = bucket_of(d, d->next);
    bool first = d->next == 0 || bucket_of(d, d->next - 1) != bucket;
    if (first)
        begin_bucket(d, r);
    else
        look_at(d, r);
    d->next++;
    if (d->next == d->total || bucket_of(d, d->next) != bucket)
        end_bucket(d);
}
