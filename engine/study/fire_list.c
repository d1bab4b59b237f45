#include "engine/study/fire_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void fire_list_release(struct fire_list *l)
{
    free(l->fires);
    free(l->forward);
    *l = (struct fire_list){.horizon_count = l->horizon_count};
}

enum err fire_list_reserve(struct fire_list *l, size_t more, struct error *e)
{
    size_t needed = l->count + more;
    if (needed <= l->capacity)
        return ERR_OK;
    size_t capacity = l->capacity * 2 > needed ? l->capacity * 2 : needed;
    struct study_fire *fires = realloc(l->fires, capacity * sizeof *fires);
    if (fires)
        l->fires = fires;
    double *forward = realloc(l->forward, capacity * l->horizon_count * sizeof *forward);
    if (forward)
        l->forward = forward;
    if (!fires || !forward)
        return error_set(e, ERR_NO_MEMORY, "no memory for the fires");
    l->capacity = capacity;
    return ERR_OK;
}

enum err fire_list_append(struct fire_list *l, const struct fire_list *other, struct error *e)
{
    assert(l->horizon_count == other->horizon_count);
    if (other->count == 0)
        return ERR_OK;
    enum err code = fire_list_reserve(l, other->count, e);
    if (code != ERR_OK)
        return code;
    size_t width = l->horizon_count;
    memcpy(l->fires + l->count, other->fires, other->count * sizeof *l->fires);
    memcpy(l->forward + l->count * width, other->forward,
           other->count * width * sizeof *l->forward);
    l->count += other->count;
    return ERR_OK;
}

void fire_list_cool(struct fire_list *l, int64_t cooldown_ns, int64_t *last_ns)
{
    if (cooldown_ns == 0)
        return;
    size_t width = l->horizon_count, kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        int64_t at_ns = l->fires[i].at_ns;
        if (*last_ns != INT64_MIN && at_ns - *last_ns < cooldown_ns)
            continue;
        *last_ns = at_ns;
        if (kept != i) {
            l->fires[kept] = l->fires[i];
            memcpy(l->forward + kept * width, l->forward + i * width, width * sizeof *l->forward);
        }
        kept++;
    }
    l->count = kept;
}
