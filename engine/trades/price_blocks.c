/* A tree of sixteens: 16 bars make a block, 16 blocks the next wider one. A search looks at what is
 * left of the sixteen it begins in, all at once, and climbs to the next width while nothing there
 * reaches a level; then it comes down into the first one that does. A step is one comparison of
 * sixteen (two vectors of AVX-512, four of AVX2) and one branch. Where an exit lies is chance: a
 * processor that guesses wrong loses as much as the whole comparison takes, so a branch for each
 * bar costs more than looking at all of them.
 *
 * Blocks are floats, rounded away from the bars. They may say "here" too often, never too seldom,
 * and the bars themselves, in doubles, have the last word: when none of a block's bars reaches a
 * level after all, the search goes on behind it. That halves what is written, kept and read.
 *
 * What is left is waiting for memory: bars lie in columns, and a search's beginning and end are far
 * apart in each. So a search can stop where only the last sixteen bars are left to look at
 * (price_blocks_near), and exit_search.c has those of many fires fetched at once.
 *
 * Over 1,000,000 bars and 13,624 searches of 198 bars on average (bench_trades), building the
 * blocks and finding all exits took, in ns a bar:
 *   0.6 + 3.6   blocks of 8, 64 and 4096 in doubles, a branch for each entry
 *   0.5 + 1.5   sixteens in doubles, sixteen searches at a time
 *   0.45 + 1.1  in floats
 * Vectors spelled out in the source (__attribute__((vector_size))) become scalar code in functions
 * with CLONES; the plain loop is vectorised for each of them. A range-minimum structure, which
 * answers in constant time, costs more to build than all searches of a typical strategy.
 */
#include "engine/trades/price_blocks.h"

#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define FOLDED static inline __attribute__((always_inline))

enum {
    WIDTH_BITS = 4,
    WIDTH = PRICE_BLOCKS_NEAR,
    LEVELS = 3, /* blocks of 16, 256 and 4096 bars */
};
static_assert(1 << WIDTH_BITS == WIDTH, "sixteens");

/* Blocks of one width, filled up to whole sixteens with such that reach nothing. */
struct level {
    float *low, *high;
};

struct price_blocks {
    int64_t count;
    const double *low, *high;                 /* borrowed */
    double last_low[WIDTH], last_high[WIDTH]; /* the last bars, filled up, when fewer than 16 */
    struct level level[LEVELS];               /* owned */
};

/* ---- building ---- */

struct sixteen_bars {
    const double *low, *high;
};

/* Bars [16 * block, 16 * block + 16). */
FOLDED struct sixteen_bars bars_of(const struct price_blocks *p, int64_t block)
{
    int64_t first = block * WIDTH;
    if (first + WIDTH > p->count)
        return (struct sixteen_bars){p->last_low, p->last_high};
    return (struct sixteen_bars){p->low + first, p->high + first};
}

FOLDED double lesser(double a, double b)
{
    return a < b ? a : b;
}

FOLDED double greater(double a, double b)
{
    return a > b ? a : b;
}

/* Not above, and not below, a price >= 0: what rounding to the nearest float takes or adds is less
 * than 2^-23 of it, or than 2^-126. */
FOLDED float float_below(double x)
{
    return (float)(x * (1 - 0x1p-23) - 0x1p-126);
}

FOLDED float float_above(double x)
{
    return (float)(x * (1 + 0x1p-23) + 0x1p-126);
}

/* Eight lanes at once (unrolled too early, the loop would stay scalar), then those by halves. */
FOLDED void block_of_bars(struct sixteen_bars bars, float *ret_low, float *ret_high)
{
    double l[WIDTH / 2], h[WIDTH / 2];
#pragma GCC unroll 1
    for (int i = 0; i < WIDTH / 2; i++) {
        l[i] = lesser(bars.low[i], bars.low[i + WIDTH / 2]);
        h[i] = greater(bars.high[i], bars.high[i + WIDTH / 2]);
    }
    *ret_low = float_below(lesser(lesser(lesser(l[0], l[4]), lesser(l[1], l[5])),
                                  lesser(lesser(l[2], l[6]), lesser(l[3], l[7]))));
    *ret_high = float_above(greater(greater(greater(h[0], h[4]), greater(h[1], h[5])),
                                    greater(greater(h[2], h[6]), greater(h[3], h[7]))));
}

static void block_of_blocks(const struct level *from, int64_t first, float *ret_low,
                            float *ret_high)
{
    float low = INFINITY, high = -INFINITY;
    for (int64_t i = first; i < first + WIDTH; i++) {
        low = from->low[i] < low ? from->low[i] : low;
        high = from->high[i] > high ? from->high[i] : high;
    }
    *ret_low = low;
    *ret_high = high;
}

/* Whole sixteens of blocks that hold `count` entries of the level below. */
static int64_t room_for(int64_t count)
{
    int64_t blocks = (count + WIDTH - 1) / WIDTH;
    return (blocks + WIDTH - 1) / WIDTH * WIDTH;
}

