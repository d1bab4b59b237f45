#include "db/paper_repo.h"

#include <stdio.h>

#define ORDER_COLUMNS                                                                              \
    "id, pair_id, client_id, symbol, kind, side, type, time_in_force, opens, quantity,"            \
    " limit_price, stop_price, reserve_price, accepted_ns, expires_ns, status, reason, triggered," \
    " cancel_asked, filled, filled_value, ended_ns"

static const char SQL_JOURNAL[] =
    "INSERT INTO paper_journal(seq, at_ns, kind, order_id, symbol, quantity, price, cash)"
    " VALUES(:seq, :at, :kind, :order, :symbol, :quantity, :price, :cash)";
static const char SQL_INSERT_ORDER[] =
    "INSERT INTO paper_orders(" ORDER_COLUMNS ") VALUES(:id, :pair, :client_id, :symbol, :kind,"
    " :side, :type, :tif, :opens, :quantity, :limit, :stop, :reserve, :accepted, :expires, :status,"
    " :reason, :triggered, :cancel_asked, :filled, :filled_value, :ended)";
static const char SQL_UPDATE_ORDER[] =
    "UPDATE paper_orders SET status = :status, reason = :reason, triggered = :triggered,"
    " cancel_asked = :cancel_asked, filled = :filled, filled_value = :filled_value,"
    " ended_ns = :ended WHERE id = :id";
static const char SQL_PUT_POSITION[] =
    "INSERT INTO paper_positions(symbol, kind, multiplier, quantity, cost, realized, bought, sold)"
    " VALUES(:symbol, :kind, :multiplier, :quantity, :cost, :realized, :bought, :sold)"
    " ON CONFLICT(symbol) DO UPDATE SET quantity = excluded.quantity, cost = excluded.cost,"
    " realized = excluded.realized, bought = excluded.bought, sold = excluded.sold";
static const char SQL_SET_CASH[] = "UPDATE paper_account SET cash = :cash";
static const char SQL_OPEN[] = "INSERT INTO paper_account(one, cash) VALUES(1, :cash)"
                               " ON CONFLICT DO NOTHING";
static const char SQL_ACCOUNT[] =
    "SELECT cash, ifnull((SELECT max(id) FROM paper_orders), 0) AS last_order_id,"
    " ifnull((SELECT max(seq) FROM paper_journal), 0) AS last_seq,"
    " ifnull((SELECT max(ended_ns) FROM paper_orders WHERE ended_ns > 0), 0) AS last_ended_ns"
    " FROM paper_account";
static const char SQL_POSITIONS[] =
    "SELECT symbol, kind, multiplier, quantity, cost, realized, bought, sold FROM paper_positions";
static const char SQL_LIVE[] =
    "SELECT " ORDER_COLUMNS " FROM paper_orders WHERE ended_ns = 0 ORDER BY id";
static const char SQL_ENDED[] = "SELECT " ORDER_COLUMNS " FROM paper_orders"
                                " WHERE ended_ns > 0 AND ended_ns BETWEEN :since AND :until"
                                " ORDER BY ended_ns";
static const char SQL_FIND[] = "SELECT " ORDER_COLUMNS " FROM paper_orders"
                               " WHERE client_id = :client_id";
static const char SQL_EXECUTIONS[] =
    "SELECT j.seq, o.client_id, j.quantity, j.price, j.at_ns FROM paper_journal j"
    " JOIN paper_orders o ON o.id = j.order_id WHERE j.kind = 4 AND j.at_ns >= :since"
    " ORDER BY j.at_ns, j.seq";

_Static_assert(PAPER_EVENT_FILLED == 4 && PAPER_EVENT_SETTLED == 8 && ORDER_BUY == 0 &&
                   ORDER_TYPE_STOP_LIMIT == 3 && TIF_FOK == 3 && ORDER_STATUS_NEW == 2 &&
                   ORDER_STATUS_REJECTED == 8 && CONTRACT_OPTION == 1,
               "stored numbers");

/* ---- writing --------------------------------------------------------------------------------- */

static void bind_progress(struct statement *s, const struct paper_order_row *o)
{
    statement_bind_int(s, ":id", o->id);
    statement_bind_int(s, ":status", o->status);
    statement_bind_int(s, ":reason", o->reason);
    statement_bind_int(s, ":triggered", o->triggered);
    statement_bind_int(s, ":cancel_asked", o->cancel_asked);
    statement_bind_int(s, ":filled", o->filled);
    statement_bind_int(s, ":filled_value", o->filled_value);
    statement_bind_int(s, ":ended", o->ended_ns);
}

