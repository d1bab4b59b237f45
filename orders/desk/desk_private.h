/* What the files of the desk share. Private to orders/desk/.
 *
 *   desk.c          life
 *   desk_book.c     brackets, the book, their threads
 *   desk_load.c     brackets out of the store
 *   desk_place.c    acceptance
 *   desk_ask.c      mailboxes: cancel, close, modify; kill switch
 *   desk_market.c   quotes, which brackets they wake
 *   desk_commit.c   what follows from a commit: publication, sums, positions, listener
 *   desk_look.c     views, positions, figures
 *   desk_watch.c    what is unprotected while its thread cannot say so
 *   tracker*.c      a bracket's own thread
 */
#ifndef ORDERS_DESK_DESK_PRIVATE_H
#define ORDERS_DESK_DESK_PRIVATE_H

#include "base/mutex.h"
#include "base/parker.h"
#include "base/stacks.h"
#include "orders/desk/desk.h"
#include "orders/desk/draft_pool.h"
#include "orders/desk/gateway.h"
#include "orders/desk/packed_state.h"
#include "orders/past_contracts.h"

#include <stdatomic.h>
#include <uthash.h>

/* PARKED until its first commit is on disk; ENDED when its thread will do nothing more. */
enum order_phase { ORDER_PARKED, ORDER_LIVE, ORDER_DISCARDED, ORDER_ENDED };

struct command {
    enum order_event_type type;
    int64_t rev;      /* only at this one; 0 = any */
    bool drops_exits; /* MODIFIED: that is the change */
    bool late;        /* the bracket was not at `rev` any more: nothing was done */
    desk_done *done;  /* NULL = nobody waits */
    void *context;
    struct command *next;
    struct desk_change change[]; /* MODIFIED: one; others have none */
};

/* The newest quote of a contract. Written behind the desk's mutex; read by thousands of threads
 * without it: while `version` is odd or changes, a reader reads again. */
struct shared_quote {
    atomic_uint version;
    atomic_llong bid, ask, at_steady_ns; /* at_steady_ns 0 = none */
    atomic_int halted;
};

/* A contract that has a quote or brackets. */
struct market {
    char symbol[LIMIT_SYMBOL_BYTES];
    struct shared_quote quote;
    atomic_llong asked_ns;    /* monotonic: when a thread went to ask the broker for one */
    int64_t quantity;         /* risk, of all brackets on it */
    int64_t unprotected;      /* the same */
    struct desk_order *first; /* linked by market_next */
    /* Brackets that were entered and are in somebody's hands, if only to be looked at after they
     * left; rises under the desk's lock alone. */
    atomic_int users;
    UT_hash_handle by_symbol;
};

/* What a bracket's thread has handed over to be stored; AWAITED while it waits for that. */
enum handing { HANDING_NOTHING, HANDING_UNDERWAY, HANDING_AWAITED, HANDING_REFUSED };

/* Of one commit under way; the tracking thread waits for it. */
struct pending_commit {
    struct desk_order *order;
    struct draft *draft;
    enum order_commit_outcome outcome; /* with the draft's error */
    atomic_bool done;
};

/* What only the bracket's own thread touches. Times are monotonic. */
struct tracker {
    int64_t next_poll_ns, next_query_ns, next_reconcile_ns;
    int64_t next_turn_ns;   /* on the shared loop */
    int64_t applied_ns;     /* the newest snapshot that was told, by when it was asked for */
    int64_t applied_number; /* its number */
    int64_t final_since_ns; /* 0 = it is not final */
    int64_t polls;
    /* What makes a poll without news (tracker_quiet.c). */
    int64_t due_ns;         /* until then the machine brings nothing by itself */
    int64_t session_end_ns; /* UTC; a new session is to be told from then on */
    int64_t clocks_apart_ns;
    int64_t held;              /* the position at the broker, as it was told last */
    size_t place, place_count; /* of its reports in the snapshot */
    bool calm;                 /* nothing waits for an answer */
    bool incomplete;           /* a live order was not in the last snapshot */
    bool opened;               /* a position is open */
    bool deep;                 /* turns have used the stack since it was trimmed */
    bool restarted;            /* the next turn begins with RESTARTED */
    bool must_query, must_reconcile;
    bool confirmed; /* a complete answer of after the start was told */
};

