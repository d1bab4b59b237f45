/* What is held and what is open, out of the desk's memory. */
#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

static int64_t held(struct desk *d, const char *symbol) REQUIRES(d->mutex)
{
    struct held_position *p;
    HASH_FIND(by_symbol, d->positions, symbol, strlen(symbol), p);
    return p ? p->position.quantity : 0;
}

int64_t desk_held(struct desk *d, const char *symbol)
{
    mutex_lock(&d->mutex);
    int64_t quantity = held(d, symbol);
    mutex_unlock(&d->mutex);
    return quantity;
}

bool desk_entry_closes(struct desk *d, const struct bracket_spec *spec)
{
    if (spec->take_profit.kind != EXIT_NONE || spec->stop_loss.kind != EXIT_NONE ||
        spec->adopts_position)
        return false;
    int64_t quantity = held(d, spec->contract.symbol);
    return spec->quantity <= (spec->side == ORDER_SELL ? quantity : -quantity);
}

/* ---- open brackets --------------------------------------------------------------------------- */

static bool is_open(const struct desk_order *o)
{
    return atomic_load(&o->phase) == ORDER_LIVE && !bracket_status_final(o->counted);
}

static int newest_first(const void *a, const void *b)
{
    struct uuid x = desk_order_id(*(struct desk_order *const *)a);
    struct uuid y = desk_order_id(*(struct desk_order *const *)b);
    return memcmp(&y, &x, sizeof x);
}

size_t desk_open(struct desk *d, const char *symbol, struct desk_order **ret, size_t max)
{
    size_t count = 0;
    struct desk_order *o, *next;
    mutex_lock(&d->mutex);
    if (symbol) {
        const struct market *m = desk_market(d, symbol, false);
        for (o = m ? m->first : NULL; o && count < max; o = o->market_next)
            if (is_open(o))
                ret[count++] = desk_ref(o);
    } else {
        HASH_ITER (by_id, d->book, o, next)
            if (count < max && is_open(o))
                ret[count++] = desk_ref(o);
    }
    mutex_unlock(&d->mutex);
    if (count > 0)
        qsort(ret, count, sizeof *ret, newest_first);
    return count;
}
