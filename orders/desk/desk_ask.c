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

enum err desk_refuse_revision(const struct desk_order *o, struct error *e)
{
    return error_set(e, ERR_PRECONDITION, "the order is at revision %lld by now",
                     (long long)atomic_load(&o->rev));
}

/* What has ended needs no cancel any more; everything else comes too late. */
static void answer_ended(struct desk_order *o, struct command *c)
{
    struct error e;
    enum err err = ERR_OK;
    if (atomic_load(&o->desk->stopping) || atomic_load(&o->desk->failed))
        err = error_set(&e, ERR_UNAVAILABLE, "the server is stopping");
    else if (c->type == EVENT_MODIFIED)
        err = error_set(&e, ERR_CONFLICT, "the order has ended");
    else if (c->rev && c->rev != atomic_load(&o->rev))
        err = desk_refuse_revision(o, &e);
    desk_answer(o, c, err ? DESK_REFUSED : DESK_DONE, err ? &e : NULL);
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

/* What takes risk away finds a place always. Each has a request that waits for it, so there are no
 * more of them than the server has connections; those without one (desk_cancel_all) are one. */
static bool bounded(const struct command *c)
{
    return c->type != EVENT_CANCEL_REQUESTED && c->type != EVENT_CLOSE_REQUESTED;
}

static enum delivery put(struct desk_order *o, struct command *c)
{
    enum delivery delivery = DELIVERED;
    mutex_lock(&o->mutex);
    if (o->closed_mailbox)
        delivery = DELIVERY_CLOSED;
    else if (bounded(c) && o->command_count >= LIMIT_ORDER_COMMANDS)
        delivery = DELIVERY_FULL;
    if (delivery == DELIVERED) {
        *o->commands_end = c;
        o->commands_end = &c->next;
        o->command_count += bounded(c);
    }
    mutex_unlock(&o->mutex);
    return delivery;
}

/* Takes over `c`; NULL = there was no memory for it. */
static enum err post(struct desk_order *o, struct command *c, struct error *e)
{
    if (!c)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    if (atomic_load(&o->desk->stopping) || atomic_load(&o->desk->failed)) {
        free(c);
        return error_set(e, ERR_UNAVAILABLE, "the server is stopping");
    }
    switch (put(o, c)) {
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

static struct command *make(enum order_event_type type, int64_t rev, desk_done *done, void *context)
{
    size_t changes = type == EVENT_MODIFIED;
    struct command *c = calloc(1, sizeof *c + changes * sizeof c->change[0]);
    if (c)
        *c = (struct command){.type = type, .rev = rev, .done = done, .context = context};
    return c;
}

enum err desk_modify(struct desk_order *o, const struct desk_change *change, desk_done *done,
                     void *context, struct error *e)
{
    struct command *c = make(EVENT_MODIFIED, change->rev, done, context);
    if (c)
        c->change[0] = *change;
    return post(o, c, e);
}

enum err desk_drop_exits(struct desk_order *o, desk_done *done, void *context, struct error *e)
{
    struct command *c = make(EVENT_MODIFIED, 0, done, context);
    if (c)
        c->drops_exits = true;
    return post(o, c, e);
}

enum err desk_cancel(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                     struct error *e)
{
    return post(o, make(EVENT_CANCEL_REQUESTED, rev, done, context), e);
}

enum err desk_close(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                    struct error *e)
{
    return post(o, make(EVENT_CLOSE_REQUESTED, rev, done, context), e);
}

enum err desk_review(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                     struct error *e)
{
    return post(o, make(EVENT_REVIEWED, rev, done, context), e);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* A request of the kind that nobody waits for lies there already: another would bring nothing. */
static bool asked_already(struct desk_order *o, enum order_event_type type)
{
    bool found = false;
    mutex_lock(&o->mutex);
    for (const struct command *c = o->commands; c && !found; c = c->next)
        found = c->type == type && !c->rev && !c->done;
    mutex_unlock(&o->mutex);
    return found;
}

int32_t desk_cancel_all(struct desk *d, bool close)
{
    enum order_event_type type = close ? EVENT_CLOSE_REQUESTED : EVENT_CANCEL_REQUESTED;
    struct desk_order *o, *next;
    int32_t asked = 0;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        bool live = atomic_load(&o->phase) == ORDER_LIVE && !bracket_status_final(o->counted);
        asked +=
            live && (asked_already(o, type) || post(o, make(type, 0, NULL, NULL), NULL) == ERR_OK);
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
