#include "orders/paper/paper_book.h"

#include "base/decimal.h"
#include "base/number.h"
#include "base/text.h"
#include "orders/paper/paper_market.h"
#include "orders/paper/paper_terms.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void paper_book_init(struct paper_book *b, const struct paper_book_options *options,
                     struct paper_outbox *outbox)
{
    *b = (struct paper_book){
        .options = *options,
        .outbox = outbox,
        .expiry_ns = INT64_MAX,
        .settle_ns = INT64_MAX,
        .evicted_until_ns = INT64_MIN,
    };
}

void paper_book_release(struct paper_book *b)
{
    struct paper_order *o, *next_order;
    struct paper_market *m, *next_market;
    HASH_ITER (by_client_id, b->orders, o, next_order) {
        HASH_DELETE(by_client_id, b->orders, o);
        free(o);
    }
    HASH_ITER (by_symbol, b->markets, m, next_market) {
        HASH_DELETE(by_symbol, b->markets, m);
        free(m);
    }
}

struct paper_order *paper_book_find(struct paper_book *b, const char *client_id)
{
    struct paper_order *o;
    HASH_FIND(by_client_id, b->orders, client_id, strlen(client_id), o);
    return o;
}

struct paper_market *paper_book_market(struct paper_book *b, const char *symbol)
{
    struct paper_market *m;
    HASH_FIND(by_symbol, b->markets, symbol, strlen(symbol), m);
    return m;
}

int64_t paper_book_buying_power(const struct paper_book *b)
{
    return order_subtract(order_subtract(b->cash, b->reserved),
                          order_add(b->short_cost, b->short_cost));
}

int64_t paper_book_equity(const struct paper_book *b)
{
    int64_t equity = b->cash;
    for (const struct paper_market *m = b->positions; m; m = m->position_next) {
        const struct position *p = &m->position;
        int64_t price = paper_market_price(m);
        equity = order_add(equity, paper_position_cost(p));
        if (price > 0)
            equity = order_add(equity, position_unrealized(p, price));
    }
    return equity;
}

/* "paper-" and the number. */
static void paper_id_format(int64_t id, char out[BROKER_ORDER_ID_TEXT])
{
    static const char prefix[] = "paper-";
    _Static_assert(sizeof prefix + INTEGER_MAX_TEXT <= BROKER_ORDER_ID_TEXT, "any number fits");
    memcpy(out, prefix, sizeof prefix - 1);
    integer_format(id, out + sizeof prefix - 1);
}

void paper_order_report(const struct paper_order_row *row, struct broker_report *ret)
{
    static const char *const texts[] = {
#define X(code, number, text) [number] = (text),
        PAPER_REASON_TABLE(X)
#undef X
    };
    *ret = (struct broker_report){
        .status = row->status,
        .type = row->type,
        .quantity = row->quantity,
        .limit_price = row->limit_price,
        .stop_price = row->stop_price,
        .filled = row->filled,
        .filled_value = row->filled_value,
    };
    memcpy(ret->client_id, row->client_id, sizeof ret->client_id);
    paper_id_format(row->id, ret->broker_order_id);
    text_fit(texts[row->reason], ret->message, sizeof ret->message);
}

/* ---- events ---------------------------------------------------------------------------------- */

struct paper_event *paper_book_tell(struct paper_book *b, enum paper_event_kind kind,
                                    struct paper_order *o, struct order_clock now)
{
    struct paper_event *event = paper_outbox_add(b->outbox);
    event->seq = ++b->last_seq;
    event->at_ns = now.wall_ns;
    event->kind = kind;
    event->order = o->row;
    event->cash = b->cash;
    o->batch = b->outbox->number;
    return event;
}

void paper_book_end_quietly(struct paper_book *b, struct paper_order *o, enum order_status status,
                            enum paper_reason reason, struct order_clock now)
{
    struct paper_market *m = o->market;
    o->row.status = status;
    o->row.reason = reason;
    o->row.ended_ns = now.wall_ns;
    if (o->in_market)
        DL_DELETE2(m->orders, o, prev, next);
    else
        DL_DELETE2(b->arriving, o, prev, next);
    DL_APPEND2(b->ended, o, prev, next);
    o->in_market = false;
    o->arrives_ns = 0;
    m->openings[o->row.side] -= o->row.opens;
    b->live--;
    paper_order_tie_up(b, o);
}

