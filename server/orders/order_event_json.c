#include "server/orders/order_event_json.h"

#include <string.h>

/* What of an event a type tells, beside what it does not: bits. */
enum {
    TELL_SPEC = 1 << 0,
    TELL_SESSION = 1 << 1,
    TELL_ORDER = 1 << 2, /* leg and generation */
    TELL_TERMS = 1 << 3, /* type, quantity and prices of an order */
    TELL_OUTCOME = 1 << 4,
    TELL_REPORT = 1 << 5,
    TELL_REPLACING = 1 << 6,
    TELL_EXTERNAL = 1 << 7,
};

static const uint32_t told[EVENT_COUNT] = {
    [EVENT_ACCEPTED] = TELL_SPEC,
    [EVENT_MODIFIED] = TELL_SPEC,
    [EVENT_SESSION] = TELL_SESSION,
    [EVENT_SUBMIT] = TELL_ORDER | TELL_TERMS,
    [EVENT_SUBMIT_OUTCOME] = TELL_ORDER | TELL_OUTCOME,
    [EVENT_CANCEL] = TELL_ORDER | TELL_REPLACING,
    [EVENT_CANCEL_OUTCOME] = TELL_ORDER | TELL_OUTCOME,
    [EVENT_REPORT] = TELL_ORDER | TELL_REPORT,
    [EVENT_ABSENT] = TELL_ORDER,
    [EVENT_EXTERNAL] = TELL_EXTERNAL,
};

/* 0 = it has none. */
static void member_price(struct json_writer *w, const char *name, int64_t price)
{
    if (price)
        json_member_decimal(w, name, price);
}

static void member_exit(struct json_writer *w, const char *name, const struct exit_terms *exit)
{
    if (exit->kind == EXIT_NONE)
        return;
    json_key(w, name);
    json_begin_object(w);
    json_member_decimal(w, exit_kind_name(exit->kind), exit->value);
    member_price(w, "limit_price", exit->limit_price);
    json_end_object(w);
}

void order_symbol_members(const char *contract_symbol, struct json_writer *w)
{
    struct occ_symbol occ;
    bool option = occ_symbol_parse(contract_symbol, strlen(contract_symbol), &occ, NULL) == ERR_OK;
    json_member_string(w, "symbol", option ? occ.root : contract_symbol);
    json_member_string(w, "occ_symbol", option ? contract_symbol : NULL);
}

static void tell_spec(struct json_writer *w, const struct bracket_spec *spec)
{
    order_symbol_members(spec->contract.symbol, w);
    json_member_string(w, "side", order_side_name(spec->side));
    json_member_decimal(w, "quantity", spec->quantity);
    if (!spec->adopts_position) {
        json_member_string(w, "type", order_type_name(spec->entry_type));
        member_price(w, "limit_price", spec->limit_price);
        member_price(w, "stop_price", spec->stop_price);
        json_member_string(w, "time_in_force", time_in_force_name(spec->time_in_force));
    }
    member_exit(w, "take_profit", &spec->take_profit);
    member_exit(w, "stop_loss", &spec->stop_loss);
    json_member_string(w, "protection", protection_name(spec->protection));
    json_member_string(w, "arm", arm_name(spec->arm));
    if (spec->flat_ns)
        json_member_time(w, "flat_at", spec->flat_ns);
}

static void tell_terms(struct json_writer *w, const struct order_event *e)
{
    json_member_string(w, "type", order_type_name(e->order_type));
    json_member_decimal(w, "quantity", e->quantity);
    member_price(w, "limit_price", e->limit_price);
    member_price(w, "stop_price", e->stop_price);
    member_price(w, "second_limit_price", e->second_price);
    if (e->paired)
        json_member_int(w, "paired_generation", e->paired);
}

static void tell_outcome(struct json_writer *w, const struct order_event *e)
{
    json_member_string(w, "outcome", outcome_name(e->outcome));
    if (e->outcome == OUTCOME_REJECTED)
        json_member_string(w, "reject", reject_name(e->reject));
}

static void tell_report(struct json_writer *w, const struct order_event *e)
{
    json_member_string(w, "status", order_status_name(e->status));
    json_member_decimal(w, "quantity", e->quantity);
    json_member_decimal(w, "filled_quantity", e->filled);
    if (e->filled > 0)
        json_member_decimal(w, "average_fill_price", order_average(e->filled_value, e->filled));
    if (e->busted > 0)
        json_member_decimal(w, "busted_quantity", e->busted);
}

static void tell_quote(struct json_writer *w, const struct order_quote *q)
{
    if (!q->at_steady_ns)
        return;
    json_key(w, "quote");
    json_begin_object(w);
    json_member_decimal(w, "bid", q->bid);
    json_member_decimal(w, "ask", q->ask);
    json_member_bool(w, "halted", q->halted != 0);
    json_end_object(w);
}

void order_event_json(const struct order_event *e, struct json_writer *w)
{
    uint32_t tells = told[e->type];
    json_begin_object(w);
    if (tells & TELL_SPEC)
        tell_spec(w, &e->spec);
    if (tells & TELL_SESSION && e->to_ns) {
        json_member_time(w, "opens_at", e->from_ns);
        json_member_time(w, "closes_at", e->to_ns);
    }
    if (tells & TELL_ORDER) {
        json_member_string(w, "leg", leg_name(e->leg));
        json_member_int(w, "generation", e->generation);
    }
    if (tells & TELL_TERMS)
        tell_terms(w, e);
    if (tells & TELL_OUTCOME)
        tell_outcome(w, e);
    if (tells & TELL_REPORT)
        tell_report(w, e);
    if (tells & TELL_REPLACING)
        json_member_bool(w, "replacing", e->replacing != 0);
    if (tells & TELL_EXTERNAL)
        json_member_decimal(w, "closed_quantity", e->filled);
    tell_quote(w, &e->quote);
    json_end_object(w);
}
