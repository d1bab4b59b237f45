/* Brackets out of the store: those that are open, at a start; and one that has left the book, when
 * the broker tells something new of it. A late fill of an order that counted as dead opens a
 * position, however long ago that was: the bracket comes back, and its own thread deals with it.
 */
#include "base/log.h"
#include "orders/desk/desk_private.h"
#include "orders/event_chain.h"

#include <stdlib.h>
#include <string.h>

/* A report that has changed within that many listings may be news that the bracket has left before
 * it saw; those of before it has seen. */
enum { RECENT_SNAPSHOTS = 16 };

static void note_ids(struct desk_order *o, const struct bracket_state *s,
                     const struct stored_order *stored)
{
    for (size_t i = 0; i < stored->intent_count; i++) {
        const struct order_intent *intent = &stored->intents[i];
        if (bracket_find(s, intent->leg, intent->generation))
            desk_note_broker_order_id(o, s, intent->leg, intent->generation,
                                      intent->broker_order_id);
    }
}

/* The bracket of this state, not in the book yet. */
static enum err make(struct desk *d, const struct stored_order *stored,
                     const struct bracket_state *state, struct desk_order **ret, struct error *e)
{
    struct desk_order *o = desk_order_create(d, &stored->header.id);
    if (!o || !desk_make_room(o, state)) {
        desk_unref(o);
        return error_set(e, ERR_NO_MEMORY, "no memory for the open orders");
    }
    state_pack(state, o->state);
    note_ids(o, state, stored);
    o->header = stored->header;
    o->tracker.restarted = true;
    atomic_store(&o->rev, o->header.rev);
    *ret = o;
    return ERR_OK;
}

static bool has(const struct desk *d, const struct uuid *id) REQUIRES(d->mutex)
{
    struct desk_order *found;
    HASH_FIND(by_id, d->book, id, sizeof *id, found);
    return found != NULL;
}

/* Into the book, unless it is there or the desk is stopping. */
static bool enter(struct desk_order *o, const struct bracket_state *state)
{
    struct desk *d = o->desk;
    mutex_lock(&d->mutex);
    bool entered =
        !has(d, &o->header.id) && !atomic_load(&d->stopping) && desk_enter(d, o, o->header.symbol);
    if (entered) {
        d->counts[BRACKET_NONE]++;
        desk_account(d, o, state);
        desk_list_client_order_id(d, o);
    }
    mutex_unlock(&d->mutex);
    return entered;
}

static void note_clock(struct desk_loading *loading, const struct order_clock *newest)
{
    if (newest->steady_ns > loading->newest_steady_ns)
        loading->newest_steady_ns = newest->steady_ns;
}

enum err desk_load_open(void *context, const struct stored_order *stored, struct error *e)
{
    struct desk_loading *loading = context;
    struct order_clock newest = {0};
    struct bracket_state state;
    struct desk_order *o;
    enum err err = event_chain_fold(stored, &state, &newest, e);
    if (err == ERR_OK)
        err = make(loading->desk, stored, &state, &o, e);
    if (err != ERR_OK)
        return err;
    atomic_store(&o->resolved, false);
    if (!enter(o, &state)) {
        desk_unref(o);
        return error_set(e, ERR_NO_MEMORY, "no memory for the open orders");
    }
    atomic_fetch_add(&loading->desk->unresolved, 1);
    note_clock(loading, &newest);
    if (o->header.created_at_ns < loading->oldest_ns)
        loading->oldest_ns = o->header.created_at_ns;
    return ERR_OK;
}

static enum err read_clock(void *context, const struct stored_order *stored, struct error *e)
{
    struct order_clock newest = {0};
    struct bracket_state state;
    enum err err = event_chain_fold(stored, &state, &newest, e);
    if (err == ERR_OK)
        note_clock(context, &newest);
    return err;
}

static bool note_id(void *context, const struct uuid *id, const struct order_record *record)
{
    (void)record;
    *(struct uuid *)context = *id;
    return false;
}