/* What is looked at of its thread, at any time. */
struct tracker_figures {
    atomic_llong polls, calls;
    atomic_llong last_poll_ns, next_wake_ns; /* monotonic */
    atomic_llong snapshot_age_ns;
};

/* Of the commits that the store has refused since it took one. */
struct desk_refusals {
    atomic_llong since_ns;  /* monotonic */
    atomic_int count, code; /* in a row; enum err of the newest */
};

/* Ids at the broker for two orders in place, as most brackets have no more. */
enum { LEGS_IN_PLACE = 2 };

struct desk_order {
    struct desk *desk;
    atomic_int references;
    atomic_bool attention; /* it was woken; cleared when a turn begins */
    atomic_bool hinted;    /* the broker has said that something changed */
    atomic_int phase;
    atomic_bool resolved;       /* does not hold the start gate */
    atomic_bool exposed;        /* the watch has told of it */
    atomic_llong turn_began_ns; /* monotonic; 0 = it rests */
    /* Prices beyond which a quote wakes it. */
    atomic_llong wake_low, wake_high;
    atomic_llong fill_low, fill_high; /* beyond which an order of its may fill, or be triggered */
    atomic_llong rev;                 /* published */
    struct parker parker;
    struct parker *wakes; /* its own, or the shared loop's */
    struct thread thread;
    void *stack; /* of the thread */
    struct tracker tracker;
    struct tracker_figures figures;
    struct desk_refusals refusals;
    struct draft *first;  /* accepted, its effects still to come */
    struct draft *handed; /* while handing is UNDERWAY or AWAITED */
    atomic_int handing;

    struct mutex mutex; /* BRACKET; guards what follows */
    struct order_header header;
    unsigned char *state;    /* packed_state.h */
    size_t state_room_bytes; /* of the memory at `state` */
    struct desk_leg legs[LEGS_IN_PLACE];
    struct desk_leg *more_legs; /* NULL, or the rest of BRACKET_ORDERS_MAX */
    struct command *commands, **commands_end;
    int32_t command_count; /* of those that are bounded: changes, reviews */
    bool closed_mailbox;

    /* Behind the desk's mutex. */
    struct market *market;
    struct desk_order *market_next, *market_previous;
    struct risk_part risk;       /* its part of the sums, with what a change under way reserves */
    int64_t unprotected;         /* the same */
    enum bracket_status counted; /* in the desk's counts */
    struct desk_order *ended_next;
    struct desk_order *shared_next;  /* of the shared loop */
    struct desk_order *exposed_next; /* the watch's */
    bool listed;                     /* by_client_order_id */
    UT_hash_handle by_id, by_client_order_id;
};

/* A key that has or had brackets here. */
struct key_use {
    struct uuid id;
    int64_t notional; /* risk, of its brackets that are not final */
    UT_hash_handle hh;
};

struct held_position {
    struct position position;
    UT_hash_handle by_symbol;
};

struct desk {
    struct desk_options options;
    struct draft_names names;
    char prefix[CLIENT_ID_INSTANCE_MAX + 6]; /* of our client ids: instance, incarnation, '-' */
    struct gateway *gateway;
    struct draft_pool drafts;
    struct stacks *stacks;
    int64_t steady_offset_ns; /* steady = monotonic + this */
    int64_t started_ns;
    bool listed; /* the first listing has come; the gateway's thread alone */
    atomic_bool started, stopping, failed, paused;
    atomic_llong unresolved, polls, commits, events, sequence;
    atomic_llong returns;                   /* of brackets that had left the book */
    atomic_llong commits_refused, unstored; /* ever; brackets whose newest was */
    atomic_llong exposed;                   /* brackets that the watch tells of, and no status */
    /* Batches whose `done` has not ended: it may touch the desk until it has. */
    atomic_int batches;

