/* The transition tables: what docs/orders.md prints and what the program runs are the same rows.
 *
 * An order at the broker moves by (status, signal) -> status; what no row names stays as it is. Its
 * statuses say what is *known*: an order that may be live is `unknown`, and nothing leaves unknown,
 * pending_new or pending_cancel by time.
 *
 * A bracket's status is no memory of its own but a function of the facts: the first rule that
 * holds. So it is the same whatever the order was in which the facts became known. Which ways from
 * status to status that leaves is the table of edges, which a test compares with what it reaches.
 */
#ifndef ORDERS_TRANSITIONS_H
#define ORDERS_TRANSITIONS_H

#include "orders/bracket.h"

/* clang-format off */

/* What an order is told. code, name, what it is */
#define SIGNAL_TABLE(X)                                                                            \
    X(INTEND, "intend", "the intent to submit is committed")                                       \
    X(ACK, "ack", "submit: ok")                                                                    \
    X(REFUSED, "refused", "submit: rejected")                                                      \
    X(NOT_SENT, "not_sent", "submit: not_sent")                                                    \
    X(LOST, "lost", "submit: unknown")                                                             \
    X(CANCEL, "cancel", "the intent to cancel is committed")                                       \
    X(CANCEL_REFUSED, "cancel_refused", "cancel: rejected")                                        \
    X(SEEN_LIVE, "seen_live", "a report: live, nothing filled")                                    \
    X(SEEN_PARTIAL, "seen_partial", "a report: live, partly filled")                               \
    X(SEEN_FILLED, "seen_filled", "a report: filled")                                              \
    X(SEEN_CANCELED, "seen_canceled", "a report: canceled")                                        \
    X(SEEN_EXPIRED, "seen_expired", "a report: expired")                                           \
    X(SEEN_REJECTED, "seen_rejected", "a report: rejected")                                        \
    X(NEVER_CAME, "never_came", "two clean listings without it; it was never seen")                \
    X(VANISHED, "vanished", "two clean listings without it; it was seen before")                   \
    X(REVIVED, "revived", "a report on an order that died of anything but a report")               \
    X(STRAY, "stray", "a report on an order that we never made")                                   \
    X(RESTART, "restart", "the process was restarted")

/* from, signal, to */
#define ORDER_TRANSITION_TABLE(X)                                                                  \
    X(NONE, INTEND, PENDING_NEW)                                                                   \
    X(NONE, STRAY, UNKNOWN)                                                                        \
    X(PENDING_NEW, ACK, NEW)                                                                       \
    X(PENDING_NEW, REFUSED, REJECTED)                                                              \
    X(PENDING_NEW, NOT_SENT, REJECTED)                                                             \
    X(PENDING_NEW, LOST, UNKNOWN)                                                                  \
    X(PENDING_NEW, SEEN_LIVE, NEW)                                                                 \
    X(PENDING_NEW, SEEN_PARTIAL, PARTIALLY_FILLED)                                                 \
    X(PENDING_NEW, SEEN_FILLED, FILLED)                                                            \
    X(PENDING_NEW, SEEN_CANCELED, CANCELED)                                                        \
    X(PENDING_NEW, SEEN_EXPIRED, EXPIRED)                                                          \
    X(PENDING_NEW, SEEN_REJECTED, REJECTED)                                                        \
    X(PENDING_NEW, RESTART, UNKNOWN)                                                               \
    X(NEW, CANCEL, PENDING_CANCEL)                                                                 \
    X(NEW, SEEN_PARTIAL, PARTIALLY_FILLED)                                                         \
    X(NEW, SEEN_FILLED, FILLED)                                                                    \
    X(NEW, SEEN_CANCELED, CANCELED)                                                                \
    X(NEW, SEEN_EXPIRED, EXPIRED)                                                                  \
    X(NEW, SEEN_REJECTED, REJECTED)                                                                \
    X(NEW, VANISHED, CANCELED)                                                                     \
    X(PARTIALLY_FILLED, CANCEL, PENDING_CANCEL)                                                    \
    X(PARTIALLY_FILLED, SEEN_FILLED, FILLED)                                                       \
    X(PARTIALLY_FILLED, SEEN_CANCELED, CANCELED)                                                   \
    X(PARTIALLY_FILLED, SEEN_EXPIRED, EXPIRED)                                                     \
    X(PARTIALLY_FILLED, SEEN_REJECTED, REJECTED)                                                   \
    X(PARTIALLY_FILLED, VANISHED, CANCELED)                                                        \
    X(PENDING_CANCEL, CANCEL_REFUSED, UNKNOWN)                                                     \
    X(PENDING_CANCEL, SEEN_FILLED, FILLED)                                                         \
    X(PENDING_CANCEL, SEEN_CANCELED, CANCELED)                                                     \
    X(PENDING_CANCEL, SEEN_EXPIRED, EXPIRED)                                                       \
    X(PENDING_CANCEL, SEEN_REJECTED, REJECTED)                                                     \
    X(PENDING_CANCEL, VANISHED, CANCELED)                                                          \
    X(UNKNOWN, SEEN_LIVE, NEW)                                                                     \
    X(UNKNOWN, SEEN_PARTIAL, PARTIALLY_FILLED)                                                     \
    X(UNKNOWN, SEEN_FILLED, FILLED)                                                                \
    X(UNKNOWN, SEEN_CANCELED, CANCELED)                                                            \
    X(UNKNOWN, SEEN_EXPIRED, EXPIRED)                                                              \
    X(UNKNOWN, SEEN_REJECTED, REJECTED)                                                            \
    X(UNKNOWN, NEVER_CAME, REJECTED)                                                               \
    X(UNKNOWN, VANISHED, CANCELED)                                                                 \
    X(CANCELED, SEEN_FILLED, FILLED)                                                               \
    X(CANCELED, REVIVED, UNKNOWN)                                                                  \
    X(EXPIRED, SEEN_FILLED, FILLED)                                                                \
    X(REJECTED, SEEN_FILLED, FILLED)                                                               \
    X(REJECTED, REVIVED, UNKNOWN)

