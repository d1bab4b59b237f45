/* Where quotes come in: posted by users (quotes.c), or made of stored bars by replays. The feed
 * hands them to the broker whose market they are, then to everyone who watches, and keeps the
 * newest of each symbol to be looked at.
 *
 * Quotes of a symbol never go back in time: one that is older than the newest is ignored, for
 * everyone. All see the same quotes in the same order: batches are handed on one at a time, under
 * the feed's lock.
 *
 * Any thread; nothing blocks, so an HTTP loop may post.
 */
#ifndef SERVER_MARKET_MARKET_FEED_H
#define SERVER_MARKET_MARKET_FEED_H

#include "base/clock.h"
#include "base/error.h"
#include "orders/market_quote.h"

#include <stddef.h>

struct desk;
struct market_feed;

/* The broker that fills orders from these quotes. It may refuse a batch as a whole, which then
 * nobody sees. Called under the feed's lock: it must not block. */
struct market_broker {
    void *context;
    enum err (*quotes)(void *context, const struct market_quote *quotes, size_t count,
                       struct error *e); /* NULL = there is none */
    /* What it was given has had its effect, and was told. NULL = it always has. */
    bool (*settled)(void *context);
};

/* Somebody who watches. Called under the feed's lock: it must not block, nor call the feed. now_ns
 * (UTC) less a quote's at_ns is its age; a quote may be from slightly later than now. */
struct market_watcher {
    void *context;
    void (*quotes)(void *context, const struct market_quote *quotes, size_t count, int64_t now_ns);
    /* How many of these may be told before it has to be waited for: up to and with the first on
     * which it acts (*ret_acts). NULL = it acts on none. */
    size_t (*until_act)(void *context, const struct market_quote *quotes, size_t count,
                        bool *ret_acts);
    /* It has done, and passed on, what it had to do by the quotes of the symbol. With until_act. */
    bool (*settled)(void *context, const char *symbol);
};
enum { MARKET_WATCHERS_MAX = 4 };

struct market_feed_options {
    const struct clock *clock; /* borrowed, as the contexts below */
    struct market_broker broker;
    struct market_watcher watchers[MARKET_WATCHERS_MAX]; /* told in this order */
    size_t watcher_count;
};

/* The desk as a watcher. */
struct market_watcher market_watcher_desk(struct desk *desk);

enum err market_feed_create(const struct market_feed_options *options, struct market_feed **ret,
                            struct error *e);
void market_feed_free(struct market_feed *f); /* NULL is fine; nobody may be inside */

/* Takes a batch, in order; at_ns 0 is now. All or nothing: on an error nobody has seen any of it.
 * *ret_accepted (NULL allowed): how many were not older than the newest of their symbol.
 * count <= LIMIT_QUOTES_BATCH (asserted). BUSY when the broker has too many waiting: try again;
 * TOO_LARGE past LIMIT_MARKET_SYMBOLS; NO_MEMORY. */
enum err market_feed_quotes(struct market_feed *f, const struct market_quote *quotes, size_t count,
                            size_t *ret_accepted, struct error *e);

/* For who makes quotes faster than orders can follow: how many of a batch can be handed on before
 * somebody acts on them, with the quote that makes them; *ret_acts: such a one is the last. Then
 * market_feed_settled is to hold before the next. */
size_t market_feed_until_act(struct market_feed *f, const struct market_quote *quotes, size_t count,
                             bool *ret_acts);
/* The quotes of the symbol have had all their effects: nobody acts any more, and nothing is on its
 * way to the market or back. */
bool market_feed_settled(struct market_feed *f, const char *symbol);

struct market_last {
    struct market_quote quote;
    int64_t age_ns; /* how old it is now */
};
/* The newest of a symbol; false when there is none. */
bool market_feed_last(struct market_feed *f, const char *symbol, struct market_last *ret);
/* The newest quotes of up to `max` symbols, in the order in which the symbols first came, after the
 * first *place of them; *place moves on, and *ret_more tells whether there are others. Returns how
 * many were written. */
size_t market_feed_list(struct market_feed *f, size_t *place, size_t max, struct market_last *out,
                        bool *ret_more);

struct market_feed_stats {
    int64_t symbols;                    /* with a quote, now */
    int64_t accepted, ignored, refused; /* quotes, ever; refused: no room at the broker */
};
struct market_feed_stats market_feed_stats(struct market_feed *f);

#endif
