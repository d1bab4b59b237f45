/* Nothing here decides: reports and absences become events, and step() judges them. Only what the
 * machine knows for sure already is left out, so that the log does not grow with each poll.
 */
#include "engine/bars/calendar.h"
#include "orders/desk/desk_private.h"

#include <stdio.h>
#include <string.h>

struct order_event tracker_event(struct desk_order *o, enum order_event_type type)
{
    struct order_event e;
    order_event_init(&e, type, desk_clock(o->desk));
    e.quote = desk_quote_of(o);
    return e;
}

/* The session that is, or the one that comes next. */
void tracker_feed_session(struct desk_order *o, struct draft *d)
{
    const struct calendar *calendar = o->desk->options.calendar;
    struct order_event e = tracker_event(o, EVENT_SESSION);
    int64_t now_ns = e.clock.wall_ns;
    struct session session;
    if (!calendar || (d->now->session_close_ns > now_ns && d->now->session_open_ns <= now_ns))
        return;
    int32_t day = calendar_day_at(calendar, now_ns);
    bool found = calendar_next_session(calendar, day, &session);
    if (found && session.close_ns <= now_ns)
        found = calendar_next_session(calendar, session.day + 1, &session);
    if (!found || session.close_ns == d->now->session_close_ns)
        return;
    e.from_ns = session.open_ns;
    e.to_ns = session.close_ns;
    draft_feed(d, &e);
}

/* ---- reports --------------------------------------------------------------------------------- */

static bool says_more(int64_t seen, int64_t seen_value, int64_t known, int64_t known_value)
{
    return seen > known || (seen == known && seen_value > known_value);
}

static bool is_news(const struct leg_order *o, const struct broker_report *r)
{
    if (!o || o->absent_ns || says_more(r->filled, r->filled_value, o->filled, o->filled_value) ||
        says_more(r->busted, r->busted_value, o->busted, o->busted_value))
        return true;
    if (order_status_dead(o->status))
        return o->death != DEATH_BROKER;
    return order_status_dead(r->status) ||
           (o->status != ORDER_STATUS_NEW && o->status != ORDER_STATUS_PARTIALLY_FILLED);
}

static bool names_ours(const struct desk_order *o, const char *client_id, struct client_id *ret)
{
    return client_id_parse(client_id, strlen(client_id), ret) &&
           ret->incarnation == o->desk->options.incarnation &&
           !strcmp(ret->instance, o->desk->options.instance) &&
           !memcmp(&ret->bracket, &o->header.id, sizeof ret->bracket);
}

void tracker_feed_report(struct desk_order *o, struct draft *d, const struct broker_report *r,
                         int64_t asked_steady_ns)
{
    struct client_id id;
    if (!names_ours(o, r->client_id, &id))
        return;
    desk_note_broker_order_id(o, d->now, id.leg, id.generation, r->broker_order_id);
    if (!is_news(bracket_find(d->now, id.leg, id.generation), r))
        return;
    struct order_event e = tracker_event(o, EVENT_REPORT);
    e.leg = id.leg;
    e.generation = id.generation;
    e.status = r->status;
    e.order_type = r->type;
    e.quantity = r->quantity;
    e.limit_price = r->limit_price;
    e.stop_price = r->stop_price;
    e.filled = r->filled;
    e.filled_value = r->filled_value;
    e.busted = r->busted;
    e.busted_value = r->busted_value;
    e.from_ns = asked_steady_ns;
    draft_feed(d, &e);
}

static void feed_absent(struct desk_order *o, struct draft *d, enum leg leg, int32_t generation,
                        int64_t asked_steady_ns)
{
    struct order_event e = tracker_event(o, EVENT_ABSENT);
    e.leg = leg;
    e.generation = generation;
    e.from_ns = asked_steady_ns;
    draft_feed(d, &e);
}