static enum err insert_order(struct db_write *w, const struct paper_order_row *o, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_INSERT_ORDER);
    bind_progress(s, o);
    statement_bind_int(s, ":pair", o->pair_id);
    statement_bind_text(s, ":client_id", o->client_id);
    statement_bind_text(s, ":symbol", o->symbol);
    statement_bind_int(s, ":kind", o->contract_kind);
    statement_bind_int(s, ":side", o->side);
    statement_bind_int(s, ":type", o->type);
    statement_bind_int(s, ":tif", o->time_in_force);
    statement_bind_int(s, ":opens", o->opens);
    statement_bind_int(s, ":quantity", o->quantity);
    statement_bind_int(s, ":limit", o->limit_price);
    statement_bind_int(s, ":stop", o->stop_price);
    statement_bind_int(s, ":reserve", o->reserve_price);
    statement_bind_int(s, ":accepted", o->accepted_ns);
    statement_bind_int(s, ":expires", o->expires_ns);
    return statement_run(s, NULL, e);
}

static enum err update_order(struct db_write *w, const struct paper_order_row *o, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_UPDATE_ORDER);
    bind_progress(s, o);
    return statement_run(s, NULL, e);
}

static enum err put_position(struct db_write *w, const struct position *p, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_PUT_POSITION);
    statement_bind_text(s, ":symbol", p->contract.symbol);
    statement_bind_int(s, ":kind", p->contract.kind);
    statement_bind_int(s, ":multiplier", p->contract.multiplier);
    statement_bind_int(s, ":quantity", p->quantity);
    statement_bind_int(s, ":cost", p->cost);
    statement_bind_int(s, ":realized", p->realized);
    statement_bind_int(s, ":bought", p->bought);
    statement_bind_int(s, ":sold", p->sold);
    return statement_run(s, NULL, e);
}

static enum err put_trade(struct db_write *w, const struct paper_event *event, struct error *e)
{
    enum err err = put_position(w, &event->position, e);
    if (err != ERR_OK)
        return err;
    struct statement *s = db_prepare(&w->read, SQL_SET_CASH);
    statement_bind_int(s, ":cash", event->cash);
    return statement_run(s, NULL, e);
}

static enum err add_to_journal(struct db_write *w, const struct paper_event *event, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_JOURNAL);
    bool of_order = event->kind != PAPER_EVENT_SETTLED;
    statement_bind_int(s, ":seq", event->seq);
    statement_bind_int(s, ":at", event->at_ns);
    statement_bind_int(s, ":kind", event->kind);
    if (of_order)
        statement_bind_int(s, ":order", event->order.id);
    else
        statement_bind_null(s, ":order");
    statement_bind_text(s, ":symbol",
                        of_order ? event->order.symbol : event->position.contract.symbol);
    statement_bind_int(s, ":quantity", event->quantity);
    statement_bind_int(s, ":price", event->price);
    statement_bind_int(s, ":cash", event->cash);
    return statement_run(s, NULL, e);
}

enum err paper_repo_add(struct db_write *w, const struct paper_event *event, struct error *e)
{
    enum err err = ERR_OK;
    if (event->kind == PAPER_EVENT_SUBMITTED)
        err = insert_order(w, &event->order, e);
    else if (event->kind != PAPER_EVENT_SETTLED)
        err = update_order(w, &event->order, e);
    if (err == ERR_OK && (event->kind == PAPER_EVENT_FILLED || event->kind == PAPER_EVENT_SETTLED))
        err = put_trade(w, event, e);
    return err == ERR_OK ? add_to_journal(w, event, e) : err;
}

enum err paper_repo_open(struct db_write *w, int64_t cash, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_OPEN);
    statement_bind_int(s, ":cash", cash);
    return statement_run(s, NULL, e);
}

/* ---- reading --------------------------------------------------------------------------------- */

enum err paper_repo_account(const struct db_read *r, struct paper_account_row *ret, struct error *e)
{
    struct paper_account_row row = {.cash = 0};
    struct statement *s = db_prepare(r, SQL_ACCOUNT);
    if (statement_next(s))
        row = (struct paper_account_row){.cash = statement_int(s, "cash"),
                                         .last_order_id = statement_int(s, "last_order_id"),
                                         .last_seq = statement_int(s, "last_seq"),
                                         .last_ended_ns = statement_int(s, "last_ended_ns")};
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *ret = row;
    return err;
}

/* Ends a statement whose visitor may have failed first. */
static enum err finish(struct statement *s, enum err visited, struct error *e)
{
    enum err err = statement_finish(s, visited == ERR_OK ? e : NULL);
    return visited == ERR_OK ? err : visited;
}

