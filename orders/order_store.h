/* What the desk (desk/desk.h) needs stored: a table of functions, which db/order_store.h
 * implements.
 *
 * One batch is one transaction: the events of one bracket, the intents they contain, the fills they
 * tell of, the bracket's header row and the idempotency row of the request that made it; all or
 * nothing, on disk (fsync) before `done` says STORED.
 *
 * Outcomes of a batch:
 *   STORED    on disk
 *   REPLAYED  nothing was written: the idempotency key was used before with the same body; what was
 *             answered then is told
 *   REFUSED   nothing was written, for a reason of the batch's own: the user's client_order_id is
 *             taken (CONFLICT), the idempotency key was used with another body (IDEMPOTENCY), no
 *             room on the disk (DISK_FULL), damage
 *   UNKNOWN   the COMMIT itself failed, or another process owns the database: what is on disk is
 *             not known. The desk answers `outcome unknown`, takes nothing more, calls the broker
 * no more, and its listener ends the process; the next start reads what is true.
 *
 * Any thread may call. Reads see every batch whose `done` has begun.
 */
#ifndef ORDERS_ORDER_STORE_H
#define ORDERS_ORDER_STORE_H

#include "base/digest.h"
#include "orders/broker.h"
#include "orders/order_event.h"
#include "orders/order_request.h"

/* The row of a bracket: what lists filter by. */
struct order_header {
    struct uuid id; /* UUIDv7: sorts by creation */
    struct uuid key_id;
    char client_order_id[CLIENT_ORDER_ID_BYTES + 1]; /* the user's; "" = none */
    char symbol[LIMIT_SYMBOL_BYTES];                 /* the contract's */
    enum bracket_status status;
    int64_t rev;                          /* seq of its newest event; only grows */
    int64_t created_at_ns, updated_at_ns; /* UTC */
    unsigned char head[SHA256_BYTES];     /* hash of its newest event: event_chain.h */
};

/* An event as stored. */
struct order_record {
    int64_t sequence; /* in the whole log, ascending from 1; given by the store */
    int64_t seq;      /* in its bracket, dense from 1 */
    int64_t at_ns;    /* UTC */
    enum order_event_type type;
    const unsigned char *body; /* order_event_encode() */
    size_t body_bytes;
    unsigned char prev_hash[SHA256_BYTES]; /* of the event before; zeros for the first */
};

/* An order at the broker, written before it is sent: bracket, leg and generation, of which
 * client_id is made, are the primary key, so that the same order cannot be intended twice. Later
 * batches bring `status`, `broker_order_id` and `cancel_intended` up to date (`creates` false). */
struct order_intent {
    bool creates;
    char client_id[CLIENT_ID_TEXT];
    enum leg leg;
    int32_t generation;
    enum order_side side;
    enum order_type type;
    enum order_status status; /* as far as it is known */
    bool cancel_intended;     /* its cancel was intended too */
    int64_t quantity, limit_price, stop_price;
    char broker_order_id[BROKER_ORDER_ID_TEXT]; /* "" = not known yet */
};

/* What was added to the filled quantity of one order. Brokers tell sums: the difference between two
 * is one fill, named by the sum after it, so that the sum of fills is the sum at the broker. */
struct order_fill {
    char broker[16];
    char execution_id[CLIENT_ID_TEXT + 24]; /* "<client id>/<filled>" or "<client id>/-<busted>" */
    char client_id[CLIENT_ID_TEXT];
    struct contract contract;
    enum order_side side;
    int64_t quantity, price; /* quantity below 0: a bust */
    int64_t at_ns;           /* UTC */
};

struct order_idempotency {
    struct uuid key_id;
    const char *key;
    unsigned char body_sha256[SHA256_BYTES];
    int32_t status; /* HTTP's */
    const char *response;
};

struct order_batch {
    bool creates; /* the header is inserted, else brought up to date */
    struct order_header header;
    const struct order_record *records; /* seq ascending; the last is header.rev */
    size_t record_count;
    const struct order_intent *intents;
    size_t intent_count;
    const struct order_fill *fills;
    size_t fill_count;
    const struct order_idempotency *idempotency; /* NULL = none */
    /* Nobody waits for it: its commit may wait a moment for that of others, unless it is hurried.
     */
    bool patient;
    /* ORDER_STORE_ROOM_BYTES, aligned as by malloc, for the store's use until `done`; NULL = it
     * allocates. Whose threads are many does not want each of them to allocate. */
    void *room;
};
enum { ORDER_STORE_ROOM_BYTES = 512 };

