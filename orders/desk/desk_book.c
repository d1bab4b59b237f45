/* The brackets that are live, and their threads. */
#include "orders/desk/desk_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- brackets -------------------------------------------------------------------------------- */

struct desk_order *desk_order_create(struct desk *d, const struct uuid *id)
{
    struct desk_order *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->desk = d;
    o->header.id = *id;
    atomic_init(&o->references, 1);
    atomic_init(&o->resolved, true);
    atomic_init(&o->wake_low, INT64_MIN);
    atomic_init(&o->wake_high, INT64_MAX);
    atomic_init(&o->fill_low, INT64_MIN);
    atomic_init(&o->fill_high, INT64_MAX);
    parker_init(&o->parker);
    o->wakes = &o->parker;
    mutex_init(&o->mutex, MUTEX_BRACKET);
    o->commands_end = &o->commands;
    /* Polls are spread over the interval by the id. */
    uint64_t mixed = (id->bytes[14] << 8 | id->bytes[15]) * 0x9e3779b97f4a7c15u;
    o->tracker.next_poll_ns =
        clock_monotonic_ns(d->options.clock) + (int64_t)(mixed >> 32) % d->options.poll_interval_ns;
    return o;
}

struct desk_order *desk_ref(struct desk_order *o)
{
    atomic_fetch_add(&o->references, 1);
    return o;
}

void desk_unref(struct desk_order *o)
{
    if (!o || atomic_fetch_sub(&o->references, 1) != 1)
        return;
    parker_release(&o->parker);
    mutex_release(&o->mutex);
    free(o->more_legs);
    free(o->state);
    if (o->first)
        draft_pool_return(&o->desk->drafts, o->first);
    if (o->market)
        atomic_fetch_sub(&o->market->users, 1);
    free(o);
}

void desk_state(const struct desk_order *o, struct bracket_state *ret)
{
    state_unpack(o->state, ret);
}

/* In steps, so that a bracket's thread seldom comes to allocate: it would get a cache of its own
 * for that, of the size of the whole bracket. */
