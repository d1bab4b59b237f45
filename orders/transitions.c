#include "orders/transitions.h"

#include "orders/names.h"
const struct order_transition order_transitions[] = {
#define X(from, signal, to) {ORDER_STATUS_##from, SIGNAL_##signal, ORDER_STATUS_##to},
    ORDER_TRANSITION_TABLE(X)
#undef X
};
const size_t order_transition_count = sizeof(order_transitions) / sizeof(order_transitions[0]);

const struct bracket_rule bracket_rules[FACT_COUNT] = {
#define X(code, status, text) {BRACKET_##status, #code, text},
    BRACKET_RULE_TABLE(X)
#undef X
};

const struct bracket_edge bracket_edges[] = {
#define X(from, to, kind, cause) {BRACKET_##from, BRACKET_##to, EDGE_##kind, cause},
    BRACKET_EDGE_TABLE(X)
#undef X
};
const size_t bracket_edge_count = sizeof(bracket_edges) / sizeof(bracket_edges[0]);

NAME_OF(order_signal_name, enum order_signal, signal, SIGNAL_TABLE, NAME_SECOND_OF_3)

NAME_OF(order_signal_text, enum order_signal, signal, SIGNAL_TABLE, NAME_THIRD_OF_3)

/* The rows once more as a matrix, so that the machine's hot path is one load. A place that no row
 * names is 0, ORDER_STATUS_NONE, which no row leads to. */
static const unsigned char next_status[ORDER_STATUS_COUNT][SIGNAL_COUNT] = {
#define X(from, signal, to) [ORDER_STATUS_##from][SIGNAL_##signal] = ORDER_STATUS_##to,
    ORDER_TRANSITION_TABLE(X)
#undef X
};

enum order_status order_transition(enum order_status from, enum order_signal signal)
{
    if ((size_t)from >= ORDER_STATUS_COUNT || (size_t)signal >= SIGNAL_COUNT)
        return from;
    unsigned char to = next_status[from][signal];
    return to ? (enum order_status)to : from;
}

enum bracket_status bracket_rule_status(const bool holds[FACT_COUNT])
{
    int fact = 0;
    while (fact < FACT_OTHERWISE && !holds[fact])
        fact++;
    return bracket_rules[fact].status;
}
