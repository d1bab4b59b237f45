/* A bracket tells of itself when it lacks protection: its status says so with a commit. What cannot
 * commit cannot tell: a thread inside a call of the broker or of the store that does not end, one
 * that waits for the rate, the shared loop behind one of them, a disk that refuses. The thread
 * `desk-watch` looks at those, by their committed state and the clock, and tells instead.
 *
 * They are few: turns that last, found among the drafts in use. Only when the shared loop hangs, or
 * the store refuses, it walks over the book.
 */
#include "base/log.h"
#include "orders/desk/desk_private.h"

#include <stdlib.h>

#define PASS_NS (200 * NS_PER_MS)
/* A turn that has lasted for so long may not end soon. */
#define LASTING_NS (300 * NS_PER_MS)

/* With a reference each. */
struct suspects {
    struct desk_order **orders;
    size_t count, capacity;
    bool shared_loop; /* one of them holds it up */
};

static void add(struct suspects *s, struct desk_order *o)
{
    if (s->count == s->capacity) {
        size_t wanted = s->capacity ? 2 * s->capacity : 64;
        struct desk_order **grown = reallocarray(s->orders, wanted, sizeof(struct desk_order *));
        if (!grown)
            return; /* looked for again in a moment */
        s->orders = grown;
        s->capacity = wanted;
    }
    s->orders[s->count++] = desk_ref(o);
}

static void add_user(void *suspects, void *order)
{
    struct suspects *s = suspects;
    struct desk_order *o = order;
    s->shared_loop |= o->wakes != &o->parker;
    add(s, o);
}

static void add_from_book(struct desk *d, struct suspects *s)
{
    struct desk_order *o, *next;
    if (!s->shared_loop && atomic_load(&d->unstored) == 0)
        return;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        bool shared = s->shared_loop && o->wakes != &o->parker;
        if (shared || atomic_load(&o->refusals.count) > 0)
            add(s, o);
    }
    mutex_unlock(&d->mutex);
}

/* How it stands by the clock; its part of what is unprotected is counted so. */
static void look(struct desk_order *o, struct bracket_exposure *ret,
                 enum bracket_status *ret_status)
{
    struct desk *d = o->desk;
    struct bracket_state state;
    mutex_lock(&d->mutex);
    mutex_lock(&o->mutex);
    desk_state(o, &state);
    mutex_unlock(&o->mutex);
    const struct order_quote quote = desk_quote_of(o);
    bracket_exposure(&state, desk_clock(d), &quote, ret);
    if (atomic_load(&o->phase) == ORDER_LIVE)
        desk_account_unprotected(d, o, ret->quantity);
    mutex_unlock(&d->mutex);
    *ret_status = state.status;
}

static void tell(struct desk_order *o, const struct bracket_exposure *x, enum bracket_status status)
{
    const struct desk_listener *listener = &o->desk->options.listener;
    const struct desk_news news = {.id = &o->header.id,
                                   .rev = desk_rev(o),
                                   .status = status,
                                   .alerts = x->alarm ? ALERT_UNPROTECTED : ALERT_PROTECTED,
                                   .reason = x->reason,
                                   .order = o};
    if (listener->exposed)
        listener->exposed(listener->context, &news);
}

/* Keeps the reference when it is to be watched. */
static void suspect(struct desk *d, struct desk_order *o)
{
    struct bracket_exposure x;
    enum bracket_status status;
    look(o, &x, &status);
    if (!x.alarm || status == BRACKET_UNPROTECTED || atomic_exchange(&o->exposed, true)) {
        desk_unref(o);
        return;
    }
    atomic_fetch_add(&d->exposed, 1);
    o->exposed_next = d->watched;
    d->watched = o;
    tell(o, &x, status);
}

bool desk_take_over_exposure(struct desk_order *o)
{
    bool exposed = atomic_exchange(&o->exposed, false);
    if (exposed)
        atomic_fetch_sub(&o->desk->exposed, 1);
    return exposed;
}

/* Until it can tell of itself again, or is protected. */
static bool is_over(struct desk_order *o)
{
    struct bracket_exposure x;
    enum bracket_status status;
    look(o, &x, &status);
    if (x.alarm && status != BRACKET_UNPROTECTED)
        return !atomic_load(&o->exposed);
    if (desk_take_over_exposure(o) && !x.alarm)
        tell(o, &x, status);
    return true;
}

static void review(struct desk *d)
{
    for (struct desk_order **at = &d->watched; *at;) {
        struct desk_order *o = *at;
        if (!is_over(o)) {
            at = &o->exposed_next;
            continue;
        }
        *at = o->exposed_next;
        desk_unref(o);
    }
}

/* A turn that does not end is told of once, as long as it lasts. */
static void count_stuck(struct desk *d, int64_t now_ns)
{
    int64_t stuck =
        draft_pool_count_older(&d->drafts, now_ns - LIMIT_TRACKER_STUCK_SECONDS * NS_PER_SECOND);
    mutex_lock(&d->mutex);
    bool more = stuck > d->stuck;
    d->stuck = stuck;
    mutex_unlock(&d->mutex);
    if (more)
        log_event(LOG_ERROR, "trackers_stuck", LOG_INT("brackets", stuck));
}

static void pass(struct desk *d)
{
    struct suspects s = {.orders = NULL};
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    count_stuck(d, now_ns);
    review(d);
    draft_pool_each_older(&d->drafts, now_ns - LASTING_NS, add_user, &s);
    add_from_book(d, &s);
    for (size_t i = 0; i < s.count; i++)
        suspect(d, s.orders[i]);
    free(s.orders);
}

void *desk_watch_run(void *desk)
{
    struct desk *d = desk;
    while (!atomic_load(&d->stopping)) {
        pass(d);
        parker_wait(&d->watch_parker, clock_real(), clock_monotonic_ns(clock_real()) + PASS_NS);
    }
    while (d->watched) {
        struct desk_order *o = d->watched;
        d->watched = o->exposed_next;
        desk_unref(o);
    }
    atomic_store(&d->watch_ended, true);
    return NULL;
}
