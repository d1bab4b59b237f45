#include "orders/order.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "orders/names.h"

NAME_OF(order_side_name, enum order_side, side, ORDER_SIDE_TABLE, NAME_SECOND_OF_2)
NAME_OF(order_type_name, enum order_type, type, ORDER_TYPE_TABLE, NAME_SECOND_OF_2)
NAME_OF(time_in_force_name, enum time_in_force, tif, TIME_IN_FORCE_TABLE, NAME_SECOND_OF_2)
NAME_OF(leg_name, enum leg, leg, LEG_TABLE, NAME_SECOND_OF_3)
NAME_OF(order_status_name, enum order_status, status, ORDER_STATUS_TABLE, NAME_SECOND_OF_3)

char leg_letter(enum leg leg)
{
#define X(code, name, letter) letter,
    static const char letters[] = {LEG_TABLE(X)};
#undef X
    return (size_t)leg < sizeof(letters) ? letters[leg] : '?';
}

bool order_quote_usable(const struct order_quote *q, int64_t now_steady_ns, int64_t max_age_ns)
{
    int64_t age_ns;
    return q->bid > 0 && q->ask >= q->bid && q->ask <= LIMIT_ORDER_PRICE && !q->halted &&
           !__builtin_sub_overflow(now_steady_ns, q->at_steady_ns, &age_ns) && age_ns >= 0 &&
           age_ns <= max_age_ns;
}

static int64_t clamp(__int128 x)
{
    if (x > INT64_MAX)
        return INT64_MAX;
    return x < INT64_MIN ? INT64_MIN : (int64_t)x;
}

/* Half away from zero; divisor > 0. */
static __int128 divide_rounded(__int128 x, int64_t divisor)
{
    return (x < 0 ? x - divisor / 2 : x + divisor / 2) / divisor;
}

int64_t order_value(int64_t quantity, int64_t price)
{
    return clamp(divide_rounded((__int128)quantity * price, DECIMAL_ONE));
}

int64_t order_average(int64_t value, int64_t quantity)
{
    if (quantity <= 0)
        return 0;
    return clamp(divide_rounded((__int128)value * DECIMAL_ONE, quantity));
}