void tracker_feed_results(struct desk_order *o, struct draft *d)
{
    for (size_t i = 0; i < d->result_count; i++) {
        const struct draft_result *r = &d->results[i];
        struct order_event e = tracker_event(
            o, r->action.kind == ACTION_SUBMIT ? EVENT_SUBMIT_OUTCOME : EVENT_CANCEL_OUTCOME);
        e.leg = r->action.leg;
        e.generation = r->action.generation;
        e.outcome = r->outcome;
        e.reject = r->reject;
        draft_feed(d, &e);
        if (r->reported)
            tracker_feed_report(o, d, &r->report, e.clock.steady_ns);
    }
    d->result_count = 0;
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* No other exit is sent before it is known what has become of this one. */
static bool is_awaited(const struct draft *d, enum leg leg, int32_t generation)
{
    const struct leg_order *o = bracket_find(d->now, leg, generation);
    return leg != LEG_ENTRY && o &&
           (o->status == ORDER_STATUS_PENDING_CANCEL || o->status == ORDER_STATUS_UNKNOWN);
}

static enum outcome look_up(struct desk_order *o, struct draft *d, enum leg leg, int32_t generation)
{
    char client_id[CLIENT_ID_TEXT];
    struct broker_report report;
    bool found = false;
    desk_client_id(o->desk, &o->header.id, leg, generation, client_id);
    int64_t asked_ns = desk_clock(o->desk).steady_ns;
    enum outcome outcome =
        gateway_find(o->desk->gateway, is_awaited(d, leg, generation), client_id, &found, &report);
    if (outcome == OUTCOME_OK && found)
        tracker_feed_report(o, d, &report, asked_ns);
    else if (outcome == OUTCOME_OK)
        feed_absent(o, d, leg, generation, asked_ns);
    return outcome;
}

void tracker_look_up(struct desk_order *o, struct draft *d, enum leg leg, int32_t generation)
{
    if (broker_can(o->desk->options.broker, BROKER_CAN_FIND))
        look_up(o, d, leg, generation);
    else
        gateway_hurry(o->desk->gateway);
}

/* Of those that an exit waits for, or of the others; NOT_SENT when the rate had no room for one. */
static enum outcome feed_lookups_of(struct desk_order *o, struct draft *d, bool all, bool awaited,
                                    bool *complete)
{
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX && outcome != OUTCOME_NOT_SENT; i++) {
        const struct leg_order *leg = &d->now->orders[i];
        if (leg->generation <= 0 || (!all && order_status_dead(leg->status)) ||
            is_awaited(d, leg->leg, leg->generation) != awaited)
            continue;
        outcome = look_up(o, d, leg->leg, leg->generation);
        *complete &= outcome == OUTCOME_OK;
    }
    return outcome;
}

/* An entry comes first among the orders, and its question waits for the rate behind those of many
 * others: what an exit waits for is asked before. When there is no room for that, there is none for
 * the rest. */
bool tracker_feed_lookups(struct desk_order *o, struct draft *d, bool all)
{
    bool complete = true;
    if (feed_lookups_of(o, d, all, true, &complete) != OUTCOME_NOT_SENT)
        feed_lookups_of(o, d, all, false, &complete);
    return complete;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static const struct snapshot_report *reported(const struct desk_order *o, const struct snapshot *s,
                                              const struct leg_order *leg)
{
    return snapshot_find(s, &o->header.id, leg->leg, leg->generation);
}

static struct broker_report report_of(const struct snapshot_report *r)
{
    struct broker_report report = {
        .status = r->status,
        .type = r->type,
        .quantity = r->quantity,
        .limit_price = r->limit_price,
        .stop_price = r->stop_price,
        .filled = r->filled,
        .filled_value = r->filled_value,
        .busted = r->busted,
        .busted_value = r->busted_value,
    };
    memcpy(report.broker_order_id, r->broker_order_id, sizeof report.broker_order_id);
    return report;
}

bool tracker_is_news(const struct bracket_state *s, const struct snapshot_report *r)
{
    struct broker_report report = report_of(r);
    const struct leg_order *o = bracket_find(s, r->leg, r->generation);
    if (!o && order_status_dead(r->status) && !r->filled)
        return false; /* not kept, as nothing came of it */
    return is_news(o, &report);
}

static void feed_listed(struct desk_order *o, struct draft *d, const struct snapshot_report *r,
                        int64_t asked_steady_ns)
{
    struct broker_report report = report_of(r);
    desk_client_id(o->desk, &r->bracket, r->leg, r->generation, report.client_id);
    tracker_feed_report(o, d, &report, asked_steady_ns);
}

/* A listing may have a gap: what can be looked up is, before it counts as absent. */
static void feed_missing(struct desk_order *o, struct draft *d, const struct snapshot *s,
                         int64_t asked_steady_ns)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *leg = &d->now->orders[i];
        if (leg->generation < 1 || order_status_dead(leg->status) ||
            leg->sent_ns >= asked_steady_ns || reported(o, s, leg))
            continue;
        o->tracker.incomplete = true;
        if (broker_can(o->desk->options.broker, BROKER_CAN_FIND))
            look_up(o, d, leg->leg, leg->generation);
        else
            feed_absent(o, d, leg->leg, leg->generation, asked_steady_ns);
    }
}