/* The first rule that holds gives the status. fact, status, what it says */
#define BRACKET_RULE_TABLE(X)                                                                      \
    X(UNHEARD, NONE, "no event yet")                                                               \
    X(REVIEW, NEEDS_REVIEW, "a reason for a review that nobody has taken note of")                 \
    X(FINISHED, CLOSED, "E > 0, P = 0, no live exit, entry dead")                                  \
    X(NOTHING_REJECTED, REJECTED, "E = 0, nothing live, the entry was rejected")                   \
    X(NOTHING_EXPIRED, EXPIRED, "E = 0, nothing live, the entry expired or came too late")         \
    X(NOTHING_CANCELED, CANCELED, "E = 0, nothing live, the entry was canceled")                   \
    X(UNCOVERED, UNPROTECTED, "a part of P has lacked protection for 2 s within a session, or its watched stop a quote for 0.5 s") \
    X(ENDING, CLOSING, "P > 0 and being flattened, or P = 0 and exits are not yet dead")           \
    X(OPEN, PROTECTING, "P > 0")                                                                   \
    X(AT_BROKER, WORKING, "the entry is known to be live")                                         \
    X(OTHERWISE, SUBMITTING, "none of these")

/* The ways between statuses, and what takes them. NORMAL: from a broker that tells the truth about
 * what is dead. LATE: from one that fills or finds an order after its death, or takes a fill back;
 * whatever was final is reopened then. Every status may also turn to needs_review, and back once a
 * person has taken note. from, to, kind, cause */
