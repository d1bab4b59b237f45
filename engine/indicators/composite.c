#include "engine/indicators/composite.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Bars [from, to), seen from the block; `out` of [i] is its own or, when warming up, scratch. */
static void run_pieces(struct composite *c, const struct indicator_block *b, int64_t from,
                       int64_t to, composite_step *step)
{
    double unused[INDICATOR_OUTPUTS_MAX][COMPOSITE_PIECE];
    for (int64_t at = from; at < to; at += COMPOSITE_PIECE) {
        struct indicator_block piece = *b;
        piece.start = b->start + at;
        piece.count = to - at < COMPOSITE_PIECE ? to - at : COMPOSITE_PIECE;
        for (int32_t j = 0; j < INDICATOR_INPUTS_MAX; j++)
            if (b->in[j] != NULL)
                piece.in[j] = b->in[j] + at;
        for (int32_t j = 0; j < INDICATOR_OUTPUTS_MAX; j++)
            if (b->out[j] != NULL)
                piece.out[j] = at < 0 ? unused[j] : b->out[j] + at;
        step(c, &piece);
    }
}

void composite_run(void *state, size_t state_bytes, const struct indicator_block *b,
                   int64_t warm_bars, composite_step *step)
{
    struct composite *c = state;
    if (c->next != b->start) {
        memset(state, 0, state_bytes);
        c->from = b->start > warm_bars ? b->start - warm_bars : 0;
        run_pieces(c, b, c->from - b->start, 0, step);
    }
    run_pieces(c, b, 0, b->count, step);
    c->next = b->start + b->count;
}

size_t composite_place(size_t *size_bytes, size_t part_bytes)
{
    size_t offset = *size_bytes;
    *size_bytes += (part_bytes + 7) / 8 * 8;
    return offset;
}

void *composite_part(struct composite *c, size_t offset)
{
    return (unsigned char *)c + offset;
}

struct stage {
    int64_t cursor; /* where the next values go; 0 in a new one */
    double values[];
};

/* The kept values move to the front when a piece has no more room behind them: seldom enough that
 * it costs less than writing them did. */
static int64_t capacity(int64_t keep_bars)
{
    return keep_bars + (keep_bars > 4 * COMPOSITE_PIECE ? keep_bars : 4 * COMPOSITE_PIECE);
}

size_t stage_bytes(int64_t keep_bars)
{
    return sizeof(struct stage) + (size_t)capacity(keep_bars) * sizeof(double);
}

double *stage_room(struct stage *s, int64_t keep_bars, int64_t count)
{
    assert(keep_bars >= 1 && count >= 1 && count <= COMPOSITE_PIECE);
    if (s->cursor == 0) {
        for (int64_t i = 0; i < keep_bars; i++)
            s->values[i] = NAN;
        s->cursor = keep_bars;
    }
    if (s->cursor + count > capacity(keep_bars)) {
        memmove(s->values, s->values + s->cursor - keep_bars, (size_t)keep_bars * sizeof(double));
        s->cursor = keep_bars;
    }
    double *room = s->values + s->cursor;
    s->cursor += count;
    return room;
}
