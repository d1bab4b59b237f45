#include "tests/orders/paper/paper_audit.h"

#include "base/decimal.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

void paper_audit_init(struct paper_audit *a, int64_t cash)
{
    *a = (struct paper_audit){.cash = cash};
}

static struct position *position_of(struct paper_audit *a, const struct contract *contract)
{
    for (size_t i = 0; i < a->symbol_count; i++)
        if (strcmp(a->positions[i].contract.symbol, contract->symbol) == 0)
            return &a->positions[i];
    assert_true(a->symbol_count < AUDIT_SYMBOLS);
    position_init(&a->positions[a->symbol_count], contract);
    return &a->positions[a->symbol_count++];
}

int64_t paper_audit_held(const struct paper_audit *a, const char *symbol)
{
    for (size_t i = 0; i < a->symbol_count; i++)
        if (strcmp(a->positions[i].contract.symbol, symbol) == 0)
            return a->positions[i].quantity;
    return 0;
}

/* price * quantity * multiplier in 128 bits, rounded against the account. */
static int64_t cash_of(int64_t price, int64_t quantity, int32_t multiplier, bool up)
{
    __int128 product = (__int128)price * quantity;
    __int128 value = product / DECIMAL_ONE;
    if (up && product % DECIMAL_ONE != 0)
        value++;
    return (int64_t)(value * multiplier);
}

static void check_price(const struct paper_order_row *o, int64_t price)
{
    bool limited = o->type == ORDER_TYPE_LIMIT || o->type == ORDER_TYPE_STOP_LIMIT;
    bool stop = o->type == ORDER_TYPE_STOP || o->type == ORDER_TYPE_STOP_LIMIT;
    assert_true(price > 0);
    if (limited && o->side == ORDER_BUY)
        assert_true(price <= o->limit_price);
    if (limited && o->side == ORDER_SELL)
        assert_true(price >= o->limit_price);
    if (stop)
        assert_true(o->triggered);
}

static void audit_fill(struct paper_audit *a, const struct paper_order_row *before,
                       const struct paper_event *event)
{
    const struct paper_order_row *o = &event->order;
    struct position *p = position_of(a, &event->position.contract);
    int64_t held = p->quantity;
    assert_true(event->quantity > 0);
    assert_int_equal(o->filled, before->filled + event->quantity);
    assert_int_equal(o->filled_value,
                     before->filled_value + order_value(event->quantity, event->price));
    int64_t paired = o->pair_id ? a->orders[o->pair_id - 1].filled : 0;
    assert_true(o->filled + paired <= o->quantity);
    check_price(o, event->price);
    bool buys = o->side == ORDER_BUY;
    int64_t cash = cash_of(event->price, event->quantity, p->contract.multiplier, buys);
    a->cash += buys ? -cash : cash;
    position_fill(p, o->side, event->quantity, event->price);
    /* What opens makes it larger, what closes smaller, and never turns it around. */
    assert_true(held == 0 || p->quantity == 0 || (held > 0) == (p->quantity > 0));
    assert_true(o->opens ? llabs(p->quantity) > llabs(held) : llabs(p->quantity) < llabs(held));
    if (p->contract.kind == CONTRACT_OPTION)
        assert_int_equal(event->quantity % DECIMAL_ONE, 0);
}

static void audit_settlement(struct paper_audit *a, const struct paper_event *event)
{
    struct position *p = position_of(a, &event->position.contract);
    assert_int_equal(event->quantity, p->quantity);
    assert_true(event->price >= 0);
    a->cash += cash_of(event->price, event->quantity, p->contract.multiplier, false);
    p->realized += position_unrealized(p, event->price);
    p->sold += p->quantity;
    p->quantity = p->cost = 0;
}

static void audit_order(struct paper_audit *a, const struct paper_event *event)
{
    const struct paper_order_row *o = &event->order;
    if (event->kind == PAPER_EVENT_SUBMITTED) {
        assert_true(a->order_count < AUDIT_ORDERS);
        assert_int_equal(o->id, a->order_count + 1);
        a->orders[a->order_count++] = *o;
    }
    assert_in_range(o->id, 1, a->order_count);
    struct paper_order_row before = a->orders[o->id - 1];
    assert_false(order_status_dead(before.status));
    if (event->kind == PAPER_EVENT_FILLED)
        audit_fill(a, &before, event);
    else
        assert_int_equal(o->filled, before.filled);
    bool ends = event->kind == PAPER_EVENT_CANCELED || event->kind == PAPER_EVENT_EXPIRED ||
                event->kind == PAPER_EVENT_REJECTED || o->status == ORDER_STATUS_FILLED;
    assert_int_equal(order_status_dead(o->status), ends);
    assert_int_equal(o->ended_ns != 0, ends);
    a->orders[o->id - 1] = *o;
}

void paper_audit_event(struct paper_audit *a, const struct paper_event *event)
{
    assert_int_equal(event->seq, ++a->seq);
    if (event->kind == PAPER_EVENT_SETTLED)
        audit_settlement(a, event);
    else
        audit_order(a, event);
    assert_int_equal(event->cash, a->cash);
    if (event->kind != PAPER_EVENT_FILLED && event->kind != PAPER_EVENT_SETTLED)
        return;
    const struct position *p = position_of(a, &event->position.contract);
    assert_int_equal(event->position.quantity, p->quantity);
    assert_int_equal(event->position.cost, p->cost);
    assert_int_equal(event->position.realized, p->realized);
}
