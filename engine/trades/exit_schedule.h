/* What time and rule have set for a trade: the exit that comes if no price level is reached first.
 * Private to the exit search.
 */
#ifndef ENGINE_TRADES_EXIT_SCHEDULE_H
#define ENGINE_TRADES_EXIT_SCHEDULE_H

#include "engine/trades/exit_search.h"

/* The moment of a session from which on no position may be open. */
struct session_flat {
    int64_t at_ns; /* the session's close when flat_at is not before it */
    int64_t bar;   /* the first one that starts then or later; the session's end when none does */
};

struct exit_schedule {
    int64_t bar;
    enum bar_phase phase; /* open or close */
    enum exit_reason reason;
};

/* Of each session of the bars; zone NULL = the calendar's. free() it. ERR_NO_MEMORY. */
enum err session_flats_create(const struct bars *bars, const struct zone *zone, int32_t minute,
                              struct session_flat **ret, struct error *e);

/* flat_at, max_holding or the end of the data, whichever is first, for a candidate whose entry is
 * known. False when the position must not be opened at all. *session is a guess at the entry's
 * session, any one there is, and then is it: fires come in order. */
bool exit_schedule_by_time(const struct exit_search *s, const struct trade_candidate *c,
                           int64_t *session, struct exit_schedule *ret);

/* An exit by the rule, when it is earlier than the one there is. The position can be closed from
 * bar `first` on; after bar `before` the rule does not matter. */
void exit_schedule_by_rule(const struct exit_search *s, int64_t first, int64_t before,
                           struct exit_schedule *schedule);

#endif
