/* The desk: every live bracket with its tracking thread, on one broker and one store.
 *
 * A bracket is live from its acceptance until it is final and has stayed so for a while (a late
 * fill reopens it). While it is live it is in the book, in memory; afterwards it is in the store
 * alone. Only a bracket's own thread (tracker.h) moves it: what users ask for is put into its
 * mailbox and answered once it is on disk. Order of effects, always: event -> step -> derive ->
 * commit -> effects.
 *
 * Start: load and fold everything unfinished (chains checked), threads started, then each asks the
 * broker; the gate (desk_ready) opens when no order is in doubt any more. Until then nothing new is
 * accepted; reads, cancels and closes work.
 *
 * "Never blocks" below: short locks only, fit for an HTTP loop. Callbacks run on the store's thread
 * or the caller's, without locks, and must not block.
 */
#ifndef ORDERS_DESK_DESK_H
#define ORDERS_DESK_DESK_H

#include "base/thread.h"
#include "orders/exposure.h"
#include "orders/market_quote.h"
#include "orders/order_store.h"
#include "orders/positions.h"
#include "orders/risk.h"

struct calendar;
struct strbuf;
struct desk;
struct desk_order; /* a live bracket; counted references */

/* ---- life ------------------------------------------------------------------------------------ */

/* What a commit brought. */
struct desk_news {
    int64_t sequence; /* of the newest event of the commit: GET /v1/events?since= */
    const struct uuid *id;
    int64_t rev;
    enum bracket_status status;
    uint32_t alerts;             /* ALERT_ bits: someone must be told at once */
    enum exposure_reason reason; /* with ALERT_UNPROTECTED: why */
    struct desk_order *order;    /* borrowed for the call; its view is this revision's or newer */
};

struct desk_listener {
    void *context;
    /* After each commit, on the store's thread, in the order of `sequence`. NULL = not wanted. */
    void (*committed)(void *context, const struct desk_news *news);
    /* A bracket whose thread hangs, or whose commits are refused, has become unprotected, or is it
     * no more: ALERT_UNPROTECTED, or ALERT_PROTECTED, and the reason; no sequence. What its commits
     * tell is not told twice. On the thread `desk-watch`. NULL = not wanted. */
    void (*exposed)(void *context, const struct desk_news *news);
    /* Once: a COMMIT failed, so what is on disk is not known. The desk has stopped calling the
     * broker and accepts nothing; end the process now and start again. NULL = not wanted. */
    void (*failed)(void *context, const struct error *e);
};

struct desk_options {
    struct broker *broker; /* borrowed, as all below, until desk_free */
    struct order_store *store;
    const struct clock *clock;
    const struct calendar *calendar;           /* sessions; NULL = the market never closes */
    char instance[CLIENT_ID_INSTANCE_MAX + 1]; /* in client order ids */
    int32_t incarnation;
    struct risk_limits limits;
    struct desk_listener listener;
    int64_t poll_interval_ns; /* 0 = 1 s */
    int64_t linger_ns;        /* a final bracket is watched for that long; 0 = 10 s */
    int32_t orders_max;       /* live at a time; 0 = LIMIT_ORDERS_LIVE */
    int32_t threads_max;      /* tracking threads; above it the shared loop; 0 = as orders_max */
    size_t stack_bytes;       /* of a tracking thread; 0 = 32 KiB */
    int32_t spare_threads;    /* how many desk_start leaves to others when threads are few */
};

enum err desk_create(const struct desk_options *options, struct desk **ret, struct error *e);
/* Loads and starts. Blocks on the store, not on the broker. DATA when a chain was tampered with or
 * the events do not fold; nothing runs then. */
enum err desk_start(struct desk *d, struct error *e);
/* Everything in doubt is resolved and the store is well. *ret_why (NULL allowed): a constant text
 * for /readyz, "" when ready. Never blocks. */
bool desk_ready(struct desk *d, const char **ret_why);
/* Refuses what comes, wakes every thread and joins them; what is open stays with the broker and is
 * taken up at the next start. TIMEOUT when a thread is still inside a broker call after timeout_ns
 * (0 = 1 s): then the desk must not be freed. */
enum err desk_stop(struct desk *d, int64_t timeout_ns, struct error *e);
/* After desk_stop; NULL is fine. All references must be back. */
void desk_free(struct desk *d);

/* ---- asking for things ----------------------------------------------------------------------- */