    struct mutex mutex; /* DESK; guards what follows */
    struct desk_order *book, *by_client_order_id;
    int32_t live, threads, shared;
    struct market *markets;
    int32_t market_count;
    struct past_sweep sweep; /* of the markets */
    struct risk_rate rate;
    int64_t notional;    /* risk, of all */
    int64_t unprotected; /* quantity, of all */
    struct key_use *keys;
    int64_t counts[BRACKET_STATUS_COUNT];
    int64_t placed, refused, retired, stuck;
    int64_t last_live_ns;     /* monotonic: when a bracket was in the book, as the chore saw it */
    struct desk_order *ended; /* threads to be joined */
    struct condition all_ended;
    struct held_position *positions;
    int64_t fills_seen;
    bool positions_stale; /* a bust: fold again */
    /* Brackets without a thread. */
    struct desk_order *shared_orders;
    struct parker shared_parker;
    struct thread shared_thread;
    atomic_bool shared_ended;
    atomic_bool shared_may_run; /* the list of its brackets is complete */
    /* Brackets whose exposure the watch has told of; its thread's alone. */
    struct desk_order *watched;
    struct parker watch_parker;
    struct thread watch_thread;
    atomic_bool watch_ended;
};

/* ---- desk.c ---------------------------------------------------------------------------------- */

struct order_clock desk_clock(const struct desk *d);
/* What all client order ids of a bracket have in common. */
struct client_id desk_name_of(const struct desk *d, const struct uuid *id);
/* A steady instant as a monotonic one; INT64_MAX stays. */
int64_t desk_monotonic(const struct desk *d, int64_t steady_ns);
void desk_fail(struct desk *d, const struct error *e);
bool desk_chore(void *desk); /* the gateway's */

/* ---- desk_book.c ----------------------------------------------------------------------------- */

/* PARKED, one reference, not in the book; NULL without memory. */
struct desk_order *desk_order_create(struct desk *d, const struct uuid *id);
/* Into the book, with its market; false without memory or room for a market. */
bool desk_enter(struct desk *d, struct desk_order *o, const char *symbol) REQUIRES(d->mutex);
void desk_leave(struct desk *d, struct desk_order *o) REQUIRES(d->mutex);
/* So that it is found by the user's name of it, if it has one. */
void desk_list_client_order_id(struct desk *d, struct desk_order *o) REQUIRES(d->mutex);
void desk_wake(struct desk_order *o);
void desk_wake_all(struct desk *d);
/* The committed state; the caller holds the bracket's mutex, or is its thread. */
void desk_state(const struct desk_order *o, struct bracket_state *ret);
/* Memory in which this state can be published; false without. */
bool desk_make_room(struct desk_order *o, const struct bracket_state *s);
/* Starts the bracket's thread; or, when `may_share`, puts it on the shared loop. */
enum err desk_start_thread(struct desk_order *o, bool may_share, struct error *e);
/* The last thing that a bracket's thread does: out of the book, to whoever joins it. */
void desk_order_ended(struct desk_order *o);
/* Joins the threads that have ended. */
void desk_join_ended(struct desk *d);
/* "trk-" and the id's last 11 digits; or "trk-shared". */
void desk_thread_name(const struct desk_order *o, char out[THREAD_NAME_MAX]);

/* ---- desk_load.c ----------------------------------------------------------------------------- */

struct desk_loading {
    struct desk *desk;
    int64_t newest_steady_ns, oldest_ns; /* of all that was loaded */
};
/* The clock of the newest event in the log, whose bracket may have ended: should it come back, its
 * time must lie behind ours, too. Blocks. DATA when its chain is broken. */
