/* Forward returns of all bars inside window and range, by minute of day and horizon: what base
 * rates are made of. Fires are counted here too; whoever wants the base takes them away again,
 * which is exact (exact_sum.h). So sums come from market data alone, can be made in any pieces and
 * order, and do not change when a rule does.
 */
#ifndef ENGINE_STUDY_SUMS_H
#define ENGINE_STUDY_SUMS_H

#include "base/error.h"
#include "engine/study/exact_sum.h"
#include "engine/study/packing.h"
#include "engine/study/study_window.h"

struct study_sums {
    size_t horizon_count;
    struct exact_sum *cells;          /* [horizon_count * MINUTES_OF_DAY]; owned */
    int32_t first_minute, end_minute; /* all other minutes are empty */
};

enum err study_sums_init(struct study_sums *s, size_t horizon_count, struct error *e);
void study_sums_release(struct study_sums *s); /* zero bytes are fine */
void study_sums_clear(struct study_sums *s);

static inline struct exact_sum *study_sums_cell(const struct study_sums *s, size_t horizon,
                                                int32_t minute)
{
    return &s->cells[horizon * MINUTES_OF_DAY + (size_t)minute];
}

/* Adds x[k] at minute[k] for each k in [first, end) with counted[k], unless x[k] is NaN. */
void study_sums_add(struct study_sums *s, size_t horizon, int64_t first, int64_t end,
                    const bool *counted, const int16_t *minute, const double *x);
/* Adds to one cell what was summed elsewhere. */
void study_sums_add_part(struct study_sums *s, size_t horizon, int32_t minute,
                         const struct exact_sum *part);
void study_sums_merge(struct study_sums *s, const struct study_sums *other);

void study_sums_pack(const struct study_sums *s, struct strbuf *out);
/* Into an empty table of as many horizons. Damaged bytes fail the unpacker. */
void study_sums_unpack(struct study_sums *s, struct unpacker *u);

#endif
