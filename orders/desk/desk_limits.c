/* What brackets and keys may have open: their parts of the sums, and what a change adds to them.
 *
 * A change is held to the limits by the bracket's own thread, at the moment at which it steps it,
 * and what it adds is reserved under the lock that guards the sums: of two changes that would
 * together go over, whichever comes second finds the first one's part in the sums, whether that is
 * on disk yet or not. The commit then counts the bracket by its new state, whatever that is; a
 * commit that is refused counts it by the old one again.
 */
#include "orders/desk/desk_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys ------------------------------------------------------------------------------------ */

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

/* ---- parts of the sums ----------------------------------------------------------------------- */

int64_t desk_reference_price(const struct market *m, enum order_side side)
{
    struct order_quote quote = desk_market_quote(m);
    return side == ORDER_BUY ? quote.ask : quote.bid;
}

void desk_set_risk(struct desk *d, struct desk_order *o, const struct risk_part *part)
{
    int64_t notional = order_subtract(part->notional, o->risk.notional);
    o->market->quantity =
        order_add(o->market->quantity, order_subtract(part->quantity, o->risk.quantity));
    d->notional = order_add(d->notional, notional);
    struct key_use *use = desk_key_use(d, &o->header.key_id); /* there since desk_enter */
    use->notional = order_add(use->notional, notional);
    o->risk = *part;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* What a key may have open is the sum of its own orders, which a restart finds again in the store.
 * Growth of another's order would be in no such sum, so a key with a limit may not bring it about.
 */
static enum err check_key_growth(struct desk *d, const struct desk_order *o,
                                 const struct desk_change *change, const struct risk_growth *g,
                                 struct error *e) REQUIRES(d->mutex)
{
    const struct risk_key_limits *limits = &change->key_limits;
    if (!limits->order_notional && !limits->open_notional)
        return ERR_OK;
    if (memcmp(&o->header.key_id, &change->key_id, sizeof change->key_id) != 0)
        return error_set(e, ERR_FORBIDDEN,
                         "the order is another key's, and one that is limited in notional may not "
                         "make it larger");
    const struct key_use *use = desk_key_use(d, &change->key_id); /* there since desk_enter */
    return risk_check_key_growth(limits, order_subtract(use->notional, o->risk.notional), g, e);
}

/* Against the sums without the bracket's own part. */
static enum err check_growth(struct desk *d, const struct desk_order *o,
                             const struct desk_change *change, const struct bracket_spec *after,
                             const struct risk_growth *g, struct error *e) REQUIRES(d->mutex)
{
    if (!risk_grows(g) || desk_entry_closes(d, after))
        return ERR_OK;
    const struct risk_use others = {.quantity =
                                        order_subtract(o->market->quantity, o->risk.quantity),
                                    .notional = order_subtract(d->notional, o->risk.notional)};
    enum err err = risk_check_growth(&d->options.limits, &others, g, e);
    return err ? err : check_key_growth(d, o, change, g, e);
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum err desk_reserve_change(struct desk_order *o, const struct desk_change *change,
                             const struct bracket_state *before, const struct bracket_state *after,
                             struct error *e)
{
    struct desk *d = o->desk;
    struct risk_growth g;
    mutex_lock(&d->mutex);
    int64_t price = desk_reference_price(o->market, after->spec.side);
    risk_growth_of(before, after, price, &g);
    enum err err = check_growth(d, o, change, &after->spec, &g, e);
    if (err == ERR_OK) {
        const struct risk_part part = {.quantity = greater(o->risk.quantity, g.after.quantity),
                                       .notional = greater(o->risk.notional, g.after.notional)};
        desk_set_risk(d, o, &part);
    } else {
        d->refused++;
    }
    mutex_unlock(&d->mutex);
    return err;
}

void desk_give_back(struct desk_order *o, const struct bracket_state *committed)
{
    struct desk *d = o->desk;
    mutex_lock(&d->mutex);
    desk_account(d, o, committed);
    mutex_unlock(&d->mutex);
}
