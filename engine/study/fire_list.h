/* Fires with their forward returns side by side; grows. Zero bytes and a horizon_count are the
 * empty list.
 */
#ifndef ENGINE_FIRE_LIST_H
#define ENGINE_FIRE_LIST_H

#include "base/error.h"
#include "engine/study/study_result.h"

struct fire_list {
    size_t count, capacity;
    size_t horizon_count;
    struct study_fire *fires;
    double *forward; /* [count * horizon_count] */
};

void fire_list_release(struct fire_list *l);
/* Room for `more` fires behind those there are. */
enum err fire_list_reserve(struct fire_list *l, size_t more, struct error *e);
enum err fire_list_append(struct fire_list *l, const struct fire_list *other, struct error *e);
/* Drops fires that start less than cooldown_ns after the last one kept; *last_ns is that one's
 * start, before and after the call. */
void fire_list_cool(struct fire_list *l, int64_t cooldown_ns, int64_t *last_ns);

#endif
