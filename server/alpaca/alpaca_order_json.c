#include "server/alpaca/alpaca_id.h"
#include "server/alpaca/alpaca_order.h"

static const char *class_name(enum alpaca_class order_class)
{
#define X(code, name) name,
    static const char *const names[] = {ALPACA_CLASS_TABLE(X)};
#undef X
    return names[order_class];
}

static const char *type_name(enum alpaca_type type)
{
#define X(code, name) name,
    static const char *const names[] = {ALPACA_TYPE_TABLE(X)};
#undef X
    return names[type];
}

static void write_id(struct json_writer *w, const char *name, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    json_member_string(w, name, text);
}

static void write_times(struct json_writer *w, const struct alpaca_order *o)
{
    json_member_time_or_null(w, "created_at", o->created_ns);
    json_member_time_or_null(w, "updated_at", o->updated_ns);
    json_member_time_or_null(w, "submitted_at", o->created_ns);
    json_member_time_or_null(w, "filled_at", o->filled_ns);
    json_member_time_or_null(w, "expired_at", o->expired_ns);
    json_member_time_or_null(w, "expires_at", 0);
    json_member_time_or_null(w, "canceled_at", o->canceled_ns);
    json_member_time_or_null(w, "failed_at", o->failed_ns);
    json_member_time_or_null(w, "replaced_at", 0);
    json_member_string(w, "replaced_by", NULL);
    json_member_string(w, "replaces", NULL);
}

static void write_asset(struct json_writer *w, const struct alpaca_group *group)
{
    struct uuid asset = alpaca_named_id("asset", group->symbol);
    write_id(w, "asset_id", &asset);
    json_member_string(w, "symbol", group->symbol);
    json_member_string(w, "asset_class", group->option ? "us_option" : "us_equity");
}

/* What an entry without exits is for is not known here: it may open a position or close one. */
static const char *position_intent(const struct alpaca_group *group, const struct alpaca_order *o)
{
    if (o->leg != LEG_ENTRY)
        return o->side == ORDER_BUY ? "buy_to_close" : "sell_to_close";
    if (group->order_class == ALPACA_CLASS_SIMPLE)
        return NULL;
    return o->side == ORDER_BUY ? "buy_to_open" : "sell_to_open";
}

static void write_client_order_id(struct json_writer *w, const struct alpaca_group *group,
                                  const struct alpaca_order *o)
{
    if (o == &group->orders[0] && group->client_order_id[0])
        json_member_string(w, "client_order_id", group->client_order_id);
    else
        write_id(w, "client_order_id", &o->id);
}

static void write_members(struct json_writer *w, const struct alpaca_group *group,
                          const struct alpaca_order *o)
{
    enum alpaca_class order_class = o->leg == LEG_EXIT ? ALPACA_CLASS_SIMPLE : group->order_class;
    write_id(w, "id", &o->id);
    write_client_order_id(w, group, o);
    write_times(w, o);
    write_asset(w, group);
    json_member_string(w, "notional", NULL);
    json_member_decimal(w, "qty", o->quantity);
    json_member_decimal(w, "filled_qty", o->filled);
    json_member_decimal_or_null(w, "filled_avg_price", o->average_price);
    json_member_string(w, "order_class", class_name(order_class));
    json_member_string(w, "order_type", type_name(o->type));
    json_member_string(w, "type", type_name(o->type));
    json_member_string(w, "side", order_side_name(o->side));
    json_member_string(w, "position_intent", position_intent(group, o));
    json_member_string(w, "time_in_force", time_in_force_name(o->time_in_force));
    json_member_decimal_or_null(w, "limit_price", o->limit_price);
    json_member_decimal_or_null(w, "stop_price", o->stop_price);
    json_member_string(w, "status", alpaca_status_name(o->status));
    json_member_bool(w, "extended_hours", false);
    json_member_decimal_or_null(w, "trail_percent", o->trail_percent);
    json_member_decimal_or_null(w, "trail_price", o->trail_price);
    json_member_decimal_or_null(w, "hwm", o->high_water_mark);
    json_member_string(w, "subtag", NULL);
    json_member_string(w, "source", NULL);
}

void alpaca_order_write(const struct alpaca_group *group, const struct alpaca_order *order,
                        bool nested, struct json_writer *w)
{
    bool has_legs = nested && order == &group->orders[0] && group->leg_count > 0;
    json_begin_object(w);
    write_members(w, group, order);
    json_key(w, "legs");
    if (has_legs) {
        json_begin_array(w);
        for (size_t i = 1; i <= group->leg_count; i++) {
            json_begin_object(w);
            write_members(w, group, &group->orders[i]);
            json_member_string(w, "legs", NULL);
            json_end_object(w);
        }
        json_end_array(w);
    } else {
        json_null(w);
    }
    json_end_object(w);
}
