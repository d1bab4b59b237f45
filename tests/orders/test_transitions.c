/* The table of an order's transitions, row by row and beside its rows, and the rules of a bracket's
 * status. */
#include "orders/transitions.h"
#include "tests/support/test.h"

static const struct order_transition *row_of(enum order_status from, enum order_signal signal)
{
    for (size_t i = 0; i < order_transition_count; i++)
        if (order_transitions[i].from == from && order_transitions[i].signal == signal)
            return &order_transitions[i];
    return NULL;
}

static void each_row_is_taken_and_everything_else_stays(void **state)
{
    (void)state;
    for (int from = 0; from < ORDER_STATUS_COUNT; from++) {
        for (int signal = 0; signal < SIGNAL_COUNT; signal++) {
            const struct order_transition *row =
                row_of((enum order_status)from, (enum order_signal)signal);
            int to = (int)order_transition((enum order_status)from, (enum order_signal)signal);
            assert_int_equal(to, row ? (int)row->to : from);
        }
    }
    assert_int_equal(order_transition((enum order_status)99, SIGNAL_ACK), 99);
    assert_int_equal(order_transition(ORDER_STATUS_NEW, (enum order_signal)99), ORDER_STATUS_NEW);
}

static void no_row_is_there_twice_or_stays_or_leads_to_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < order_transition_count; i++) {
        const struct order_transition *row = &order_transitions[i];
        assert_ptr_equal(row_of(row->from, row->signal), row);
        assert_int_not_equal(row->from, row->to);
        assert_int_not_equal(row->to, ORDER_STATUS_NONE);
    }
}

/* Evidence only: what may be live dies of a report, a definite answer, or proven absence. */
static void only_evidence_kills(void **state)
{
    (void)state;
    for (size_t i = 0; i < order_transition_count; i++) {
        const struct order_transition *row = &order_transitions[i];
        if (!order_status_dead(row->to))
            continue;
        switch (row->signal) {
        case SIGNAL_REFUSED:
        case SIGNAL_NOT_SENT:
            assert_int_equal(row->from, ORDER_STATUS_PENDING_NEW);
            break;
        case SIGNAL_NEVER_CAME:
            assert_int_equal(row->from, ORDER_STATUS_UNKNOWN);
            break;
        case SIGNAL_VANISHED:
        case SIGNAL_SEEN_FILLED:
        case SIGNAL_SEEN_CANCELED:
        case SIGNAL_SEEN_EXPIRED:
        case SIGNAL_SEEN_REJECTED:
            break;
        default:
            fail_msg("%s kills", order_signal_name(row->signal));
        }
    }
}

/* Unknown is left by asking alone. */
static void nothing_but_reports_and_absence_leaves_unknown(void **state)
{
    (void)state;
    static const enum order_signal calls[] = {
        SIGNAL_INTEND, SIGNAL_ACK,     SIGNAL_REFUSED, SIGNAL_NOT_SENT, SIGNAL_LOST,
        SIGNAL_CANCEL, SIGNAL_RESTART, SIGNAL_REVIVED, SIGNAL_STRAY,    SIGNAL_CANCEL_REFUSED};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_int_equal(order_transition(ORDER_STATUS_UNKNOWN, calls[i]), ORDER_STATUS_UNKNOWN);
}

static void a_filled_order_stays_filled(void **state)
{
    (void)state;
    for (int signal = 0; signal < SIGNAL_COUNT; signal++)
        assert_int_equal(order_transition(ORDER_STATUS_FILLED, (enum order_signal)signal),
                         ORDER_STATUS_FILLED);
}

static void the_first_rule_that_holds_gives_the_status(void **state)
{
    (void)state;
    for (int first = 0; first < FACT_COUNT; first++) {
        bool holds[FACT_COUNT] = {false};
        for (int i = first; i < FACT_COUNT; i++)
            holds[i] = i != FACT_OTHERWISE;
        assert_int_equal(bracket_rule_status(holds), bracket_rules[first].status);
    }
}

static void no_edge_is_there_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < bracket_edge_count; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(bracket_edges[i].from == bracket_edges[k].from &&
                         bracket_edges[i].to == bracket_edges[k].to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_taken_and_everything_else_stays),
        cmocka_unit_test(no_row_is_there_twice_or_stays_or_leads_to_nothing),
        cmocka_unit_test(only_evidence_kills),
        cmocka_unit_test(nothing_but_reports_and_absence_leaves_unknown),
        cmocka_unit_test(a_filled_order_stays_filled),
        cmocka_unit_test(the_first_rule_that_holds_gives_the_status),
        cmocka_unit_test(no_edge_is_there_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
