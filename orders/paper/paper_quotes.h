/* Quotes that wait for the market's thread: a ring of values. Private to the folder.
 *
 * Any thread puts, one takes. Full means a refusal of the whole lot.
 */
#ifndef ORDERS_PAPER_PAPER_QUOTES_H
#define ORDERS_PAPER_PAPER_QUOTES_H

#include "base/error.h"
#include "base/mutex.h"
#include "orders/market_quote.h"

struct paper_quotes {
    struct mutex mutex;
    /* behind the mutex */
    struct market_quote *ring; /* LIMIT_PAPER_QUOTES */
    size_t head, count;
};

enum err paper_quotes_init(struct paper_quotes *q, struct error *e);
void paper_quotes_release(struct paper_quotes *q);
/* BUSY when they do not all find room. */
enum err paper_quotes_put(struct paper_quotes *q, const struct market_quote *quotes, size_t count,
                          struct error *e);
size_t paper_quotes_take(struct paper_quotes *q, struct market_quote *ret, size_t max);
size_t paper_quotes_count(struct paper_quotes *q);

#endif
