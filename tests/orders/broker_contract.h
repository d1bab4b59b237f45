/* The contract of orders/broker.h as a matrix of rows, which every adapter passes.
 *
 * An adapter's test fills in a subject: how a fresh broker is made, and hooks that make things
 * happen behind the adapter. A row that needs an ability or a hook that the subject does not have
 * is skipped; submit, find and cancel are never skipped.
 */
#ifndef TESTS_ORDERS_BROKER_CONTRACT_H
#define TESTS_ORDERS_BROKER_CONTRACT_H

#include "orders/broker.h"

/* What becomes of the next call that changes state. */
enum broker_mishap {
    MISHAP_REPLY_LOST,   /* carried out; its answer never comes */
    MISHAP_REQUEST_LOST, /* never arrives, though its bytes left */
    MISHAP_NOT_SENT,     /* fails before the first byte */
    MISHAP_REFUSED,      /* the broker says no */
    MISHAP_NONSENSE,     /* carried out; answered with something that no table names */
    MISHAP_COUNT
};

struct broker_subject {
    void *context;
    /* A broker with an empty book; the row frees it. */
    struct broker *(*create)(void *context);
    /* Hooks; NULL where the subject has none. They act on the newest broker that was made. */
    void (*arrange)(void *context, enum broker_mishap mishap);
    void (*fill)(void *context, const char *client_id, int64_t quantity, int64_t price);
    void (*bust)(void *context, const char *client_id, int64_t quantity, int64_t price);
    void (*pass)(void *context, int64_t ns); /* time at the broker */
    /* How many orders the broker itself has under this id, dead or alive. */
    int (*count)(void *context, const char *client_id);
};

struct broker_contract_row {
    const char *name;
    uint32_t abilities; /* that it needs, BROKER_CAN_ bits */
    bool arranges, fills, busts, counts;
    /* NULL: held; else what was wrong. */
    const char *(*run)(const struct broker_subject *, struct broker *);
};
extern const struct broker_contract_row broker_contract[];
extern const size_t broker_contract_rows;

/* What the row finds wrong with a fresh broker, or NULL. *ret_skipped tells that it was not run. */
const char *broker_contract_run(const struct broker_contract_row *row,
                                const struct broker_subject *subject, bool *ret_skipped);
/* Runs all and fails the running cmocka test with every row that is not held. Returns how many were
 * run. */
size_t broker_contract_hold(const struct broker_subject *subject);

#endif
