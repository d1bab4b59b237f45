/* The flags of a strategy: the short ones for what is asked often, and --strategy for all of it as
 * JSON. A short flag overrides the same field of --strategy.
 */
#ifndef SERVER_CLI_STRATEGY_FLAGS_H
#define SERVER_CLI_STRATEGY_FLAGS_H

#include "server/jobs/strategy_spec.h"
#include "server/options.h"

/* Texts as given; NULL = not given. */
struct strategy_flags {
    const char *strategy; /* a JSON object, or the file that holds it */
    const char *side, *entry, *take_profit, *stop_loss, *exit_rule, *max_holding, *flat_at;
    const char *intrabar, *slippage, *commission, *size, *cash;
};

/* The rows of a command's table of options whose struct is `type` and has the flags at `at`. */
/* clang-format off */
#define STRATEGY_OPTION_ROWS(type, at)                                                                          \
    {.name = "strategy", .kind = OPTION_TEXT, .offset = offsetof(type, at strategy), .value = "FILE|JSON",      \
     .help = "trade the fires: the strategy of openapi.yaml"},                                                  \
    {.name = "side", .kind = OPTION_CHOICE, .offset = offsetof(type, at side), .value = "SIDE",                 \
     .help = "long or short (long)", .choices = trade_side_names},                                              \
    {.name = "entry", .kind = OPTION_CHOICE, .offset = offsetof(type, at entry), .value = "WHERE",              \
     .help = "next_open or close (next_open)", .choices = trade_entry_names},                                   \
    {.name = "take-profit", .kind = OPTION_TEXT, .offset = offsetof(type, at take_profit), .value = "FAR",      \
     .help = "0.5%, 1.25 in price, or '2*atr(14)'"},                                                            \
    {.name = "stop-loss", .kind = OPTION_TEXT, .offset = offsetof(type, at stop_loss), .value = "FAR",          \
     .help = "the same"},                                                                                       \
    {.name = "exit-rule", .kind = OPTION_TEXT, .offset = offsetof(type, at exit_rule), .value = "RULE",         \
     .help = "ends a position when it holds"},                                                                  \
    {.name = "max-holding", .kind = OPTION_TEXT, .offset = offsetof(type, at max_holding), .value = "2h",       \
     .help = "ends a position after so long"},                                                                  \
    {.name = "flat-at", .kind = OPTION_TEXT, .offset = offsetof(type, at flat_at), .value = "15:55",            \
     .help = "nothing is open from then to the session's close"},                                               \
    {.name = "intrabar", .kind = OPTION_CHOICE, .offset = offsetof(type, at intrabar), .value = "WHICH",        \
     .help = "pessimistic, optimistic or adaptive (pessimistic)", .choices = intrabar_names},                   \
    {.name = "slippage", .kind = OPTION_TEXT, .offset = offsetof(type, at slippage), .value = "0.01%",          \
     .help = "of every fill (none)"},                                                                           \
    {.name = "commission", .kind = OPTION_TEXT, .offset = offsetof(type, at commission), .value = "COST",       \
     .help = "0.005 a share, or 0.1% of the value (none)"},                                                     \
    {.name = "size", .kind = OPTION_TEXT, .offset = offsetof(type, at size), .value = "SIZE",                   \
     .help = "10000 in cash, 20% of the equity, or 'x100' shares (10000)"},                                     \
    {.name = "cash", .kind = OPTION_TEXT, .offset = offsetof(type, at cash), .value = "MONEY",                  \
     .help = "to begin with (100000)"}
/* clang-format on */

/* Whether any flag was given, and then the strategy they make, decoded but for what needs the whole
 * body's checks. Reads the file of --strategy. ERR_INVALID and ERR_NOT_FOUND with a message that
 * names the flag; strings live in the arena or are borrowed from the flags. */
enum err strategy_flags_fill(const struct strategy_flags *f, struct arena *arena,
                             struct strategy_spec *ret, bool *ret_given, struct error *e);
/* The flag that gave the field at this pointer of the body: "--take-profit"; "--strategy" when none
 * of its own did, NULL when the pointer is not below /strategy. */
const char *strategy_flag_of(const struct strategy_flags *f, const char *pointer);

#endif
