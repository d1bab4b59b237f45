/* What one key may have open, and whether new terms of a bracket stay within the limits. */
#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

struct key_use *desk_key_use(struct desk *d, const struct uuid *key_id)
{
    struct key_use *use;
    HASH_FIND(hh, d->keys, key_id, sizeof *key_id, use);
    if (use)
        return use;
    use = calloc(1, sizeof *use);
    if (!use)
        return NULL;
    use->id = *key_id;
    HASH_ADD(hh, d->keys, id, sizeof use->id, use);
    return use;
}

void desk_free_key_uses(struct desk *d)
{
    struct key_use *use, *next;
    HASH_ITER (hh, d->keys, use, next) {
        HASH_DELETE(hh, d->keys, use);
        free(use);
    }
}

enum err desk_check_key(struct desk *d, const struct uuid *key_id,
                        const struct risk_key_limits *limits, const struct bracket_spec *spec,
                        int64_t reference_price, struct error *e)
{
    struct key_use *use = desk_key_use(d, key_id);
    if (!use)
        return error_set(e, ERR_NO_MEMORY, "no memory for the order");
    return risk_check_key(limits, use->notional, spec, reference_price, e);
}

/* Against the sums without the bracket's own part. */
static enum err check_growth(struct desk *d, struct desk_order *o, const struct bracket_spec *after,
                             int64_t price, const struct uuid *key_id,
                             const struct risk_key_limits *key_limits, struct error *e)
    REQUIRES(d->mutex)
{
    struct risk_limits limits = d->options.limits;
    limits.orders_per_minute = 0; /* it is no new one */
    const struct risk_use use = {.quantity = order_subtract(o->market->quantity, o->risk_quantity),
                                 .notional = order_subtract(d->notional, o->risk_notional)};
    enum err err = risk_check(&limits, &use, &d->rate, after, price, 0, e);
    const struct key_use *key = err == ERR_OK ? desk_key_use(d, key_id) : NULL;
    if (err != ERR_OK || !key)
        return err != ERR_OK ? err : error_set(e, ERR_NO_MEMORY, "no memory for the change");
    bool own = memcmp(&o->header.key_id, key_id, sizeof *key_id) == 0;
    int64_t others = order_subtract(key->notional, own ? o->risk_notional : 0);
    return risk_check_key(key_limits, others, after, price, e);
}

enum err desk_check_change(struct desk_order *o, const struct bracket_spec *before,
                           const struct bracket_spec *after, const struct uuid *key_id,
                           const struct risk_key_limits *key_limits, struct error *e)
{
    struct order_quote quote = desk_quote_of(o);
    int64_t price = after->side == ORDER_BUY ? quote.ask : quote.bid;
    bool grows = after->quantity > before->quantity ||
                 risk_spec_notional(after, price) > risk_spec_notional(before, price);
    if (!grows)
        return ERR_OK;
    struct desk *d = o->desk;
    mutex_lock(&d->mutex);
    enum err err = check_growth(d, o, after, price, key_id, key_limits, e);
    mutex_unlock(&d->mutex);
    return err;
}
