#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

void desk_answer(struct desk_order *o, struct command *c, enum desk_outcome outcome,
                 const struct error *e)
{
    if (c->done) {
        const struct desk_result result = {.outcome = outcome,
                                           .error = e,
                                           .order = o,
                                           .id = o->header.id,
                                           .rev = atomic_load(&o->rev)};
        c->done(c->context, &result);
    }
    free(c);
}

struct command *desk_take_commands(struct desk_order *o)
{
    mutex_lock(&o->mutex);
    struct command *commands = o->commands;
    o->commands = NULL;
    o->commands_end = &o->commands;
    o->command_count = 0;
    mutex_unlock(&o->mutex);
    return commands;
}

/* What has ended needs no cancel any more; everything else comes too late. */
static void answer_ended(struct desk_order *o, struct command *c)
{
    struct error e;
    bool stopping = atomic_load(&o->desk->stopping) || atomic_load(&o->desk->failed);
    if (stopping)
        error_set(&e, ERR_UNAVAILABLE, "the server is stopping");
    else
        error_set(&e, ERR_CONFLICT, "the order has ended");
    bool done = !stopping && c->type != EVENT_MODIFIED;
    desk_answer(o, c, done ? DESK_DONE : DESK_REFUSED, done ? NULL : &e);
}

void desk_close_mailbox(struct desk_order *o)
{
    mutex_lock(&o->mutex);
    o->closed_mailbox = true;
    mutex_unlock(&o->mutex);
    struct command *c = desk_take_commands(o);
    while (c) {
        struct command *next = c->next;
        answer_ended(o, c);
        c = next;
    }
}

enum delivery { DELIVERED, DELIVERY_CLOSED, DELIVERY_FULL };

static enum delivery put(struct desk_order *o, struct command *c, bool unbounded)
{
    enum delivery delivery = DELIVERED;
    mutex_lock(&o->mutex);
    if (o->closed_mailbox)
        delivery = DELIVERY_CLOSED;
    else if (!unbounded && o->command_count >= LIMIT_ORDER_COMMANDS)
        delivery = DELIVERY_FULL;
    if (delivery == DELIVERED) {
        *o->commands_end = c;
        o->commands_end = &c->next;
        o->command_count++;
    }
    mutex_unlock(&o->mutex);
    return delivery;
}

/* With `unbounded`, a full mailbox takes it nevertheless. */
static enum err post(struct desk_order *o, const struct command *wanted, bool unbounded,
                     struct error *e)
{
    if (atomic_load(&o->desk->stopping) || atomic_load(&o->desk->failed))
        return error_set(e, ERR_UNAVAILABLE, "the server is stopping");
    struct command *c = malloc(sizeof *c);
    if (!c)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    *c = *wanted;
    switch (put(o, c, unbounded)) {
    case DELIVERED:
        desk_wake(o);
        return ERR_OK;
    case DELIVERY_CLOSED:
        answer_ended(o, c);
        return ERR_OK;
    default:
        free(c);
        return error_set(e, ERR_BUSY, "%d requests on this order are under way",
                         LIMIT_ORDER_COMMANDS);
    }
}

static enum err post_simple(struct desk_order *o, enum order_event_type type, desk_done *done,
                            void *context, struct error *e)
{
    const struct command c = {.type = type, .done = done, .context = context};
    return post(o, &c, false, e);
}

enum err desk_modify(struct desk_order *o, const struct bracket_spec *spec, desk_done *done,
                     void *context, struct error *e)
{
    return desk_modify_at(o, 0, spec, done, context, e);
}

enum err desk_modify_at(struct desk_order *o, int64_t rev, const struct bracket_spec *spec,
                        desk_done *done, void *context, struct error *e)
{
    const struct command c = {
        .type = EVENT_MODIFIED, .spec = *spec, .rev = rev, .done = done, .context = context};
    return post(o, &c, false, e);
}

enum err desk_cancel(struct desk_order *o, desk_done *done, void *context, struct error *e)
{
    return post_simple(o, EVENT_CANCEL_REQUESTED, done, context, e);
}

enum err desk_close(struct desk_order *o, desk_done *done, void *context, struct error *e)
{
    return post_simple(o, EVENT_CLOSE_REQUESTED, done, context, e);
}

enum err desk_review(struct desk_order *o, desk_done *done, void *context, struct error *e)
{
    return post_simple(o, EVENT_REVIEWED, done, context, e);
}

int32_t desk_cancel_all(struct desk *d, bool close)
{
    const struct command c = {.type = close ? EVENT_CLOSE_REQUESTED : EVENT_CANCEL_REQUESTED};
    struct desk_order *o, *next;
    int32_t asked = 0;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        bool live = atomic_load(&o->phase) == ORDER_LIVE && !bracket_status_final(o->counted);
        asked += live && post(o, &c, true, NULL) == ERR_OK;
    }
    mutex_unlock(&d->mutex);
    return asked;
}

enum err desk_set_paused(struct desk *d, bool paused, struct error *e)
{
    enum err err = d->options.store->operations->set_paused(d->options.store, paused, e);
    if (err != ERR_OK && !paused)
        return err;
    atomic_store(&d->paused, paused);
    struct desk_order *o, *next;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next)
        desk_wake(o);
    mutex_unlock(&d->mutex);
    return err;
}

bool desk_paused(struct desk *d)
{
    return atomic_load(&d->paused);
}