enum desk_outcome {
    DESK_DONE,     /* on disk */
    DESK_REPLAYED, /* the idempotency key was used before: `status` and `response` are of then */
    DESK_REFUSED,  /* nothing happened: `error` */
    DESK_UNKNOWN,  /* it may have happened: see order_store.h */
};
struct desk_result {
    enum desk_outcome outcome;
    const struct error *error; /* REFUSED, UNKNOWN; valid during the call */
    struct desk_order *order;  /* borrowed for the call; NULL when there is none (REPLAYED too) */
    struct uuid id;            /* of the bracket; DONE, REPLAYED */
    int64_t rev;               /* the newest on disk; DONE: it holds what was asked */
    int32_t status;            /* REPLAYED: HTTP's */
    const char *response;      /* DONE: what `describe` made; REPLAYED; valid during the call */
};
typedef void desk_done(void *context, const struct desk_result *result);

struct desk_view;

struct desk_placement {
    const struct bracket_spec *spec; /* settled: order_request.h */
    struct uuid key_id;
    const char *client_order_id; /* NULL = none */
    const char *idempotency_key; /* NULL = none */
    unsigned char body_sha256[SHA256_BYTES];
    struct risk_key_limits key_limits; /* of the key that asks */
    /* Writes the answer to 201, which is stored with the idempotency key and handed back with DONE.
     * Called at once, before desk_place returns, with its context; false = no memory. NULL = none.
     */
    bool (*describe)(void *context, const struct desk_view *view, struct strbuf *out);
};

/* Accepts a bracket: risk limits, room, its thread (parked), then the commit; `done` comes from the
 * store's thread. Never blocks. On an error nothing was accepted and `done` is not called:
 * UNAVAILABLE (not ready, stopping, no thread), CONFLICT (the kill switch is on), BUSY (room, rate,
 * queue), FORBIDDEN (quantity, notional), INVALID, NO_MEMORY. Borrows nothing. */
enum err desk_place(struct desk *d, const struct desk_placement *placement, desk_done *done,
                    void *context, struct error *e);

/* These put a request into the bracket's mailbox and never block; `done` (NULL = not wanted) is
 * called exactly once when OK is returned: when it is on disk, or at once when it changes nothing.
 * UNAVAILABLE while stopping, BUSY with too many requests under way. DESK_REFUSED comes with
 * PRECONDITION when the bracket is not at `rev` any more (0 = any revision will do); then
 * result.rev is the newest. */

struct desk_change {
    struct bracket_spec spec; /* in full: what is not to change as it is */
    int64_t rev;
    struct uuid key_id; /* who asks, and what they may */
    struct risk_key_limits key_limits;
};
/* New terms. DESK_REFUSED also with CONFLICT or INVALID for terms that cannot change any more, and
 * with FORBIDDEN when what they add would go over a limit of the desk's or of the key's, or when a
 * limited key would make another key's bracket larger. What does not grow is held to no limit. */
enum err desk_modify(struct desk_order *o, const struct desk_change *change, desk_done *done,
                     void *context, struct error *e);
/* The terms as they are by then, without their exits. */
enum err desk_drop_exits(struct desk_order *o, desk_done *done, void *context, struct error *e);
enum err desk_cancel(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                     struct error *e);
/* Cancels what is left of the entry and flattens at market. */
enum err desk_close(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                    struct error *e);
/* A person has seen the reasons for needs_review. */
enum err desk_review(struct desk_order *o, int64_t rev, desk_done *done, void *context,
                     struct error *e);

/* Cancels every bracket that is not final, or closes all. Returns how many were asked. Never blocks
 * and is never refused. */
int32_t desk_cancel_all(struct desk *d, bool close);
/* The kill switch: while it is on, entries are canceled and none is sent; exits work on. On disk
 * when it returns OK. To turn it on works also when it cannot be stored (DISK_FULL...): then it is
 * on until the process ends, and the error is returned. Blocks. */
enum err desk_set_paused(struct desk *d, bool paused, struct error *e);
bool desk_paused(struct desk *d);

/* ---- market ---------------------------------------------------------------------------------- */

/* A quote of a contract, by its symbol: wakes the brackets on it whose exits it may trigger. Never
 * blocks. age_ns: how old it is known to be. */
void desk_quote(struct desk *d, const char *symbol, int64_t bid, int64_t ask, bool halted,
                int64_t age_ns);
/* How many of these quotes, in order, can be told before brackets have to be waited for: up to and
 * with the first that reaches a level at which one acts, or an order of its may fill; *ret_acts:
 * there is such a one. For who makes quotes faster than brackets can follow. Never blocks. */
size_t desk_quotes_until_act(struct desk *d, const struct market_quote *quotes, size_t count,
                             bool *ret_acts);
