#include "base/text.h"
#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- sums ------------------------------------------------------------------------------------ */

static int64_t unprotected_of(const struct desk *d, const struct bracket_state *s)
{
    struct bracket_summary summary;
    bracket_summarize(s, desk_clock(d), &summary);
    return summary.unprotected_quantity;
}

void desk_account(struct desk *d, struct desk_order *o, const struct bracket_state *s)
{
    struct market *m = o->market;
    bool counts = s->status != BRACKET_NONE && !bracket_status_final(s->status);
    struct risk_part part = {0};
    if (counts)
        risk_of(s, desk_reference_price(m, s->spec.side), &part);
    desk_set_risk(d, o, &part);
    desk_account_unprotected(d, o, counts ? unprotected_of(d, s) : 0);
    d->counts[o->counted]--;
    d->counts[s->status]++;
    o->counted = s->status;
}

void desk_account_unprotected(struct desk *d, struct desk_order *o, int64_t quantity)
{
    o->market->unprotected += quantity - o->unprotected;
    d->unprotected += quantity - o->unprotected;
    o->unprotected = quantity;
}

/* ---- positions ------------------------------------------------------------------------------- */

static bool add_fill(struct held_position **all, const struct order_fill *fill)
{
    struct held_position *p;
    HASH_FIND(by_symbol, *all, fill->contract.symbol, strlen(fill->contract.symbol), p);
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p)
            return false;
        position_init(&p->position, &fill->contract);
        HASH_ADD_KEYPTR(by_symbol, *all, p->position.contract.symbol,
                        strlen(p->position.contract.symbol), p);
    }
    position_fill(&p->position, fill->side, fill->quantity, fill->price);
    return true;
}

void desk_free_positions(struct held_position *positions)
{
    struct held_position *p, *next;
    HASH_ITER (by_symbol, positions, p, next) {
        HASH_DELETE(by_symbol, positions, p);
        free(p);
    }
}

struct fills {
    struct order_fill *items;
    size_t count, capacity;
    bool failed;
};

static bool collect(void *context, const struct order_fill *fill)
{
    struct fills *f = context;
    if (f->count == f->capacity) {
        size_t wanted = f->capacity ? 2 * f->capacity : 64;
        struct order_fill *grown = reallocarray(f->items, wanted, sizeof *grown);
        f->failed = !grown;
        if (!grown)
            return false;
        f->items = grown;
        f->capacity = wanted;
    }
    f->items[f->count++] = *fill;
    return true;
}

/* A bust takes its quantity out of the newest fills of the same order. */
static void take_back(struct fills *f, size_t bust)
{
    int64_t quantity = -f->items[bust].quantity;
    for (size_t i = bust; i-- > 0 && quantity > 0;) {
        struct order_fill *fill = &f->items[i];
        if (fill->quantity <= 0 || strcmp(fill->client_id, f->items[bust].client_id) != 0)
            continue;
        int64_t part = fill->quantity < quantity ? fill->quantity : quantity;
        fill->quantity -= part;
        quantity -= part;
    }
}

enum err desk_fold_positions(struct desk *d, struct held_position **ret, struct error *e)
{
    struct order_store *store = d->options.store;
    struct held_position *folded = NULL;
    struct fills f = {.items = NULL};
    enum err err = store->operations->fills(store, collect, &f, e);
    for (size_t i = 0; i < f.count; i++)
        if (f.items[i].quantity < 0)
            take_back(&f, i);
    for (size_t i = 0; i < f.count && !f.failed; i++)
        f.failed = !add_fill(&folded, &f.items[i]);
    free(f.items);
    if (err == ERR_OK && f.failed)
        err = error_set(e, ERR_NO_MEMORY, "no memory for the positions");
    if (err == ERR_OK)
        *ret = folded;
    else
        desk_free_positions(folded);
    return err;
}

static void count_fills(struct desk *d, const struct draft *draft)
{
    for (size_t i = 0; i < draft->batch.fill_count; i++) {
        const struct order_fill *fill = &draft->fills[i];
        if (fill->quantity < 0 || !add_fill(&d->positions, fill))
            d->positions_stale = true;
    }
    d->fills_seen += (int64_t)draft->batch.fill_count;
}