CLONES static void build(struct price_blocks *p)
{
    int64_t entries = p->count;
    for (int l = 0; l < LEVELS; l++) {
        struct level *to = &p->level[l];
        int64_t blocks = (entries + WIDTH - 1) / WIDTH;
        for (int64_t i = 0; l == 0 && i < blocks; i++)
            block_of_bars(bars_of(p, i), &to->low[i], &to->high[i]);
        for (int64_t i = 0; l > 0 && i < blocks; i++)
            block_of_blocks(&p->level[l - 1], i * WIDTH, &to->low[i], &to->high[i]);
        for (int64_t i = blocks; i < room_for(entries); i++) {
            to->low[i] = INFINITY;
            to->high[i] = -INFINITY;
        }
        entries = blocks;
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

static bool alloc_levels(struct price_blocks *p)
{
    int64_t entries = p->count;
    for (int l = 0; l < LEVELS; l++) {
        size_t size_bytes = (size_t)room_for(entries) * sizeof(float);
        p->level[l].low = aligned_alloc(WIDTH * sizeof(float), size_bytes);
        p->level[l].high = aligned_alloc(WIDTH * sizeof(float), size_bytes);
        if (size_bytes > 0 && (!p->level[l].low || !p->level[l].high))
            return false;
        entries = (entries + WIDTH - 1) / WIDTH;
    }
    return true;
}

enum err price_blocks_create(const struct bars *bars, struct price_blocks **ret, struct error *e)
{
    assert(bars->column[BAR_LOW] && bars->column[BAR_HIGH]);
    struct price_blocks *p = calloc(1, sizeof *p);
    if (p) {
        p->count = bars->count;
        p->low = bars->column[BAR_LOW];
        p->high = bars->column[BAR_HIGH];
    }
    if (!p || !alloc_levels(p)) {
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
    for (int l = 0; l < LEVELS; l++) {
        free(p->level[l].low);
        free(p->level[l].high);
    }
    free(p);
}

/* ---- searching ---- */

/* Bit i: bar i of the block reaches a level. For the pragma see block_of_bars. */
FOLDED uint64_t bars_reaching(const struct price_blocks *p, int64_t block, double lower,
                              double upper)
{
    struct sixteen_bars bars = bars_of(p, block);
    uint64_t bits = 0;
#pragma GCC unroll 1
    for (int64_t i = 0; i < WIDTH; i++)
        bits |= (uint64_t)((bars.low[i] <= lower) | (bars.high[i] >= upper)) << i;
    return bits;
}

/* Bit i: block i of the sixteen may. */
FOLDED uint64_t blocks_reaching(const struct level *level, int64_t sixteen, double lower,
                                double upper)
{
    const float *low = level->low + sixteen * WIDTH, *high = level->high + sixteen * WIDTH;
    uint64_t bits = 0;
#pragma GCC unroll 1
    for (int64_t i = 0; i < WIDTH; i++)
        bits |= (uint64_t)((low[i] <= lower) | (high[i] >= upper)) << i;
    return bits;
}

/* The first bar of the first block from `at` on that may reach a level; `end` when none does. */
FOLDED int64_t next_block(const struct price_blocks *p, int64_t at, int64_t end, double lower,
                          double upper)
{
    int l = 0;
    uint64_t bits = 0;
    while (at << (WIDTH_BITS * (l + 1)) < end) {
        bits = blocks_reaching(&p->level[l], at / WIDTH, lower, upper) >> (at % WIDTH);
        if (bits != 0)
            break;
        at = at / WIDTH + 1;
        if (l < LEVELS - 1)
            l++;
        else
            at *= WIDTH;
    }
    if (bits == 0)
        return end;
    at += __builtin_ctzll(bits);
    for (; l > 0; l--)
        at = at * WIDTH + __builtin_ctzll(blocks_reaching(&p->level[l - 1], at, lower, upper));
    return at * WIDTH < end ? at * WIDTH : end;
}

CLONES int64_t price_blocks_near(const struct price_blocks *p, int64_t first, int64_t end,
                                 double lower, double upper)
{
    assert(first >= 0 && end <= p->count);
    if (first >= end || bars_reaching(p, first / WIDTH, lower, upper) >> (first % WIDTH) != 0)
        return first;
    return next_block(p, first / WIDTH + 1, end, lower, upper);
}

CLONES int64_t price_blocks_first(const struct price_blocks *p, int64_t first, int64_t end,
                                  double lower, double upper)
{
    assert(first >= 0 && end <= p->count);
    for (int64_t at = first; at < end;) {
        uint64_t bits = bars_reaching(p, at / WIDTH, lower, upper) >> (at % WIDTH);
        if (bits != 0) {
            at += __builtin_ctzll(bits);
            return at < end ? at : end;
        }
        at = next_block(p, at / WIDTH + 1, end, lower, upper);
    }
    return end;
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
