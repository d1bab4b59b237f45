/* A broker in memory behind the interface of orders/broker.h: the smallest that holds the contract,
 * and, with a defect, one that does not. It proves the matrix, not the machine (tests/sim/ does).
 */
#ifndef TESTS_ORDERS_MEMORY_BROKER_H
#define TESTS_ORDERS_MEMORY_BROKER_H

#include "tests/orders/broker_contract.h"

/* name, the row that must find it */
/* clang-format off */
#define DEFECT_TABLE(X)                                                                            \
    X(NONE, NULL)                                                                                  \
    X(OTHER_ID, "a_submit_that_is_ok_is_found")                                                    \
    X(FINDS_ALL, "what_was_never_sent_is_not_found")                                               \
    X(NO_DEDUP, "the_same_id_makes_no_second_order")                                               \
    X(REPEATS, "a_lost_reply_is_unknown_and_the_order_is_there_once")                              \
    X(LOST_IS_REJECTED, "a_lost_request_is_unknown_and_nothing_is_there")                          \
    X(NOT_SENT_IS_UNKNOWN, "what_never_left_is_not_sent")                                          \
    X(REFUSED_LIVES, "a_refusal_is_rejected_and_nothing_lives")                                    \
    X(NONSENSE_IS_REJECTED, "an_answer_that_no_table_names_is_unknown")                            \
    X(CANCEL_FORGETS, "a_cancel_ends_the_order")                                                   \
    X(LOST_CANCEL_IS_OK, "a_lost_reply_of_a_cancel_is_unknown")                                    \
    X(TELLS_THE_LAST_FILL, "fills_are_cumulative")                                                 \
    X(CANCELS_FILLED, "a_cancel_of_what_is_filled_is_not_ok")                                      \
    X(NET_OF_BUSTS, "a_bust_leaves_filled_and_adds_to_busted")                                     \
    X(TWO_FREE_LEGS, "an_oco_fills_one_leg_under_our_ids")                                         \
    X(CANCELS_ONE_LEG, "canceling_one_leg_cancels_both")                                           \
    X(HALF_A_LISTING, "a_listing_is_whole")                                                        \
    X(ONE_EXECUTION_ID, "executions_have_ids_and_sum_up")                                          \
    X(FLAT, "a_fill_is_a_position")                                                                \
    X(NAMELESS, "the_account_has_a_name")                                                          \
    X(NO_NAME, "capabilities_are_stated")
/* clang-format on */

enum defect {
#define X(code, row) DEFECT_##code,
    DEFECT_TABLE(X)
#undef X
        DEFECT_COUNT
};

enum { MEMORY_BROKER_ORDERS = 16, MEMORY_BROKER_FILLS = 16 };

struct memory_broker {
    struct broker broker; /* first */
    enum defect defect;
    struct broker_capabilities capabilities;
    struct broker_report orders[MEMORY_BROKER_ORDERS];
    enum order_side sides[MEMORY_BROKER_ORDERS];
    size_t pairs[MEMORY_BROKER_ORDERS]; /* the other leg's index and 1; 0 = none */
    size_t order_count;
    struct broker_fill fills[MEMORY_BROKER_FILLS];
    size_t fill_count;
    enum broker_mishap mishap; /* of the next call; MISHAP_COUNT = none */
};

/* The subject of the matrix; the context is the memory_broker itself, made anew by each row. */
struct broker_subject memory_broker_subject(struct memory_broker *m, enum defect defect);

#endif
