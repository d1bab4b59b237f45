/* New terms of a bracket out of its own and a JSON Merge Patch (RFC 7396) on its request:
 *
 *   {"stop_loss": {"stop_price": "4.50"}, "take_profit": null, "flat_at": "15:30"}
 *
 * What is not named stays. Whether the bracket may still take the terms is for its own thread to
 * say (bracket_may_modify).
 */
#ifndef SERVER_ORDERS_ORDER_PATCH_H
#define SERVER_ORDERS_ORDER_PATCH_H

#include "orders/order_request.h"

/* INVALID with a place in the patch, or a JSON pointer into the request that it makes; now_ns UTC.
 */
enum err order_patch(const struct bracket_spec *spec, const char *patch, size_t length,
                     const struct broker_capabilities *capabilities, const struct calendar *hours,
                     int64_t now_ns, struct arena *arena, struct bracket_spec *ret,
                     struct error *e);

/* What `wanted` changed of `base`, done to `current`, which was changed meanwhile. */
struct bracket_spec order_patch_rebase(const struct bracket_spec *base,
                                       const struct bracket_spec *wanted,
                                       const struct bracket_spec *current);

#endif
