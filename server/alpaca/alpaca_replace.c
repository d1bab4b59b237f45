#include "base/decimal.h"
#include "server/alpaca/alpaca_request.h"

#include <string.h>

/* clang-format off */
#define X(code, name) name,
static const char *const times_in_force[] = {TIME_IN_FORCE_TABLE(X) "opg", "cls", NULL};
#undef X

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define PRICE .min = 1, .max = LIMIT_ORDER_PRICE
#define FIELD(member, name, kind, ...) \
    JSON_FIELD(struct alpaca_replacement, member, name, kind, __VA_ARGS__)
#define HAS(member) JSON_PRESENT(struct alpaca_replacement, has_##member)

static const struct json_field fields[] = {
    FIELD(quantity, "qty", JSON_DECIMAL, .min = 1, .max = LIMIT_ORDER_QUANTITY, HAS(quantity)),
    FIELD(time_in_force, "time_in_force", JSON_ENUM, .choices = times_in_force, HAS(time_in_force)),
    FIELD(limit_price, "limit_price", JSON_DECIMAL, PRICE, HAS(limit_price)),
    FIELD(stop_price, "stop_price", JSON_DECIMAL, PRICE, HAS(stop_price)),
    FIELD(trail, "trail", JSON_DECIMAL, PRICE, HAS(trail)),
    FIELD(client_order_id, "client_order_id", JSON_TEXT, .min = 0, .max = CLIENT_ORDER_ID_BYTES),
};
/* clang-format on */

enum err alpaca_replacement_decode(const char *text, size_t length, struct arena *arena,
                                   struct alpaca_replacement *ret, struct error *e)
{
    *ret = (struct alpaca_replacement){0};
    enum err err = json_decode(text, length, fields, COUNT(fields), ret, arena, e);
    if (err)
        return err;
    if (ret->client_order_id && ret->client_order_id[0])
        return error_set(e, ERR_DATA,
                         "a replaced order keeps its client_order_id: leave it out here");
    if (ret->has_time_in_force && ret->time_in_force >= TIF_COUNT)
        return error_set(e, ERR_DATA, "time_in_force opg and cls are not available");
    if (ret->has_quantity && ret->quantity % DECIMAL_ONE)
        return error_set(e, ERR_DATA, "fractional quantities are not available");
    return ERR_OK;
}

static enum err refuse_field(struct error *e, const char *orders, const char *field)
{
    return error_set(e, ERR_INVALID, "%s take no %s", orders, field);
}

static enum err change_entry(const struct alpaca_replacement *p, struct bracket_spec *spec,
                             struct error *e)
{
    const char *orders = order_type_name(spec->entry_type);
    if (p->has_limit_price && !spec->limit_price)
        return error_set(e, ERR_INVALID, "%s orders take no limit_price", orders);
    if (p->has_stop_price && !spec->stop_price)
        return error_set(e, ERR_INVALID, "%s orders take no stop_price", orders);
    if (p->has_trail)
        return error_set(e, ERR_INVALID, "%s orders take no trail", orders);
    if (p->has_quantity)
        spec->quantity = p->quantity;
    if (p->has_time_in_force)
        spec->time_in_force = (enum time_in_force)p->time_in_force;
    if (p->has_limit_price)
        spec->limit_price = p->limit_price;
    if (p->has_stop_price)
        spec->stop_price = p->stop_price;
    return ERR_OK;
}

static enum err change_take_profit(const struct alpaca_replacement *p, struct bracket_spec *spec,
                                   struct error *e)
{
    if (p->has_stop_price || p->has_trail)
        return refuse_field(e, "limit orders", p->has_trail ? "trail" : "stop_price");
    if (p->has_limit_price)
        spec->take_profit = (struct exit_terms){.kind = EXIT_PRICE, .value = p->limit_price};
    return ERR_OK;
}

static enum err change_stop_loss(const struct alpaca_replacement *p, struct bracket_spec *spec,
                                 struct error *e)
{
    struct exit_terms *t = &spec->stop_loss;
    bool trails = t->kind == EXIT_TRAIL_PERCENT || t->kind == EXIT_TRAIL_PRICE;
    if (trails && (p->has_stop_price || p->has_limit_price))
        return refuse_field(e, "trailing_stop orders",
                            p->has_stop_price ? "stop_price" : "limit_price");
    if (!trails && p->has_trail)
        return refuse_field(e, "stop orders", "trail");
    if (p->has_limit_price && !t->limit_price)
        return refuse_field(e, "stop orders", "limit_price");
    if (p->has_trail)
        t->value = p->trail;
    if (p->has_stop_price) {
        t->kind = EXIT_PRICE;
        t->value = p->stop_price;
    }
    if (p->has_limit_price)
        t->limit_price = p->limit_price;
    return ERR_OK;
}

/* The quantity of an exit follows from the entry's. */
static enum err check_exit_stays(const struct alpaca_replacement *p,
                                 const struct bracket_state *state, enum leg leg, struct error *e)
{
    if (leg == LEG_ENTRY)
        return ERR_OK;
    if (p->has_quantity && p->quantity != state->spec.quantity)
        return error_set(e, ERR_DATA, "the quantity of an exit follows its entry and is fixed");
    if (p->has_time_in_force && p->time_in_force != (int32_t)state->spec.exit_time_in_force)
        return error_set(e, ERR_DATA, "the time_in_force of an exit is fixed");
    return ERR_OK;
}

enum err alpaca_replacement_apply(const struct alpaca_replacement *replacement,
                                  const struct bracket_state *state, enum leg leg,
                                  struct bracket_spec *ret, struct error *e)
{
    struct bracket_spec spec = state->spec;
    enum err err = check_exit_stays(replacement, state, leg, e);
    if (!err && leg == LEG_ENTRY)
        err = change_entry(replacement, &spec, e);
    else if (!err && leg == LEG_TAKE_PROFIT)
        err = change_take_profit(replacement, &spec, e);
    else if (!err && leg == LEG_STOP_LOSS)
        err = change_stop_loss(replacement, &spec, e);
    else if (!err)
        err = error_set(e, ERR_DATA, "an order that closes at market cannot be replaced");
    if (err)
        return err;
    if (memcmp(&spec, &state->spec, sizeof spec) == 0)
        return error_set(e, ERR_DATA, "order parameters are not changed");
    *ret = spec;
    return ERR_OK;
}
