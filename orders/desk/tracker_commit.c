/* How a bracket's thread has its drafts stored.
 *
 * What calls or answers follow, it waits for. A draft that nothing follows, as the outcome of a
 * submit most often is, it hands over and goes to rest: `done`, on the store's thread, publishes
 * it, and nobody has to be woken. Until then nothing of the bracket may be moved, so its thread
 * collects what it has handed over before it does anything more.
 */
#include "base/log.h"
#include "orders/desk/desk_private.h"

enum { BUSY_WAIT_MS = 2 };

/* ---- refusals -------------------------------------------------------------------------------- */

static void log_storing(const struct desk_order *o, const char *event, const char *why,
                        int64_t refusals)
{
    char id[UUID_TEXT];
    uuid_format(&o->header.id, id);
    log_event(LOG_ERROR, event, LOG_TEXT("order", id), LOG_TEXT("code", why),
              LOG_INT("refusals", refusals));
}

/* Told of at its beginning and its end: what the disk refuses again and again stands still
 * meanwhile, a stop that is to be sent included. */
static void note_refused(struct desk_order *o, enum err code)
{
    struct desk *d = o->desk;
    struct desk_refusals *r = &o->refusals;
    if (atomic_load(&d->stopping) || atomic_load(&d->failed))
        return;
    atomic_fetch_add(&d->commits_refused, 1);
    atomic_store(&r->code, (int)code);
    if (atomic_load(&r->count) == 0)
        atomic_store(&r->since_ns, clock_monotonic_ns(d->options.clock));
    if (atomic_fetch_add(&r->count, 1) > 0)
        return;
    atomic_fetch_add(&d->unstored, 1);
    log_storing(o, "order_commit_refused", err_slug(code), 1);
}

void tracker_note_stored(struct desk_order *o)
{
    int count = atomic_load(&o->refusals.count);
    if (count == 0)
        return;
    desk_forget_refusals(o);
    log_storing(o, "order_commit_stored", err_slug((enum err)atomic_load(&o->refusals.code)),
                count);
}

void desk_forget_refusals(struct desk_order *o)
{
    if (atomic_exchange(&o->refusals.count, 0) > 0)
        atomic_fetch_sub(&o->desk->unstored, 1);
}

/* What became of a batch, for the figures and for everybody who listens. */
static void conclude(struct desk_order *o, const struct draft *draft,
                     const struct order_commit *commit)
{
    if (commit->outcome == COMMIT_STORED) {
        tracker_note_stored(o);
        desk_committed(o, draft, commit->sequence);
    } else if (commit->outcome == COMMIT_UNKNOWN) {
        desk_fail(o->desk, commit->error);
    } else {
        note_refused(o, commit->code);
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void committed(void *context, const struct order_commit *commit)
{
    struct pending_commit *p = context;
    struct desk_order *o = desk_ref(p->order); /* its thread may end as soon as it is done */
    struct desk *d = o->desk;
    p->outcome = commit->outcome;
    if (commit->error)
        p->draft->error = *commit->error;
    conclude(o, p->draft, commit);
    atomic_store(&p->done, true);
    parker_wake(o->wakes);
    desk_unref(o);
    atomic_fetch_sub(&d->batches, 1);
}

/* Makes the batch and gives it to the store, as soon as that has room. */
static enum err give(struct desk_order *o, struct draft *d, bool patient, order_store_done *done,
                     void *context, struct error *e)
{
    struct desk *desk = o->desk;
    struct order_store *store = desk->options.store;
    enum err err;
    if (!draft_seal(d, &desk->names, desk_broker_order_id, o) || !desk_make_room(o, d->now)) {
        note_refused(o, ERR_NO_MEMORY);
        return error_set(e, ERR_NO_MEMORY, "no memory to store the order's events");
    }
    d->batch.patient = patient;
    atomic_fetch_add(&desk->batches, 1);
    while ((err = store->operations->submit(store, &d->batch, done, context, e)) == ERR_BUSY)
        parker_wait(o->wakes, clock_real(),
                    clock_monotonic_ns(clock_real()) + BUSY_WAIT_MS * NS_PER_MS);
    if (err != ERR_OK) {
        atomic_fetch_sub(&desk->batches, 1);
        note_refused(o, err);
    }
    return err;
}

bool tracker_commit(struct desk_order *o, struct draft *d, struct pending_commit *p)
{
    p->outcome = COMMIT_REFUSED;
    p->order = o;
    p->draft = d;
    atomic_store(&p->done, false);
    if (give(o, d, false, committed, p, &d->error) != ERR_OK)
        return false;
    while (!atomic_load(&p->done))
        parker_wait(o->wakes, clock_real(), INT64_MAX);
    return p->outcome == COMMIT_STORED;
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void handed_over(void *context, const struct order_commit *commit)
{
    struct desk_order *o = desk_ref(context); /* as above */
    struct desk *d = o->desk;
    bool stored = commit->outcome == COMMIT_STORED;
    conclude(o, o->handed, commit);
    draft_pool_return(&d->drafts, o->handed);
    int before = atomic_exchange(&o->handing, stored ? HANDING_NOTHING : HANDING_REFUSED);
    if (!stored || before == HANDING_AWAITED)
        parker_wake(o->wakes);
    desk_unref(o);
    atomic_fetch_sub(&d->batches, 1);
}

void tracker_hand_over(struct desk_order *o, struct draft *d)
{
    o->handed = d;
    atomic_store(&o->handing, HANDING_UNDERWAY);
    if (give(o, d, true, handed_over, o, NULL) == ERR_OK)
        return;
    draft_pool_return(&o->desk->drafts, d);
    atomic_store(&o->handing, HANDING_REFUSED);
}

bool tracker_collect(struct desk_order *o)
{
    struct order_store *store = o->desk->options.store;
    int underway = HANDING_UNDERWAY;
    if (atomic_compare_exchange_strong(&o->handing, &underway, HANDING_AWAITED)) {
        if (store->operations->hurry)
            store->operations->hurry(store);
        while (atomic_load(&o->handing) == HANDING_AWAITED)
            parker_wait(o->wakes, clock_real(), INT64_MAX);
    }
    return atomic_exchange(&o->handing, HANDING_NOTHING) != HANDING_REFUSED;
}
