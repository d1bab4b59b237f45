#include "server/alpaca/alpaca_request.h"

#include "base/decimal.h"
#include "engine/options/occ_symbol.h"

#include <string.h>

enum request_class { CLASS_NONE, CLASS_SIMPLE, CLASS_BRACKET, CLASS_OCO, CLASS_OTO, CLASS_MLEG };
enum { TYPE_TRAILING_STOP = ORDER_TYPE_COUNT, TIF_OPG = TIF_COUNT };
enum { ENTRY_TYPE_HELD = ORDER_TYPE_COUNT }; /* of order_request_entry.type */

struct request_exit {
    bool has_limit_price, has_stop_price;
    int64_t limit_price, stop_price;
};

/* The body as Alpaca's clients send it. */
struct request {
    const char *symbol, *client_order_id, *notional;
    bool has_quantity, has_type, has_limit_price, has_stop_price, has_trail_price;
    bool has_trail_percent, has_take_profit, has_stop_loss, has_intent, has_time_in_force;
    bool extended_hours;
    int32_t side, type, time_in_force, order_class, intent;
    int64_t quantity, limit_price, stop_price, trail_price, trail_percent;
    struct request_exit take_profit, stop_loss;
};

/* clang-format off */
#define X(code, name) name,
static const char *const sides[] = {ORDER_SIDE_TABLE(X) NULL};
static const char *const types[] = {ORDER_TYPE_TABLE(X) "trailing_stop", NULL};
static const char *const times_in_force[] = {TIME_IN_FORCE_TABLE(X) "opg", "cls", NULL};
#undef X
static const char *const classes[] = {"", "simple", "bracket", "oco", "oto", "mleg", NULL};
static const char *const intents[] = {"buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close", NULL};

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define PRICE .min = 1, .max = LIMIT_ORDER_PRICE
#define EXIT(member) JSON_FIELD(struct request_exit, member, #member, JSON_DECIMAL, PRICE, \
                                JSON_PRESENT(struct request_exit, has_##member))
#define FIELD(member, name, kind, ...) JSON_FIELD(struct request, member, name, kind, __VA_ARGS__)
#define HAS(member) JSON_PRESENT(struct request, member)

static const struct json_field take_profit_fields[] = {EXIT(limit_price)};
static const struct json_field stop_loss_fields[] = {EXIT(stop_price), EXIT(limit_price)};
static const struct json_field request_fields[] = {
    FIELD(symbol, "symbol", JSON_TEXT, .required = true, .min = 1, .max = 64),
    FIELD(quantity, "qty", JSON_DECIMAL, HAS(has_quantity)),
    FIELD(notional, "notional", JSON_SCALAR, .min = 1, .max = 64),
    FIELD(side, "side", JSON_ENUM, .choices = sides, .required = true),
    FIELD(type, "type", JSON_ENUM, .choices = types, .required = true),
    FIELD(time_in_force, "time_in_force", JSON_ENUM, .choices = times_in_force, .required = true),
    FIELD(limit_price, "limit_price", JSON_DECIMAL, PRICE, HAS(has_limit_price)),
    FIELD(stop_price, "stop_price", JSON_DECIMAL, PRICE, HAS(has_stop_price)),
    FIELD(trail_price, "trail_price", JSON_DECIMAL, PRICE, HAS(has_trail_price)),
    FIELD(trail_percent, "trail_percent", JSON_DECIMAL, PRICE, HAS(has_trail_percent)),
    FIELD(extended_hours, "extended_hours", JSON_BOOL),
    FIELD(client_order_id, "client_order_id", JSON_TEXT, .min = 0, .max = CLIENT_ORDER_ID_BYTES),
    FIELD(order_class, "order_class", JSON_ENUM, .choices = classes),
    FIELD(take_profit, "take_profit", JSON_OBJECT, .fields = take_profit_fields,
          .field_count = COUNT(take_profit_fields), HAS(has_take_profit)),
    FIELD(stop_loss, "stop_loss", JSON_OBJECT, .fields = stop_loss_fields,
          .field_count = COUNT(stop_loss_fields), HAS(has_stop_loss)),
    FIELD(intent, "position_intent", JSON_ENUM, .choices = intents, HAS(has_intent)),
};
/* clang-format on */

/* ---- what is not to be had ------------------------------------------------------------------- */

static enum err refuse(struct error *e, const char *what)
{
    return error_set(e, ERR_DATA, "%s", what);
}

static enum err check_available(const struct request *q, struct error *e)
{
    if (q->order_class == CLASS_MLEG)
        return refuse(e, "orders of several contracts (mleg) are not available");
    if (q->notional)
        return refuse(e, "notional orders are not available: give qty");
    if (q->extended_hours)
        return refuse(e, "extended hours are not available");
    if (q->time_in_force >= TIF_OPG)
        return refuse(e, "time_in_force opg and cls are not available");
    if (strchr(q->symbol, '/'))
        return refuse(e, "crypto is not available");
    if (q->has_quantity && q->quantity % DECIMAL_ONE)
        return refuse(e, "fractional quantities are not available");
    return ERR_OK;
}

/* ---- fields that belong together ------------------------------------------------------------- */

static enum err need(struct error *e, bool given, bool wanted, const char *type, const char *field)
{
    if (given == wanted)
        return ERR_OK;
    return error_set(e, ERR_INVALID, wanted ? "%s orders require %s" : "%s orders take no %s", type,
                     field);
}

static enum err check_prices(const struct request *q, struct error *e)
{
    const char *type = types[q->type];
    bool limits = q->type == ORDER_TYPE_LIMIT || q->type == ORDER_TYPE_STOP_LIMIT;
    bool stops = q->type == ORDER_TYPE_STOP || q->type == ORDER_TYPE_STOP_LIMIT;
    bool trails = q->type == TYPE_TRAILING_STOP;
    /* The limit of an OCO is its take profit's, and may be given in either place. */
    bool limit_is_open = q->order_class == CLASS_OCO && q->has_take_profit;
    enum err err =
        limit_is_open ? ERR_OK : need(e, q->has_limit_price, limits, type, "limit_price");
    if (!err)
        err = need(e, q->has_stop_price, stops, type, "stop_price");
    if (!err && q->has_trail_price + q->has_trail_percent != trails)
        err = error_set(e, ERR_INVALID,
                        trails ? "%s orders require one of trail_price and trail_percent"
                               : "%s orders take no trail",
                        type);
    return err;
}

static enum err check_class(const struct request *q, struct error *e)
{
    const char *name = q->order_class == CLASS_NONE ? "simple" : classes[q->order_class];
    bool both = q->order_class == CLASS_BRACKET || q->order_class == CLASS_OCO;
    bool oco_limit = q->order_class == CLASS_OCO && q->has_limit_price;
    bool take_profit = q->has_take_profit || oco_limit;
    if (q->order_class <= CLASS_SIMPLE && (q->has_take_profit || q->has_stop_loss))
        return error_set(e, ERR_INVALID, "take_profit and stop_loss need an order_class");
    if (both && !take_profit)
        return error_set(e, ERR_INVALID, "%s orders require take_profit.limit_price", name);
    if (both && !q->has_stop_loss)
        return error_set(e, ERR_INVALID, "%s orders require stop_loss.stop_price", name);
    if (q->order_class == CLASS_OTO && q->has_take_profit + q->has_stop_loss != 1)
        return error_set(e, ERR_INVALID, "oto orders require one of take_profit and stop_loss");
    if (q->has_take_profit && !q->take_profit.has_limit_price)
        return error_set(e, ERR_INVALID, "take_profit requires limit_price");
    if (q->has_stop_loss && !q->stop_loss.has_stop_price)
        return error_set(e, ERR_INVALID, "stop_loss requires stop_price");
    if (q->order_class > CLASS_SIMPLE && q->type == TYPE_TRAILING_STOP)
        return error_set(e, ERR_INVALID, "trailing_stop orders are simple ones");
    if (q->order_class > CLASS_SIMPLE && q->time_in_force > TIF_GTC)
        return error_set(e, ERR_INVALID, "%s orders are day or gtc", name);
    return ERR_OK;
}

static enum err check_oco(const struct request *q, struct error *e)
{
    if (q->order_class != CLASS_OCO)
        return ERR_OK;
    if (q->type != ORDER_TYPE_LIMIT)
        return error_set(e, ERR_INVALID, "oco orders are of type limit");
    if (q->has_limit_price && q->has_take_profit && q->limit_price != q->take_profit.limit_price)
        return error_set(e, ERR_INVALID,
                         "limit_price and take_profit.limit_price of an oco order are one price");
    return ERR_OK;
}

static enum err check_fields(const struct request *q, struct error *e)
{
    if (!q->has_quantity)
        return error_set(e, ERR_INVALID, "qty is required");
    if (q->quantity <= 0 || q->quantity > LIMIT_ORDER_QUANTITY)
        return error_set(e, ERR_INVALID, "qty must be 1 to 1000000");
    if (q->has_intent && (q->intent < 2) != (q->side == ORDER_BUY))
        return error_set(e, ERR_INVALID, "position_intent %s does not go with side %s",
                         intents[q->intent], sides[q->side]);
    enum err err = check_prices(q, e);
    if (!err)
        err = check_class(q, e);
    return err ? err : check_oco(q, e);
}

/* ---- as terms -------------------------------------------------------------------------------- */

static void set_contract(const struct request *q, struct order_request *r)
{
    struct occ_symbol occ;
    if (occ_symbol_parse(q->symbol, strlen(q->symbol), &occ, NULL) == ERR_OK)
        r->occ_symbol = q->symbol;
    else
        r->symbol = q->symbol;
}

static void set_exits(const struct request *q, struct order_request *r)
{
    bool oco = q->order_class == CLASS_OCO;
    if (q->has_take_profit || oco) {
        r->has_take_profit = r->take_profit.has_limit_price = true;
        r->take_profit.limit_price =
            q->has_take_profit ? q->take_profit.limit_price : q->limit_price;
    }
    if (q->has_stop_loss) {
        r->has_stop_loss = r->stop_loss.has_stop_price = true;
        r->stop_loss.stop_price = q->stop_loss.stop_price;
        r->stop_loss.has_limit_price = q->stop_loss.has_limit_price;
        r->stop_loss.limit_price = q->stop_loss.limit_price;
    }
}

static void set_trail(const struct request *q, struct order_request *r)
{
    r->has_stop_loss = true;
    r->stop_loss.has_trail_price = q->has_trail_price;
    r->stop_loss.trail_price = q->trail_price;
    r->stop_loss.has_trail_percent = q->has_trail_percent;
    r->stop_loss.trail_percent = q->trail_percent;
}

static void make_terms(const struct request *q, struct order_request *r)
{
    bool trails = q->type == TYPE_TRAILING_STOP;
    bool held = trails || q->order_class == CLASS_OCO;
    order_request_init(r);
    set_contract(q, r);
    r->client_order_id = q->client_order_id && q->client_order_id[0] ? q->client_order_id : NULL;
    r->side = held ? (int32_t)order_side_opposite((enum order_side)q->side) : q->side;
    r->quantity = q->quantity;
    r->time_in_force = q->time_in_force;
    r->has_entry = true;
    if (held) {
        r->entry.type = ENTRY_TYPE_HELD;
    } else {
        r->entry.type = q->type;
        r->entry.has_limit_price = q->has_limit_price;
        r->entry.limit_price = q->limit_price;
        r->entry.has_stop_price = q->has_stop_price;
        r->entry.stop_price = q->stop_price;
    }
    if (trails)
        set_trail(q, r);
    else
        set_exits(q, r);
}

enum err alpaca_request_decode(const char *text, size_t length, struct arena *arena,
                               struct order_request *ret, struct error *e)
{
    struct request q = {0};
    struct error inner;
    error_clear(&inner);
    enum err err =
        json_decode(text, length, request_fields, COUNT(request_fields), &q, arena, &inner);
    /* Of any type whatever, so no row of the table has it. */
    if (err && strncmp(inner.pointer, "/legs", 5) == 0)
        return refuse(e, "orders of several contracts (mleg) are not available");
    if (err && e)
        *e = inner;
    if (err || (err = check_available(&q, e)) || (err = check_fields(&q, e)))
        return err;
    make_terms(&q, ret);
    return ERR_OK;
}
