#include "engine/study/study_sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err study_sums_init(struct study_sums *s, size_t horizon_count, struct error *e)
{
    struct exact_sum *cells =
        aligned_alloc(sizeof *cells, horizon_count * MINUTES_OF_DAY * sizeof *cells);
    if (!cells)
        return error_set(e, ERR_NO_MEMORY, "no memory for the sums of a study");
    memset(cells, 0, horizon_count * MINUTES_OF_DAY * sizeof *cells);
    *s = (struct study_sums){
        .horizon_count = horizon_count, .cells = cells, .first_minute = MINUTES_OF_DAY};
    return ERR_OK;
}

void study_sums_release(struct study_sums *s)
{
    free(s->cells);
    *s = (struct study_sums){0};
}

void study_sums_clear(struct study_sums *s)
{
    if (s->first_minute < s->end_minute) {
        size_t count = (size_t)(s->end_minute - s->first_minute);
        for (size_t h = 0; h < s->horizon_count; h++)
            memset(study_sums_cell(s, h, s->first_minute), 0, count * sizeof *s->cells);
    }
    s->first_minute = MINUTES_OF_DAY;
    s->end_minute = 0;
}

static void widen(struct study_sums *s, int32_t first, int32_t last)
{
    if (first < s->first_minute)
        s->first_minute = first;
    if (last >= s->end_minute)
        s->end_minute = last + 1;
}

void study_sums_add(struct study_sums *s, size_t horizon, int64_t first, int64_t end,
                    const bool *counted, const int16_t *minute, const double *x)
{
    struct exact_sum *cells = study_sums_cell(s, horizon, 0);
    int32_t lowest = MINUTES_OF_DAY, highest = -1;
    for (int64_t k = first; k < end; k++) {
        if (!counted[k] || x[k] != x[k])
            continue;
        int32_t m = minute[k];
        lowest = m < lowest ? m : lowest;
        highest = m > highest ? m : highest;
        exact_sum_add(&cells[m], x[k]);
    }
    widen(s, lowest, highest);
}

void study_sums_add_part(struct study_sums *s, size_t horizon, int32_t minute,
                         const struct exact_sum *part)
{
    exact_sum_merge(study_sums_cell(s, horizon, minute), part);
    widen(s, minute, minute);
}

void study_sums_merge(struct study_sums *s, const struct study_sums *other)
{
    assert(s->horizon_count == other->horizon_count);
    for (size_t h = 0; h < s->horizon_count; h++) {
        for (int32_t m = other->first_minute; m < other->end_minute; m++)
            exact_sum_merge(study_sums_cell(s, h, m), study_sums_cell(other, h, m));
    }
    widen(s, other->first_minute, other->end_minute - 1);
}

static void pack_cell(const struct exact_sum *c, struct strbuf *out)
{
    pack_unsigned(out, (uint64_t)c->count);
    if (c->count == 0)
        return;
    pack_unsigned(out, (uint64_t)c->hits);
    unsigned __int128 sum = (unsigned __int128)c->sum;
    unsigned __int128 zigzag = c->sum < 0 ? ~(sum << 1) : sum << 1;
    uint64_t words[2] = {(uint64_t)zigzag, (uint64_t)(zigzag >> 64)};
    pack_magnitude(out, words, 2);
    uint64_t squares[3] = {(uint64_t)c->squares_low, (uint64_t)(c->squares_low >> 64),
                           c->squares_high};
    pack_magnitude(out, squares, 3);
}

static void unpack_cell(struct exact_sum *c, struct unpacker *u)
{
    c->count = (int64_t)unpack_unsigned(u);
    if (c->count == 0)
        return;
    c->hits = (int64_t)unpack_unsigned(u);
    uint64_t words[2], squares[3];
    unpack_magnitude(u, words, 2);
    unsigned __int128 zigzag = (unsigned __int128)words[1] << 64 | words[0];
    c->sum = (__int128)(zigzag & 1 ? ~(zigzag >> 1) : zigzag >> 1);
    if (!exact_sum_is_possible(c))
        u->failed = true;
    unpack_magnitude(u, squares, 3);
    c->squares_low = (unsigned __int128)squares[1] << 64 | squares[0];
    c->squares_high = squares[2];
}

void study_sums_pack(const struct study_sums *s, struct strbuf *out)
{
    bool empty = s->first_minute >= s->end_minute;
    pack_unsigned(out, empty ? 0 : (uint64_t)s->first_minute);
    pack_unsigned(out, empty ? 0 : (uint64_t)s->end_minute);
    for (int32_t m = s->first_minute; m < s->end_minute; m++) {
        for (size_t h = 0; h < s->horizon_count; h++)
            pack_cell(study_sums_cell(s, h, m), out);
    }
}

void study_sums_unpack(struct study_sums *s, struct unpacker *u)
{
    int32_t first = (int32_t)unpack_count(u, MINUTES_OF_DAY);
    int32_t end = (int32_t)unpack_count(u, MINUTES_OF_DAY);
    for (int32_t m = first; m < end && !u->failed; m++) {
        for (size_t h = 0; h < s->horizon_count && !u->failed; h++)
            unpack_cell(study_sums_cell(s, h, m), u);
    }
    if (first < end)
        widen(s, first, end - 1);
}
