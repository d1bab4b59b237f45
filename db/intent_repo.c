#include "db/intent_repo.h"

#include "db/rows.h"

#include <stdio.h>
#include <string.h>

static const char SQL_INSERT[] =
    "INSERT INTO intents(bracket, leg, generation, client_id, side, type, status, cancels,"
    " quantity, limit_price, stop_price, broker_order_id)"
    " VALUES(:bracket, :leg, :generation, :client_id, :side, :type, :status, :cancels, :quantity,"
    " :limit_price, :stop_price, :broker_order_id)";
static const char SQL_UPDATE[] =
    "UPDATE intents SET status = :status, cancels = :cancels,"
    " broker_order_id = coalesce(:broker_order_id, broker_order_id)"
    " WHERE bracket = :bracket AND leg = :leg AND generation = :generation";
static const char SQL_OF[] =
    "SELECT leg, generation, client_id, side, type, status, cancels, quantity, limit_price,"
    " stop_price, broker_order_id FROM intents WHERE bracket = :bracket ORDER BY leg, generation";
static const char SQL_ADD_FILL[] =
    "INSERT INTO fills(broker, execution_id, client_id, symbol, multiplier, side, quantity, price,"
    " at_ns) VALUES(:broker, :execution_id, :client_id, :symbol, :multiplier, :side, :quantity,"
    " :price, :at)";
static const char SQL_FILLS[] =
    "SELECT broker, execution_id, client_id, symbol, multiplier, side, quantity, price, at_ns"
    " FROM fills ORDER BY id";

_Static_assert(ORDER_BUY == 0 && ORDER_SELL == 1 && LEG_ENTRY == 0 && LEG_EXIT == 3 &&
                   ORDER_STATUS_FILLED == 4 && ORDER_STATUS_UNKNOWN == 9,
               "stored numbers");

enum err intent_repo_put(struct db_write *w, int64_t bracket, const struct order_intent *intent,
                         struct error *e)
{
    struct statement *s = db_prepare(&w->read, intent->creates ? SQL_INSERT : SQL_UPDATE);
    statement_bind_int(s, ":bracket", bracket);
    statement_bind_int(s, ":leg", intent->leg);
    statement_bind_int(s, ":generation", intent->generation);
    statement_bind_int(s, ":status", intent->status);
    statement_bind_int(s, ":cancels", intent->cancel_intended);
    statement_bind_text(s, ":broker_order_id",
                        intent->broker_order_id[0] ? intent->broker_order_id : NULL);
    if (intent->creates) {
        statement_bind_text(s, ":client_id", intent->client_id);
        statement_bind_int(s, ":side", intent->side);
        statement_bind_int(s, ":type", intent->type);
        statement_bind_int(s, ":quantity", intent->quantity);
        statement_bind_int(s, ":limit_price", intent->limit_price);
        statement_bind_int(s, ":stop_price", intent->stop_price);
    }
    return statement_run(s, NULL, e);
}

static void read_intent(struct statement *s, struct order_intent *ret)
{
    const char *broker_order_id = statement_text(s, "broker_order_id");
    *ret = (struct order_intent){
        .leg = (enum leg)statement_int(s, "leg"),
        .generation = (int32_t)statement_int(s, "generation"),
        .side = (enum order_side)statement_int(s, "side"),
        .type = (enum order_type)statement_int(s, "type"),
        .status = (enum order_status)statement_int(s, "status"),
        .cancel_intended = statement_int(s, "cancels") != 0,
        .quantity = statement_int(s, "quantity"),
        .limit_price = statement_int(s, "limit_price"),
        .stop_price = statement_int(s, "stop_price"),
    };
    snprintf(ret->client_id, sizeof ret->client_id, "%s", statement_text(s, "client_id"));
    snprintf(ret->broker_order_id, sizeof ret->broker_order_id, "%s",
             broker_order_id ? broker_order_id : "");
}

enum err intent_repo_of(const struct db_read *r, int64_t bracket, struct arena *arena,
                        struct order_intent **ret, size_t *ret_count, struct error *e)
{
    struct order_intent *intents = NULL;
    size_t count = 0, capacity = 0;
    struct statement *s = db_prepare(r, SQL_OF);
    statement_bind_int(s, ":bracket", bracket);
    while (statement_next(s)) {
        intents = rows_grow(arena, intents, count, &capacity, sizeof *intents);
        if (!intents)
            return rows_full(s, e);
        read_intent(s, &intents[count++]);
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK) {
        *ret = intents;
        *ret_count = count;
    }
    return err;
}

enum err fill_repo_add(struct db_write *w, const struct order_fill *fill, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_ADD_FILL);
    statement_bind_text(s, ":broker", fill->broker);
    statement_bind_text(s, ":execution_id", fill->execution_id);
    statement_bind_text(s, ":client_id", fill->client_id);
    statement_bind_text(s, ":symbol", fill->contract.symbol);
    statement_bind_int(s, ":multiplier", fill->contract.multiplier);
    statement_bind_int(s, ":side", fill->side);
    statement_bind_int(s, ":quantity", fill->quantity);
    statement_bind_int(s, ":price", fill->price);
    statement_bind_int(s, ":at", fill->at_ns);
    return statement_run(s, NULL, e);
}

/* What stands in a symbol is not stored beside it. */
static void read_contract(const char *symbol, int64_t multiplier, struct contract *ret)
{
    struct occ_symbol occ;
    *ret = (struct contract){.multiplier = (int32_t)multiplier};
    snprintf(ret->symbol, sizeof ret->symbol, "%s", symbol);
    if (occ_symbol_parse(symbol, strlen(symbol), &occ, NULL) != ERR_OK)
        return;
    ret->kind = CONTRACT_OPTION;
    ret->right = occ.right;
    ret->expiry_days = occ.expiry_days;
    ret->strike_milli = occ.strike_milli;
}

enum err fill_repo_each(const struct db_read *r, order_fill_fn *visit, void *context,
                        struct error *e)
{
    struct statement *s = db_prepare(r, SQL_FILLS);
    bool more = true;
    while (more && statement_next(s)) {
        struct order_fill fill = {
            .side = (enum order_side)statement_int(s, "side"),
            .quantity = statement_int(s, "quantity"),
            .price = statement_int(s, "price"),
            .at_ns = statement_int(s, "at_ns"),
        };
        snprintf(fill.broker, sizeof fill.broker, "%s", statement_text(s, "broker"));
        snprintf(fill.execution_id, sizeof fill.execution_id, "%s",
                 statement_text(s, "execution_id"));
        snprintf(fill.client_id, sizeof fill.client_id, "%s", statement_text(s, "client_id"));
        read_contract(statement_text(s, "symbol"), statement_int(s, "multiplier"), &fill.contract);
        more = visit(context, &fill);
    }
    return statement_finish(s, e);
}