/* ---- ids at the broker ----------------------------------------------------------------------- */

size_t desk_leg_places(const struct desk_order *o)
{
    return o->more_legs ? BRACKET_ORDERS_MAX : LEGS_IN_PLACE;
}

struct desk_leg *desk_leg_at(struct desk_order *o, size_t i)
{
    return i < LEGS_IN_PLACE ? &o->legs[i] : &o->more_legs[i - LEGS_IN_PLACE];
}

static struct desk_leg *leg_of(struct desk_order *o, enum leg leg, int32_t generation)
{
    for (size_t i = 0; i < desk_leg_places(o); i++) {
        struct desk_leg *l = desk_leg_at(o, i);
        if (l->generation == generation && l->leg == leg)
            return l;
    }
    return NULL;
}

/* Only the bracket's own thread writes them, so it reads them without the lock. */
const char *desk_broker_order_id(void *order, enum leg leg, int32_t generation)
{
    const struct desk_leg *l = leg_of(order, leg, generation);
    return l ? l->broker_order_id : "";
}

/* A free place, or that of an order which the state does not keep any more; NULL without memory. */
static struct desk_leg *place_for(struct desk_order *o, const struct bracket_state *s)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        if (i == LEGS_IN_PLACE && !o->more_legs)
            o->more_legs = calloc(BRACKET_ORDERS_MAX - LEGS_IN_PLACE, sizeof *o->more_legs);
        if (i == desk_leg_places(o))
            return NULL;
        struct desk_leg *l = desk_leg_at(o, i);
        if (!l->generation || !bracket_find(s, l->leg, l->generation))
            return l;
    }
    return NULL;
}

void desk_note_broker_order_id(struct desk_order *o, const struct bracket_state *s, enum leg leg,
                               int32_t generation, const char *broker_order_id)
{
    if (!broker_order_id[0] || leg_of(o, leg, generation))
        return;
    mutex_lock(&o->mutex);
    struct desk_leg *l = place_for(o, s);
    if (l) {
        *l = (struct desk_leg){.leg = leg, .generation = generation};
        text_fit(broker_order_id, l->broker_order_id, sizeof l->broker_order_id);
    }
    mutex_unlock(&o->mutex);
}

/* ---- a commit -------------------------------------------------------------------------------- */

/* What a commit changes; the book's tables have the rest as their keys. */
static void publish(struct order_header *header, const struct order_header *stored)
{
    header->status = stored->status;
    header->rev = stored->rev;
    header->updated_at_ns = stored->updated_at_ns;
    memcpy(header->head, stored->head, sizeof header->head);
}

void desk_committed(struct desk_order *o, const struct draft *draft, int64_t sequence)
{
    struct desk *d = o->desk;
    uint32_t alerts = bracket_alerts(draft->before, draft->now);
    mutex_lock(&o->mutex);
    publish(&o->header, &draft->header);
    state_pack(draft->now, o->state);
    mutex_unlock(&o->mutex);
    atomic_store(&o->rev, draft->header.rev);
    mutex_lock(&d->mutex);
    desk_account(d, o, draft->now);
    count_fills(d, draft);
    mutex_unlock(&d->mutex);
    atomic_fetch_add(&d->commits, 1);
    atomic_fetch_add(&d->events, (long long)draft->record_count);
    atomic_store(&d->sequence, sequence);
    if ((alerts & ALERT_UNPROTECTED) && desk_take_over_exposure(o))
        alerts &= ~(uint32_t)ALERT_UNPROTECTED;
    const struct desk_listener *listener = &d->options.listener;
    if (!listener->committed)
        return;
    const struct order_quote quote = desk_quote_of(o);
    struct bracket_exposure exposure;
    bracket_exposure(draft->now, desk_clock(d), &quote, &exposure);
    const struct desk_news news = {.sequence = sequence,
                                   .id = &draft->header.id,
                                   .rev = draft->header.rev,
                                   .status = draft->now->status,
                                   .alerts = alerts,
                                   .reason = exposure.reason,
                                   .order = o};
    listener->committed(listener->context, &news);
}
