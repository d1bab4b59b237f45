/* How an import is to be done, from the query of POST /v1/bars/{symbol} or from the flags of
 * `bracketd import`: one table of options words and checks both.
 */
#ifndef SERVER_API_IMPORT_OPTIONS_H
#define SERVER_API_IMPORT_OPTIONS_H

#include "db/bar_store.h"
#include "server/http/request.h"
#include "server/options.h"

/* As given. A text that is NULL was left out. */
struct import_options {
    const char *timeframe, *timezone, *label, *calendar, *mode, *outside, *bad_rows, *duplicates;
    bool dry_run, sort, ignore_columns;
    int64_t price_scale;
};

extern const char *const import_timeframes[],
    *const import_labels[], *const import_modes[], *const import_policies[],
                                                       *const import_conflicts[];

enum { IMPORT_PRICE_SCALE_MAX = 1000000 };

/* The rows of a table of options whose struct is `type` and has the import's options at `at`:
 * a command's table can hold them beside its own. A query parameter has the flag's name, with _
 * for -. */
/* clang-format off */
#define IMPORT_OPTION_ROWS(type, at)                                                                        \
    {"timeframe", OPTION_CHOICE, offsetof(type, at timeframe), "1m|1d", "length of the bars (1m)",          \
     .choices = import_timeframes},                                                                         \
    {"timezone", OPTION_TEXT, offsetof(type, at timezone), "ZONE",                                          \
     "zone of wall-clock stamps, such as Asia/Kolkata"},                                                    \
    {"label", OPTION_CHOICE, offsetof(type, at label), "start|end", "what a stamp marks (start)",           \
     .choices = import_labels},                                                                             \
    {"calendar", OPTION_TEXT, offsetof(type, at calendar), "NAME",                                          \
     "XNYS, XNSE or 24x7 (the stored one; for a new symbol XNYS)"},                                         \
    {"mode", OPTION_CHOICE, offsetof(type, at mode), "merge|replace",                                       \
     "refuse bars that differ from stored ones, or let them win (merge)", .choices = import_modes},         \
    {"dry-run", OPTION_FLAG, offsetof(type, at dry_run), NULL, "do everything but keep it"},                \
    {"outside", OPTION_CHOICE, offsetof(type, at outside), "refuse|drop",                                   \
     "rows outside every session (refuse)", .choices = import_policies},                                    \
    {"bad-rows", OPTION_CHOICE, offsetof(type, at bad_rows), "refuse|drop",                                 \
     "rows whose prices contradict themselves (refuse)", .choices = import_policies},                       \
    {"duplicates", OPTION_CHOICE, offsetof(type, at duplicates), "refuse|first|last",                       \
     "different bars at one time in the file (refuse)", .choices = import_conflicts},                       \
    {"sort", OPTION_FLAG, offsetof(type, at sort), NULL, "accept rows out of order"},                       \
    {"ignore-columns", OPTION_FLAG, offsetof(type, at ignore_columns), NULL,                                \
     "accept columns of unknown names"},                                                                    \
    {"price-scale", OPTION_INTEGER, offsetof(type, at price_scale), "N", "divide prices by N (1)",          \
     .min = 1, .max = IMPORT_PRICE_SCALE_MAX}
/* clang-format on */

void import_options_init(struct import_options *o);
/* All query parameters; an unknown one is refused. Pointers are "?name". */
enum err import_options_from_query(const struct http_request *r, struct import_options *ret,
                                   struct error *e);

/* What import_run works with. */
struct import_settings {
    struct csv_options csv; /* calendar NULL: the stored one, or XNYS */
    struct bar_import bars; /* symbol, now_ns and cancel are the caller's to fill in */
};
/* ERR_INVALID for zones and calendars that do not exist, with pointers as above. */
enum err import_options_settle(const struct import_options *o, struct import_settings *ret,
                               struct error *e);

#endif
