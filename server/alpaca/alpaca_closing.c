#include "server/alpaca/alpaca_closing.h"

#include "server/alpaca/alpaca_order.h"

void alpaca_closing_request(const struct position *position, int64_t quantity,
                            struct order_request *ret)
{
    order_request_init(ret);
    if (position->contract.kind == CONTRACT_OPTION)
        ret->occ_symbol = position->contract.symbol;
    else
        ret->symbol = position->contract.symbol;
    ret->side = position->quantity > 0 ? ORDER_SELL : ORDER_BUY;
    ret->quantity = quantity;
    ret->has_entry = true;
}

void alpaca_write_closing(const struct desk_view *view, struct json_writer *w)
{
    struct alpaca_group group;
    alpaca_group_make(&view->header, &view->state, &group);
    const struct alpaca_order *last = &group.orders[group.count - 1];
    alpaca_order_write(&group, last->leg == LEG_EXIT ? last : &group.orders[0], true, w);
}
