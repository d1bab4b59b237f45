#include "orders/bracket.h"

#include "base/decimal.h"
#include "orders/machine.h"
#include "orders/names.h"

#include <string.h>

NAME_OF(protection_name, enum protection, protection, PROTECTION_TABLE, NAME_SECOND_OF_2)
NAME_OF(arm_name, enum arm, arm, ARM_TABLE, NAME_SECOND_OF_2)
NAME_OF(exit_kind_name, enum exit_kind, kind, EXIT_KIND_TABLE, NAME_SECOND_OF_2)
NAME_OF(bracket_status_name, enum bracket_status, status, BRACKET_STATUS_TABLE, NAME_SECOND_OF_2)
NAME_OF(close_reason_name, enum close_reason, reason, CLOSE_REASON_TABLE, NAME_SECOND_OF_2)
NAME_OF(death_name, enum death, death, DEATH_TABLE, NAME_SECOND_OF_2)

bool bracket_status_final(enum bracket_status status)
{
    return status == BRACKET_CLOSED || status == BRACKET_CANCELED || status == BRACKET_EXPIRED ||
           status == BRACKET_REJECTED;
}

void bracket_state_init(struct bracket_state *s)
{
    memset(s, 0, sizeof(*s));
}

const struct leg_order *bracket_find(const struct bracket_state *s, enum leg leg,
                                     int32_t generation)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (generation > 0 && o->generation == generation && o->leg == leg)
            return o;
    }
    return NULL;
}

const struct leg_order *bracket_live(const struct bracket_state *s, enum leg leg)
{
    const struct leg_order *found = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (o->leg == leg && leg_order_live(o) && (!found || o->generation > found->generation))
            found = o;
    }
    return found;
}

const struct leg_order *bracket_newest(const struct bracket_state *s, enum leg leg)
{
    return bracket_find(s, leg, s->legs[leg].generation);
}

const struct leg_order *bracket_partner(const struct bracket_state *s, const struct leg_order *o)
{
    return bracket_find(s, o->leg == LEG_TAKE_PROFIT ? LEG_STOP_LOSS : LEG_TAKE_PROFIT, o->paired);
}

/* What an order takes of the quantity that its side may have at the broker: in full as long as it
 * may be live, else what it filled. The two legs of a native OCO share one quantity, which the take
 * profit stands for. */
static int64_t reserved_by(const struct bracket_state *s, const struct leg_order *o)
{
    int64_t net = o->leg == LEG_ENTRY ? o->filled : leg_order_net(o);
    const struct leg_order *partner = o->paired ? bracket_partner(s, o) : NULL;
    if (!partner)
        return leg_order_live(o) ? order_greater(o->quantity, net) : net;
    if (o->leg == LEG_STOP_LOSS)
        return 0;
    int64_t both = order_add(net, leg_order_net(partner));
    return leg_order_live(o) || leg_order_live(partner) ? order_greater(o->quantity, both) : both;
}

static void sum_order(const struct bracket_state *s, const struct leg_order *o,
                      struct bracket_sums *sums)
{
    bool entry = o->leg == LEG_ENTRY;
    int64_t *reserved = entry ? &sums->entry_reserved : &sums->exit_reserved;
    *(entry ? &sums->entries_live : &sums->exits_live) += leg_order_live(o);
    *reserved = order_add(*reserved, reserved_by(s, o));
    sums->filled[o->leg] = order_add(sums->filled[o->leg], leg_order_net(o));
    sums->value[o->leg] =
        order_add(sums->value[o->leg], order_subtract(o->filled_value, o->busted_value));
}

void bracket_sum(const struct bracket_state *s, struct bracket_sums *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        const struct leg_ledger *l = &s->legs[leg];
        ret->filled[leg] = order_subtract(l->folded, l->folded_busted);
        ret->value[leg] = l->folded_value;
        int64_t *reserved = leg == LEG_ENTRY ? &ret->entry_reserved : &ret->exit_reserved;
        *reserved = order_add(*reserved, leg == LEG_ENTRY ? l->folded : ret->filled[leg]);
    }
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        if (s->orders[i].generation > 0)
            sum_order(s, &s->orders[i], ret);
    ret->entered = s->spec.adopts_position ? s->spec.quantity : ret->filled[LEG_ENTRY];
    ret->entered_value = ret->value[LEG_ENTRY];
    for (int leg = LEG_ENTRY + 1; leg < LEG_COUNT; leg++) {
        ret->exited = order_add(ret->exited, ret->filled[leg]);
        ret->exited_value = order_add(ret->exited_value, ret->value[leg]);
    }
    int64_t held = order_subtract(ret->entered, s->external);
    ret->open = order_subtract(held, ret->exited);
    ret->exit_room = order_subtract(held, ret->exit_reserved);
}

/* An entry whose submit never reached the broker is tried again, some times. */
static bool entry_never_arrived(const struct bracket_state *s, const struct leg_order *o)
{
    return o->status == ORDER_STATUS_REJECTED &&
           (o->death == DEATH_NOT_SENT || o->death == DEATH_ABSENT) &&
           s->legs[LEG_ENTRY].refusals < BRACKET_ENTRY_TRIES;
}

bool bracket_entry_done(const struct bracket_state *s, const struct bracket_sums *sums)
{
    if (s->spec.adopts_position)
        return true;
    if (sums->entries_live)
        return false;
    if (s->entry_end || sums->entry_reserved >= s->spec.quantity)
        return true;
    const struct leg_order *o = bracket_newest(s, LEG_ENTRY);
    if (!o || entry_never_arrived(s, o))
        return false;
    return o->status != ORDER_STATUS_CANCELED || !o->replacing;
}

