/* A search climbs from the bar it begins at to wider blocks as far as it is aligned to them, and
 * comes down again into the block that reaches a level. So it looks at few entries however far away
 * the exit is, and at little more than the bars themselves when it is near. Sorting the lows (a
 * range-minimum structure with constant-time queries) was not taken: it costs more to build than
 * all searches of a typical strategy.
 */
#include "engine/trades/price_blocks.h"

#include <assert.h>
#include <stdlib.h>

enum {
    LEVELS = 3,
};
static const int shifts[LEVELS] = {3, 6, 12}; /* 8, 64 and 4096 bars */

struct range {
    double low, high;
};

struct price_blocks {
    int64_t count;
    const double *low, *high;    /* borrowed */
    struct range *level[LEVELS]; /* owned; the last block of each may be cut */
};

static int64_t block_count(int64_t count, int shift)
{
    return (count + (INT64_C(1) << shift) - 1) >> shift;
}

static struct range range_of_bars(const double *low, const double *high, int64_t count)
{
    struct range r = {low[0], high[0]};
    for (int64_t i = 1; i < count; i++) {
        r.low = low[i] < r.low ? low[i] : r.low;
        r.high = high[i] > r.high ? high[i] : r.high;
    }
    return r;
}

static struct range range_of_ranges(const struct range *items, int64_t count)
{
    struct range r = items[0];
    for (int64_t i = 1; i < count; i++) {
        r.low = items[i].low < r.low ? items[i].low : r.low;
        r.high = items[i].high > r.high ? items[i].high : r.high;
    }
    return r;
}

static int64_t part(int64_t count, int64_t first, int64_t width)
{
    return count - first < width ? count - first : width;
}

static void build(struct price_blocks *p)
{
    int64_t count = p->count, width = INT64_C(1) << shifts[0];
    for (int64_t i = 0; i < count; i += width)
        p->level[0][i >> shifts[0]] = i + width <= count
                                          ? range_of_bars(p->low + i, p->high + i, 8)
                                          : range_of_bars(p->low + i, p->high + i, count - i);
    for (int l = 1; l < LEVELS; l++) {
        count = block_count(p->count, shifts[l - 1]);
        width = INT64_C(1) << (shifts[l] - shifts[l - 1]);
        for (int64_t i = 0; i < count; i += width)
            p->level[l][i / width] = range_of_ranges(p->level[l - 1] + i, part(count, i, width));
    }
}

enum err price_blocks_create(const struct bars *bars, struct price_blocks **ret, struct error *e)
{
    assert(bars->column[BAR_LOW] && bars->column[BAR_HIGH]);
    struct price_blocks *p = calloc(1, sizeof *p);
    bool failed = !p;
    if (p)
        *p = (struct price_blocks){
            .count = bars->count, .low = bars->column[BAR_LOW], .high = bars->column[BAR_HIGH]};
    for (int l = 0; !failed && l < LEVELS; l++) {
        p->level[l] = malloc((size_t)block_count(p->count, shifts[l]) * sizeof(struct range) + 1);
        failed = !p->level[l];
    }
    if (failed) {
        price_blocks_free(p);
        return error_set(e, ERR_NO_MEMORY, "no memory for an index of %lld bars",
                         (long long)bars->count);
    }
    build(p);
    *ret = p;
    return ERR_OK;
}

void price_blocks_free(struct price_blocks *p)
{
    if (!p)
        return;
    for (int l = 0; l < LEVELS; l++)
        free(p->level[l]);
    free(p);
}

static bool reaches(const struct range *r, double lower, double upper)
{
    return (r->low <= lower) | (r->high >= upper);
}

/* The widest level whose blocks begin at `at`; -1 when it lies inside a block of 8. */
static int level_at(int64_t at)
{
    int l = LEVELS - 1;
    while (l >= 0 && (at & ((INT64_C(1) << shifts[l]) - 1)) != 0)
        l--;
    return l;
}

int64_t price_blocks_first(const struct price_blocks *p, int64_t first, int64_t end, double lower,
                           double upper)
{
    assert(first >= 0 && end <= p->count);
    int level = -1; /* bars, to begin with; down again only into a block that reaches a level */
    for (int64_t at = first; at < end;) {
        if (level < 0) {
            struct range bar = {p->low[at], p->high[at]};
            if (reaches(&bar, lower, upper))
                return at;
            at++;
            level = (at & 7) == 0 ? level_at(at) : -1;
        } else if (reaches(&p->level[level][at >> shifts[level]], lower, upper)) {
            level--;
        } else {
            at += INT64_C(1) << shifts[level];
            int widest = level_at(at);
            level = widest > level ? level + 1 : level;
        }
    }
    return end;
}
