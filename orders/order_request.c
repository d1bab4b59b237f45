#include "orders/order_request.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "engine/bars/calendar.h"
#include "orders/broker.h"

#include <assert.h>
#include <string.h>

enum { TAKE_PROFIT_TTL_S = 10, QUOTE_MAX_AGE_S = 5, TTL_MAX_S = 3600 };

#define X(code, name) name,
static const char *const entry_types[] = {ORDER_TYPE_TABLE(X) "held", NULL};
static const char *const sides[] = {ORDER_SIDE_TABLE(X) NULL};
static const char *const times_in_force[] = {TIME_IN_FORCE_TABLE(X) NULL};
static const char *const arms[] = {ARM_TABLE(X) NULL};
static const char *const protections[] = {PROTECTION_TABLE(X) NULL};
#undef X
static const char *const rights[] = {"call", "put", NULL};

/* clang-format off */
#define PRICE_RANGE .min = 1, .max = LIMIT_ORDER_PRICE
#define ENTRY(member, name, kind, ...) JSON_FIELD(struct order_request_entry, member, name, kind, __VA_ARGS__)
#define HAS_ENTRY(member) JSON_PRESENT(struct order_request_entry, member)
#define EXIT(member, name) \
    JSON_FIELD(struct order_request_exit, member, name, JSON_DECIMAL, PRICE_RANGE, \
               JSON_PRESENT(struct order_request_exit, has_##member))
#define REQUEST(member, name, kind, ...) JSON_FIELD(struct order_request, member, name, kind, __VA_ARGS__)
#define HAS(member) JSON_PRESENT(struct order_request, member)
#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

static const struct json_field entry_fields[] = {
    ENTRY(type, "type", JSON_ENUM, .choices = entry_types, .required = true),
    ENTRY(limit_price, "limit_price", JSON_DECIMAL, PRICE_RANGE, HAS_ENTRY(has_limit_price)),
    ENTRY(stop_price, "stop_price", JSON_DECIMAL, PRICE_RANGE, HAS_ENTRY(has_stop_price)),
};
static const struct json_field take_profit_fields[] = {
    EXIT(limit_price, "limit_price"),
    EXIT(percent, "percent"),
    EXIT(offset, "offset"),
};
static const struct json_field stop_loss_fields[] = {
    EXIT(stop_price, "stop_price"),
    EXIT(limit_price, "limit_price"),
    EXIT(percent, "percent"),
    EXIT(offset, "offset"),
    EXIT(trail_percent, "trail_percent"),
    EXIT(trail_price, "trail_price"),
};
static const struct json_field request_fields[] = {
    REQUEST(client_order_id, "client_order_id", JSON_TEXT, .min = 1, .max = CLIENT_ORDER_ID_BYTES),
    REQUEST(symbol, "symbol", JSON_TEXT, .min = 1, .max = LIMIT_SYMBOL_BYTES - 1),
    REQUEST(occ_symbol, "occ_symbol", JSON_TEXT, .min = OCC_COMPACT_MIN, .max = OCC_PADDED_LENGTH),
    REQUEST(expiry_days, "expiry", JSON_DATE, HAS(has_expiry)),
    REQUEST(strike, "strike", JSON_DECIMAL, HAS(has_strike)),
    REQUEST(right, "right", JSON_ENUM, .choices = rights, HAS(has_right)),
    REQUEST(side, "side", JSON_ENUM, .choices = sides, .required = true),
    REQUEST(quantity, "quantity", JSON_DECIMAL, .required = true, .min = 1, .max = LIMIT_ORDER_QUANTITY),
    REQUEST(entry, "entry", JSON_OBJECT, .fields = entry_fields, .field_count = COUNT(entry_fields),
            HAS(has_entry)),
    REQUEST(time_in_force, "time_in_force", JSON_ENUM, .choices = times_in_force),
    REQUEST(take_profit, "take_profit", JSON_OBJECT, .fields = take_profit_fields,
            .field_count = COUNT(take_profit_fields), HAS(has_take_profit)),
    REQUEST(stop_loss, "stop_loss", JSON_OBJECT, .fields = stop_loss_fields,
            .field_count = COUNT(stop_loss_fields), HAS(has_stop_loss)),
    REQUEST(arm, "arm", JSON_ENUM, .choices = arms),
    REQUEST(protection, "protection", JSON_ENUM, .choices = protections, HAS(has_protection)),
    REQUEST(accept_unprotected_if_down, "accept_unprotected_if_down", JSON_BOOL),
    REQUEST(flat_at_minute, "flat_at", JSON_TIME_OF_DAY, HAS(has_flat_at)),
    REQUEST(cutoff_minute, "cutoff", JSON_TIME_OF_DAY, HAS(has_cutoff)),
    REQUEST(take_profit_ttl_ns, "take_profit_ttl", JSON_DURATION, .min = NS_PER_SECOND,
            .max = TTL_MAX_S * NS_PER_SECOND, HAS(has_ttl)),
    REQUEST(quote_max_age_ns, "quote_max_age", JSON_DURATION, .min = NS_PER_SECOND,
            .max = TTL_MAX_S * NS_PER_SECOND, HAS(has_quote_max_age)),
};
/* clang-format on */

void order_request_init(struct order_request *r)
{
    memset(r, 0, sizeof(*r));
    r->take_profit_ttl_ns = TAKE_PROFIT_TTL_S * NS_PER_SECOND;
    r->quote_max_age_ns = QUOTE_MAX_AGE_S * NS_PER_SECOND;
}

enum err order_request_decode(const char *text, size_t length, struct arena *arena,
                              struct order_request *ret, struct error *e)
{
    order_request_init(ret);
    return json_decode(text, length, request_fields, COUNT(request_fields), ret, arena, e);
}

void order_request_encode(const struct order_request *r, struct json_writer *w)
{
    json_encode(w, request_fields, COUNT(request_fields), r);
}

const char *const *order_request_choices(const char *member)
{
    const struct json_field *field = request_fields;
    while (strcmp(field->name, member) != 0) {
        field++;
        assert(field < request_fields + COUNT(request_fields));
    }
    assert(field->choices);
    return field->choices;
}

/* ---- terms as a request ---------------------------------------------------------------------- */

static int32_t minute_of_day(const struct calendar *calendar, int64_t ns)
{
    const struct zone *zone = calendar_zone(calendar);
    int64_t utc_s = ns / NS_PER_SECOND;
    return (int32_t)((utc_s + zone_offset_at(zone, utc_s)) % 86400 / 60);
}

static void contract_of(const struct contract *c, struct order_request *ret)
{
    bool option = c->kind == CONTRACT_OPTION;
    ret->symbol = option ? NULL : c->symbol;
    ret->occ_symbol = option ? c->symbol : NULL;
    ret->has_cutoff = c->cutoff_ns > 0;
    ret->cutoff_minute = ret->has_cutoff ? minute_of_day(contract_calendar(), c->cutoff_ns) : 0;
}

static void take_profit_of(const struct exit_terms *x, struct order_request *ret)
{
    struct order_request_exit *out = &ret->take_profit;
    ret->has_take_profit = x->kind != EXIT_NONE;
    out->has_limit_price = x->kind == EXIT_PRICE;
    out->has_percent = x->kind == EXIT_PERCENT;
    out->has_offset = x->kind == EXIT_OFFSET;
    out->limit_price = out->percent = out->offset = x->value;
}

static void stop_loss_of(const struct exit_terms *x, struct order_request *ret)
{
    struct order_request_exit *out = &ret->stop_loss;
    ret->has_stop_loss = x->kind != EXIT_NONE;
    out->has_stop_price = x->kind == EXIT_PRICE;
    out->has_percent = x->kind == EXIT_PERCENT;
    out->has_offset = x->kind == EXIT_OFFSET;
    out->has_trail_percent = x->kind == EXIT_TRAIL_PERCENT;
    out->has_trail_price = x->kind == EXIT_TRAIL_PRICE;
    out->stop_price = out->percent = out->offset = x->value;
    out->trail_percent = out->trail_price = x->value;
    out->has_limit_price = x->limit_price > 0;
    out->limit_price = x->limit_price;
}

void order_request_of(const struct bracket_spec *spec, const struct calendar *hours,
                      struct order_request *ret)
{
    order_request_init(ret);
    contract_of(&spec->contract, ret);
    ret->side = (int32_t)spec->side;
    ret->quantity = spec->quantity;
    ret->has_entry = true;
    ret->entry = (struct order_request_entry){
        .type = spec->adopts_position ? ORDER_ENTRY_HELD : (int32_t)spec->entry_type,
        .has_limit_price = spec->limit_price > 0,
        .has_stop_price = spec->stop_price > 0,
        .limit_price = spec->limit_price,
        .stop_price = spec->stop_price,
    };
    ret->time_in_force = (int32_t)spec->time_in_force;
    take_profit_of(&spec->take_profit, ret);
    stop_loss_of(&spec->stop_loss, ret);
    ret->arm = (int32_t)spec->arm;
    ret->has_protection = true;
    ret->protection = (int32_t)spec->protection;
    ret->accept_unprotected_if_down = spec->protection == PROTECTION_WATCHED;
    ret->has_flat_at = spec->flat_ns > 0;
    ret->flat_at_minute = ret->has_flat_at ? minute_of_day(hours, spec->flat_ns) : 0;
    ret->has_ttl = ret->has_quote_max_age = true;
    ret->take_profit_ttl_ns = spec->take_profit_ttl_ns;
    ret->quote_max_age_ns = spec->quote_max_age_ns;
}

/* ---- the contract --------------------------------------------------------------------------- */

static enum err read_option(const struct order_request *r, struct occ_symbol *ret, struct error *e)
{
    struct contract underlying;
    struct error inner;
    const char *missing = !r->has_expiry   ? "/expiry"
                          : !r->has_strike ? "/strike"
                          : !r->has_right  ? "/right"
                                           : NULL;
    if (missing)
        return error_field(e, ERR_INVALID, missing, "an option has expiry, strike and right");
    enum err err = contract_share(r->symbol, strlen(r->symbol), &underlying, &inner);
    if (err) /* occ_root_of would leave out what is no letter, and make another symbol of it */
        return error_field(e, err, "/symbol", "%s", inner.message);
    if (r->strike <= 0 || r->strike % (DECIMAL_ONE / OCC_STRIKE_ONE))
        return error_field(e, ERR_INVALID, "/strike", "a strike is above 0, of 3 decimals at most");
    *ret = (struct occ_symbol){
        .right = (enum option_right)r->right,
        .expiry_days = r->expiry_days,
        .strike_milli = r->strike / (DECIMAL_ONE / OCC_STRIKE_ONE),
    };
    if (!occ_root_of(r->symbol, ret->root))
        return error_field(e, ERR_INVALID, "/symbol", "no options are named after this symbol");
    return ERR_OK;
}

static enum err settle_contract(const struct order_request *r, struct contract *ret,
                                struct error *e)
{
    struct error inner;
    struct occ_symbol occ;
    bool terms = r->has_expiry || r->has_strike || r->has_right;
    const char *pointer = r->occ_symbol ? "/occ_symbol" : terms ? "/expiry" : "/symbol";
    if (!r->symbol == !r->occ_symbol || (r->occ_symbol && terms))
        return error_field(e, ERR_INVALID, "/symbol", "either a symbol or an occ_symbol");
    enum err err = ERR_OK;
    if (r->occ_symbol)
        err = occ_symbol_parse(r->occ_symbol, strlen(r->occ_symbol), &occ, &inner);
    else if (terms && (err = read_option(r, &occ, e)))
        return err;
    if (!err && (terms || r->occ_symbol))
        err = contract_option(&occ, r->has_cutoff ? r->cutoff_minute : -1, ret, &inner);
    else if (!err)
        err = contract_share(r->symbol, strlen(r->symbol), ret, &inner);
    return err ? error_field(e, err, pointer, "%s", inner.message) : ERR_OK;
}

/* ---- exits ---------------------------------------------------------------------------------- */

static enum err settle_take_profit(const struct order_request *r, struct exit_terms *ret,
                                   struct error *e)
{
    const struct order_request_exit *x = &r->take_profit;
    if (!r->has_take_profit)
        return ERR_OK;
    if (x->has_limit_price + x->has_percent + x->has_offset != 1)
        return error_field(e, ERR_INVALID, "/take_profit",
                           "one of limit_price, percent and offset");
    ret->kind = x->has_limit_price ? EXIT_PRICE : x->has_percent ? EXIT_PERCENT : EXIT_OFFSET;
    ret->value = x->has_limit_price ? x->limit_price : x->has_percent ? x->percent : x->offset;
    return ERR_OK;
}

static enum err settle_stop_loss(const struct order_request *r, struct exit_terms *ret,
                                 struct error *e)
{
    const struct order_request_exit *x = &r->stop_loss;
    const struct {
        bool has;
        enum exit_kind kind;
        int64_t value;
    } ways[] = {
        {x->has_stop_price, EXIT_PRICE, x->stop_price},
        {x->has_percent, EXIT_PERCENT, x->percent},
        {x->has_offset, EXIT_OFFSET, x->offset},
        {x->has_trail_percent, EXIT_TRAIL_PERCENT, x->trail_percent},
        {x->has_trail_price, EXIT_TRAIL_PRICE, x->trail_price},
    };
    int given = 0;
    for (size_t i = 0; i < COUNT(ways); i++) {
        if (!ways[i].has)
            continue;
        given++;
        ret->kind = ways[i].kind;
        ret->value = ways[i].value;
    }
    if (r->has_stop_loss && given != 1)
        return error_field(e, ERR_INVALID, "/stop_loss",
                           "one of stop_price, percent, offset, trail_percent and trail_price");
    ret->limit_price = x->limit_price;
    return ERR_OK;
}

/* ---- what the broker can do ----------------------------------------------------------------- */

static bool can(const struct broker_capabilities *c, enum broker_ability ability)
{
    return (c->abilities & ability) != 0;
}

static enum err settle_protection(const struct order_request *r,
                                  const struct broker_capabilities *c, struct bracket_spec *spec,
                                  struct error *e)
{
    bool option = spec->contract.kind == CONTRACT_OPTION;
    bool stops = !option || can(c, BROKER_CAN_OPTION_STOPS);
    spec->protection = (enum protection)r->protection;
    if (spec->protection == PROTECTION_WATCHED && !r->accept_unprotected_if_down)
        return error_field(e, ERR_INVALID, "/accept_unprotected_if_down",
                           "watched exits protect nothing while this server is down: accept that "
                           "with true");
    if (spec->protection != PROTECTION_WATCHED && spec->stop_loss.kind && !stops)
        return error_field(e, ERR_INVALID, "/protection",
                           "%s takes no stop orders on options: ask for watched", c->name);
    if (spec->protection == PROTECTION_RESTING_BOTH && !can(c, BROKER_CAN_NATIVE_OCO))
        return error_field(e, ERR_INVALID, "/protection",
                           "%s has no order of which one leg cancels the other", c->name);
    bool gtc = !option || can(c, BROKER_CAN_OPTION_GTC);
    if (spec->time_in_force == TIF_GTC && !gtc)
        return error_field(e, ERR_INVALID, "/time_in_force", "%s keeps options for a day only",
                           c->name);
    spec->exit_time_in_force = gtc ? TIF_GTC : TIF_DAY;
    spec->not_found_bound_ns = c->not_found_bound_ns;
    return ERR_OK;
}

/* ---- time ----------------------------------------------------------------------------------- */

/* Nothing can be open before a session but where one begins as the other ends. */
static bool before_session(const struct session *session, int64_t ns)
{
    bool whole_day = session->close_ns - session->open_ns >= NS_PER_DAY;
    return whole_day ? ns < session->open_ns : ns <= session->open_ns;
}

static enum err refuse_flat_at(const struct calendar *hours, const struct session *session,
                               struct error *e)
{
    int32_t open = minute_of_day(hours, session->open_ns);
    int32_t close = minute_of_day(hours, session->close_ns);
    return error_field(e, ERR_INVALID, "/flat_at",
                       "not within a session: %s is open from %02d:%02d to %02d:%02d, %s",
                       calendar_name(hours), open / 60, open % 60, close / 60, close % 60,
                       zone_name(calendar_zone(hours)));
}

static enum err settle_flat_at(const struct order_request *r, const struct calendar *hours,
                               int64_t now_ns, struct bracket_spec *spec, struct error *e)
{
    struct session session;
    if (!r->has_flat_at)
        return ERR_OK;
    int32_t day = calendar_day_at(hours, now_ns);
    for (; calendar_next_session(hours, day, &session); day = session.day + 1) {
        int64_t local_s = (int64_t)session.day * 86400 + (int64_t)r->flat_at_minute * 60;
        int64_t flat_ns = zone_local_to_utc(calendar_zone(hours), local_s, NULL) * NS_PER_SECOND;
        int64_t latest_ns = session.close_ns - NS_PER_MINUTE;
        spec->flat_ns = flat_ns < latest_ns ? flat_ns : latest_ns;
        if (before_session(&session, flat_ns))
            return refuse_flat_at(hours, &session, e);
        if (spec->flat_ns > now_ns)
            return ERR_OK;
    }
    return error_field(e, ERR_INVALID, "/flat_at", "the calendar has no such session");
}

static enum err check_in_time(const struct bracket_spec *spec, int64_t now_ns, struct error *e)
{
    if (spec->contract.cutoff_ns && now_ns >= spec->contract.cutoff_ns)
        return error_field(e, ERR_INVALID, "/expiry", "the contract's cutoff has passed");
    return ERR_OK;
}

enum err order_request_settle(const struct order_request *r,
                              const struct broker_capabilities *capabilities,
                              const struct calendar *hours, int64_t now_ns,
                              struct bracket_spec *ret, struct error *e)
{
    struct bracket_spec spec;
    memset(&spec, 0, sizeof(spec));
    spec.side = (enum order_side)r->side;
    spec.quantity = r->quantity;
    spec.adopts_position = r->entry.type == ORDER_ENTRY_HELD;
    spec.entry_type = spec.adopts_position ? ORDER_TYPE_MARKET : (enum order_type)r->entry.type;
    spec.limit_price = r->entry.limit_price;
    spec.stop_price = r->entry.stop_price;
    spec.time_in_force = (enum time_in_force)r->time_in_force;
    spec.arm = (enum arm)r->arm;
    spec.take_profit_ttl_ns = r->take_profit_ttl_ns;
    spec.quote_max_age_ns = r->quote_max_age_ns;
    enum err err;
    if ((err = settle_contract(r, &spec.contract, e)) ||
        (err = settle_take_profit(r, &spec.take_profit, e)) ||
        (err = settle_stop_loss(r, &spec.stop_loss, e)) ||
        (err = settle_protection(r, capabilities, &spec, e)) ||
        (err = check_in_time(&spec, now_ns, e)) ||
        (err = settle_flat_at(r, hours, now_ns, &spec, e)) || (err = bracket_spec_check(&spec, e)))
        return err;
    *ret = spec;
    return ERR_OK;
}