bool bracket_armed(const struct bracket_state *s, const struct bracket_sums *sums)
{
    /* An entry that a pause has ended for now may stay so for long. */
    bool paused = s->paused && !sums->entries_live;
    return s->spec.arm == ARM_PARTIAL || paused || bracket_entry_done(s, sums);
}

bool bracket_market_open(const struct bracket_state *s, struct order_clock now)
{
    if (!s->session_close_ns)
        return true;
    return now.wall_ns >= s->session_open_ns && now.wall_ns < s->session_close_ns;
}

/* What of an order's rest counts as cover. A stop covers while it works. Another exit covers while
 * it is on its way or working, for as long as it may take; the take profit of a native OCO is no
 * cover beside its stop. */
static int64_t cover_of(const struct bracket_state *s, const struct leg_order *o,
                        struct order_clock now)
{
    if (!leg_order_live(o) || o->leg == LEG_ENTRY)
        return 0;
    if (o->leg == LEG_STOP_LOSS)
        return leg_order_working(o) ? leg_order_remaining(o) : 0;
    if (o->paired || o->status == ORDER_STATUS_UNKNOWN ||
        seconds_passed(o->sent_ns, bracket_exit_ttl_s(s, o), now))
        return 0;
    return leg_order_remaining(o);
}

/* A position is open whose stop is to stand: at the broker, or in our eyes. */
static bool wants_stop(const struct bracket_state *s, const struct bracket_sums *sums)
{
    return sums->open > 0 && !s->closing && s->spec.stop_loss.kind != EXIT_NONE &&
           !bracket_released(s, sums) && bracket_armed(s, sums);
}

bool bracket_watches(const struct bracket_state *s, const struct bracket_sums *sums)
{
    return s->spec.protection == PROTECTION_WATCHED && wants_stop(s, sums);
}

/* Whether the position is one that something has to stand behind now. */
static bool needs_cover(const struct bracket_state *s, const struct bracket_sums *sums,
                        struct order_clock now)
{
    if (sums->open <= 0 || !bracket_market_open(s, now))
        return false;
    if (s->closing)
        return true;
    return s->spec.protection == PROTECTION_WATCHED ? s->blind != 0 : wants_stop(s, sums);
}

int64_t bracket_uncovered(const struct bracket_state *s, const struct bracket_sums *sums,
                          struct order_clock now)
{
    if (!needs_cover(s, sums, now))
        return 0;
    int64_t covered = 0;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        covered = order_add(covered, cover_of(s, &s->orders[i], now));
    return order_greater(order_subtract(sums->open, covered), 0);
}

void bracket_summarize(const struct bracket_state *s, struct order_clock now,
                       struct bracket_summary *ret)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    int64_t average = order_average(sums.entered_value, sums.entered);
    int64_t gain = order_subtract(sums.exited_value, order_value(sums.exited, average));
    if (s->spec.side == ORDER_SELL)
        gain = order_subtract(0, gain);
    *ret = (struct bracket_summary){
        .filled_quantity = sums.entered,
        .average_fill_price = average,
        .open_quantity = order_greater(sums.open, 0),
        .unprotected_quantity = bracket_uncovered(s, &sums, now),
        .realized_pnl = s->spec.adopts_position
                            ? 0
                            : order_value(gain, s->spec.contract.multiplier * DECIMAL_ONE),
    };
}

static bool filled_after_death(const struct bracket_state *before, const struct leg_order *after)
{
    const struct leg_order *o = bracket_find(before, after->leg, after->generation);
    if (!o) /* of the past and no longer kept: it was dead without a fill */
        return after->generation <= before->legs[after->leg].generation && after->filled > 0;
    return order_status_dead(o->status) && after->filled > o->filled;
}

static bool busted_further(const struct bracket_state *before, const struct leg_order *after)
{
    const struct leg_order *o = bracket_find(before, after->leg, after->generation);
    return after->busted > (o ? o->busted : 0);
}

/* Of an exit that has come to be rejected: did the broker say so, or did it never see it? */
static uint32_t alert_of_refusal(const struct bracket_state *before, const struct leg_order *after)
{
    const struct leg_order *o = bracket_find(before, after->leg, after->generation);
    if (after->leg == LEG_ENTRY || after->status != ORDER_STATUS_REJECTED ||
        (o && o->status == ORDER_STATUS_REJECTED))
        return 0;
    bool lost = after->death == DEATH_ABSENT || after->death == DEATH_NOT_SENT;
    return lost ? ALERT_EXIT_LOST : ALERT_EXIT_REFUSED;
}

uint32_t bracket_alerts(const struct bracket_state *before, const struct bracket_state *after)
{
    uint32_t alerts = 0;
    if (after->status == BRACKET_UNPROTECTED && before->status != BRACKET_UNPROTECTED)
        alerts |= ALERT_UNPROTECTED;
    if (before->status == BRACKET_UNPROTECTED && after->status != BRACKET_UNPROTECTED &&
        after->status != BRACKET_NEEDS_REVIEW)
        alerts |= ALERT_PROTECTED;
    if ((after->review & ~after->reviewed) & ~(before->review & ~before->reviewed))
        alerts |= ALERT_REVIEW;
    if (bracket_status_final(before->status) && !bracket_status_final(after->status))
        alerts |= ALERT_REOPENED;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &after->orders[i];
        if (o->generation <= 0)
            continue;
        alerts |= alert_of_refusal(before, o);
        if (filled_after_death(before, o))
            alerts |= ALERT_LATE_FILL;
        if (busted_further(before, o))
            alerts |= ALERT_BUST;
    }
    return alerts;
}