enum order_commit_outcome { COMMIT_STORED, COMMIT_REPLAYED, COMMIT_REFUSED, COMMIT_UNKNOWN };

struct order_commit {
    enum order_commit_outcome outcome;
    enum err code;             /* REFUSED, UNKNOWN */
    const struct error *error; /* the same; valid during the call */
    int64_t sequence;          /* STORED: of the batch's last event */
    /* REPLAYED; the text is valid during the call. */
    struct uuid order_id;
    int32_t status;
    const char *response;
};
/* On the store's thread, outside its locks, in the order of `sequence`; must not block. */
typedef void order_store_done(void *context, const struct order_commit *commit);

/* A bracket as loaded; everything is valid during the call. */
struct stored_order {
    struct order_header header;
    const struct order_record *records; /* all, from seq 1 */
    size_t record_count;
    const struct order_intent *intents; /* all, oldest first */
    size_t intent_count;
};
/* An error ends the visit and is returned. */
typedef enum err stored_order_fn(void *context, const struct stored_order *order, struct error *e);
/* false ends the visit. */
typedef bool order_header_fn(void *context, const struct order_header *header);
/* The same; `sequence` is that of the bracket's newest event. */
typedef bool order_change_fn(void *context, const struct order_header *header, int64_t sequence);
typedef bool order_record_fn(void *context, const struct uuid *order_id,
                             const struct order_record *record);
typedef bool order_fill_fn(void *context, const struct order_fill *fill);

/* Newest first, or oldest first. Zeroed = all. */
struct order_query {
    bool oldest_first;
    bool has_before;
    struct uuid before;     /* the last id of the page before, in either order */
    uint32_t statuses;      /* bits 1 << enum bracket_status; 0 = any */
    const char *symbol;     /* of the contract; NULL = any */
    const char *underlying; /* of the contract, or the share itself; NULL = any */
    bool has_key_id;
    struct uuid key_id;
    bool has_from, has_to;
    int64_t from_ns, to_ns; /* created in [from, to) */
    int32_t limit;          /* 1..LIMIT_PAGE_ITEMS + 1 */
};

struct order_store;
struct order_store_operations {
    /* Never waits. The batch and all it points to are borrowed until `done`, which is called
     * exactly once unless an error is returned: BUSY (the queue is full), UNAVAILABLE (stopping).
     */
    enum err (*submit)(struct order_store *, const struct order_batch *, order_store_done *,
                       void *context, struct error *e);
    /* Somebody waits for what is patient after all. NULL where nothing is. */
    void (*hurry)(struct order_store *);
    /* The rest blocks. Every bracket whose status is not final, oldest first. */
    enum err (*load_unfinished)(struct order_store *, stored_order_fn *, void *context,
                                struct error *e);
    /* NOT_FOUND. */
    enum err (*load)(struct order_store *, const struct uuid *id, stored_order_fn *, void *context,
                     struct error *e);
    /* By the user's client_order_id; NOT_FOUND. */
    enum err (*find)(struct order_store *, const char *client_order_id, struct uuid *ret,
                     struct error *e);
    enum err (*list)(struct order_store *, const struct order_query *, order_header_fn *,
                     void *context, struct error *e);
    /* Brackets with an event of sequence > since, each once, in the order of their newest events;
     * `before` has no say. */
    enum err (*changes)(struct order_store *, const struct order_query *, int64_t since,
                        order_change_fn *, void *context, struct error *e);
    /* Events with sequence > since, ascending, at most `limit`; of one bracket, or of all (NULL).
     */
    enum err (*events)(struct order_store *, const struct uuid *id, int64_t since, int32_t limit,
                       order_record_fn *, void *context, struct error *e);
    /* The sequence of the newest event in the log; 0 = there is none. */
    enum err (*newest)(struct order_store *, int64_t *ret_sequence, struct error *e);
    /* Every fill ever, in the order in which they were stored. */
    enum err (*fills)(struct order_store *, order_fill_fn *, void *context, struct error *e);
    /* The kill switch; on disk when it returns. At first it is off. */
    enum err (*set_paused)(struct order_store *, bool paused, struct error *e);
    enum err (*get_paused)(struct order_store *, bool *ret_paused, struct error *e);
};

/* The first member of every implementation's struct. */
struct order_store {
    const struct order_store_operations *operations;
};

#endif
