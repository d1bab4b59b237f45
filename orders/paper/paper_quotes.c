#include "orders/paper/paper_quotes.h"

#include <stdlib.h>

enum err paper_quotes_init(struct paper_quotes *q, struct error *e)
{
    *q = (struct paper_quotes){.ring = calloc(LIMIT_PAPER_QUOTES, sizeof *q->ring)};
    mutex_init(&q->mutex, MUTEX_PAPER_QUOTES);
    return q->ring ? ERR_OK
                   : error_set(e, ERR_NO_MEMORY, "no memory for the paper market's quotes");
}

void paper_quotes_release(struct paper_quotes *q)
{
    mutex_release(&q->mutex);
    free(q->ring);
}

enum err paper_quotes_put(struct paper_quotes *q, const struct market_quote *quotes, size_t count,
                          struct error *e)
{
    mutex_lock(&q->mutex);
    bool fits = count <= LIMIT_PAPER_QUOTES - q->count;
    for (size_t i = 0; fits && i < count; i++)
        q->ring[(q->head + q->count++) % LIMIT_PAPER_QUOTES] = quotes[i];
    mutex_unlock(&q->mutex);
    return fits ? ERR_OK
                : error_set(e, ERR_BUSY, "the paper market has no room for %zu more quotes", count);
}

size_t paper_quotes_take(struct paper_quotes *q, struct market_quote *ret, size_t max)
{
    size_t taken = 0;
    mutex_lock(&q->mutex);
    while (taken < max && q->count > 0) {
        ret[taken++] = q->ring[q->head];
        q->head = (q->head + 1) % LIMIT_PAPER_QUOTES;
        q->count--;
    }
    mutex_unlock(&q->mutex);
    return taken;
}

size_t paper_quotes_count(struct paper_quotes *q)
{
    mutex_lock(&q->mutex);
    size_t count = q->count;
    mutex_unlock(&q->mutex);
    return count;
}
