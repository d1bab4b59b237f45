/* Acceptance, on the caller's thread up to the commit and on the store's after it:
 *
 *   checks -> the first draft (ACCEPTED, SESSION, the entry's intent) -> risk and room, reserved ->
 *   its thread, parked -> commit -> the answer, and the thread goes on with the draft's effects
 *
 * Whatever fails after the reservation gives it back by ending the thread.
 */
#include "base/text.h"
#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

struct placing {
    struct desk_order *order; /* a reference */
    struct draft *draft;
    desk_done *done;
    void *context;
    struct strbuf response;
    struct order_idempotency idempotency;
    char *key; /* owned */
};

enum { RESPONSE_BYTES_MAX = 64 * 1024, CREATED = 201 };

static void placing_free(struct placing *p)
{
    if (!p)
        return;
    if (p->draft)
        draft_pool_return(&p->order->desk->drafts, p->draft);
    desk_unref(p->order);
    strbuf_release(&p->response);
    free(p->key);
    free(p);
}

static enum err check(struct desk *d, const struct desk_placement *placement, struct error *e)
{
    const char *why;
    if (!desk_ready(d, &why))
        return error_set(e, ERR_UNAVAILABLE, "no new orders: %s", why);
    if (atomic_load(&d->paused))
        return error_set(e, ERR_CONFLICT, "no new orders: the kill switch is on");
    if (placement->client_order_id && strlen(placement->client_order_id) > CLIENT_ORDER_ID_BYTES)
        return error_field(e, ERR_INVALID, "/client_order_id", "at most %d bytes",
                           CLIENT_ORDER_ID_BYTES);
    return bracket_spec_check(placement->spec, e);
}

/* ---- the first draft ------------------------------------------------------------------------- */

static void fill_header(struct desk_order *o, const struct desk_placement *placement)
{
    struct order_header *h = &o->header;
    h->key_id = placement->key_id;
    h->created_at_ns = h->updated_at_ns = clock_realtime_ns(o->desk->options.clock);
    if (placement->client_order_id)
        text_fit(placement->client_order_id, h->client_order_id, sizeof h->client_order_id);
    text_fit(placement->spec->contract.symbol, h->symbol, sizeof h->symbol);
}

static void make_draft(struct desk_order *o, struct draft *d, const struct bracket_spec *spec)
{
    struct bracket_state empty;
    bracket_state_init(&empty);
    draft_begin(d, &o->header, &empty);
    struct order_event e = tracker_event(o, EVENT_ACCEPTED);
    e.id = o->header.id;
    e.spec = *spec;
    draft_feed(d, &e);
    tracker_feed_session(o, d);
    draft_derive(d, e.clock, &e.quote);
}

static bool describe(const struct desk_placement *placement, struct placing *p)
{
    if (!placement->describe)
        return true;
    struct desk_view *view = calloc(1, sizeof *view);
    if (!view)
        return false;
    view->header = p->draft->header;
    view->header.status = p->draft->now->status;
    view->state = *p->draft->now;
    view->clock = desk_clock(p->order->desk);
    view->client_id = desk_name_of(p->order->desk, &view->header.id);
    view->live = true;
    desk_thread_name(p->order, view->tracker.thread);
    bool described = placement->describe(p->context, view, &p->response);
    free(view);
    return described && !strbuf_failed(&p->response);
}

static bool add_idempotency(const struct desk_placement *placement, struct placing *p)
{
    if (!placement->idempotency_key)
        return true;
    p->key = strdup(placement->idempotency_key);
    p->idempotency = (struct order_idempotency){.key_id = placement->key_id,
                                                .key = p->key,
                                                .status = CREATED,
                                                .response = strbuf_text(&p->response)};
    memcpy(p->idempotency.body_sha256, placement->body_sha256, SHA256_BYTES);
    p->draft->batch.idempotency = &p->idempotency;
    return p->key != NULL;
}

/* ---- reservation ----------------------------------------------------------------------------- */

static enum err reserve(struct desk *d, struct desk_order *o, const struct bracket_spec *spec,
                        const struct risk_key_limits *limits, struct error *e)
{
    struct order_clock now = desk_clock(d);
    enum err err = ERR_OK;
    mutex_lock(&d->mutex);
    struct market *m = desk_market(d, spec->contract.symbol, true);
    if (!m || d->live >= d->options.orders_max)
        err = error_set(e, ERR_BUSY, "%d orders are live, no more are allowed", d->live);
    if (err == ERR_OK && !desk_entry_closes(d, spec)) {
        const struct risk_use use = {.quantity = m->quantity, .notional = d->notional};
        int64_t price = desk_reference_price(m, spec->side);
        err = risk_check(&d->options.limits, &use, &d->rate, spec, price, now.steady_ns, e);
        if (err == ERR_OK)
            err = desk_check_key(d, &o->header.key_id, limits, spec, price, e);
    }
    if (err == ERR_OK && !desk_enter(d, o, spec->contract.symbol))
        err = error_set(e, ERR_NO_MEMORY, "no memory for the order");
    if (err == ERR_OK) {
        struct bracket_state accepted;
        bracket_state_init(&accepted);
        accepted.spec = *spec;
        accepted.status = BRACKET_SUBMITTING;
        d->counts[BRACKET_NONE]++;
        desk_account(d, o, &accepted);
        risk_rate_add(&d->rate, now.steady_ns);
    }
    d->refused += err != ERR_OK;
    mutex_unlock(&d->mutex);
    return err;
}

