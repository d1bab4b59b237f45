#include "server/alpaca/alpaca_cancel.h"

#include "server/alpaca/alpaca_order.h"

enum err alpaca_check_cancel(const struct alpaca_order *order, struct error *e)
{
    if (!alpaca_status_open(order->status))
        return error_set(e, ERR_DATA, "order is already in \"%s\" state",
                         alpaca_status_name(order->status));
    if (order->leg == LEG_EXIT)
        return error_set(e, ERR_DATA, "an order that closes at market cannot be canceled");
    return ERR_OK;
}

enum err alpaca_cancel(struct desk_order *order, enum leg leg, struct arena *arena, desk_done *done,
                       void *context, struct error *e)
{
    struct bracket_sums sums;
    struct desk_view *view = arena_alloc(arena, sizeof *view);
    if (!view)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    desk_view(order, view);
    const struct bracket_spec *spec = &view->state.spec;
    bracket_sum(&view->state, &sums);
    /* A held position is given back, and what was never bought needs no exits. */
    if (leg == LEG_ENTRY || spec->adopts_position || sums.entered == 0)
        return desk_cancel(order, 0, done, context, e);
    bool entry_open = sums.entries_live > 0 || sums.entered < spec->quantity;
    if (!entry_open)
        return desk_drop_exits(order, done, context, e);
    enum err err = desk_drop_exits(order, NULL, NULL, e);
    return err ? err : desk_cancel(order, 0, done, context, e);
}
