#include "orders/desk/rate_gate.h"

#include "base/clock.h"

enum { BUCKET_SECONDS = 10, BUCKET_CALLS_MIN = 5, RESERVED_PART = 5 };

void rate_gate_init(struct rate_gate *g, int32_t calls_per_minute, int64_t now_ns)
{
    *g = (struct rate_gate){.refilled_ns = now_ns};
    if (calls_per_minute <= 0)
        return;
    g->cost_ns = NS_PER_MINUTE / calls_per_minute;
    g->capacity_ns = BUCKET_SECONDS * NS_PER_SECOND;
    if (g->capacity_ns < BUCKET_CALLS_MIN * g->cost_ns)
        g->capacity_ns = BUCKET_CALLS_MIN * g->cost_ns;
    g->balance_ns = g->capacity_ns;
}

static void refill(struct rate_gate *g, int64_t now_ns)
{
    int64_t passed_ns = now_ns - g->refilled_ns;
    if (passed_ns <= 0)
        return;
    int64_t room_ns = g->capacity_ns - g->balance_ns;
    g->balance_ns += passed_ns < room_ns ? passed_ns : room_ns;
    g->refilled_ns = now_ns;
}

int64_t rate_gate_take(struct rate_gate *g, enum call_priority priority, int64_t now_ns)
{
    if (!g->cost_ns)
        return 0;
    refill(g, now_ns);
    for (int higher = 0; higher < (int)priority; higher++)
        if (g->waiting[higher])
            return g->cost_ns;
    int64_t reserve_ns = priority == CALL_PROTECT ? 0 : g->capacity_ns / RESERVED_PART;
    int64_t missing_ns = reserve_ns + g->cost_ns - g->balance_ns;
    if (missing_ns > 0)
        return missing_ns;
    g->balance_ns -= g->cost_ns;
    return 0;
}