static void give_back(struct desk_order *o)
{
    struct desk *d = o->desk;
    mutex_lock(&d->mutex);
    desk_leave(d, o);
    d->refused++;
    mutex_unlock(&d->mutex);
    desk_unref(o);
}

/* Its thread gives back what is reserved. */
static void discard(struct desk_order *o)
{
    atomic_store(&o->phase, ORDER_DISCARDED);
    parker_wake(&o->parker);
}

/* ---- the commit ------------------------------------------------------------------------------ */

static void go_live(struct placing *p, int64_t sequence)
{
    struct desk_order *o = p->order;
    struct desk *d = o->desk;
    desk_committed(o, p->draft, sequence);
    mutex_lock(&d->mutex);
    d->placed++;
    desk_list_client_order_id(d, o);
    mutex_unlock(&d->mutex);
    o->first = p->draft;
    p->draft = NULL;
    atomic_store(&o->phase, ORDER_LIVE);
    desk_wake(o);
}

static void placed(void *context, const struct order_commit *commit)
{
    struct placing *p = context;
    struct desk_order *o = p->order;
    struct desk_result result = {.error = commit->error, .id = o->header.id};
    switch (commit->outcome) {
    case COMMIT_STORED:
        result.outcome = DESK_DONE;
        result.rev = p->draft->header.rev;
        result.order = o;
        result.response = strbuf_text(&p->response);
        go_live(p, commit->sequence);
        break;
    case COMMIT_REPLAYED:
        result.outcome = DESK_REPLAYED;
        result.id = commit->order_id;
        result.status = commit->status;
        result.response = commit->response;
        break;
    case COMMIT_REFUSED:
        result.outcome = DESK_REFUSED;
        break;
    default:
        result.outcome = DESK_UNKNOWN;
        desk_fail(o->desk, commit->error);
    }
    if (commit->outcome != COMMIT_STORED)
        discard(o);
    p->done(p->context, &result);
    struct desk *d = o->desk;
    placing_free(p);
    atomic_fetch_sub(&d->batches, 1);
}

static enum err submit(struct placing *p, const struct desk_placement *placement, struct error *e)
{
    struct desk *d = p->order->desk;
    struct order_store *store = d->options.store;
    if (!draft_seal(p->draft, &d->names, desk_broker_order_id, p->order) ||
        !desk_make_room(p->order, p->draft->now) || !describe(placement, p) ||
        !add_idempotency(placement, p))
        return error_set(e, ERR_NO_MEMORY, "no memory for the order");
    p->draft->batch.creates = true;
    atomic_fetch_add(&d->batches, 1);
    enum err err = store->operations->submit(store, &p->draft->batch, placed, p, e);
    if (err != ERR_OK)
        atomic_fetch_sub(&d->batches, 1);
    return err;
}

/* The order is the caller's to unref or end, whatever becomes of it. */
static enum err prepare(struct desk *d, const struct desk_placement *placement,
                        struct desk_order *o, struct placing *p, struct error *e)
{
    enum err err = reserve(d, o, placement->spec, &placement->key_limits, e);
    if (err != ERR_OK) {
        desk_unref(o);
        return err;
    }
    err = desk_start_thread(o, false, e);
    if (err != ERR_OK) {
        give_back(o);
        return err;
    }
    make_draft(o, p->draft, placement->spec);
    err = submit(p, placement, e);
    if (err != ERR_OK)
        discard(o);
    return err;
}

enum err desk_place(struct desk *d, const struct desk_placement *placement, desk_done *done,
                    void *context, struct error *e)
{
    enum err err = check(d, placement, e);
    if (err != ERR_OK)
        return err;
    struct uuid id = uuid_make(d->options.clock);
    struct desk_order *o = desk_order_create(d, &id);
    struct placing *p = calloc(1, sizeof *p);
    struct draft *draft = draft_pool_lease(&d->drafts);
    if (!o || !p || !draft) {
        if (draft)
            draft_pool_return(&d->drafts, draft);
        free(p);
        desk_unref(o);
        return error_set(e, ERR_NO_MEMORY, "no memory for the order");
    }
    fill_header(o, placement);
    *p = (struct placing){.order = desk_ref(o), .draft = draft, .done = done, .context = context};
    strbuf_init(&p->response, RESPONSE_BYTES_MAX);
    err = prepare(d, placement, o, p, e);
    if (err != ERR_OK)
        placing_free(p);
    return err;
}