enum err desk_load_clock(struct desk_loading *loading, struct error *e);
/* stored_order_fn: into the book, without a thread yet; context is desk_loading. */
enum err desk_load_open(void *context, const struct stored_order *stored, struct error *e);
/* After a listing: takes up again what is not in the book and has news. Blocks. */
void desk_take_up(void *desk, const struct snapshot *s);

/* ---- desk_limits.c --------------------------------------------------------------------------- */

/* The use of a key, made when it is not there; NULL without memory. */
struct key_use *desk_key_use(struct desk *d, const struct uuid *key_id) REQUIRES(d->mutex);
enum err desk_check_key(struct desk *d, const struct uuid *key_id,
                        const struct risk_key_limits *limits, const struct bracket_spec *spec,
                        int64_t reference_price, struct error *e) REQUIRES(d->mutex);
void desk_free_key_uses(struct desk *d);
/* The price at which an entry without one of its own would fill; 0 = not known. */
int64_t desk_reference_price(const struct market *m, enum order_side side);
/* The bracket's part of all sums becomes this. */
void desk_set_risk(struct desk *d, struct desk_order *o, const struct risk_part *part)
    REQUIRES(d->mutex);
/* For the bracket's thread, before it steps a change: takes what `after` adds to `before` out of
 * the room that is left. FORBIDDEN: nothing was taken. The next commit's desk_account settles it;
 * without a commit it is to be given back. */
enum err desk_reserve_change(struct desk_order *o, const struct desk_change *change,
                             const struct bracket_state *before, const struct bracket_state *after,
                             struct error *e);
void desk_give_back(struct desk_order *o, const struct bracket_state *committed);

/* ---- desk_market.c --------------------------------------------------------------------------- */

/* NULL without memory or room. */
struct market *desk_market(struct desk *d, const char *symbol, bool make) REQUIRES(d->mutex);
struct order_quote desk_market_quote(const struct market *m);
struct order_quote desk_quote_of(const struct desk_order *o);
/* Which quotes are to wake it, by its newest state. */
void desk_set_triggers(struct desk_order *o, const struct bracket_state *s);
/* The last quote is within a hundredth of what would trigger an exit. */
bool desk_near_trigger(const struct desk_order *o);
/* The quote is older than `age_ns`, an exit waits for it, and nobody has asked for that long. */
bool desk_quote_is_due(const struct desk_order *o, int64_t age_ns);
/* Asks the broker when that is so; of those who see it at the same time, one. */
void desk_refresh_quote(struct desk_order *o, int64_t age_ns, const struct contract *contract);

/* ---- desk_commit.c --------------------------------------------------------------------------- */

/* On the store's thread, after a batch of this draft was stored: publishes state and header, moves
 * sums and positions, tells the listener. */
void desk_committed(struct desk_order *o, const struct draft *draft, int64_t sequence);
/* Its part of the sums, by its published state. */
void desk_account(struct desk *d, struct desk_order *o, const struct bracket_state *s)
    REQUIRES(d->mutex);
/* What of its position is unprotected by now. */
void desk_account_unprotected(struct desk *d, struct desk_order *o, int64_t quantity)
    REQUIRES(d->mutex);
/* From all fills ever stored. */
enum err desk_fold_positions(struct desk *d, struct held_position **ret, struct error *e);
void desk_free_positions(struct held_position *positions);
const char *desk_broker_order_id(void *order, enum leg leg, int32_t generation);
/* `s` tells which orders are kept: the place of another may be taken. */
void desk_note_broker_order_id(struct desk_order *o, const struct bracket_state *s, enum leg leg,
                               int32_t generation, const char *broker_order_id);
/* Places for the ids of its orders: some at first, BRACKET_ORDERS_MAX once those are taken. */
size_t desk_leg_places(const struct desk_order *o);
struct desk_leg *desk_leg_at(struct desk_order *o, size_t i);

