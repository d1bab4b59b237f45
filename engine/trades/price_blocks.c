/* A tree of sixteens: 16 bars make a block, 16 blocks the next wider one. A search looks at what is
 * left of the sixteen it begins in, all at once, and climbs to the next width while nothing there
 * reaches a level; then it comes down into the first one that does. A step is one comparison of
 * sixteen (two vectors of AVX-512, four of AVX2) and one branch. Where an exit lies is chance: a
 * processor that guesses wrong loses as much as the whole comparison takes, so a branch for each
 * bar costs more than looking at all of them.
 *
 * What is left is waiting for memory: bars lie in four columns, and the head and the tail of a
 * search are far apart in each. That is why a search can stop where only the last sixteen bars are
 * left to look at (price_blocks_near): exit_search.c has those of many fires fetched at once.
 *
 * Over 1,000,000 bars and 13,624 searches of 198 bars on average (bench_trades), building and all
 * exits took, in ns a bar:
 *   0.6 + 3.6   a branch for each entry, blocks of 8, 64 and 4096 (16 bytes an entry)
 *   0.5 + 2.9   sixteens, one search after the other, their first bars fetched ahead
 *   0.5 + 1.5   sixteens, sixteen searches at a time
 * Vectors that the source spells out (__attribute__((vector_size))) were slower than the plain
 * loop, which each clone of CLONES vectorises for itself: 6.3. A range-minimum structure with
 * answers in constant time costs more to build than all searches of a typical strategy.
 */
#include "engine/trades/price_blocks.h"

#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define FOLDED static inline __attribute__((always_inline))

enum {
    WIDTH_BITS = 4,
    WIDTH = 1 << WIDTH_BITS,
    LEVELS = 4, /* bars, and blocks of 16, 256 and 4096 */
};

/* Entries of one width, padded to whole sixteens with prices that reach nothing. */
struct level {
    double *low, *high;
};

struct price_blocks {
    int64_t count;
    const double *low, *high;                 /* borrowed */
    double last_low[WIDTH], last_high[WIDTH]; /* the last sixteen bars, when they are fewer */
    struct level level[LEVELS];               /* owned; none for bars */
};

struct sixteen {
    const double *low, *high;
};

/* Of blocks at a level. */
static int64_t block_count(int64_t count, int level)
{
    int shift = WIDTH_BITS * level;
    return (count + (INT64_C(1) << shift) - 1) >> shift;
}

static int64_t padded(int64_t count)
{
    return (count + WIDTH - 1) / WIDTH * WIDTH;
}

/* Entries [16 * index, 16 * index + 16) of a level. */
FOLDED struct sixteen sixteen_at(const struct price_blocks *p, int level, int64_t index)
{
    int64_t first = index * WIDTH;
    if (level > 0)
        return (struct sixteen){p->level[level].low + first, p->level[level].high + first};
    if (first + WIDTH > p->count)
        return (struct sixteen){p->last_low, p->last_high};
    return (struct sixteen){p->low + first, p->high + first};
}

FOLDED double lesser(double a, double b)
{
    return a < b ? a : b;
}

FOLDED double greater(double a, double b)
{
    return a > b ? a : b;
}

/* Eight lanes at once, then those by halves. */
FOLDED void extremes(struct sixteen s, double *low, double *high)
{
    double l[WIDTH / 2], h[WIDTH / 2];
#pragma GCC unroll 1
    for (int i = 0; i < WIDTH / 2; i++) {
        l[i] = lesser(s.low[i], s.low[i + WIDTH / 2]);
        h[i] = greater(s.high[i], s.high[i + WIDTH / 2]);
    }
    *low = lesser(lesser(lesser(l[0], l[4]), lesser(l[1], l[5])),
                  lesser(lesser(l[2], l[6]), lesser(l[3], l[7])));
    *high = greater(greater(greater(h[0], h[4]), greater(h[1], h[5])),
                    greater(greater(h[2], h[6]), greater(h[3], h[7])));
}

CLONES static void build(struct price_blocks *p)
{
    for (int l = 1; l < LEVELS; l++) {
        struct level *to = &p->level[l];
        int64_t count = block_count(p->count, l);
        for (int64_t i = 0; i < count; i++)
            extremes(sixteen_at(p, l - 1, i), &to->low[i], &to->high[i]);
        for (int64_t i = count; i < padded(count); i++) {
            to->low[i] = INFINITY;
            to->high[i] = -INFINITY;
        }
    }
}

