/* The flags of a study, shared by check and backtest: they become the JSON body that the API takes,
 * and that body is decoded like any other. So flags are checked by the same table as requests, and
 * a run on a folder and one on a server get the same question.
 */
#ifndef SERVER_CLI_STUDY_FLAGS_H
#define SERVER_CLI_STUDY_FLAGS_H

#include "server/cli/strategy_flags.h"
#include "server/jobs/study_spec.h"
#include "server/options.h"

struct study_flags {
    struct option_texts symbols, days, horizons;
    const char *name, *timeframe, *from, *to, *window, *timezone, *trigger, *cooldown, *shard;
    int64_t latest;                 /* STUDY_LATEST_UNSET = not given */
    struct strategy_flags strategy; /* of a backtest */
};
enum { STUDY_LATEST_UNSET = -1 };

/* The rows of a command's table of options whose struct is `type` and has the flags at `at`. */
/* clang-format off */
#define STUDY_OPTION_ROWS(type, at)                                                                         \
    {.name = "timeframe", .kind = OPTION_TEXT, .offset = offsetof(type, at timeframe), .value = "T",        \
     .help = "bars to look at: 1m 5m 15m 30m 1h 2h 4h 1d (1m)"},                                            \
    {.name = "from", .kind = OPTION_TEXT, .offset = offsetof(type, at from), .value = "WHEN",               \
     .help = "first date, or an RFC 3339 time (all that is stored)"},                                       \
    {.name = "to", .kind = OPTION_TEXT, .offset = offsetof(type, at to), .value = "WHEN",                   \
     .help = "last date, included; or a time, not included"},                                               \
    {.name = "window", .kind = OPTION_TEXT, .offset = offsetof(type, at window), .value = "09:45-11:30",    \
     .help = "bars that start in these hours (the whole day)"},                                             \
    {.name = "timezone", .kind = OPTION_TEXT, .offset = offsetof(type, at timezone), .value = "ZONE",       \
     .help = "of the window and of times of day (the calendar's)"},                                         \
    {.name = "days", .kind = OPTION_TEXTS, .offset = offsetof(type, at days), .value = "mon,tue",           \
     .help = "weekdays (all)"},                                                                             \
    {.name = "trigger", .kind = OPTION_CHOICE, .offset = offsetof(type, at trigger), .value = "WHICH",      \
     .help = "on_true, every_bar or once_per_day (on_true)", .choices = study_trigger_names},               \
    {.name = "cooldown", .kind = OPTION_TEXT, .offset = offsetof(type, at cooldown), .value = "30m",        \
     .help = "no further fire for so long (none)"},                                                         \
    {.name = "horizons", .kind = OPTION_TEXTS, .offset = offsetof(type, at horizons), .value = "5m,close",  \
     .help = "forward returns (5m,15m,30m,60m,close,next_open)"}
/* clang-format on */

void study_flags_init(struct study_flags *f);
/* `rest` is the rule, in one argument. Appends the body to *body and decodes it into *ret (strings
 * in the arena; the flags need not outlive it). ERR_INVALID with a message that names the flag. */
enum err study_flags_settle(const struct study_flags *f, const struct option_arguments *rest,
                            enum study_spec_kind kind, struct arena *arena, struct strbuf *body,
                            struct study_spec *ret, struct error *e);

#endif
