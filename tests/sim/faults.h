/* What goes wrong in a schedule, as one table.
 *
 * Each fault is drawn wherever it has a chance, with the table's probability, if this schedule has
 * it at all: a seed takes about half of the faults, an eighth of the seeds none ("swarm testing":
 * what each schedule leaves out lets the rest of it reach further). In the fair phase nothing goes
 * wrong any more.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>

/* clang-format off */
/* code, per mille of its chances, name and what it does */
#define FAULT_TABLE(X)                                                                             \
    X(NOT_SENT,          40, "not sent: a call fails before its first byte leaves")               \
    X(REQUEST_LOST,      60, "request lost: it never arrives, nobody answers")                    \
    X(REQUEST_DELAYED,  100, "request delayed: for up to 2 s, and overtaken")                     \
    X(REPLY_LOST,        60, "reply lost: done, but nobody says so")                              \
    X(REPLY_DELAYED,    150, "reply delayed: for up to 2 s, and overtaken")                       \
    X(REPLY_DOUBLED,     60, "reply doubled: the same answer again, later")                       \
    X(REPLY_TRUNCATED,   40, "reply truncated: done, but the answer cannot be read")              \
    X(STATUS_4XX,        40, "4xx that is not definite: done or not")                             \
    X(STATUS_5XX,        40, "5xx: done or not")                                                  \
    X(REJECTED,          50, "rejected: the broker refuses an order of any leg")                  \
    X(HELD, 30, "held: an exit is refused for a quantity that nothing holds any more")            \
    X(LISTING_LAG,      200, "not found lag: an order is hidden for up to 2.5 s")                 \
    X(LISTING_GAP,       40, "gap: one complete listing leaves out an order that lives")          \
    X(CANCEL_SLOW,      200, "slow cancel: accepted, and carried out up to 5 s later")            \
    X(CANCEL_REFUSED,    60, "cancel refused: of an order that lives")                            \
    X(FILL_IN_CANCEL,   250, "fill during cancel: the order fills while it is being canceled")    \
    X(PARTIAL_FILL,     500, "partial fill: of any split")                                        \
    X(LATE_FILL,         30, "late fill: an order reported canceled fills further")               \
    X(BUST,              20, "bust: the broker takes a fill back")                                \
    X(REJECTED_LATER,    15, "rejected later: an order that was accepted")                        \
    X(LIE,               10, "lie: a submit is answered as refused, and lives")                   \
    X(STRAY,             10, "stray: another copy of us sent an order in this bracket's name")    \
    X(PAIR_BROKEN, 20, "broken pair: one leg of a native OCO is canceled, the other lives")       \
    X(AMNESIA,           15, "amnesia: the broker forgets a live order, which is dead then")      \
    X(HIDDEN,            10, "hidden: the broker forgets a live order for 20 s, far too long")    \
    X(MANUAL_CANCEL,     20, "manual cancel: somebody cancels an order of ours at the broker")    \
    X(MANUAL_TRADE,      15, "manual trade: somebody closes a part of the position there")        \
    X(HALT,              50, "halt: nothing trades for a while")                                  \
    X(QUOTE_STALE,      100, "stale quote: of a minute ago")                                      \
    X(QUOTE_CROSSED,     60, "crossed quote: the bid above the ask, and both far away")           \
    X(QUOTE_ZERO,        60, "zero quote: one side is missing")                                   \
    X(CLOCK_JUMP,        20, "clock jump: the wall clock is set, by up to 10 min either way")     \
    X(CRASH,             25, "crash: bracketd dies between two effects and comes back")
/* clang-format on */

enum fault {
#define X(code, per_mille, text) FAULT_##code,
    FAULT_TABLE(X)
#undef X
        FAULT_COUNT
};

struct world;

const char *fault_text(enum fault fault);
/* Draws whether it happens now; then it is counted and traced. */
bool fault_strikes(struct world *w, enum fault fault);

#endif
