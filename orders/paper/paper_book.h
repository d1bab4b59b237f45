/* The paper broker's book: cash, positions, markets and orders, and the rules by which they move.
 * Private to the folder.
 *
 * Plain data: no lock, no thread, no clock, no I/O. Each call is given the time, changes the book
 * and adds what happened to the outbox as events (paper_store.h); the caller sees to it that they
 * are on disk before anybody is told. The caller serializes the calls (the PAPER mutex).
 *
 * An order is on its way (until latency_ns has passed), in its market, or ended. An order in a
 * market is in its list, in the order of arrival, which is its priority in time. docs/
 * paper-broker.md has the rules as users read them.
 */
#ifndef ORDERS_PAPER_PAPER_BOOK_H
#define ORDERS_PAPER_PAPER_BOOK_H

#include "engine/bars/calendar.h"
#include "orders/broker.h"
#include "orders/market_quote.h"
#include "orders/paper/paper_outbox.h"
#include "orders/past_contracts.h"

#include <uthash.h>

struct paper_market;

struct paper_order {
    struct paper_order_row row;
    struct paper_market *market;
    struct paper_order *pair;                /* the other leg; ended together */
    struct paper_order *prev, *next;         /* on its way, in its market, or ended */
    struct paper_order *all_prev, *all_next; /* all of the book, by id */
    struct paper_order *cancel_next;         /* cancels on their way */
    int64_t arrives_ns, cancels_ns;          /* steady; 0 = not on its way */
    int64_t reserved;                        /* cash */
    int64_t claimed;                         /* of the position */
    int64_t batch;                           /* that stores its last change */
    bool in_market;
    UT_hash_handle by_client_id;
};

/* Prices at which some order in the market may act; beyond them a quote needs no look at the
 * orders. They may be too wide, never too narrow. */
struct paper_bounds {
    int64_t ask_low, ask_high; /* an ask <= low or >= high */
    int64_t bid_low, bid_high;
};

struct paper_market {
    struct position position; /* its contract has the symbol; of a quote alone, nothing else */
    int64_t bid, ask, last;
    int64_t bid_left, ask_left; /* of the quote's sizes; INT64_MAX = not known */
    int64_t at_ns;              /* UTC; 0 = no quote yet */
    int64_t at_steady_ns;
    bool halted;
    bool positioned;                    /* in the list of positions */
    bool used;                          /* of a sweep: an order in memory is in it */
    int32_t openings[ORDER_SIDE_COUNT]; /* live orders that open */
    int64_t claimed;                    /* by live orders that close */
    struct paper_order *orders;         /* in the market */
    struct paper_bounds bounds;
    struct paper_market *position_prev, *position_next;
    UT_hash_handle by_symbol;
};

struct paper_book_options {
    const struct calendar *calendar; /* NULL = never closed */
    int64_t latency_ns;
    int64_t quote_max_age_ns;
    int64_t keep_ns; /* how long an ended order stays in memory */
};

struct paper_book {
    struct paper_book_options options;
    struct paper_outbox *outbox; /* borrowed */
    int64_t cash;
    int64_t reserved;   /* by live orders that open */
    int64_t short_cost; /* what short positions were sold for: locked twice, see paper_terms.h */
    int64_t last_order_id, last_seq;
    struct paper_order *orders; /* by client id */
    struct paper_order *all;    /* by id */
    struct paper_order *arriving, *ended;
    struct paper_order *cancels, *cancels_last;
    int32_t live;
    struct paper_market *markets, *positions;
    int32_t market_count;
    struct past_sweep sweep;  /* of the markets */
    int64_t expiry_ns;        /* UTC: no order expires before; INT64_MAX */
    int64_t settle_ns;        /* UTC: no position is settled before; INT64_MAX */
    int64_t evicted_until_ns; /* no order that ended later has left memory; INT64_MIN = none has */
    int64_t session_from_ns, session_until_ns; /* UTC: in [from, until) session_open holds */
    bool session_open;
    int64_t quotes, quotes_ignored, accepted, refused, fills; /* counted since the start */
};

void paper_book_init(struct paper_book *b, const struct paper_book_options *options,
                     struct paper_outbox *outbox);
void paper_book_release(struct paper_book *b);

/* What was stored, in this order; NO_MEMORY, and DATA for a symbol that is none. Orders that were
 * on their way have arrived; paper_book_advance must follow, it carries out the cancels. */
void paper_book_load_account(struct paper_book *b, const struct paper_account_row *row);
enum err paper_book_load_position(struct paper_book *b, const struct position *position,
                                  struct error *e);
enum err paper_book_load_order(struct paper_book *b, const struct paper_order_row *row,
                               struct error *e);

struct paper_order *paper_book_find(struct paper_book *b, const char *client_id);
/* Accepts an order, or both legs of a native OCO; without latency it is in the market at once. The
 * client ids must be new. OK and the (first) order; REJECTED and why; NOT_SENT for want of memory.
 */
enum outcome paper_book_submit(struct paper_book *b, const struct broker_submit *submit,
                               struct order_clock now, struct paper_order **ret,
                               struct broker_refusal *ret_refusal);
/* The cancel of a live order and its pair; without latency it is carried out at once. NOT_SENT for
 * want of memory. */
enum outcome paper_book_cancel(struct paper_book *b, struct paper_order *order,
                               struct order_clock now);
/* Takes the quote and trades on it. */
void paper_book_quote(struct paper_book *b, const struct market_quote *quote,
                      struct order_clock now);
/* All that is due: orders and cancels that arrive, orders that expire, positions that are settled,
 * ended orders that leave memory (unless `keep`). Returns when something is next due, in steady
 * time; INT64_MAX = never. */
int64_t paper_book_advance(struct paper_book *b, struct order_clock now, bool keep);

/* NULL when there is none. */
struct paper_market *paper_book_market(struct paper_book *b, const char *symbol);
/* Cash that is free for what opens. */
int64_t paper_book_buying_power(const struct paper_book *b);
/* Cash and what the positions would bring: at the middle of the quote, else the last price, else at
 * what they cost. */
int64_t paper_book_equity(const struct paper_book *b);

void paper_order_report(const struct paper_order_row *row, struct broker_report *ret);

#endif
