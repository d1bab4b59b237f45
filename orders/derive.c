/* Entry and exits are derived apart. For the exits there is first a goal, which names for each leg
 * the order that should stand, then two rules: what stands and is not wanted is canceled; what is
 * wanted and does not stand is sent once every other exit is dead by evidence. So at most one exit
 * (or one native OCO) is ever under way, which brokers with a single sell per position ask for and
 * the guard in step() holds anyway.
 *
 * Increasing a stop by a second one beside it, and the broker's own "replace", were left out: both
 * make two orders whose sum is only right if both answers arrive.
 */
#include "orders/derive.h"

#include "base/clock.h"
#include "orders/exit_price.h"
#include "orders/machine.h"
#include "orders/names.h"

struct actions {
    struct bracket_action *out;
    size_t count;
};

static struct bracket_action *add_action(struct actions *a, enum action_kind kind, enum leg leg,
                                         int32_t generation)
{
    struct bracket_action *action = &a->out[a->count++];
    *action = (struct bracket_action){.kind = kind, .leg = leg, .generation = generation};
    return action;
}

NAME_OF(action_name, enum action_kind, kind, ACTION_TABLE, NAME_SECOND_OF_2)

/* A cancel that may be called now: none is under way, and the one before had its time. Of a native
 * OCO the take profit stands for both legs, unless it is dead. */
static void cancel(const struct bracket_state *s, struct order_clock now, const struct leg_order *o,
                   bool replacing, struct actions *a)
{
    if (!leg_order_working(o) || o->cancel_calls ||
        (o->cancel_ns && !seconds_passed(o->cancel_ns, BRACKET_CANCEL_RETRY_S, now)))
        return;
    const struct leg_order *partner = o->paired ? bracket_partner(s, o) : NULL;
    if (partner && o->leg == LEG_STOP_LOSS && leg_order_live(partner))
        return;
    struct bracket_action *action = add_action(a, ACTION_CANCEL, o->leg, o->generation);
    action->paired = o->leg == LEG_TAKE_PROFIT ? o->paired : 0;
    action->replacing = replacing;
}

/* ---- exits ----------------------------------------------------------------------------------- */

struct wanted {
    bool want;
    enum order_type type;
    enum time_in_force time_in_force;
    int64_t limit_price, stop_price;
};

struct goal {
    struct wanted legs[LEG_COUNT];
    int64_t quantity; /* of each */
};

static void want_stop(const struct bracket_state *s, const struct bracket_sums *sums,
                      struct goal *goal)
{
    int64_t price = exit_stop_price(s, sums), limit = s->spec.stop_loss.limit_price;
    goal->legs[LEG_STOP_LOSS] = (struct wanted){
        .want = price > 0,
        .type = limit ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP,
        .time_in_force = s->spec.exit_time_in_force,
        .limit_price = limit,
        .stop_price = price,
    };
}

static void want_take_profit(const struct bracket_state *s, const struct bracket_sums *sums,
                             struct goal *goal)
{
    int64_t price = exit_take_profit_price(s, sums);
    goal->legs[LEG_TAKE_PROFIT] = (struct wanted){
        .want = price > 0,
        .type = ORDER_TYPE_LIMIT,
        .time_in_force = s->spec.exit_time_in_force,
        .limit_price = price,
    };
}

/* No exit can be sent outside the session, nor once the contract has ended. */
static bool may_trade(const struct bracket_state *s, struct order_clock now)
{
    return bracket_market_open(s, now) && !too_late_for(s, LEG_EXIT, now);
}

static void set_goal(const struct bracket_state *s, const struct bracket_sums *sums,
                     struct order_clock now, struct goal *goal)
{
    *goal = (struct goal){.quantity = sums->open};
    if (sums->open <= 0 || bracket_released(s, sums))
        return;
    if (s->closing && may_trade(s, now)) {
        goal->legs[LEG_EXIT] = (struct wanted){.want = true, .type = ORDER_TYPE_MARKET};
        return;
    }
    if (!bracket_armed(s, sums))
        return;
    bool stop = s->spec.stop_loss.kind != EXIT_NONE;
    bool watched = s->spec.protection == PROTECTION_WATCHED;
    bool both = s->spec.protection == PROTECTION_RESTING_BOTH;
    bool take_profit = s->attempt_ns || (!watched && (both || !stop));
    if (take_profit)
        want_take_profit(s, sums, goal);
    if (!watched && stop && (both || !s->attempt_ns))
        want_stop(s, sums, goal);
}

/* Whether the order is what is wanted of its leg. A market exit that is for less than what is open
 * by now is left alone while it fills, which takes no time; without a quote or in a halt it does
 * not, and then nothing would stand behind the rest. */
static bool as_wanted(const struct leg_order *o, const struct goal *goal, int64_t remaining,
                      struct order_clock now)
{
    const struct wanted *w = &goal->legs[o->leg];
    if (!w->want || remaining > goal->quantity)
        return false;
    if (w->type == ORDER_TYPE_MARKET)
        return o->type == ORDER_TYPE_MARKET &&
               (remaining == goal->quantity ||
                !seconds_passed(o->sent_ns, BRACKET_EXIT_PATIENCE_S, now));
    return o->type == w->type && o->limit_price == w->limit_price &&
           o->stop_price == w->stop_price && remaining == goal->quantity;
}

