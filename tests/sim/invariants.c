/* What must hold of intents, calls and commits, and of the log; most of it against the broker's
 * truth. Steps are invariants_step.c. */
#include "tests/sim/invariants.h"

#include "base/clock.h"
#include "orders/step.h"
#include "tests/sim/world.h"

#include <stdarg.h>
#include <string.h>

void violate(struct world *w, int invariant, const char *format, ...)
{
    if (w->checks.violated)
        return;
    w->checks.violated = invariant;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->checks.what, sizeof(w->checks.what), format, arguments);
    va_end(arguments);
    TRACE(w, "VIOLATED %d: %s", invariant, w->checks.what);
}

bool is_thorough(const struct world *w)
{
    return w->schedule.seed % 16 == 0;
}

void check_intent(struct world *w, const struct bracket_state *s, const struct bracket_action *a)
{
    int64_t wall_ns = world_wall_ns(w);
    const struct contract *c = &s->spec.contract;
    if (a->kind != ACTION_SUBMIT)
        return;
    if (c->end_ns && wall_ns >= c->end_ns)
        violate(w, 20, "a submit after the contract's end");
    if (c->cutoff_ns && wall_ns >= c->cutoff_ns && a->leg == LEG_ENTRY)
        violate(w, 20, "an entry after the contract's cutoff");
    if (a->leg == LEG_ENTRY && (s->entry_end || s->paused))
        violate(w, 20, "an entry that nobody wants any more");
    int64_t open_ns, close_ns;
    if (a->leg != LEG_ENTRY && schedule_session(&w->schedule, wall_ns, &open_ns, &close_ns) &&
        wall_ns < open_ns)
        violate(w, 20, "an exit outside the session");
    struct checks *k = &w->checks;
    if (tracker_clock(w).steady_ns - k->refused_ns[a->leg] < NS_PER_SECOND && k->refused_ns[a->leg])
        violate(w, 21, "%s is sent again at once, refused", leg_name(a->leg));
    if (a->leg != LEG_ENTRY && k->held_ns > k->reconciled_ns)
        violate(w, 18, "an exit is sent again blindly, refused as held before");
    k->burst = k->burst_ns == w->now_ns ? k->burst + 1 : 1;
    k->burst_ns = w->now_ns;
    if (k->burst > 4)
        violate(w, 21, "%u submits at one instant", k->burst);
}

/* Submits of exits that have left and were not yet received. */
static int64_t on_the_way(const struct world *w)
{
    int64_t sum = 0;
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        const struct message *m = &w->messages[i];
        if (w->at_ns[SLOT_MESSAGES + i] != INT64_MAX && m->call == CALL_SUBMIT && !m->answered &&
            m->action.leg != LEG_ENTRY)
            sum += m->action.quantity;
    }
    return sum;
}

static bool numbers_tell(const struct checks *c)
{
    return !c->late_fill && !c->amnesia && !c->lied;
}

/* 5: the entry's fills bound what all exits may sell. A bust is not ours to know at once. */
static void check_no_over_close(struct world *w, int64_t more)
{
    struct exposure x;
    broker_exposure(w, &x);
    int64_t most = w->checks.bust ? x.entry_gross : x.entered;
    if (numbers_tell(&w->checks) && x.exited + x.resting + more > most)
        violate(w, 5, "over-close: X %lld + W %lld + %lld > E %lld",
                (long long)x.exited / PRICE_ONE, (long long)x.resting / PRICE_ONE,
                (long long)more / PRICE_ONE, (long long)most / PRICE_ONE);
}

void check_call(struct world *w, const struct bracket_action *a)
{
    const struct leg_order *o = bracket_find(w->tracker.state, a->leg, a->generation);
    enum order_status intent =
        a->kind == ACTION_SUBMIT ? ORDER_STATUS_PENDING_NEW : ORDER_STATUS_PENDING_CANCEL;
    if (!o || o->status != intent)
        violate(w, 2, "a call without a committed intent");
    if (a->kind == ACTION_SUBMIT && a->leg != LEG_ENTRY)
        check_no_over_close(w, a->quantity + on_the_way(w) + w->tracker.state->external);
}

void check_possible(struct world *w, const struct bracket_action *a)
{
    uint32_t abilities = w->schedule.abilities;
    bool entry = a->leg == LEG_ENTRY, buys = a->side == ORDER_BUY;
    if (w->schedule.spec.contract.kind == CONTRACT_OPTION && a->stop_price && !entry &&
        !(abilities & BROKER_CAN_OPTION_STOPS))
        violate(w, 6, "a stop order that the broker does not offer");
    if (a->paired && !(abilities & BROKER_CAN_NATIVE_OCO))
        violate(w, 5, "a pair that the broker does not offer");
    if (buys != (entry == (w->schedule.spec.side == ORDER_BUY)))
        violate(w, 5, "an order on the wrong side");
}

