#include "orders/desk/desk_private.h"

#include "orders/event_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct desk_order *desk_find(struct desk *d, const struct uuid *id)
{
    struct desk_order *o;
    mutex_lock(&d->mutex);
    HASH_FIND(by_id, d->book, id, sizeof *id, o);
    o = o && atomic_load(&o->phase) == ORDER_LIVE ? desk_ref(o) : NULL;
    mutex_unlock(&d->mutex);
    return o;
}

struct desk_order *desk_find_client_order_id(struct desk *d, const char *client_order_id)
{
    struct desk_order *o;
    mutex_lock(&d->mutex);
    HASH_FIND(by_client_order_id, d->by_client_order_id, client_order_id, strlen(client_order_id),
              o);
    o = o && atomic_load(&o->phase) == ORDER_LIVE ? desk_ref(o) : NULL;
    mutex_unlock(&d->mutex);
    return o;
}

struct uuid desk_order_id(const struct desk_order *o)
{
    return o->header.id;
}

enum bracket_status desk_status(struct desk_order *o)
{
    mutex_lock(&o->mutex);
    enum bracket_status status = o->header.status;
    mutex_unlock(&o->mutex);
    return status;
}

int64_t desk_rev(struct desk_order *o)
{
    return atomic_load(&o->rev);
}

int64_t desk_returns(struct desk *d)
{
    return atomic_load(&d->returns);
}

static void view_tracker(struct desk_order *o, struct desk_tracker *ret)
{
    const struct clock *clock = o->desk->options.clock;
    int64_t now_ns = clock_monotonic_ns(clock);
    int64_t wall_ns = clock_realtime_ns(clock) - now_ns; /* of a monotonic instant */
    int64_t polled_ns = atomic_load(&o->figures.last_poll_ns);
    int64_t began_ns = atomic_load(&o->turn_began_ns);
    *ret = (struct desk_tracker){
        .polls = atomic_load(&o->figures.polls),
        .last_poll_at_ns = polled_ns ? wall_ns + polled_ns : 0,
        .next_wake_at_ns = wall_ns + atomic_load(&o->figures.next_wake_ns),
        .snapshot_age_ns = atomic_load(&o->figures.snapshot_age_ns),
        .calls = atomic_load(&o->figures.calls),
        .stuck = began_ns && now_ns - began_ns > LIMIT_TRACKER_STUCK_SECONDS * NS_PER_SECOND,
    };
    ret->commit_refusals = atomic_load(&o->refusals.count);
    if (ret->commit_refusals > 0) {
        ret->commit_error = (enum err)atomic_load(&o->refusals.code);
        ret->commit_refused_since_ns = wall_ns + atomic_load(&o->refusals.since_ns);
    }
    desk_thread_name(o, ret->thread);
}

void desk_view(struct desk_order *o, struct desk_view *ret)
{
    struct desk *d = o->desk;
    ret->live = true;
    ret->leg_count = 0;
    ret->clock = desk_clock(d);
    ret->client_id = desk_name_of(d, &o->header.id);
    mutex_lock(&o->mutex);
    ret->header = o->header;
    desk_state(o, &ret->state);
    for (size_t i = 0; i < desk_leg_places(o); i++) {
        const struct desk_leg *leg = desk_leg_at(o, i);
        if (leg->generation)
            ret->legs[ret->leg_count++] = *leg;
    }
    mutex_unlock(&o->mutex);
    const struct order_quote quote = desk_quote_of(o);
    bracket_exposure(&ret->state, ret->clock, &quote, &ret->exposure);
    view_tracker(o, &ret->tracker);
}

static enum err view_stored(void *context, const struct stored_order *stored, struct error *e)
{
    struct desk_view *view = context;
    view->header = stored->header;
    for (size_t i = 0; i < stored->intent_count; i++) {
        const struct order_intent *intent = &stored->intents[i];
        /* It may be of an earlier incarnation. */
        client_id_parse(intent->client_id, strlen(intent->client_id), &view->client_id);
        if (!intent->broker_order_id[0])
            continue;
        /* The newest twelve: as many as the state keeps. */
        struct desk_leg *leg = &view->legs[view->leg_count++ % BRACKET_ORDERS_MAX];
        *leg = (struct desk_leg){.leg = intent->leg, .generation = intent->generation};
        snprintf(leg->broker_order_id, sizeof leg->broker_order_id, "%s", intent->broker_order_id);
    }
    if (view->leg_count > BRACKET_ORDERS_MAX)
        view->leg_count = BRACKET_ORDERS_MAX;
    return event_chain_fold(stored, &view->state, NULL, e);
}