bool desk_make_room(struct desk_order *o, const struct bracket_state *s)
{
    enum { STEP_BYTES = 128, MALLOC_BYTES = 8 }; /* its own, beside each block */
    size_t bytes = state_packed_bytes(s);
    if (bytes <= o->state_room_bytes)
        return true;
    bytes = (bytes + MALLOC_BYTES + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES - MALLOC_BYTES;
    unsigned char *grown = malloc(bytes);
    if (!grown)
        return false;
    mutex_lock(&o->mutex);
    unsigned char *old = o->state;
    if (old)
        memcpy(grown, old, o->state_room_bytes);
    o->state = grown;
    o->state_room_bytes = bytes;
    mutex_unlock(&o->mutex);
    free(old);
    return true;
}

void desk_list_client_order_id(struct desk *d, struct desk_order *o)
{
    o->listed = o->header.client_order_id[0] != '\0';
    if (o->listed)
        HASH_ADD_KEYPTR(by_client_order_id, d->by_client_order_id, o->header.client_order_id,
                        strlen(o->header.client_order_id), o);
}

bool desk_enter(struct desk *d, struct desk_order *o, const char *symbol)
{
    o->market = desk_market(d, symbol, true);
    if (!o->market)
        return false;
    atomic_fetch_add(&o->market->users, 1);
    if (!desk_key_use(d, &o->header.key_id))
        return false;
    o->market_next = o->market->first;
    if (o->market_next)
        o->market_next->market_previous = o;
    o->market->first = o;
    HASH_ADD(by_id, d->book, header.id, sizeof o->header.id, o);
    d->live++;
    return true;
}

static void leave_market(struct desk_order *o)
{
    if (o->market_previous)
        o->market_previous->market_next = o->market_next;
    else
        o->market->first = o->market_next;
    if (o->market_next)
        o->market_next->market_previous = o->market_previous;
}

void desk_leave(struct desk *d, struct desk_order *o)
{
    static const struct bracket_state gone = {.status = BRACKET_NONE};
    desk_account(d, o, &gone);
    desk_forget_refusals(o);
    d->counts[BRACKET_NONE]--;
    leave_market(o);
    HASH_DELETE(by_id, d->book, o);
    if (o->listed)
        HASH_DELETE(by_client_order_id, d->by_client_order_id, o);
    d->live--;
    if (d->live == 0)
        condition_broadcast(&d->all_ended);
}

/* ---- threads --------------------------------------------------------------------------------- */

void desk_thread_name(const struct desk_order *o, char out[THREAD_NAME_MAX])
{
    static const char prefix[] = "trk-";
    enum { PREFIX = sizeof prefix - 1, DIGITS = THREAD_NAME_MAX - 1 - PREFIX };
    char id[UUID_TEXT];
    if (o->wakes != &o->parker) {
        snprintf(out, THREAD_NAME_MAX, "trk-shared");
        return;
    }
    uuid_format(&o->header.id, id);
    memcpy(out, prefix, PREFIX);
    memcpy(out + PREFIX, id + UUID_TEXT - 1 - DIGITS, DIGITS + 1);
}

static void share(struct desk *d, struct desk_order *o)
{
    o->wakes = &d->shared_parker;
    o->shared_next = d->shared_orders;
    d->shared_orders = o;
    d->shared++;
}

static enum err start_thread(struct desk_order *o, struct error *e)
{
    struct desk *d = o->desk;
    char name[THREAD_NAME_MAX];
    desk_thread_name(o, name);
    o->stack = stacks_take(d->stacks);
    if (!o->stack)
        return error_set(e, ERR_UNAVAILABLE, "no memory for the stack of thread '%s'", name);
    const struct thread_options options = {
        .name = name, .stack = o->stack, .stack_bytes = stacks_bytes(d->stacks)};
    enum err err = thread_start(&o->thread, &options, tracker_run, o, e);
    if (err != ERR_OK) {
        stacks_give(d->stacks, o->stack);
        o->stack = NULL;
    }
    return err;
}

enum err desk_start_thread(struct desk_order *o, bool may_share, struct error *e)
{
    struct desk *d = o->desk;
    mutex_lock(&d->mutex);
    bool room = d->threads < d->options.threads_max;
    d->threads += room;
    mutex_unlock(&d->mutex);
    enum err err = ERR_UNAVAILABLE;
    if (room)
        err = start_thread(o, e);
    else
        error_set(e, err, "there are %d tracking threads, no more are allowed",
                  d->options.threads_max);
    if (err == ERR_OK)
        return ERR_OK;
    mutex_lock(&d->mutex);
    d->threads -= room;
    if (may_share)
        share(d, o);
    mutex_unlock(&d->mutex);
    return may_share ? ERR_OK : ERR_UNAVAILABLE;
}

void desk_order_ended(struct desk_order *o)
{
    struct desk *d = o->desk;
    bool own = o->wakes == &o->parker;
    desk_close_mailbox(o);
    if (!atomic_exchange(&o->resolved, true))
        atomic_fetch_sub(&d->unresolved, 1);
    bool discarded = atomic_exchange(&o->phase, ORDER_ENDED) == ORDER_DISCARDED;
    mutex_lock(&d->mutex);
    if (own) {
        o->ended_next = d->ended;
        d->ended = o;
        d->threads--;
    } else {
        d->shared--;
    }
    d->retired += !discarded;
    desk_leave(d, o);
    mutex_unlock(&d->mutex);
    if (!own)
        desk_unref(o);
}

void desk_join_ended(struct desk *d)
{
    mutex_lock(&d->mutex);
    struct desk_order *o = d->ended;
    d->ended = NULL;
    mutex_unlock(&d->mutex);
    while (o) {
        struct desk_order *next = o->ended_next;
        thread_join(&o->thread);
        if (!atomic_load(&d->stopping)) /* they all go then, in larger pieces */
            stacks_give(d->stacks, o->stack);
        o->stack = NULL;
        desk_unref(o);
        o = next;
    }
}

/* ---- waking --------------------------------------------------------------------------------- */

void desk_wake(struct desk_order *o)
{
    atomic_store(&o->attention, true);
    parker_wake(o->wakes);
}

/* Outside the lock, for which thousands would wait as soon as they are awake. Who has no thread of
 * its own is woken with the shared loop. */
void desk_wake_all(struct desk *d)
{
    struct desk_order *o, *next;
    size_t count = 0;
    mutex_lock(&d->mutex);
    struct desk_order **all = calloc(HASH_CNT(by_id, d->book) + 1, sizeof(struct desk_order *));
    HASH_ITER (by_id, d->book, o, next) {
        atomic_store(&o->attention, true);
        if (all)
            all[count++] = desk_ref(o);
        else
            parker_wake(&o->parker);
    }
    mutex_unlock(&d->mutex);
    for (size_t i = 0; i < count; i++) {
        parker_wake(&all[i]->parker);
        desk_unref(all[i]);
    }
    free(all);
    parker_wake(&d->shared_parker);
}