/* Another bracket has something open in this contract: what is missing may be missing of it. */
static bool is_alone(struct desk_order *o)
{
    bool alone = true;
    mutex_lock(&o->desk->mutex);
    for (const struct desk_order *other = o->market->first; other && alone;
         other = other->market_next)
        alone = other == o || !other->risk.quantity;
    mutex_unlock(&o->desk->mutex);
    return alone;
}

/* What of the position no order of ours explains, at the instant of the snapshot's positions.
 * false when that cannot be told: an order is in doubt, moved meanwhile, or was not listed. */
static bool open_then(struct desk_order *o, const struct draft *d, const struct snapshot *s,
                      int64_t asked_steady_ns, int64_t *ret_open)
{
    const struct bracket_state *state = d->now;
    int64_t open = state->spec.adopts_position ? state->spec.quantity : 0;
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        int64_t net = state->legs[leg].folded - state->legs[leg].folded_busted;
        open += leg == LEG_ENTRY ? net : -net;
    }
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *leg = &state->orders[i];
        if (leg->generation < 1)
            continue;
        const struct snapshot_report *r = reported(o, s, leg);
        bool ended = order_status_dead(leg->status) && asked_steady_ns > leg->seen_ns;
        if (r ? !snapshot_stable(s, r) : !ended)
            return false;
        int64_t net = r ? r->filled - r->busted : leg->filled - leg->busted;
        open += leg->leg == LEG_ENTRY ? net : -net;
    }
    *ret_open = open;
    return true;
}

static void feed_external(struct desk_order *o, struct draft *d, const struct snapshot *s,
                          int64_t asked_steady_ns)
{
    struct bracket_sums sums;
    bracket_sum(d->now, &sums);
    int64_t open;
    if (sums.open <= 0 || !open_then(o, d, s, asked_steady_ns, &open))
        return;
    int64_t held = snapshot_position(s, d->now->spec.contract.symbol);
    held = d->now->spec.side == ORDER_BUY ? held : -held;
    if (held < 0)
        held = 0;
    if (open - held <= d->now->external || (held > 0 && !is_alone(o)))
        return;
    struct order_event e = tracker_event(o, EVENT_EXTERNAL);
    e.filled = open - held;
    draft_feed(d, &e);
}

static void feed_listing(struct desk_order *o, struct draft *d, const struct snapshot *s)
{
    struct tracker *t = &o->tracker;
    int64_t asked_steady_ns = s->asked_monotonic_ns + o->desk->steady_offset_ns;
    const struct snapshot_report *r = snapshot_of(s, &o->header.id, &t->place_count);
    t->place = (size_t)(r - s->reports);
    t->incomplete = false;
    for (size_t i = 0; i < t->place_count; i++)
        feed_listed(o, d, &r[i], asked_steady_ns);
    feed_missing(o, d, s, asked_steady_ns);
    bool positions_known = s->has_positions || !o->desk->options.broker->operations->positions;
    if (s->has_positions) {
        t->held = snapshot_position(s, o->market->symbol);
        feed_external(o, d, s, asked_steady_ns);
    }
    if (!positions_known || d->now->reconcile_ns <= d->now->reconciled_ns)
        return;
    struct order_event e = tracker_event(o, EVENT_RECONCILED);
    e.from_ns = asked_steady_ns;
    draft_feed(d, &e);
}

bool tracker_feed_snapshot(struct desk_order *o, struct draft *d)
{
    struct snapshot *s = gateway_snapshot(o->desk->gateway);
    if (!s)
        return false;
    bool newer = s->asked_monotonic_ns > o->tracker.applied_ns;
    if (newer) {
        o->tracker.applied_ns = s->asked_monotonic_ns;
        o->tracker.applied_number = s->number;
        feed_listing(o, d, s);
    }
    atomic_store(&o->figures.snapshot_age_ns,
                 clock_monotonic_ns(o->desk->options.clock) - s->asked_monotonic_ns);
    snapshot_unref(s);
    return newer;
}
