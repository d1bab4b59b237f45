#include "orders/past_contracts.h"

#include "engine/options/occ_symbol.h"

#include <string.h>

/* The day ends later in New York than by UTC. */
enum { DAYS_OVER = 2 };

bool past_sweep_due(const struct past_sweep *s, size_t count, int64_t now_ns)
{
    return count >= (s->at ? s->at : PAST_FIRST) && now_ns >= s->after_ns;
}

void past_sweep_done(struct past_sweep *s, size_t count, size_t limit, int64_t now_ns)
{
    s->at = 2 * count;
    if (s->at < PAST_FIRST)
        s->at = PAST_FIRST;
    if (s->at > limit)
        s->at = limit;
    s->after_ns = now_ns + NS_PER_MINUTE;
}

bool past_contract(const char *symbol, int64_t quote_age_ns, int64_t now_ns)
{
    struct occ_symbol option;
    return quote_age_ns > NS_PER_DAY &&
           occ_symbol_parse(symbol, strlen(symbol), &option, NULL) == ERR_OK &&
           now_ns / NS_PER_DAY - option.expiry_days >= DAYS_OVER;
}
