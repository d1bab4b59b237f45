/* What the paper broker needs stored; db/paper_store.h implements it on bracketd.db.
 *
 * Everything the broker does is an event: an order or a cancel that it accepted, a stop whose price
 * was reached, a fill, the end of an order, the settlement of what has expired. Events are numbered
 * from 1 without a gap and never changed: the journal. What a restart needs (orders, positions,
 * cash) is stored beside it in the same transaction, as it is after the event.
 */
#ifndef ORDERS_PAPER_PAPER_STORE_H
#define ORDERS_PAPER_PAPER_STORE_H

#include "base/error.h"
#include "orders/client_id.h"
#include "orders/contract.h"
#include "orders/order.h"
#include "orders/positions.h"

/* The numbers are stored. code, number, name */
/* clang-format off */
#define PAPER_EVENT_TABLE(X)                                                                       \
    X(SUBMITTED, 1, "submitted")       /* an order was accepted */                                 \
    X(CANCEL_ASKED, 2, "cancel_asked") /* a cancel was accepted; it is on its way */               \
    X(TRIGGERED, 3, "triggered")       /* a stop's price was reached */                            \
    X(FILLED, 4, "filled")             /* an execution: quantity and price */                      \
    X(CANCELED, 5, "canceled")                                                                     \
    X(EXPIRED, 6, "expired")                                                                       \
    X(REJECTED, 7, "rejected")         /* after it was accepted: see PAPER_REASON_TABLE */         \
    X(SETTLED, 8, "settled")           /* a position has expired: quantity (signed) and price */

/* Why an order ended without being filled; the numbers are stored. code, number, text */
#define PAPER_REASON_TABLE(X)                                                                      \
    X(NONE, 0, "")                                                                                 \
    X(ASKED, 1, "")                                                                                \
    X(PAIR, 2, "the other leg of its pair has ended")                                              \
    X(IMMEDIATE, 3, "it could not be filled at once")                                              \
    X(SESSION, 4, "the session has ended")                                                         \
    X(CONTRACT, 5, "the contract has expired")                                                     \
    X(CASH, 6, "at the market's price it costs more than the buying power")
/* clang-format on */

enum paper_event_kind {
#define X(code, number, name) PAPER_EVENT_##code = (number),
    PAPER_EVENT_TABLE(X)
#undef X
};
enum paper_reason {
#define X(code, number, text) PAPER_REASON_##code = (number),
    PAPER_REASON_TABLE(X)
#undef X
};

/* An order as it is stored. Prices and quantities at 1e-6, times UTC. */
struct paper_order_row {
    int64_t id;      /* from 1, ascending */
    int64_t pair_id; /* the other leg of a native OCO; 0 = none */
    char client_id[CLIENT_ID_TEXT];
    char symbol[LIMIT_SYMBOL_BYTES];
    bool opens, triggered, cancel_asked;
    enum contract_kind contract_kind;
    enum order_side side;
    enum order_type type;
    enum time_in_force time_in_force;
    enum order_status status; /* NEW, or a dead one */
    enum paper_reason reason;
    int64_t quantity, limit_price, stop_price;
    int64_t reserve_price; /* what its cash is reserved by, per unit; 0 = none is */
    int64_t filled, filled_value;
    int64_t accepted_ns, expires_ns, ended_ns; /* 0 = never, not yet */
};

struct paper_event {
    int64_t seq; /* in the journal */
    int64_t at_ns;
    enum paper_event_kind kind;
    struct paper_order_row order; /* after the event; SETTLED: zeros */
    int64_t quantity, price;      /* FILLED, SETTLED */
    struct position position;     /* after the event; FILLED, SETTLED */
    int64_t cash;                 /* after the event */
};

struct paper_execution {
    int64_t seq; /* of its event: the execution's id */
    char client_id[CLIENT_ID_TEXT];
    int64_t quantity, price, at_ns;
};

/* What a start goes on from. */
struct paper_account_row {
    int64_t cash;
    int64_t last_order_id, last_seq, last_ended_ns; /* 0 = none yet */
};

/* Called for each; an error ends the reading and is returned. */
typedef enum err paper_order_fn(void *context, const struct paper_order_row *row, struct error *e);
/* The contract has its symbol, kind and multiplier alone. */
typedef enum err paper_position_fn(void *context, const struct position *position, struct error *e);
/* false ends the reading. */
typedef bool paper_execution_fn(void *context, const struct paper_execution *execution);

/* The end of a submit, once, on the store's thread: OK means on disk. Must not block. */
typedef void paper_store_done(void *context, enum err code, const struct error *e);

struct paper_store;
struct paper_store_operations {
    /* Stores all events or none. Never waits, and does not call `done` before it returns. The
     * events are borrowed until `done`. BUSY when too much waits: nothing will be stored then. */
    enum err (*submit)(struct paper_store *, const struct paper_event *events, size_t count,
                       paper_store_done *done, void *context, struct error *e);
    /* These block. `load` makes the account with `cash` when there is none, tells every position
     * that there ever was, then every order that is live, by id. */
    enum err (*load)(struct paper_store *, int64_t cash, struct paper_account_row *ret,
                     paper_position_fn *, paper_order_fn *, void *context, struct error *e);
    enum err (*find)(struct paper_store *, const char *client_id, bool *ret_found,
                     struct paper_order_row *ret, struct error *e);
    /* Orders that ended in [since_ns, until_ns]. */
    enum err (*ended)(struct paper_store *, int64_t since_ns, int64_t until_ns, paper_order_fn *,
                      void *context, struct error *e);
    enum err (*executions)(struct paper_store *, int64_t since_ns, paper_execution_fn *,
                           void *context, struct error *e);
};

/* The first member of every implementation's struct. */
struct paper_store {
    const struct paper_store_operations *operations;
};

#endif
