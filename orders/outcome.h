/* How a call of a broker ended: four values, and the table by which an adapter finds them.
 *
 *   ok        the broker says that it did what was asked
 *   rejected  the broker says that it did not and will not
 *   not_sent  the call failed before the first byte of the request left: certainly nothing happened
 *   unknown   anything else; it may have happened
 *
 * `unknown` is the answer of doubt: what no row names is unknown, so that a code which a broker
 * adds tomorrow can never be taken for a rejection.
 */
#ifndef ORDERS_OUTCOME_H
#define ORDERS_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define OUTCOME_TABLE(X)                                                                           \
    X(UNKNOWN, "unknown")                                                                          \
    X(OK, "ok")                                                                                    \
    X(REJECTED, "rejected")                                                                        \
    X(NOT_SENT, "not_sent")

/* Why a call was rejected, as far as the core must act on it. */
#define REJECT_TABLE(X)                                                                            \
    X(NONE, "none")                                                                                \
    X(OTHER, "other")                       /* the terms: a price, a symbol, buying power */       \
    X(HELD, "held")                         /* the quantity is held by another order: reconcile */ \
    X(GONE, "gone")                         /* of a cancel: nothing to cancel any more */
/* clang-format on */

enum outcome {
#define X(code, name) OUTCOME_##code,
    OUTCOME_TABLE(X)
#undef X
        OUTCOME_COUNT
};

enum reject {
#define X(code, name) REJECT_##code,
    REJECT_TABLE(X)
#undef X
        REJECT_COUNT
};

const char *outcome_name(enum outcome outcome); /* "?" beyond the table */
const char *reject_name(enum reject reject);

/* One row of an adapter's table: what the broker answers -> what it means. */
struct outcome_row {
    int32_t status;   /* HTTP's, 0 = any */
    int32_t code;     /* the broker's own, 0 = any */
    const char *text; /* must occur in the broker's message; NULL = any */
    enum outcome outcome;
    enum reject reject;
};

/* The first row that fits; UNKNOWN (and REJECT_NONE) when none does. `message` may be NULL. */
enum outcome outcome_find(const struct outcome_row *rows, size_t row_count, int32_t status,
                          int32_t code, const char *message, enum reject *ret_reject);

#endif
