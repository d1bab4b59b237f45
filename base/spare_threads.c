#include "base/spare_threads.h"

#include "base/parker.h"
#include "base/thread.h"

#include <stdlib.h>

struct place {
    struct thread thread;
    struct parker parker;
};

struct spare_threads {
    int32_t count;
    struct place places[];
};

static void *hold(void *context)
{
    struct place *place = context;
    parker_wait(&place->parker, clock_real(), INT64_MAX);
    return NULL;
}

enum err spare_threads_create(int32_t count, struct spare_threads **ret, struct error *e)
{
    enum { STACK_BYTES = 16 * 1024 };
    struct spare_threads *s = calloc(1, sizeof *s + (size_t)count * sizeof s->places[0]);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for spare threads");
    const struct thread_options options = {.name = "spare", .stack_bytes = STACK_BYTES};
    for (; s->count < count; s->count++) {
        struct place *place = &s->places[s->count];
        parker_init(&place->parker);
        enum err err = thread_start(&place->thread, &options, hold, place, e);
        if (err != ERR_OK) {
            parker_release(&place->parker);
            spare_threads_free(s);
            return err;
        }
    }
    *ret = s;
    return ERR_OK;
}

void spare_threads_free(struct spare_threads *s)
{
    if (!s)
        return;
    for (int32_t i = 0; i < s->count; i++)
        parker_wake(&s->places[i].parker);
    for (int32_t i = 0; i < s->count; i++) {
        thread_join(&s->places[i].thread);
        parker_release(&s->places[i].parker);
    }
    free(s);
}