/* What may still fill of the order, or of the native OCO that it is a leg of. */
static int64_t remaining_of(const struct bracket_state *s, const struct leg_order *o)
{
    const struct leg_order *partner = o->paired ? bracket_partner(s, o) : NULL;
    int64_t remaining = leg_order_remaining(o);
    return partner ? order_subtract(remaining, partner->filled) : remaining;
}

/* A native OCO is as wanted when both legs are; with one leg dead it is none any more. */
static bool stands(const struct bracket_state *s, const struct leg_order *o,
                   const struct goal *goal, struct order_clock now)
{
    bool both = goal->legs[LEG_TAKE_PROFIT].want && goal->legs[LEG_STOP_LOSS].want;
    const struct leg_order *partner = o->paired ? bracket_partner(s, o) : NULL;
    if (both != (partner != NULL) && o->leg != LEG_EXIT)
        return false;
    if (partner &&
        (!leg_order_live(partner) || !as_wanted(partner, goal, remaining_of(s, partner), now)))
        return false;
    return as_wanted(o, goal, remaining_of(s, o), now);
}

static void cancel_exits(const struct bracket_state *s, const struct goal *goal,
                         struct order_clock now, struct actions *a)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (!leg_order_live(o) || o->leg == LEG_ENTRY)
            continue;
        bool pending = o->status == ORDER_STATUS_PENDING_CANCEL;
        /* Of a leg one order stands; an older one that turned out to live after all is too much. */
        bool excess = remaining_of(s, o) > goal->quantity || o != bracket_live(s, o->leg);
        /* While nothing can be sent in its place, an old stop is better than none. */
        bool replaceable = may_trade(s, now) || goal->quantity <= 0 || excess;
        if (pending || excess || (replaceable && !stands(s, o, goal, now)))
            cancel(s, now, o, true, a);
    }
}

static enum leg first_wanted(const struct goal *goal)
{
    static const enum leg order[] = {LEG_EXIT, LEG_TAKE_PROFIT, LEG_STOP_LOSS};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (goal->legs[order[i]].want)
            return order[i];
    return LEG_ENTRY;
}

static bool must_wait(const struct bracket_state *s, enum leg leg, struct order_clock now)
{
    return !may_trade(s, now) || s->reconcile_ns > s->reconciled_ns ||
           now.steady_ns < s->legs[leg].retry_ns;
}

static void submit_exit(const struct bracket_state *s, const struct bracket_sums *sums,
                        const struct goal *goal, struct order_clock now, struct actions *a)
{
    enum leg leg = first_wanted(goal);
    int64_t quantity = goal->quantity < sums->exit_room ? goal->quantity : sums->exit_room;
    if (leg == LEG_ENTRY || sums->exits_live || quantity <= 0 || must_wait(s, leg, now))
        return;
    const struct wanted *w = &goal->legs[leg], *stop = &goal->legs[LEG_STOP_LOSS];
    bool both = leg == LEG_TAKE_PROFIT && stop->want;
    struct bracket_action *action = add_action(a, ACTION_SUBMIT, leg, s->legs[leg].generation + 1);
    action->side = order_side_opposite(s->spec.side);
    action->type = w->type;
    action->time_in_force = w->time_in_force;
    action->quantity = quantity;
    action->limit_price = w->limit_price;
    action->stop_price = both ? stop->stop_price : w->stop_price;
    action->second_price = both ? stop->limit_price : 0;
    action->paired = both ? s->legs[LEG_STOP_LOSS].generation + 1 : 0;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static bool entry_as_wanted(const struct bracket_state *s, const struct bracket_sums *sums,
                            const struct leg_order *o)
{
    return o->limit_price == s->spec.limit_price && o->stop_price == s->spec.stop_price &&
           sums->entry_reserved == s->spec.quantity;
}

static void derive_entry(const struct bracket_state *s, const struct bracket_sums *sums,
                         struct order_clock now, struct actions *a)
{
    bool wanted = !s->entry_end && !s->paused && !s->spec.adopts_position;
    bool live = false;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (!leg_order_live(o) || o->leg != LEG_ENTRY)
            continue;
        live = true;
        if (o->status == ORDER_STATUS_PENDING_CANCEL || !wanted || !entry_as_wanted(s, sums, o))
            cancel(s, now, o, !s->entry_end, a);
    }
    if (live || !wanted || too_late_for(s, LEG_ENTRY, now) || bracket_entry_done(s, sums) ||
        now.steady_ns < s->legs[LEG_ENTRY].retry_ns)
        return;
    struct bracket_action *action =
        add_action(a, ACTION_SUBMIT, LEG_ENTRY, s->legs[LEG_ENTRY].generation + 1);
    action->side = s->spec.side;
    action->type = s->spec.entry_type;
    action->time_in_force = s->spec.time_in_force;
    action->quantity = order_subtract(s->spec.quantity, sums->entry_reserved);
    action->limit_price = s->spec.limit_price;
    action->stop_price = s->spec.stop_price;
}

