#include "server/orders/order_json.h"

#include "base/decimal.h"
#include "base/rfc3339.h"
#include "orders/exit_price.h"

#include <string.h>

/* ---- members that may be null ---------------------------------------------------------------- */

static void member_text(struct json_writer *w, const char *name, const char *text)
{
    json_member_string(w, name, text[0] ? text : NULL);
}

static void member_duration(struct json_writer *w, const char *name, int64_t ns)
{
    char text[RFC3339_MAX];
    duration_format(ns, text);
    json_member_string(w, name, text);
}

/* ---- what was asked -------------------------------------------------------------------------- */

static void write_contract(struct json_writer *w, const struct contract *c)
{
    struct occ_symbol occ;
    bool option = c->kind == CONTRACT_OPTION &&
                  occ_symbol_parse(c->symbol, strlen(c->symbol), &occ, NULL) == ERR_OK;
    json_member_string(w, "symbol", option ? occ.root : c->symbol);
    json_member_string(w, "occ_symbol", option ? c->symbol : NULL);
    json_key(w, "expiry");
    if (option)
        json_date(w, c->expiry_days);
    else
        json_null(w);
    json_member_decimal_or_null(w, "strike", c->strike_milli * (DECIMAL_ONE / OCC_STRIKE_ONE));
    json_member_string(w, "right", option ? option_right_name(c->right) : NULL);
    json_member_int(w, "multiplier", c->multiplier);
}

static void write_entry(struct json_writer *w, const struct bracket_spec *spec)
{
    json_key(w, "entry");
    json_begin_object(w);
    json_member_string(w, "type",
                       spec->adopts_position ? "held" : order_type_name(spec->entry_type));
    json_member_decimal_or_null(w, "limit_price", spec->limit_price);
    json_member_decimal_or_null(w, "stop_price", spec->stop_price);
    json_end_object(w);
}

/* With the names of the request: a price is a limit's or a stop's. */
static void write_exit(struct json_writer *w, const char *name, const char *price_name,
                       const struct exit_terms *x)
{
    json_key(w, name);
    if (x->kind == EXIT_NONE) {
        json_null(w);
        return;
    }
    json_begin_object(w);
    json_member_decimal(w, x->kind == EXIT_PRICE ? price_name : exit_kind_name(x->kind), x->value);
    if (x->limit_price)
        json_member_decimal(w, "limit_price", x->limit_price);
    json_end_object(w);
}

static void write_terms(struct json_writer *w, const struct bracket_spec *spec)
{
    write_contract(w, &spec->contract);
    json_member_string(w, "side", order_side_name(spec->side));
    json_member_decimal(w, "quantity", spec->quantity);
    write_entry(w, spec);
    json_member_string(w, "time_in_force", time_in_force_name(spec->time_in_force));
    write_exit(w, "take_profit", "limit_price", &spec->take_profit);
    write_exit(w, "stop_loss", "stop_price", &spec->stop_loss);
    json_member_string(w, "protection", protection_name(spec->protection));
    json_member_string(w, "arm", arm_name(spec->arm));
    member_duration(w, "take_profit_ttl", spec->take_profit_ttl_ns);
    member_duration(w, "quote_max_age", spec->quote_max_age_ns);
    json_member_time_or_null(w, "flat_time", spec->flat_ns);
    json_member_time_or_null(w, "cutoff_time", spec->contract.cutoff_ns);
}

/* ---- legs ------------------------------------------------------------------------------------ */

struct leg_text {
    enum leg leg;
    int32_t generation; /* 0 = it was never made */
    const char *broker_order_id, *client_order_id, *status;
    enum order_side side;
    enum order_type type;
    int64_t quantity, filled, average_price, limit_price, stop_price;
};

static void write_leg(struct json_writer *w, const struct leg_text *t)
{
    json_begin_object(w);
    json_member_string(w, "leg", leg_name(t->leg));
    json_member_int(w, "generation", t->generation);
    member_text(w, "broker_order_id", t->broker_order_id);
    member_text(w, "client_order_id", t->client_order_id);
    json_member_string(w, "side", order_side_name(t->side));
    json_member_string(w, "type", order_type_name(t->type));
    json_member_string(w, "status", t->status);
    json_member_decimal(w, "quantity", t->quantity);
    json_member_decimal(w, "filled_quantity", t->filled);
    json_member_decimal_or_null(w, "average_fill_price", t->average_price);
    json_member_decimal_or_null(w, "limit_price", t->limit_price);
    json_member_decimal_or_null(w, "stop_price", t->stop_price);
    json_end_object(w);
}