static void copy_last_bars(struct price_blocks *p)
{
    int64_t first = p->count / WIDTH * WIDTH;
    for (int64_t i = 0; i < WIDTH; i++) {
        bool is_bar = first + i < p->count;
        p->last_low[i] = is_bar ? p->low[first + i] : INFINITY;
        p->last_high[i] = is_bar ? p->high[first + i] : -INFINITY;
    }
}

static bool alloc_level(struct level *level, int64_t count)
{
    size_t size_bytes = (size_t)padded(count) * sizeof(double);
    level->low = aligned_alloc(WIDTH * sizeof(double), size_bytes);
    level->high = aligned_alloc(WIDTH * sizeof(double), size_bytes);
    return level->low && level->high;
}

enum err price_blocks_create(const struct bars *bars, struct price_blocks **ret, struct error *e)
{
    assert(bars->column[BAR_LOW] && bars->column[BAR_HIGH]);
    struct price_blocks *p = calloc(1, sizeof *p);
    bool failed = !p;
    if (p) {
        p->count = bars->count;
        p->low = bars->column[BAR_LOW];
        p->high = bars->column[BAR_HIGH];
    }
    for (int l = 1; !failed && l < LEVELS; l++)
        failed = !alloc_level(&p->level[l], block_count(p->count, l));
    if (failed) {
        price_blocks_free(p);
        return error_set(e, ERR_NO_MEMORY, "no memory for an index of %lld bars",
                         (long long)bars->count);
    }
    copy_last_bars(p);
    build(p);
    *ret = p;
    return ERR_OK;
}

void price_blocks_free(struct price_blocks *p)
{
    if (!p)
        return;
    for (int l = 1; l < LEVELS; l++) {
        free(p->level[l].low);
        free(p->level[l].high);
    }
    free(p);
}

/* Bit i: entry i reaches a level. Unrolled before it is vectorised, the loop would stay scalar. */
FOLDED uint64_t reaching(struct sixteen s, double lower, double upper)
{
    uint64_t bits = 0;
#pragma GCC unroll 1
    for (int64_t i = 0; i < WIDTH; i++)
        bits |= (uint64_t)((s.low[i] <= lower) | (s.high[i] >= upper)) << i;
    return bits;
}

CLONES int64_t price_blocks_near(const struct price_blocks *p, int64_t first, int64_t end,
                                 double lower, double upper)
{
    assert(first >= 0 && end <= p->count);
    int level = 0;
    int64_t at = first; /* in entries of the level */
    uint64_t bits = 0;
    while (at << (WIDTH_BITS * level) < end) {
        bits = reaching(sixteen_at(p, level, at / WIDTH), lower, upper) >> (at % WIDTH);
        if (bits != 0)
            break;
        at = at / WIDTH + 1;
        if (level + 1 < LEVELS)
            level++;
        else
            at *= WIDTH;
    }
    if (bits == 0)
        return end;
    at += __builtin_ctzll(bits);
    for (; level > 1; level--)
        at = at * WIDTH + __builtin_ctzll(reaching(sixteen_at(p, level - 1, at), lower, upper));
    at <<= WIDTH_BITS * level;
    return at < end ? at : end;
}

/* Of the bars from `at` to the end of its sixteen: one of them does reach a level. */
CLONES static int64_t first_of_sixteen(const struct price_blocks *p, int64_t at, double lower,
                                       double upper)
{
    uint64_t bits = reaching(sixteen_at(p, 0, at / WIDTH), lower, upper) >> (at % WIDTH);
    assert(bits != 0);
    return at + __builtin_ctzll(bits);
}

int64_t price_blocks_first(const struct price_blocks *p, int64_t first, int64_t end, double lower,
                           double upper)
{
    int64_t at = price_blocks_near(p, first, end, lower, upper);
    if (at < end)
        at = first_of_sixteen(p, at, lower, upper);
    return at < end ? at : end;
}

void price_blocks_fetch(const struct price_blocks *p, int64_t bar)
{
    int64_t first = bar / WIDTH * WIDTH;
    int64_t last = first + WIDTH < p->count ? first + WIDTH - 1 : p->count - 1;
    __builtin_prefetch(&p->low[first]);
    __builtin_prefetch(&p->low[last]);
    __builtin_prefetch(&p->high[first]);
    __builtin_prefetch(&p->high[last]);
}