/* ---- all ------------------------------------------------------------------------------------- */

size_t bracket_derive(const struct bracket_state *s, struct order_clock now,
                      struct bracket_action out[BRACKET_ACTIONS_MAX])
{
    if (!s->spec.quantity)
        return 0;
    struct actions a = {.out = out};
    struct bracket_sums sums;
    struct goal goal;
    bracket_sum(s, &sums);
    set_goal(s, &sums, now, &goal);
    submit_exit(s, &sums, &goal, now, &a);
    cancel_exits(s, &goal, now, &a);
    derive_entry(s, &sums, now, &a);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        if (s->orders[i].generation > 0 && s->orders[i].status == ORDER_STATUS_UNKNOWN)
            add_action(&a, ACTION_QUERY, s->orders[i].leg, s->orders[i].generation);
    if (s->reconcile_ns > s->reconciled_ns)
        add_action(&a, ACTION_RECONCILE, LEG_ENTRY, 0);
    return a.count;
}

bool bracket_action_intent(const struct bracket_action *a, struct order_clock clock,
                           struct order_event *ret)
{
    if (a->kind != ACTION_SUBMIT && a->kind != ACTION_CANCEL)
        return false;
    order_event_init(ret, a->kind == ACTION_SUBMIT ? EVENT_SUBMIT : EVENT_CANCEL, clock);
    ret->leg = a->leg;
    ret->generation = a->generation;
    ret->replacing = a->replacing;
    if (a->kind == ACTION_CANCEL)
        return true;
    ret->paired = a->paired;
    ret->order_type = a->type;
    ret->quantity = a->quantity;
    ret->limit_price = a->limit_price;
    ret->stop_price = a->stop_price;
    ret->second_price = a->second_price;
    return true;
}

bool bracket_action_stands(const struct bracket_state *s, const struct bracket_action *a)
{
    const struct leg_order *o = bracket_find(s, a->leg, a->generation);
    if (!o)
        return false;
    if (a->kind == ACTION_SUBMIT)
        return o->status == ORDER_STATUS_PENDING_NEW && o->quantity == a->quantity;
    return a->kind == ACTION_CANCEL && o->status == ORDER_STATUS_PENDING_CANCEL && o->cancel_calls;
}

static void sooner(int64_t at_ns, int64_t after_ns, int64_t *next_ns)
{
    if (at_ns > after_ns && at_ns < *next_ns)
        *next_ns = at_ns;
}

static void sooner_wall(int64_t wall_ns, struct order_clock now, int64_t *next_ns)
{
    if (wall_ns)
        sooner(order_add(now.steady_ns, order_subtract(wall_ns, now.wall_ns)), now.steady_ns,
               next_ns);
}

static void sooner_after(int64_t since_ns, int64_t seconds, struct order_clock now,
                         int64_t *next_ns)
{
    if (since_ns)
        sooner(order_add(since_ns, seconds * NS_PER_SECOND), now.steady_ns, next_ns);
}

int64_t bracket_next_steady_ns(const struct bracket_state *s, struct order_clock now)
{
    int64_t next_ns = INT64_MAX;
    sooner_wall(s->spec.flat_ns, now, &next_ns);
    sooner_wall(s->spec.contract.cutoff_ns, now, &next_ns);
    sooner_wall(s->spec.contract.end_ns, now, &next_ns);
    sooner_wall(s->session_open_ns, now, &next_ns);
    sooner_wall(s->session_close_ns, now, &next_ns);
    if (s->attempt_ns)
        sooner(order_add(s->attempt_ns, s->spec.take_profit_ttl_ns), now.steady_ns, &next_ns);
    if (s->uncovered_ns)
        sooner(order_add(s->uncovered_ns, bracket_grace_ns(s)), now.steady_ns, &next_ns);
    for (int leg = 0; leg < LEG_COUNT; leg++)
        sooner(s->legs[leg].retry_ns, now.steady_ns, &next_ns);
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (!leg_order_live(o))
            continue;
        sooner_after(o->cancel_ns, BRACKET_CANCEL_RETRY_S, now, &next_ns);
        if (o->leg != LEG_EXIT)
            continue;
        sooner_after(o->sent_ns, BRACKET_EXIT_PATIENCE_S, now, &next_ns);
        sooner_after(o->sent_ns, BRACKET_EXIT_TTL_S, now, &next_ns);
    }
    return next_ns;
}

int64_t bracket_sight_changes_ns(const struct bracket_state *s, const struct order_quote *q,
                                 struct order_clock now)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    if (!bracket_watches(s, &sums) || !bracket_market_open(s, now))
        return INT64_MAX;
    bool blind = bracket_is_blind(s, &sums, q, now);
    if (blind != (s->blind != 0))
        return now.steady_ns;
    if (!blind)
        return order_add(order_add(q->at_steady_ns, s->spec.quote_max_age_ns), 1);
    return q->at_steady_ns > now.steady_ns ? q->at_steady_ns : INT64_MAX;
}
