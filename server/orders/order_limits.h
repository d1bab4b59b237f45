/* What the key of a request may have its orders come to, as the desk takes it. */
#ifndef SERVER_ORDERS_ORDER_LIMITS_H
#define SERVER_ORDERS_ORDER_LIMITS_H

#include "orders/risk.h"
#include "server/http/request.h"

static inline struct risk_key_limits order_key_limits(const struct http_request *r)
{
    return (struct risk_key_limits){.order_notional = r->identity.max_order_notional,
                                    .open_notional = r->identity.max_open_notional};
}

#endif
