/* WINDOW kernels made of parts: windows over columns that the kernel computes on its way.
 *
 * The state is a struct composite, then the parts: caches of windows and stages, at offsets that a
 * kernel lays out from its parameters. All zero bytes stand before bar 0. Where a run goes on at
 * another bar than expected everything is forgotten and built anew from the bars before: as many as
 * the longest chain of stages reaches back.
 *
 * A step computes a piece of at most COMPOSITE_PIECE bars; outputs of bars that are only there to
 * warm up go nowhere.
 */
#ifndef ENGINE_INDICATORS_COMPOSITE_H
#define ENGINE_INDICATORS_COMPOSITE_H

#include "engine/indicators/indicator.h"

enum { COMPOSITE_PIECE = 256 };

struct composite {
    int64_t next;
    int64_t from; /* stages hold values of bars since this one */
};

typedef void composite_step(struct composite *c, const struct indicator_block *piece);

/* warm_bars: how far before a bar stages must be filled for its value to be right. */
void composite_run(void *state, size_t state_bytes, const struct indicator_block *b,
                   int64_t warm_bars, composite_step *step);

/* Laying out: the offset of a part of so many bytes behind those before. *size_bytes starts at
 * sizeof(struct composite). */
size_t composite_place(size_t *size_bytes, size_t part_bytes);
void *composite_part(struct composite *c, size_t offset);

/* A column of the kernel's own that keeps its last values. */
struct stage;
size_t stage_bytes(int64_t keep_bars);
/* Where the next values go (count <= COMPOSITE_PIECE); the keep_bars before are readable in front,
 * MISSING where there were none. */
double *stage_room(struct stage *s, int64_t keep_bars, int64_t count);

#endif
