/* The fires of a job by date and minute of day. There are at most as many cells as the range has
 * minutes: they are gathered in memory, where fires of several symbols add up.
 */
#ifndef SERVER_RESULTS_FIRE_CELLS_H
#define SERVER_RESULTS_FIRE_CELLS_H

#include "engine/study/study_result.h"
#include "server/results/job_results.h"

struct fire_cells {
    size_t count, capacity;
    struct study_map_cell *items; /* [count], by day, then minute; owned */
};

/* *ret is zero bytes before; release it in any case. */
enum err fire_cells_read(struct fire_cells *ret, const struct job_results *job, struct error *e);
void fire_cells_release(struct fire_cells *c);

#endif