static void end_one(struct paper_book *b, struct paper_order *o, enum paper_event_kind kind,
                    enum paper_reason reason, struct order_clock now)
{
    enum order_status status = kind == PAPER_EVENT_EXPIRED    ? ORDER_STATUS_EXPIRED
                               : kind == PAPER_EVENT_REJECTED ? ORDER_STATUS_REJECTED
                                                              : ORDER_STATUS_CANCELED;
    if (order_status_dead(o->row.status))
        return;
    paper_book_end_quietly(b, o, status, reason, now);
    paper_book_tell(b, kind, o, now);
}

void paper_book_end(struct paper_book *b, struct paper_order *o, enum paper_event_kind kind,
                    enum paper_reason reason, struct order_clock now)
{
    end_one(b, o, kind, reason, now);
    if (o->pair)
        end_one(b, o->pair, kind, reason, now);
}

/* ---- orders that come ------------------------------------------------------------------------ */

static void add(struct paper_book *b, struct paper_order *o)
{
    HASH_ADD_KEYPTR(by_client_id, b->orders, o->row.client_id, strlen(o->row.client_id), o);
    assert(!b->all || b->all->all_prev); /* the last one */
    DL_APPEND2(b->all, o, all_prev, all_next);
    o->market->openings[o->row.side] += o->row.opens;
    b->live++;
    paper_order_tie_up(b, o);
    if (o->row.expires_ns && o->row.expires_ns < b->expiry_ns)
        b->expiry_ns = o->row.expires_ns;
}

static void await_arrival(struct paper_book *b, struct paper_order *o, int64_t arrives_ns)
{
    o->arrives_ns = arrives_ns;
    DL_APPEND2(b->arriving, o, prev, next);
}

static struct paper_order *make_order(const struct broker_submit *s)
{
    struct paper_order *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->row = (struct paper_order_row){
        .opens = s->opens,
        .contract_kind = s->contract.kind,
        .side = s->side,
        .type = s->type,
        .time_in_force = s->time_in_force,
        .status = ORDER_STATUS_NEW,
        .quantity = s->quantity,
        .limit_price = s->limit_price,
        .stop_price = s->stop_price,
    };
    text_fit(s->client_id, o->row.client_id, sizeof o->row.client_id);
    text_fit(s->contract.symbol, o->row.symbol, sizeof o->row.symbol);
    return o;
}

/* The second leg of a native OCO, or NULL. */
static struct paper_order *make_second(const struct broker_submit *s)
{
    struct broker_submit second = *s;
    second.client_id = s->oco_client_id;
    second.type = s->oco_limit_price ? ORDER_TYPE_STOP_LIMIT : ORDER_TYPE_STOP;
    second.limit_price = s->oco_limit_price;
    second.stop_price = s->oco_stop_price;
    return make_order(&second);
}

static void link_pair(struct paper_order *first, struct paper_order *second)
{
    first->pair = second;
    second->pair = first;
    first->row.pair_id = second->row.id;
    second->row.pair_id = first->row.id;
}

/* All that it needs is there. */
static void accept(struct paper_book *b, struct paper_order *first, struct paper_order *second,
                   struct order_clock now)
{
    struct paper_order *orders[] = {first, second};
    size_t count = second ? 2 : 1;
    for (size_t i = 0; i < count; i++)
        orders[i]->row.id = ++b->last_order_id;
    if (second)
        link_pair(first, second);
    for (size_t i = 0; i < count; i++) {
        add(b, orders[i]);
        b->accepted++;
        paper_book_tell(b, PAPER_EVENT_SUBMITTED, orders[i], now);
        await_arrival(b, orders[i], order_add(now.steady_ns, b->options.latency_ns));
    }
    if (b->options.latency_ns == 0)
        paper_book_arrive(b, now);
}

