/* The interface of a broker: a table of functions and what the broker is able to do.
 *
 * Its contract, which tests/orders/broker_contract.h turns into a matrix that every adapter passes:
 *
 *  - A call that changes state is made at most once on the wire. Nothing below may repeat it.
 *  - The outcome is `ok` or `rejected` only on a whole, valid answer that names our client order
 * id; `not_sent` only when no byte of the request left. Everything else is `unknown`.
 *  - A client order id that the broker has seen names one order for good. Where it deduplicates
 *    (CAN_DEDUP), submitting it again makes no second order; "duplicate id" is `unknown`: it
 * exists.
 *  - find() is `ok` and not found only when the broker said so; that is evidence only once its
 * bound has passed since the submit. list() is `ok` only when all of it was read.
 *  - Reports are cumulative, filled is gross of busts, and neither ever falls. A report's client id
 *    is ours, of both legs of a native OCO; orders of others have none of ours and are left out.
 *  - A native OCO never fills more than its quantity over both legs; canceling one leg cancels
 * both.
 *  - A position that is not in positions() is not known to be flat unless the answer is complete.
 *
 * Calls may block for as long as the adapter's timeout; any thread may call, several at a time.
 */
#ifndef ORDERS_BROKER_H
#define ORDERS_BROKER_H

#include "base/error.h"
#include "orders/client_id.h"
#include "orders/contract.h"
#include "orders/order.h"
#include "orders/outcome.h"

enum { BROKER_ORDER_ID_TEXT = 64, BROKER_EXECUTION_ID_TEXT = 64, BROKER_MESSAGE_TEXT = 160 };

/* clang-format off */
#define BROKER_ABILITY_TABLE(X)                                                                    \
    X(DEDUP, 0, "dedup")                   /* refuses a client order id that it has seen */        \
    X(FIND, 1, "find")                     /* looks up by client order id */                       \
    X(NATIVE_OCO, 2, "native_oco")         /* two exits of which one cancels the other */          \
    X(OPTION_STOPS, 3, "option_stops")     /* stop orders on options */                            \
    X(EXECUTION_IDS, 4, "execution_ids")   /* each fill has an id of its own */                    \
    X(BULK_LIST, 5, "bulk_list")           /* lists all open orders at once */                     \
    X(OPTION_GTC, 6, "option_gtc")         /* options may be good till canceled */
/* clang-format on */

enum broker_ability {
#define X(code, bit, name) BROKER_CAN_##code = 1 << (bit),
    BROKER_ABILITY_TABLE(X)
#undef X
};

struct broker_capabilities {
    const char *name; /* "paper" */
    uint32_t abilities;
    int32_t calls_per_minute;   /* the rate limit, 0 = none */
    int64_t not_found_bound_ns; /* after a submit's answer is lost, how long the order may hide */
};

struct broker_submit {
    const char *client_id; /* borrowed for the call */
    struct contract contract;
    enum order_side side;
    enum order_type type;
    enum time_in_force time_in_force;
    int64_t quantity, limit_price, stop_price;
    bool opens; /* of options: buy or sell to open; else to close */
    /* A native OCO: this is the take profit, a limit; the second leg is a stop at oco_stop_price,
     * with a limit unless oco_limit_price is 0. NULL = a simple order. */
    const char *oco_client_id;
    int64_t oco_stop_price, oco_limit_price;
};

struct broker_report {
    char client_id[CLIENT_ID_TEXT];
    char broker_order_id[BROKER_ORDER_ID_TEXT];
    enum order_status status; /* NEW for everything that is live, or a dead status */
    enum order_type type;
    int64_t quantity, limit_price, stop_price;
    int64_t filled, filled_value;      /* cumulative, gross of busts */
    int64_t busted, busted_value;      /* cumulative */
    char message[BROKER_MESSAGE_TEXT]; /* why it was rejected; "" */
};

struct broker_fill {
    char execution_id[BROKER_EXECUTION_ID_TEXT]; /* "" where the broker has none */
    char client_id[CLIENT_ID_TEXT];
    int64_t quantity, price; /* quantity below 0: a bust of that execution */
    int64_t at_ns;           /* UTC */
};

struct broker_position {
    char symbol[LIMIT_SYMBOL_BYTES];
    int64_t quantity; /* below 0: short */
    int64_t average_price;
};

struct broker_account {
    char id[BROKER_ORDER_ID_TEXT];
    int64_t cash, equity, buying_power;
    bool blocked;
};

/* What a rejection said. */
struct broker_refusal {
    enum reject reject;
    char message[BROKER_MESSAGE_TEXT];
};

/* Told item by item; returning false ends the listing, which then is not complete. */
typedef bool broker_report_fn(void *context, const struct broker_report *report);
typedef bool broker_fill_fn(void *context, const struct broker_fill *fill);
typedef bool broker_position_fn(void *context, const struct broker_position *position);
/* An order of ours has changed: a hint to ask for it now. On a thread of the broker's, must not
 * block nor call the broker. */
typedef void broker_hint_fn(void *context, const char *client_id);

struct broker;
struct broker_operations {
    const struct broker_capabilities *(*capabilities)(const struct broker *);
    /* ret_report is written on OK when the answer has the order's state: *ret_reported. */
    enum outcome (*submit)(struct broker *, const struct broker_submit *, bool *ret_reported,
                           struct broker_report *ret_report, struct broker_refusal *ret_refusal);
    enum outcome (*cancel)(struct broker *, const char *client_id, const char *broker_order_id,
                           struct broker_refusal *ret_refusal);
    /* OK: *ret_found is evidence (see above). */
    enum outcome (*find)(struct broker *, const char *client_id, bool *ret_found,
                         struct broker_report *ret_report);
    /* Every order of ours that is live, and those that died since since_ns (UTC). With BULK_LIST.
     */
    enum outcome (*list)(struct broker *, int64_t since_ns, broker_report_fn *, void *context);
    /* Executions since since_ns (UTC). With EXECUTION_IDS. */
    enum outcome (*fills)(struct broker *, int64_t since_ns, broker_fill_fn *, void *context);
    enum outcome (*positions)(struct broker *, broker_position_fn *, void *context);
    enum outcome (*account)(struct broker *, struct broker_account *ret);
    /* ret->at_steady_ns is left to the caller; *ret_age_ns is how old the broker says it is. */
    enum outcome (*quote)(struct broker *, const struct contract *, struct order_quote *ret,
                          int64_t *ret_age_ns);
    /* From now on `hint` is called with each change; NULL ends that, and no call is under way when
     * it returns. The member is NULL where the broker has nothing of the kind. Hints may be lost:
     * the listings are the truth. */
    void (*listen)(struct broker *, broker_hint_fn *hint, void *context);
    void (*free)(struct broker *);
};

/* The first member of every adapter's struct. */
struct broker {
    const struct broker_operations *operations;
};

static inline bool broker_can(const struct broker *b, enum broker_ability ability)
{
    return (b->operations->capabilities(b)->abilities & ability) != 0;
}

#endif