enum err desk_load(struct desk *d, const struct uuid *id, struct desk_view *ret, struct error *e)
{
    struct desk_order *o = desk_find(d, id);
    if (o) {
        desk_view(o, ret);
        desk_unref(o);
        return ERR_OK;
    }
    memset(ret, 0, sizeof *ret);
    ret->clock = desk_clock(d);
    ret->client_id = desk_name_of(d, id);
    struct order_store *store = d->options.store;
    enum err err = store->operations->load(store, id, view_stored, ret, e);
    if (err == ERR_OK)
        bracket_exposure(&ret->state, ret->clock, &(struct order_quote){0}, &ret->exposure);
    return err;
}

/* ---- positions ------------------------------------------------------------------------------- */

/* After a bust the average is folded anew, from all fills; again when one comes in meanwhile. */
static enum err refold(struct desk *d, struct error *e)
{
    bool stale = true;
    enum err err = ERR_OK;
    while (stale && err == ERR_OK) {
        struct held_position *folded = NULL;
        mutex_lock(&d->mutex);
        stale = d->positions_stale;
        int64_t seen = d->fills_seen;
        mutex_unlock(&d->mutex);
        if (!stale)
            break;
        err = desk_fold_positions(d, &folded, e);
        mutex_lock(&d->mutex);
        if (err == ERR_OK && seen == d->fills_seen) {
            struct held_position *old = d->positions;
            d->positions = folded;
            d->positions_stale = false;
            folded = old;
        }
        mutex_unlock(&d->mutex);
        desk_free_positions(folded);
    }
    return err;
}

static int by_symbol(const void *a, const void *b)
{
    const struct desk_position *x = a, *y = b;
    return strcmp(x->position.contract.symbol, y->position.contract.symbol);
}

enum err desk_positions(struct desk *d, desk_position_fn *visit, void *context, struct error *e)
{
    enum err err = refold(d, e);
    if (err != ERR_OK)
        return err;
    mutex_lock(&d->mutex);
    size_t count = HASH_CNT(by_symbol, d->positions), i = 0;
    struct desk_position *copies = calloc(count ? count : 1, sizeof *copies);
    struct held_position *p, *next;
    if (copies)
        HASH_ITER (by_symbol, d->positions, p, next) {
            const struct market *m = desk_market(d, p->position.contract.symbol, false);
            copies[i++] = (struct desk_position){.position = p->position,
                                                 .unprotected_quantity = m ? m->unprotected : 0};
        }
    mutex_unlock(&d->mutex);
    if (!copies)
        return error_set(e, ERR_NO_MEMORY, "no memory for the positions");
    qsort(copies, count, sizeof *copies, by_symbol);
    for (i = 0; i < count; i++)
        visit(context, &copies[i]);
    free(copies);
    return ERR_OK;
}

/* ---- figures --------------------------------------------------------------------------------- */

void desk_stats(struct desk *d, struct desk_stats *ret)
{
    struct gateway_stats gateway;
    gateway_stats(d->gateway, &gateway);
    mutex_lock(&d->mutex);
    *ret = (struct desk_stats){
        .live = d->live,
        .threads = d->threads,
        .shared = d->shared,
        .stuck = d->stuck,
        .unprotected = d->counts[BRACKET_UNPROTECTED],
        .needs_review = d->counts[BRACKET_NEEDS_REVIEW],
        .unprotected_quantity = d->unprotected,
        .placed = d->placed,
        .refused = d->refused,
        .retired = d->retired,
    };
    mutex_unlock(&d->mutex);
    ret->unprotected += atomic_load(&d->exposed);
    ret->unresolved = atomic_load(&d->unresolved);
    ret->unstored = atomic_load(&d->unstored);
    ret->commits = atomic_load(&d->commits);
    ret->commits_refused = atomic_load(&d->commits_refused);
    ret->events = atomic_load(&d->events);
    ret->polls = atomic_load(&d->polls);
    ret->sequence = atomic_load(&d->sequence);
    ret->snapshots = gateway.snapshots;
    ret->broker_calls = gateway.calls;
    ret->broker_unknown = gateway.unknown;
    ret->snapshot_age_ns = gateway.snapshot_age_ns;
}
