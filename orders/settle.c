/* What follows from time, quote and facts after each event. The order of the parts matters for one
 * reason: settling twice must be settling once. So what a part looks at is final before it runs. */
#include "base/clock.h"
#include "orders/exit_price.h"
#include "orders/machine.h"

/* ---- time ------------------------------------------------------------------------------------ */

static bool exits_have_filled(const struct bracket_state *s)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++)
        if (s->orders[i].generation > 0 && s->orders[i].leg != LEG_ENTRY && s->orders[i].filled > 0)
            return true;
    return false;
}

/* flat_at and the cutoff end the entry, and what is open with it; so does the first fill of an exit
 * end an entry that is still filling. */
static void end_in_time(struct bracket_state *s, const struct bracket_sums *sums,
                        struct order_clock now)
{
    bool late = instant_passed(s->spec.contract.cutoff_ns, now);
    bool flat = instant_passed(s->spec.flat_ns, now);
    bool over = (bracket_entry_done(s, sums) && sums->open <= 0 && !sums->exits_live) ||
                bracket_released(s, sums);
    if ((late || flat) && !over) {
        if (!s->closing && (flat || bracket_manages(s)))
            s->closing = late && (!flat || s->spec.contract.cutoff_ns <= s->spec.flat_ns)
                             ? CLOSE_EXPIRY
                             : CLOSE_TIME_EXIT;
        if (!s->entry_end)
            s->entry_end = ENTRY_END_TIME;
    }
    if (!s->entry_end && !s->spec.adopts_position && exits_have_filled(s))
        s->entry_end = ENTRY_END_CANCEL;
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static bool stop_is_live(const struct bracket_state *s)
{
    return bracket_live(s, LEG_STOP_LOSS) != NULL;
}

/* The stop that we watch ourselves: always when watched, and in every mode while no stop is at the
 * broker. */
static void watch_stop(struct bracket_state *s, const struct bracket_sums *sums, int64_t price)
{
    if (s->closing || stop_is_live(s) || !exit_stop_met(s, exit_stop_price(s, sums), price))
        return;
    s->closing = CLOSE_STOP_LOSS;
    if (!s->entry_end)
        s->entry_end = ENTRY_END_CANCEL;
}

/* An attempt at the take profit starts from rest: the stop works, or nothing rests at all. */
static bool at_rest(const struct bracket_state *s, const struct bracket_sums *sums)
{
    if (s->spec.protection == PROTECTION_WATCHED)
        return !sums->exits_live;
    const struct leg_order *stop = bracket_live(s, LEG_STOP_LOSS);
    return s->spec.protection == PROTECTION_RESTING_STOP && stop &&
           (stop->status == ORDER_STATUS_NEW || stop->status == ORDER_STATUS_PARTIALLY_FILLED);
}

static void watch_take_profit(struct bracket_state *s, const struct bracket_sums *sums,
                              int64_t price, struct order_clock now)
{
    if (s->closing || s->attempt_ns || now.steady_ns < s->legs[LEG_TAKE_PROFIT].retry_ns ||
        !at_rest(s, sums))
        return;
    if (exit_take_profit_met(s, exit_take_profit_price(s, sums), price))
        s->attempt_ns = now.steady_ns;
}

/* An attempt ends with its time, or when all is flattened; not with the position, which a late fill
 * may bring back. After its time the stop comes back first. */
static void end_attempt(struct bracket_state *s, struct order_clock now)
{
    if (!s->attempt_ns)
        return;
    bool timeout = order_subtract(now.steady_ns, s->attempt_ns) >= s->spec.take_profit_ttl_ns;
    if (timeout)
        s->legs[LEG_TAKE_PROFIT].retry_ns = order_add(now.steady_ns, NS_PER_SECOND);
    if (timeout || s->closing)
        s->attempt_ns = 0;
}

static void watch(struct bracket_state *s, const struct bracket_sums *sums,
                  const struct order_event *e)
{
    bool watches = sums->open > 0 && !bracket_released(s, sums) &&
                   bracket_market_open(s, e->clock) && bracket_armed(s, sums) &&
                   order_quote_usable(&e->quote, e->clock.steady_ns, s->spec.quote_max_age_ns);
    int64_t price = watches ? exit_market_price(s, &e->quote) : 0;
    if (watches) {
        s->anchor = exit_anchor(s, sums, price);
        watch_stop(s, sums, price);
    }
    end_attempt(s, e->clock);
    if (watches)
        watch_take_profit(s, sums, price, e->clock);
}

bool bracket_is_blind(const struct bracket_state *s, const struct bracket_sums *sums,
                      const struct order_quote *q, struct order_clock now)
{
    return bracket_watches(s, sums) && bracket_market_open(s, now) &&
           !order_quote_usable(q, now.steady_ns, s->spec.quote_max_age_ns);
}

/* ---- review and status ----------------------------------------------------------------------- */

uint32_t bracket_review(const struct bracket_state *s, const struct bracket_sums *sums,
                        struct order_clock now)
{
    uint32_t review = s->latched;
    if (sums->open < 0)
        review |= REVIEW_OVER_CLOSE;
    if (!s->spec.adopts_position && sums->entered > s->spec.quantity)
        review |= REVIEW_OVER_ENTRY;
    if (sums->open > 0 && instant_passed(s->spec.contract.end_ns, now) && bracket_manages(s) &&
        !bracket_released(s, sums))
        review |= REVIEW_EXPIRED_OPEN;
    return review;
}

/* What the newest entry order says when nothing was filled: the status that the bracket ends with.
 */
static enum bracket_fact nothing_fact(const struct bracket_state *s)
{
    const struct leg_order *o = bracket_newest(s, LEG_ENTRY);
    bool refused = o && o->status == ORDER_STATUS_REJECTED &&
                   (!s->entry_end || (o->death != DEATH_NOT_SENT && o->death != DEATH_ABSENT));
    if (refused)
        return FACT_NOTHING_REJECTED;
    if ((o && o->status == ORDER_STATUS_EXPIRED) || s->entry_end == ENTRY_END_TIME)
        return FACT_NOTHING_EXPIRED;
    return FACT_NOTHING_CANCELED;
}

static enum bracket_status status_of(const struct bracket_state *s, const struct bracket_sums *sums,
                                     struct order_clock now)
{
    bool holds[FACT_COUNT] = {false};
    bool idle = !sums->exits_live && bracket_entry_done(s, sums);
    bool released = bracket_released(s, sums);
    const struct leg_order *entry = bracket_live(s, LEG_ENTRY);
    bool touched = sums->entered > 0 || sums->exited > 0;
    holds[FACT_REVIEW] = (s->review & ~s->reviewed) != 0;
    holds[FACT_FINISHED] = idle && touched && !released && (sums->open <= 0 || !bracket_manages(s));
    if (idle && (!touched || released))
        holds[nothing_fact(s)] = true;
    holds[FACT_UNCOVERED] =
        s->uncovered_ns && order_subtract(now.steady_ns, s->uncovered_ns) >= bracket_grace_ns(s);
    holds[FACT_ENDING] =
        touched && (s->closing || (sums->open <= 0 && bracket_entry_done(s, sums)));
    holds[FACT_OPEN] = sums->open > 0 && bracket_manages(s);
    holds[FACT_AT_BROKER] = (entry && leg_order_working(entry)) || touched;
    return bracket_rule_status(holds);
}

/* Whoever closed most of it. Equal shares go to the first. */
static enum close_reason reason_of(const struct bracket_state *s, const struct bracket_sums *sums)
{
    enum close_reason flat = s->closing ? s->closing : CLOSE_MANUAL;
    const struct {
        int64_t quantity;
        enum close_reason reason;
    } shares[] = {
        {sums->filled[LEG_EXIT], flat},
        {sums->filled[LEG_STOP_LOSS], CLOSE_STOP_LOSS},
        {sums->filled[LEG_TAKE_PROFIT], CLOSE_TAKE_PROFIT},
        {s->external, s->closing == CLOSE_EXPIRY ? CLOSE_EXPIRY : CLOSE_EXTERNAL},
    };
    enum close_reason reason = CLOSE_NONE;
    int64_t most = 0;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        if (shares[i].quantity > most) {
            most = shares[i].quantity;
            reason = shares[i].reason;
        }
    }
    return reason;
}

void bracket_settle(struct bracket_state *s, const struct order_event *e)
{
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    end_in_time(s, &sums, e->clock);
    watch(s, &sums, e);
    s->blind = bracket_is_blind(s, &sums, &e->quote, e->clock);
    if (bracket_uncovered(s, &sums, e->clock) <= 0)
        s->uncovered_ns = 0;
    else if (!s->uncovered_ns)
        s->uncovered_ns = e->clock.steady_ns;
    s->review = bracket_review(s, &sums, e->clock);
    s->status = status_of(s, &sums, e->clock);
    s->close_reason = s->status == BRACKET_CLOSED ? reason_of(s, &sums) : CLOSE_NONE;
}
