/* The paper broker: a simulated market behind the interface of brokers (orders/broker.h), and the
 * embedded default. It is called only through that interface; quotes come in by
 * paper_broker_quotes.
 *
 * What it keeps is its own (paper_store.h): orders, executions, positions and cash survive a crash
 * exactly as far as they were answered, whatever becomes of the desk's tables. An answer `ok` is
 * given after its commit, and so is everything that it reports.
 *
 * Fill rules are the backtest's (docs/fills.md), on quotes: buys trade at the ask and sells at the
 * bid, never beyond a limit, a stop becomes a market order once its price is reached, no more than
 * the size that the quote offers. docs/paper-broker.md has all of them.
 *
 * Threads: `paper` is the market; it takes the quotes, what arrives and what expires, and tells
 * hints. Calls of the interface come from any thread and block for their commit at most, so no
 * mutex may be held.
 */
#ifndef ORDERS_PAPER_PAPER_BROKER_H
#define ORDERS_PAPER_PAPER_BROKER_H

#include "base/clock.h"
#include "orders/broker.h"
#include "orders/market_quote.h"

struct calendar;
struct paper_store;

struct paper_options {
    const struct clock *clock;       /* borrowed, as all below */
    const struct calendar *calendar; /* market hours; NULL = it never closes */
    struct paper_store *store;
    int64_t cash;             /* of a new account, 1e-6 */
    int64_t latency_ns;       /* from a call until the market sees it */
    int64_t quote_max_age_ns; /* an older quote trades nothing; 0 = a minute */
    int64_t keep_ns;          /* an ended order stays in memory for that long; 0 = 15 minutes */
    /* Once, on the store's thread: something could not be stored, so what the market did since is
     * in memory alone. Every call is `unknown` from then on; end the process and start again. NULL
     * = not wanted. */
    void (*failed)(void *context, const struct error *e);
    void *context;
};

/* Loads what is stored and starts the market. Blocks. DATA when what is stored makes no sense. */
enum err paper_broker_create(const struct paper_options *options, struct broker **ret,
                             struct error *e);

/* Takes quotes, in order; what they fill is stored, then hinted and reported. Never blocks. BUSY
 * when too many wait: none is taken then. A quote older than the last of its symbol is ignored. */
enum err paper_broker_quotes(struct broker *broker, const struct market_quote *quotes, size_t count,
                             struct error *e);

/* Everything that it was given so far has had its effect, and that is stored and hinted: no quote
 * waits, no order or cancel is on its way. Never blocks. */
bool paper_broker_idle(struct broker *broker);

struct paper_stats {
    int64_t live, markets, positions;        /* orders, symbols, not flat: now */
    int64_t quotes_waiting, batches_waiting; /* for the market, for the store: now */
    /* since the start */
    int64_t quotes;         /* taken */
    int64_t quotes_ignored; /* older than the last, or of a symbol for which there is no room */
    int64_t accepted, refused, fills;
};
void paper_broker_stats(struct broker *broker, struct paper_stats *ret);

#endif
