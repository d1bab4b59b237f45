/* Whether all is at rest, and rests as it was asked for. */
#include "tests/sim/world.h"

/* A plain entry without exits is left to who asked for it. */
bool is_plain(const struct bracket_state *s)
{
    return s->spec.take_profit.kind == EXIT_NONE && s->spec.stop_loss.kind == EXIT_NONE &&
           !s->spec.flat_ns && !s->closing;
}

static bool calls_under_way(const struct world *w)
{
    return world_calling(w, CALL_SUBMIT, LEG_ENTRY, 0) ||
           world_calling(w, CALL_CANCEL, LEG_ENTRY, 0);
}

/* The status that the machine ends with is the one that the broker told. */
static bool same_ends(const struct world *w, const struct bracket_state *s)
{
    for (uint32_t i = 0; i < w->broker.count && !w->checks.lied; i++) {
        const struct sim_order *o = &w->broker.orders[i];
        const struct leg_order *known = bracket_find(s, o->report.leg, o->report.generation);
        if (known && known->death == DEATH_BROKER && !o->forgotten &&
            known->status != o->report.status)
            return false;
    }
    return true;
}

/* The cutoff or flat_at is over. */
static bool is_late(const struct world *w, const struct bracket_state *s)
{
    int64_t wall_ns = world_wall_ns(w), cutoff_ns = s->spec.contract.cutoff_ns;
    return (cutoff_ns && wall_ns >= cutoff_ns) || (s->spec.flat_ns && wall_ns >= s->spec.flat_ns);
}

/* The stop stands at its price, where that is plain. */
static bool stop_is_in_place(const struct bracket_state *s)
{
    const struct leg_order *o = bracket_live(s, LEG_STOP_LOSS);
    return !o || s->spec.stop_loss.kind != EXIT_PRICE || o->stop_price == s->spec.stop_loss.value;
}

/* 7: what rests is what is open, of the kind that was asked for. */
static bool is_protected(const struct world *w, const struct bracket_state *s,
                         const struct exposure *x)
{
    bool armed = s->spec.arm == ARM_PARTIAL || !x->entries_live;
    bool stop = s->spec.stop_loss.kind != EXIT_NONE, profit = s->spec.take_profit.kind != EXIT_NONE;
    if (!w->broker.market.open || !stop_is_in_place(s) || is_late(w, s))
        return false;
    if (s->spec.protection == PROTECTION_WATCHED || !armed || (!stop && !profit))
        return x->resting == 0;
    if (s->spec.protection == PROTECTION_RESTING_BOTH && profit && x->resting_profits != x->open)
        return false;
    if (stop)
        return x->resting_stops == x->open && x->resting == x->open;
    return x->resting == x->open;
}

static bool is_stable(const struct world *w, const struct bracket_state *s,
                      const struct exposure *x, bool ended)
{
    bool idle = x->entries_live == 0 && x->exits_live == 0;
    /* A user asked for less when more had filled already. */
    bool lowered = x->entered > s->spec.quantity && x->entered <= w->checks.asked_most;
    /* The first fill of an exit ends the entry; so do a pause, the cutoff and flat_at. */
    if (x->entries_live && !is_misled(&w->checks) && (x->exited > 0 || s->paused || is_late(w, s)))
        return false;
    bool noted = (s->reviewed & REVIEW_OVER_CLOSE) && is_misled(&w->checks);
    switch (s->status) {
    case BRACKET_CLOSED:
        return idle && (x->open == 0 || is_plain(s) || (x->open < 0 && noted));
    case BRACKET_CANCELED:
    case BRACKET_EXPIRED:
    case BRACKET_REJECTED:
        return idle && (x->entered == 0 || s->spec.adopts_position);
    case BRACKET_WORKING:
        return (x->entries_live > 0 || s->paused) && x->resting == 0 &&
               (x->open == 0 || is_plain(s) || (x->open < 0 && noted));
    case BRACKET_SUBMITTING:
        return s->paused && idle;
    case BRACKET_PROTECTING:
        return is_protected(w, s, x);
    case BRACKET_NEEDS_REVIEW:
        return (is_misled(&w->checks) || ended || lowered) &&
               x->resting <= (x->open > 0 ? x->open : 0);
    default:
        return ended && idle;
    }
}

/* Orders that the machine keeps in sums alone: what befalls them now it does not hear. */
static bool has_folded(const struct world *w, const struct bracket_state *s)
{
    for (uint32_t i = 0; i < w->broker.count; i++) {
        const struct sim_report *r = &w->broker.orders[i].report;
        if (r->filled && !bracket_find(s, r->leg, r->generation))
            return true;
    }
    return false;
}

bool check_settled(struct world *w)
{
    const struct bracket_state *s = w->tracker.state;
    if (!s->spec.quantity || calls_under_way(w))
        return false;
    struct exposure x;
    struct known k;
    broker_exposure(w, &x);
    known_sum(s, tracker_clock(w), &k);
    bool same = k.entered == x.entered && k.exited == x.exited && s->external == w->broker.external;
    /* What befalls an order that is kept no longer shows in the position alone; or it is a
     * person's. */
    same |= w->checks.late_fill && k.open == x.open;
    same |= is_misled(&w->checks) && s->status == BRACKET_NEEDS_REVIEW;
    bool unknown = w->checks.amnesia || w->checks.lied ||
                   ((w->checks.bust || w->checks.late_fill) && has_folded(w, s));
    if (!same && !unknown)
        return false;
    if (unknown) {
        /* Fills of an order that was forgotten before anybody asked, or hidden until they were
         * taken for closed outside: nobody can know of them. What is known must be at rest. */
        x.entered = k.entered;
        x.open = k.open;
    }
    bool ended = s->spec.contract.end_ns && world_wall_ns(w) >= s->spec.contract.end_ns;
    return same_ends(w, s) && is_stable(w, s, &x, ended);
}