void check_unique(struct world *w, const struct bracket_action *a, bool seen)
{
    if (seen)
        violate(w, 3, "%s %d submitted twice", leg_name(a->leg), a->generation);
}

void check_accepted(struct world *w, enum leg leg)
{
    const struct sim_report *r = &w->broker.orders[w->broker.count - 1].report;
    const struct leg_order *o = bracket_find(w->tracker.state, r->leg, r->generation);
    if (!o || order_status_dead(o->status))
        violate(w, 11, "%s %d arrives, and was taken for dead", leg_name(r->leg), r->generation);
    struct exposure x;
    broker_exposure(w, &x);
    if (leg != LEG_ENTRY) {
        check_no_over_close(w, 0);
        uint32_t one = w->broker.orders[w->broker.count - 1].partner ? 2 : 1;
        if (numbers_tell(&w->checks) && x.exits_live > one)
            violate(w, 5, "an exit beside another");
        return;
    }
    if (numbers_tell(&w->checks) && x.entered + x.resting_entry > w->checks.asked_most)
        violate(w, 4, "over-entry: E %lld + %lld > Q %lld", (long long)x.entered / PRICE_ONE,
                (long long)x.resting_entry / PRICE_ONE,
                (long long)w->checks.asked_most / PRICE_ONE);
}

bool is_misled(const struct checks *c)
{
    return c->late_fill || c->bust || c->amnesia || c->external || c->lied;
}

/* The guard, by intents that derive never asks for: no room for one contract more, none beside an
 * order of the leg that lives, none when no entry is wanted. */
static void check_guard(struct world *w, const struct bracket_state *s)
{
    struct order_clock clock = tracker_clock(w);
    struct known k;
    known_sum(s, clock, &k);
    int64_t exit_room = k.entered - s->external - k.exit_reserved;
    int64_t entry_room = s->spec.quantity - k.entry_reserved;
    if (s->entry_end || s->paused || s->spec.adopts_position)
        entry_room = 0;
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        int64_t room = leg == LEG_ENTRY ? entry_room : exit_room;
        struct order_event e;
        struct bracket_state after;
        order_event_init(&e, EVENT_SUBMIT, clock);
        e.leg = (enum leg)leg;
        e.generation = s->legs[leg].generation + 1;
        e.order_type = ORDER_TYPE_MARKET;
        e.quantity = (room > 0 ? room : 0) + PRICE_ONE;
        if (bracket_live(s, e.leg) && room > PRICE_ONE)
            e.quantity = PRICE_ONE;
        bracket_step(s, &e, &after);
        if (bracket_find(&after, e.leg, e.generation))
            violate(w, leg == LEG_ENTRY ? 4 : 5, "the guard lets %s %d for %lld pass",
                    leg_name(e.leg), e.generation, (long long)e.quantity / PRICE_ONE);
    }
}

void check_commit(struct world *w)
{
    const struct bracket_state *s = w->tracker.state;
    if (is_thorough(w))
        check_guard(w, s);
    if (!bracket_status_final(s->status) || is_misled(&w->checks))
        return;
    struct exposure x;
    broker_exposure(w, &x);
    if (x.entries_live || x.exits_live)
        violate(w, 12, "%s with live orders", bracket_status_name(s->status));
    if (s->status == BRACKET_CLOSED && x.open != 0 && !is_plain(s))
        violate(w, 12, "closed with P = %lld", (long long)x.open / PRICE_ONE);
    if (s->status != BRACKET_CLOSED && x.entered && !s->spec.adopts_position)
        violate(w, 13, "%s with E = %lld", bracket_status_name(s->status),
                (long long)x.entered / PRICE_ONE);
}

void check_fold(struct world *w, struct bracket_state *scratch)
{
    const struct tracker *t = &w->tracker;
    if (!is_thorough(w))
        return;
    bracket_state_init(scratch);
    for (uint32_t i = 0; i < t->log_count; i++) {
        unsigned char bytes[ORDER_EVENT_BYTES_MAX];
        struct order_event e = t->log[i], read;
        if (e.type != EVENT_ACCEPTED && e.type != EVENT_MODIFIED)
            memset(&e.spec, 0, sizeof(e.spec));
        size_t size = order_event_encode(&e, bytes);
        if (order_event_decode(bytes, size, &read, NULL) || memcmp(&read, &e, sizeof(e)) != 0)
            violate(w, 14, "event %u, %s, is not itself after its bytes", i + 1,
                    order_event_name(e.type));
        bracket_step(scratch, &read, scratch);
    }
    if (memcmp(scratch, t->state, sizeof(*scratch)) != 0)
        violate(w, 14, "the log of %u events folds to another state", t->log_count);
}