enum err desk_load_clock(struct desk_loading *loading, struct error *e)
{
    struct order_store *store = loading->desk->options.store;
    int64_t sequence = 0;
    struct uuid id = {0};
    enum err err = store->operations->newest(store, &sequence, e);
    if (err != ERR_OK || sequence == 0)
        return err;
    err = store->operations->events(store, NULL, sequence - 1, 1, note_id, &id, e);
    return err == ERR_OK ? store->operations->load(store, &id, read_clock, loading, e) : err;
}

/* ---- what comes back ------------------------------------------------------------------------- */

struct returning {
    const struct snapshot_report *report;
    bool news;
    struct bracket_state state;
    struct order_clock newest;
    struct stored_order stored; /* without its records; its intents are owned */
};

static void log_late(const struct desk_order *o, const char *what)
{
    char id[UUID_TEXT];
    uuid_format(&o->header.id, id);
    log_event(LOG_ERROR, "late_report", LOG_TEXT("order", id), LOG_TEXT("outcome", what));
}

static void start_again(struct desk_order *o, const struct bracket_state *state)
{
    struct desk *d = o->desk;
    atomic_fetch_add(&d->returns, 1); /* before anything about it can change */
    if (!enter(o, state)) {
        desk_unref(o);
        return;
    }
    desk_ref(o);
    if (desk_start_thread(o, false, NULL) == ERR_OK) {
        log_late(o, "taken up again");
        atomic_store(&o->phase, ORDER_LIVE);
        desk_wake(o);
    } else {
        log_late(o, "no thread to take it up: tried again");
        mutex_lock(&d->mutex);
        desk_leave(d, o);
        mutex_unlock(&d->mutex);
        desk_unref(o);
    }
    desk_unref(o);
}

/* The store may hold a lock of its own during the visit: what follows comes after it. */
static enum err read_stored(void *context, const struct stored_order *stored, struct error *e)
{
    struct returning *r = context;
    enum err err = event_chain_fold(stored, &r->state, &r->newest, e);
    if (err != ERR_OK || !tracker_is_news(&r->state, r->report))
        return err;
    struct order_intent *intents = calloc(stored->intent_count + 1, sizeof *intents);
    if (!intents)
        return error_set(e, ERR_NO_MEMORY, "no memory to take up an order again");
    if (stored->intent_count)
        memcpy(intents, stored->intents, stored->intent_count * sizeof *intents);
    r->stored = (struct stored_order){
        .header = stored->header, .intents = intents, .intent_count = stored->intent_count};
    r->news = true;
    return ERR_OK;
}

static enum err take_up(struct desk *d, const struct snapshot_report *report, struct error *e)
{
    struct order_store *store = d->options.store;
    struct returning r = {.report = report};
    struct desk_order *o = NULL;
    enum err err = store->operations->load(store, &report->bracket, read_stored, &r, e);
    if (err == ERR_OK && r.news)
        err = make(d, &r.stored, &r.state, &o, e);
    /* Its time goes on from its last event; that of a process before ours may lie ahead. */
    if (o && r.newest.steady_ns >= desk_clock(d).steady_ns) {
        log_late(o, "its clock is ahead: not taken up");
        desk_unref(o);
    } else if (o) {
        start_again(o, &r.state);
    }
    free((void *)r.stored.intents);
    return err;
}

void desk_take_up(void *desk, const struct snapshot *s)
{
    struct desk *d = desk;
    for (size_t i = 0; i < s->count; i++) {
        const struct snapshot_report *r = &s->reports[i];
        if (r->since <= s->number - RECENT_SNAPSHOTS || atomic_load(&d->stopping) ||
            atomic_load(&d->failed))
            continue;
        mutex_lock(&d->mutex);
        bool here = has(d, &r->bracket);
        mutex_unlock(&d->mutex);
        struct error e;
        if (!here && take_up(d, r, &e) != ERR_OK)
            log_event(LOG_ERROR, "late_report", LOG_TEXT("error", e.message));
    }
}