enum outcome paper_book_submit(struct paper_book *b, const struct broker_submit *s,
                               struct order_clock now, struct paper_order **ret,
                               struct broker_refusal *ret_refusal)
{
    struct paper_market *m = paper_book_market(b, s->contract.symbol);
    int64_t reserve_price = 0, expires_ns = 0;
    memset(ret_refusal, 0, sizeof *ret_refusal);
    if (!paper_terms_accept(b, s, m, now, &reserve_price, &expires_ns, ret_refusal)) {
        b->refused++;
        return OUTCOME_REJECTED;
    }
    m = paper_market_make(b, s->contract.symbol);
    struct paper_order *first = make_order(s);
    struct paper_order *second = s->oco_client_id ? make_second(s) : NULL;
    bool complete = m && first && (second || !s->oco_client_id);
    if (!complete || !paper_outbox_room(b->outbox, PAPER_STEP_EVENTS)) {
        free(first);
        free(second);
        return OUTCOME_NOT_SENT;
    }
    m->position.contract = s->contract;
    struct paper_order *orders[] = {first, second};
    for (size_t i = 0; i < 2 && orders[i]; i++) {
        orders[i]->market = m;
        orders[i]->row.reserve_price = reserve_price;
        orders[i]->row.accepted_ns = now.wall_ns;
        orders[i]->row.expires_ns = expires_ns;
    }
    accept(b, first, second, now);
    *ret = first;
    return OUTCOME_OK;
}

static void await_cancel(struct paper_book *b, struct paper_order *o, int64_t cancels_ns)
{
    o->cancels_ns = cancels_ns;
    o->cancel_next = NULL;
    if (b->cancels)
        b->cancels_last->cancel_next = o;
    else
        b->cancels = o;
    b->cancels_last = o;
}

enum outcome paper_book_cancel(struct paper_book *b, struct paper_order *o, struct order_clock now)
{
    assert(!order_status_dead(o->row.status));
    if (o->row.cancel_asked)
        return OUTCOME_OK;
    if (!paper_outbox_room(b->outbox, PAPER_STEP_EVENTS))
        return OUTCOME_NOT_SENT;
    o->row.cancel_asked = true;
    paper_book_tell(b, PAPER_EVENT_CANCEL_ASKED, o, now);
    if (b->options.latency_ns == 0)
        paper_book_end(b, o, PAPER_EVENT_CANCELED, PAPER_REASON_ASKED, now);
    else
        await_cancel(b, o, order_add(now.steady_ns, b->options.latency_ns));
    return OUTCOME_OK;
}

/* ---- what was stored ------------------------------------------------------------------------- */

void paper_book_load_account(struct paper_book *b, const struct paper_account_row *row)
{
    b->cash = row->cash;
    b->last_order_id = row->last_order_id;
    b->last_seq = row->last_seq;
    b->evicted_until_ns = row->last_ended_ns ? row->last_ended_ns : INT64_MIN;
}

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for the paper broker");
}

/* The market of a stored symbol, with its contract. */
static enum err load_market(struct paper_book *b, const char *symbol, enum contract_kind kind,
                            struct paper_market **ret, struct error *e)
{
    struct contract contract;
    enum err err = paper_contract(symbol, kind, &contract, e);
    if (err != ERR_OK)
        return error_set(e, ERR_DATA, "the paper broker's '%s' is no symbol", symbol);
    *ret = paper_market_make(b, symbol);
    if (!*ret)
        return no_memory(e);
    (*ret)->position.contract = contract;
    return ERR_OK;
}

enum err paper_book_load_position(struct paper_book *b, const struct position *position,
                                  struct error *e)
{
    struct paper_market *m;
    enum err err = load_market(b, position->contract.symbol, position->contract.kind, &m, e);
    if (err != ERR_OK)
        return err;
    struct contract contract = m->position.contract;
    m->position = *position;
    m->position.contract = contract;
    if (position->quantity < 0)
        b->short_cost -= paper_position_cost(&m->position);
    paper_market_list_position(b, m);
    return ERR_OK;
}

enum err paper_book_load_order(struct paper_book *b, const struct paper_order_row *row,
                               struct error *e)
{
    struct paper_market *m;
    enum err err = load_market(b, row->symbol, row->contract_kind, &m, e);
    if (err != ERR_OK)
        return err;
    struct paper_order *o = calloc(1, sizeof *o);
    if (!o)
        return no_memory(e);
    struct paper_order *before = b->all ? b->all->all_prev : NULL;
    o->row = *row;
    o->market = m;
    if (before && row->pair_id && before->row.id == row->pair_id)
        link_pair(before, o);
    add(b, o);
    if (o->pair)
        paper_order_tie_up(b, o->pair);
    bool immediate = row->time_in_force == TIF_IOC || row->time_in_force == TIF_FOK;
    if (immediate)
        await_arrival(b, o, 0);
    else
        paper_market_rest(o);
    if (row->cancel_asked)
        await_cancel(b, o, 0);
    return ERR_OK;
}