#define BRACKET_EDGE_TABLE(X)\
    X(NONE, SUBMITTING, NORMAL, "accepted")                                                        \
    X(NONE, PROTECTING, NORMAL, "accepted, for a position that is held")                           \
    X(NONE, CLOSING, NORMAL, "the same, with its time over already")                               \
    X(NONE, EXPIRED, LATE, "accepted as its time came to be over")                                 \
    X(SUBMITTING, WORKING, NORMAL, "the broker has the entry")                                     \
    X(SUBMITTING, PROTECTING, NORMAL, "the first that is heard of the entry is a fill")            \
    X(SUBMITTING, CLOSING, NORMAL, "the same, after a request to close")                           \
    X(SUBMITTING, CLOSED, NORMAL, "the same, of an entry without exits")                           \
    X(SUBMITTING, CANCELED, NORMAL, "canceled before the broker had it, or while it was replaced") \
    X(SUBMITTING, EXPIRED, NORMAL, "the same, by flat_at or the cutoff")                           \
    X(SUBMITTING, REJECTED, NORMAL, "refused, or never sent in five tries")                        \
    X(WORKING, SUBMITTING, NORMAL, "the entry is replaced, paused or in doubt")                    \
    X(WORKING, PROTECTING, NORMAL, "a fill")                                                       \
    X(WORKING, CLOSING, NORMAL, "a fill, and the price or the time says that all is to be closed") \
    X(WORKING, CLOSED, NORMAL, "filled, and there is nothing to protect it with")                  \
    X(WORKING, CANCELED, NORMAL, "the entry is dead: canceled")                                    \
    X(WORKING, EXPIRED, NORMAL, "the entry is dead: expired")                                      \
    X(WORKING, REJECTED, NORMAL, "the entry is dead: rejected after all")                          \
    X(PROTECTING, WORKING, NORMAL, "an exit has filled while the entry is not yet dead")           \
    X(PROTECTING, CLOSING, NORMAL, "a watched stop, flat_at, the cutoff or a request")             \
    X(PROTECTING, CLOSED, NORMAL, "stop loss or take profit has filled")                           \
    X(PROTECTING, CANCELED, NORMAL, "a held position is given back")                               \
    X(PROTECTING, UNPROTECTED, NORMAL, "nothing stands behind it for 2 s, or no quote for 0.5 s")   \
    X(CLOSING, CLOSED, NORMAL, "all is filled, and all orders are dead")                           \
    X(CLOSING, UNPROTECTED, NORMAL, "no exit is under way for 2 s")                                \
    X(UNPROTECTED, WORKING, NORMAL, "a fill of a stop, while the entry is not yet dead")           \
    X(UNPROTECTED, PROTECTING, NORMAL, "a stop works again, or a quote can be used again")          \
    X(UNPROTECTED, CLOSING, NORMAL, "an exit is under way")                                        \
    X(UNPROTECTED, CLOSED, NORMAL, "a fill")                                                       \
    X(UNPROTECTED, CANCELED, NORMAL, "a held position is given back")                              \
    X(CLOSED, WORKING, LATE, "")                                                                   \
    X(CLOSED, PROTECTING, LATE, "")                                                                \
    X(CLOSED, CLOSING, LATE, "")                                                                   \
    X(CLOSED, CANCELED, LATE, "")                                                                  \
    X(CLOSED, EXPIRED, LATE, "")                                                                   \
    X(CLOSED, REJECTED, LATE, "")                                                                  \
    X(CANCELED, SUBMITTING, LATE, "")                                                              \
    X(CANCELED, WORKING, LATE, "")                                                                 \
    X(CANCELED, PROTECTING, LATE, "")                                                              \
    X(CANCELED, CLOSING, LATE, "")                                                                 \
    X(CANCELED, CLOSED, LATE, "")                                                                  \
    X(CANCELED, EXPIRED, LATE, "")                                                                 \
    X(CANCELED, REJECTED, LATE, "")                                                                \
    X(EXPIRED, SUBMITTING, LATE, "")                                                               \
    X(EXPIRED, WORKING, LATE, "")                                                                  \
    X(EXPIRED, PROTECTING, LATE, "")                                                               \
    X(EXPIRED, CLOSING, LATE, "")                                                                  \
    X(EXPIRED, CLOSED, LATE, "")                                                                   \
    X(EXPIRED, CANCELED, LATE, "")                                                                 \
    X(EXPIRED, REJECTED, LATE, "")                                                                 \
    X(REJECTED, WORKING, LATE, "")                                                                 \
    X(REJECTED, PROTECTING, LATE, "")                                                              \
    X(REJECTED, CLOSING, LATE, "")                                                                 \
    X(REJECTED, CLOSED, LATE, "")                                                                  \
    X(REJECTED, CANCELED, LATE, "")                                                                \
    X(REJECTED, EXPIRED, LATE, "")                                                                 \
    X(PROTECTING, SUBMITTING, LATE, "")                                                            \
    X(PROTECTING, EXPIRED, LATE, "")                                                               \
    X(PROTECTING, REJECTED, LATE, "")                                                              \
    X(CLOSING, SUBMITTING, LATE, "")                                                               \
    X(CLOSING, WORKING, LATE, "")                                                                  \
    X(CLOSING, PROTECTING, LATE, "")                                                               \
    X(CLOSING, CANCELED, LATE, "")                                                                 \
    X(CLOSING, EXPIRED, LATE, "")                                                                  \
    X(CLOSING, REJECTED, LATE, "")                                                                 \
    X(UNPROTECTED, SUBMITTING, LATE, "")                                                           \
    X(UNPROTECTED, EXPIRED, LATE, "")                                                              \
    X(UNPROTECTED, REJECTED, LATE, "")
/* clang-format on */

enum order_signal {
#define X(code, name, text) SIGNAL_##code,
    SIGNAL_TABLE(X)
#undef X
        SIGNAL_COUNT
};

struct order_transition {
    enum order_status from;
    enum order_signal signal;
    enum order_status to;
};
extern const struct order_transition order_transitions[];
extern const size_t order_transition_count;

enum bracket_fact {
#define X(code, status, text) FACT_##code,
    BRACKET_RULE_TABLE(X)
#undef X
        FACT_COUNT
};

struct bracket_rule {
    enum bracket_status status;
    const char *fact, *text;
};
extern const struct bracket_rule bracket_rules[FACT_COUNT];

enum edge_kind { EDGE_NORMAL, EDGE_LATE };
struct bracket_edge {
    enum bracket_status from, to;
    enum edge_kind kind;
    const char *cause;
};
extern const struct bracket_edge bracket_edges[];
extern const size_t bracket_edge_count;

const char *order_signal_name(enum order_signal signal);
const char *order_signal_text(enum order_signal signal);

/* The status after the signal: by the table, or the same. */
enum order_status order_transition(enum order_status from, enum order_signal signal);
/* The status of the first fact that holds; the last one is taken to. */
enum bracket_status bracket_rule_status(const bool holds[FACT_COUNT]);

#endif
