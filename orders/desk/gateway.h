/* Between the tracking threads and the broker: its rate with priorities, and one listing for all of
 * them instead of one question each.
 *
 * Calls that change state, and look-ups, run on the calling thread once it has its token. The
 * thread `gateway` lists orders and positions at an interval while that is wanted, and hands out
 * the newest snapshot. Where the broker has no listing, there are no snapshots and each thread
 * looks its orders up.
 */
#ifndef ORDERS_DESK_GATEWAY_H
#define ORDERS_DESK_GATEWAY_H

#include "orders/desk/rate_gate.h"
#include "orders/desk/snapshot.h"

struct gateway;

struct gateway_options {
    struct broker *broker;
    const struct clock *clock;
    int64_t interval_ns; /* between listings */
    const char *prefix;  /* of our client ids: orders with another are left out */
    /* Once an interval, on the gateway's thread, without locks. Returns whether to list. */
    bool (*chore)(void *context);
    /* After each listing, likewise. */
    void (*listed)(void *context, const struct snapshot *s);
    void *context;
};

enum err gateway_create(const struct gateway_options *options, struct gateway **ret,
                        struct error *e);
/* Listings go back to since_ns (UTC) at first: what may have ended while nobody listened. */
enum err gateway_start(struct gateway *g, int64_t since_ns, struct error *e);
/* Waiting callers get `not_sent` from now on; the thread is told to end. */
void gateway_stop(struct gateway *g);
/* false while the thread is still inside a call of the broker. */
bool gateway_ended(struct gateway *g);
void gateway_free(struct gateway *g); /* after it has ended; NULL is fine */

/* The account answered and is not blocked. */
bool gateway_account_ok(struct gateway *g);

/* The newest snapshot with a reference, or NULL. */
struct snapshot *gateway_snapshot(struct gateway *g);
/* No listing has come for long, though it is wanted: the broker hangs, or fails to list. */
bool gateway_listing_is_late(struct gateway *g);
/* Lists as soon as the rate allows. */
void gateway_hurry(struct gateway *g);

/* As the broker's; they block, for a token first. NOT_SENT once the gateway was stopped. What asks
 * alone does not wait for long (LIMIT_QUESTION_WAIT_MS; for a quote not at all): NOT_SENT then. */
enum outcome gateway_submit(struct gateway *g, const struct broker_submit *submit,
                            bool *ret_reported, struct broker_report *ret_report,
                            struct broker_refusal *ret_refusal);
enum outcome gateway_cancel(struct gateway *g, bool protects, const char *client_id,
                            const char *broker_order_id, struct broker_refusal *ret_refusal);
/* `awaited`: an exit waits for the evidence, so that it comes before other questions. */
enum outcome gateway_find(struct gateway *g, bool awaited, const char *client_id, bool *ret_found,
                          struct broker_report *ret_report);
enum outcome gateway_quote(struct gateway *g, const struct contract *contract,
                           struct order_quote *ret, int64_t *ret_age_ns);

struct gateway_stats {
    int64_t snapshots, calls, unknown;
    int64_t snapshot_age_ns; /* INT64_MAX = none yet */
};
void gateway_stats(struct gateway *g, struct gateway_stats *ret);

#endif