static enum order_side side_of(const struct bracket_spec *spec, enum leg leg)
{
    return leg == LEG_ENTRY ? spec->side : order_side_opposite(spec->side);
}

static const char *broker_order_id(const struct desk_view *view, const struct leg_order *o)
{
    for (size_t i = 0; i < view->leg_count; i++)
        if (view->legs[i].leg == o->leg && view->legs[i].generation == o->generation)
            return view->legs[i].broker_order_id;
    return "";
}

static void write_order(struct json_writer *w, const struct desk_view *view,
                        const struct leg_order *o)
{
    char id[CLIENT_ID_TEXT] = "";
    struct client_id name = view->client_id;
    name.leg = o->leg;
    name.generation = o->generation;
    client_id_format(&name, id);
    int64_t filled = order_subtract(o->filled, o->busted);
    const struct leg_text text = {
        .leg = o->leg,
        .generation = o->generation,
        .broker_order_id = broker_order_id(view, o),
        .client_order_id = id,
        .status = order_status_name(o->status),
        .side = side_of(&view->state.spec, o->leg),
        .type = o->type,
        .quantity = o->quantity,
        .filled = filled,
        .average_price = order_average(order_subtract(o->filled_value, o->busted_value), filled),
        .limit_price = o->limit_price,
        .stop_price = o->stop_price,
    };
    write_leg(w, &text);
}

/* The next order of the leg after `generation`, or NULL. */
static const struct leg_order *order_after(const struct bracket_state *s, enum leg leg,
                                           int32_t generation)
{
    const struct leg_order *next = NULL;
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &s->orders[i];
        if (o->leg == leg && o->generation > generation &&
            (!next || o->generation < next->generation))
            next = o;
    }
    return next;
}

static bool wanted(const struct bracket_spec *spec, enum leg leg)
{
    return leg == LEG_ENTRY         ? !spec->adopts_position
           : leg == LEG_TAKE_PROFIT ? spec->take_profit.kind != EXIT_NONE
           : leg == LEG_STOP_LOSS   ? spec->stop_loss.kind != EXIT_NONE
                                    : false;
}

/* An order that was asked for and is not at the broker: it waits for its time, or will never come.
 */
static void write_absent(struct json_writer *w, const struct bracket_state *s, enum leg leg,
                         const struct bracket_sums *sums, bool waits)
{
    const struct bracket_spec *spec = &s->spec;
    int64_t left = leg == LEG_ENTRY ? order_subtract(spec->quantity, sums->entered)
                   : sums->open > 0 ? sums->open
                                    : spec->quantity;
    struct leg_text text = {.leg = leg,
                            .broker_order_id = "",
                            .client_order_id = "",
                            .status = waits ? "held" : order_status_name(ORDER_STATUS_CANCELED),
                            .side = side_of(spec, leg),
                            .quantity = left};
    if (leg == LEG_ENTRY) {
        text.type = spec->entry_type;
        text.limit_price = spec->limit_price;
        text.stop_price = spec->stop_price;
    } else if (leg == LEG_TAKE_PROFIT) {
        text.type = ORDER_TYPE_LIMIT;
        text.limit_price = exit_take_profit_price(s, sums);
    } else {
        text.type = spec->stop_loss.limit_price ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP;
        text.limit_price = spec->stop_loss.limit_price;
        text.stop_price = exit_stop_price(s, sums);
    }
    write_leg(w, &text);
}

/* Whether an order of this leg may still be made. */
static bool waits(const struct bracket_state *s, enum leg leg, const struct bracket_sums *sums)
{
    if (bracket_status_final(s->status) || s->closing)
        return false;
    if (leg == LEG_ENTRY)
        return !bracket_entry_done(s, sums);
    return sums->open > 0 || !s->entry_end;
}

static void write_legs(struct json_writer *w, const struct desk_view *view)
{
    const struct bracket_state *s = &view->state;
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    json_key(w, "legs");
    json_begin_array(w);
    for (enum leg leg = LEG_ENTRY; leg < LEG_COUNT; leg++) {
        bool any = false;
        for (const struct leg_order *o = order_after(s, leg, 0); o;
             o = order_after(s, leg, o->generation)) {
            write_order(w, view, o);
            any = true;
        }
        bool waiting = waits(s, leg, &sums);
        if (wanted(&s->spec, leg) && !bracket_live(s, leg) && (waiting || !any))
            write_absent(w, s, leg, &sums, waiting);
    }
    json_end_array(w);
}