/* ---- desk_watch.c ---------------------------------------------------------------------------- */

/* The thread `desk-watch`: context is the desk. */
void *desk_watch_run(void *desk);
/* The bracket tells of itself from now on. Returns whether the watch has told of it. */
bool desk_take_over_exposure(struct desk_order *o);

/* ---- desk_live.c ----------------------------------------------------------------------------- */

/* An entry without exits against a position that is held, and for no more than that, closes it:
 * brokers tell the two apart, and what closes adds no risk. An entry with exits opens, for its
 * exits are to close it. */
bool desk_entry_closes(struct desk *d, const struct bracket_spec *spec) REQUIRES(d->mutex);

/* ---- desk_ask.c ------------------------------------------------------------------------------ */

struct command *desk_take_commands(struct desk_order *o);
/* PRECONDITION, with the revision that is published. */
enum err desk_refuse_revision(const struct desk_order *o, struct error *e);
/* Calls `done` and frees. e NULL = done. */
void desk_answer(struct desk_order *o, struct command *c, enum desk_outcome outcome,
                 const struct error *e);
/* Nothing is taken any more; what waits is refused. */
void desk_close_mailbox(struct desk_order *o);

/* ---- tracker.c ------------------------------------------------------------------------------- */

/* What the thread runs: context is the bracket. */
void *tracker_run(void *order);
/* The shared loop's thread: context is the desk. */
void *tracker_run_shared(void *desk);

/* ---- tracker_commit.c ------------------------------------------------------------------------ */

/* Waits until the draft is on disk; false with d->error when it is not. */
bool tracker_commit(struct desk_order *o, struct draft *d, struct pending_commit *p);
/* Has it stored without waiting, and then returned to the pool. Neither draft nor bracket is to be
 * touched until it was collected. */
void tracker_hand_over(struct desk_order *o, struct draft *d);
/* Waits until nothing is handed over any more. false when that could not be stored; this is told
 * once. */
bool tracker_collect(struct desk_order *o);
/* Nothing is left of it that the store has refused. */
void tracker_note_stored(struct desk_order *o);
/* The same, in silence. */
void desk_forget_refusals(struct desk_order *o);

/* ---- tracker_quiet.c ------------------------------------------------------------------------- */

/* A poll that would bring nothing new, done without a draft or a lock; returns true and when to
 * wake next (monotonic). false: a turn must be taken. */
bool tracker_poll_quietly(struct desk_order *o, int64_t *ret_next_ns);
/* After a turn: what makes the polls to come quiet. `s` is what is committed. */
void tracker_note_calm(struct desk_order *o, const struct bracket_state *s, bool well);
/* When to poll next. */
int64_t tracker_next_poll_ns(struct desk_order *o, int64_t now_ns);
/* Counts a poll. */
void tracker_count_poll(struct desk_order *o, int64_t now_ns);

/* ---- tracker_feed.c: what the broker tells, as events ---------------------------------------- */

struct order_event tracker_event(struct desk_order *o, enum order_event_type type);
void tracker_feed_session(struct desk_order *o, struct draft *d);
/* Whether step() could learn anything from it. */
bool tracker_is_news(const struct bracket_state *s, const struct snapshot_report *r);
void tracker_feed_report(struct desk_order *o, struct draft *d, const struct broker_report *r,
                         int64_t asked_steady_ns);
void tracker_feed_results(struct desk_order *o, struct draft *d);
/* The newest snapshot, when it is newer than the last one told. Returns whether one was told. */
bool tracker_feed_snapshot(struct desk_order *o, struct draft *d);
/* Looks its orders up one by one: those that may live, or all. Returns whether all answered. */
bool tracker_feed_lookups(struct desk_order *o, struct draft *d, bool all);
/* Resolves one order in doubt. */
void tracker_look_up(struct desk_order *o, struct draft *d, enum leg leg, int32_t generation);

#endif