/* No bracket of the contract has anything to do, or to be stored, by what it was told so far. */
bool desk_settled(struct desk *d, const char *symbol);
/* false when none is known. *ret_age_ns: how old it is now. */
bool desk_last_quote(struct desk *d, const char *symbol, struct order_quote *ret,
                     int64_t *ret_age_ns);

/* ---- looking --------------------------------------------------------------------------------- */

/* Of the tracking thread. */
struct desk_tracker {
    char thread[THREAD_NAME_MAX]; /* "trk-" and the id's last 11 digits; or "trk-shared" */
    int64_t polls;
    int64_t last_poll_at_ns; /* UTC; 0 = never */
    int64_t next_wake_at_ns; /* UTC */
    int64_t snapshot_age_ns; /* of what the last poll saw */
    int64_t calls;           /* of the broker that change state */
    bool stuck;              /* its turn takes longer than LIMIT_TRACKER_STUCK_SECONDS */
    /* Commits that the store has refused since it took one; they are tried again each second, and
     * nothing is sent to the broker meanwhile. 0 = none, and the rest is 0. */
    int32_t commit_refusals;
    enum err commit_error;           /* of the newest */
    int64_t commit_refused_since_ns; /* UTC */
};

struct desk_leg {
    enum leg leg;
    int32_t generation;
    char broker_order_id[BROKER_ORDER_ID_TEXT];
};

struct desk_view {
    struct order_header header;
    struct bracket_state state;       /* as of header.rev */
    struct order_clock clock;         /* now, for bracket_summarize */
    struct bracket_exposure exposure; /* now, by the newest quote */
    struct client_id client_id;       /* of its orders at the broker, but for leg and generation */
    bool live;                        /* in the book: `tracker` is filled in */
    struct desk_tracker tracker;
    size_t leg_count; /* orders whose broker id is known */
    struct desk_leg legs[BRACKET_ORDERS_MAX];
};

/* A live bracket with a reference (desk_unref), or NULL. Never blocks. */
struct desk_order *desk_find(struct desk *d, const struct uuid *id);
struct desk_order *desk_find_client_order_id(struct desk *d, const char *client_order_id);
struct desk_order *desk_ref(struct desk_order *o);
void desk_unref(struct desk_order *o); /* NULL is fine */

struct uuid desk_order_id(const struct desk_order *o);
enum bracket_status desk_status(struct desk_order *o);
/* For ETags and If-None-Match: nothing of the view but `tracker` and `clock` differs while this is
 * the same. */
int64_t desk_rev(struct desk_order *o);
/* How often a bracket that had left the book has come back since the start. What was loaded of one
 * that has left, after this was asked, is true for as long as the number stays. Never blocks. */
int64_t desk_returns(struct desk *d);
/* A copy under the bracket's lock. */
void desk_view(struct desk_order *o, struct desk_view *ret);
/* The same of any bracket, live or folded from the store. NOT_FOUND; DATA when its chain is
 * broken. Blocks. */
enum err desk_load(struct desk *d, const struct uuid *id, struct desk_view *ret, struct error *e);

/* The client order id of one of a live bracket's orders at the broker. */
void desk_client_id(struct desk *d, const struct uuid *id, enum leg leg, int32_t generation,
                    char out[CLIENT_ID_TEXT]);

/* Positions as the fold of all fills ever, those that were ever opened, by symbol; and what of
 * them the live brackets leave unprotected. */
struct desk_position {
    struct position position;
    int64_t unprotected_quantity;
};
typedef void desk_position_fn(void *context, const struct desk_position *position);
/* Blocks. */
enum err desk_positions(struct desk *d, desk_position_fn *visit, void *context, struct error *e);

/* The same of one contract alone: the quantity, below 0 for a short one. Never blocks. */
int64_t desk_held(struct desk *d, const char *symbol);
/* The brackets that are not final, of one contract or of all (NULL), the newest first, at most
 * `max`; a reference each (desk_unref). Returns how many. Never blocks, but walks over the book. */
size_t desk_open(struct desk *d, const char *symbol, struct desk_order **ret, size_t max);

struct desk_stats {
    int64_t live, threads, shared, stuck; /* now */
    int64_t unprotected, needs_review;    /* brackets */
    int64_t unprotected_quantity;         /* of all brackets, also of those within their grace */
    int64_t unresolved;                   /* that hold the start gate */
    int64_t unstored;                     /* whose newest commit was refused */
    int64_t placed, refused, retired;     /* ever */
    int64_t commits, commits_refused, events, polls, snapshots, broker_calls, broker_unknown;
    int64_t snapshot_age_ns; /* of the newest complete listing; INT64_MAX = none yet */
    int64_t sequence;        /* of the newest event */
};
void desk_stats(struct desk *d, struct desk_stats *ret);

#endif