enum err paper_repo_positions(const struct db_read *r, paper_position_fn *visit, void *context,
                              struct error *e)
{
    enum err err = ERR_OK;
    struct statement *s = db_prepare(r, SQL_POSITIONS);
    while (err == ERR_OK && statement_next(s)) {
        struct position p = {.quantity = statement_int(s, "quantity"),
                             .cost = statement_int(s, "cost"),
                             .realized = statement_int(s, "realized"),
                             .bought = statement_int(s, "bought"),
                             .sold = statement_int(s, "sold")};
        p.contract.kind = (enum contract_kind)statement_int(s, "kind");
        p.contract.multiplier = (int32_t)statement_int(s, "multiplier");
        snprintf(p.contract.symbol, sizeof p.contract.symbol, "%s", statement_text(s, "symbol"));
        err = visit(context, &p, e);
    }
    return finish(s, err, e);
}

static void read_order(struct statement *s, struct paper_order_row *ret)
{
    *ret = (struct paper_order_row){
        .id = statement_int(s, "id"),
        .pair_id = statement_int(s, "pair_id"),
        .contract_kind = (enum contract_kind)statement_int(s, "kind"),
        .side = (enum order_side)statement_int(s, "side"),
        .type = (enum order_type)statement_int(s, "type"),
        .time_in_force = (enum time_in_force)statement_int(s, "time_in_force"),
        .opens = statement_int(s, "opens") != 0,
        .quantity = statement_int(s, "quantity"),
        .limit_price = statement_int(s, "limit_price"),
        .stop_price = statement_int(s, "stop_price"),
        .reserve_price = statement_int(s, "reserve_price"),
        .accepted_ns = statement_int(s, "accepted_ns"),
        .expires_ns = statement_int(s, "expires_ns"),
        .status = (enum order_status)statement_int(s, "status"),
        .reason = (enum paper_reason)statement_int(s, "reason"),
        .triggered = statement_int(s, "triggered") != 0,
        .cancel_asked = statement_int(s, "cancel_asked") != 0,
        .filled = statement_int(s, "filled"),
        .filled_value = statement_int(s, "filled_value"),
        .ended_ns = statement_int(s, "ended_ns"),
    };
    snprintf(ret->client_id, sizeof ret->client_id, "%s", statement_text(s, "client_id"));
    snprintf(ret->symbol, sizeof ret->symbol, "%s", statement_text(s, "symbol"));
}

static enum err visit_orders(struct statement *s, paper_order_fn *visit, void *context,
                             struct error *e)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && statement_next(s)) {
        struct paper_order_row row;
        read_order(s, &row);
        err = visit(context, &row, e);
    }
    return finish(s, err, e);
}

enum err paper_repo_live(const struct db_read *r, paper_order_fn *visit, void *context,
                         struct error *e)
{
    return visit_orders(db_prepare(r, SQL_LIVE), visit, context, e);
}

enum err paper_repo_ended(const struct db_read *r, int64_t since_ns, int64_t until_ns,
                          paper_order_fn *visit, void *context, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_ENDED);
    statement_bind_int(s, ":since", since_ns);
    statement_bind_int(s, ":until", until_ns);
    return visit_orders(s, visit, context, e);
}

enum err paper_repo_find(const struct db_read *r, const char *client_id, bool *ret_found,
                         struct paper_order_row *ret, struct error *e)
{
    struct paper_order_row row;
    struct statement *s = db_prepare(r, SQL_FIND);
    statement_bind_text(s, ":client_id", client_id);
    bool found = statement_next(s);
    if (found)
        read_order(s, &row);
    enum err err = statement_finish(s, e);
    if (err != ERR_OK)
        return err;
    *ret_found = found;
    if (found)
        *ret = row;
    return ERR_OK;
}

enum err paper_repo_executions(const struct db_read *r, int64_t since_ns, paper_execution_fn *visit,
                               void *context, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_EXECUTIONS);
    statement_bind_int(s, ":since", since_ns);
    bool more = true;
    while (more && statement_next(s)) {
        struct paper_execution x = {.seq = statement_int(s, "seq"),
                                    .quantity = statement_int(s, "quantity"),
                                    .price = statement_int(s, "price"),
                                    .at_ns = statement_int(s, "at_ns")};
        snprintf(x.client_id, sizeof x.client_id, "%s", statement_text(s, "client_id"));
        more = visit(context, &x);
    }
    return statement_finish(s, e);
}