/* ---- where it stands ------------------------------------------------------------------------- */

static void write_figures(struct json_writer *w, const struct desk_view *view)
{
    struct bracket_summary sum;
    bracket_summarize(&view->state, view->clock, &sum);
    json_member_decimal(w, "filled_quantity", sum.filled_quantity);
    json_member_decimal_or_null(w, "average_fill_price", sum.average_fill_price);
    json_member_decimal(w, "open_quantity", sum.open_quantity);
    const struct bracket_exposure *x = &view->exposure;
    json_member_decimal(w, "unprotected_quantity", sum.unprotected_quantity);
    json_member_time_or_null(w, "unprotected_since", x->since_wall_ns);
    json_member_string(w, "unprotected_reason", x->reason ? exposure_reason_name(x->reason) : NULL);
    json_member_decimal(w, "realized_pnl", sum.realized_pnl);
}

/* What nobody may overlook, and why a person is wanted. */
static void write_alarms(struct json_writer *w, const struct desk_view *view)
{
    const struct bracket_state *s = &view->state;
    json_key(w, "alarms");
    json_begin_array(w);
    if (s->status == BRACKET_UNPROTECTED || view->exposure.alarm)
        json_string(w, bracket_status_name(BRACKET_UNPROTECTED));
    if (view->live && view->tracker.stuck)
        json_string(w, "stuck");
    if (view->live && view->tracker.commit_refusals > 0)
        json_string(w, "commit_refused");
#define X(code, bit, name)                                                                         \
    if (s->review & ~s->reviewed & REVIEW_##code)                                                  \
        json_string(w, name);
    REVIEW_TABLE(X)
#undef X
    json_end_array(w);
    json_key(w, "reviewed");
    json_begin_array(w);
#define X(code, bit, name)                                                                         \
    if (s->review & s->reviewed & REVIEW_##code)                                                   \
        json_string(w, name);
    REVIEW_TABLE(X)
#undef X
    json_end_array(w);
}

/* The disk refuses what is to be stored of it. */
static void write_refusals(struct json_writer *w, const struct desk_tracker *t)
{
    json_key(w, "commit_refused");
    if (t->commit_refusals == 0) {
        json_null(w);
        return;
    }
    json_begin_object(w);
    json_member_int(w, "count", t->commit_refusals);
    json_member_time(w, "since", t->commit_refused_since_ns);
    json_member_string(w, "code", err_slug(t->commit_error));
    json_end_object(w);
}

static void write_tracker(struct json_writer *w, const struct desk_view *view)
{
    const struct desk_tracker *t = &view->tracker;
    json_key(w, "tracker");
    if (!view->live) {
        json_null(w);
        return;
    }
    json_begin_object(w);
    json_member_string(w, "thread", t->thread);
    json_member_int(w, "polls", t->polls);
    json_member_time_or_null(w, "last_poll_at", t->last_poll_at_ns);
    json_member_time_or_null(w, "next_poll_at", t->next_wake_at_ns);
    json_key(w, "snapshot_age_ms");
    if (t->last_poll_at_ns)
        json_int(w, t->snapshot_age_ns / NS_PER_MS);
    else
        json_null(w);
    json_member_int(w, "broker_calls", t->calls);
    json_member_bool(w, "stuck", t->stuck);
    write_refusals(w, t);
    json_end_object(w);
}

void order_json_write(const struct desk_view *view, struct json_writer *w)
{
    const struct bracket_state *s = &view->state;
    char id[UUID_TEXT];
    uuid_format(&view->header.id, id);
    json_begin_object(w);
    json_member_string(w, "id", id);
    member_text(w, "client_order_id", view->header.client_order_id);
    json_member_string(w, "status", bracket_status_name(s->status));
    json_member_string(w, "close_reason",
                       s->close_reason ? close_reason_name(s->close_reason) : NULL);
    json_member_string(w, "closing", s->closing ? close_reason_name(s->closing) : NULL);
    write_figures(w, view);
    write_terms(w, &s->spec);
    write_legs(w, view);
    write_alarms(w, view);
    json_member_int(w, "rev", view->header.rev);
    write_tracker(w, view);
    json_member_time(w, "created_at", view->header.created_at_ns);
    json_member_time(w, "updated_at", view->header.updated_at_ns);
    json_end_object(w);
}
