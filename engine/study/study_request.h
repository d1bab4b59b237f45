/* What a study asks: a rule, when its fires count, and what is measured after each.
 *
 * Which bars fire. Rule values are taken on completed bars inside the window:
 *   on_true       true here, and not true on the previous bar of the same session; the first bar of
 * the session or of the window counts as preceded by "not true" every_bar     each bar where it is
 * true once_per_day  the first true bar of the session inside the window [from, to) then picks by
 * the bar's start: it cuts fires away and never makes new ones. `cooldown` drops a fire that starts
 * less than that after the last fire kept, across sessions, per symbol, beginning at `from`.
 *
 * What is measured after a fire on bar i (start t, close p): the forward return, x / p - 1, with x
 *   duration h    the close of the last bar that starts at or before t + h in the same session.
 * MISSING when the session closes before t + h, when h is shorter than a bar, and when the stored
 * data ends (its last session) before a bar at or after t + h close         the close of the
 * session's last bar. MISSING in the last stored session when its last bar does not reach the
 * session's close next_open     the open of the next stored session's first bar and the excursions
 * mfe = max(high) / p - 1 and mae = min(low) / p - 1 over the bars after i up to the longest
 * duration asked for, or to the session's end when `close` is. They are what the market did, not a
 * profit: mfe is negative when it never came back to p. MISSING when there is no such bar. All is
 * MISSING when p is 0.
 *
 * Base rate of a horizon: over all bars in the window and range that start at a minute of day at
 * which the alert fired at least once, and where it did not fire.
 */
#ifndef ENGINE_STUDY_REQUEST_H
#define ENGINE_STUDY_REQUEST_H

#include "base/error.h"
#include "base/limits.h"
#include "engine/rule/rule.h"
#include "engine/study/shard_plan.h"
#include "engine/study/study_window.h"

enum study_trigger { STUDY_ON_TRUE, STUDY_EVERY_BAR, STUDY_ONCE_PER_DAY };

enum study_horizon_kind { HORIZON_DURATION, HORIZON_CLOSE, HORIZON_NEXT_OPEN };

enum { HORIZON_NAME_BYTES = 24 };
struct study_horizon {
    enum study_horizon_kind kind;
    int64_t duration_ns;           /* > 0 for a duration */
    char name[HORIZON_NAME_BYTES]; /* as asked for, in small letters: "5m" "close" */
};

struct study_request {
    const struct rule *rule; /* boolean; borrowed as long as the study */
    struct timeframe timeframe;
    int64_t from_ns, to_ns;
    struct study_window window;
    enum study_trigger trigger;
    int64_t cooldown_ns; /* 0 = none */
    size_t horizon_count;
    struct study_horizon horizons[LIMIT_HORIZONS];
    struct shard_size shard_size; /* never changes the answer */
};

/* Everything but the rule, timeframe and range: the whole day, on_true, no cooldown, 5m 15m 30m 60m
 * close next_open, month shards. */
void study_request_defaults(struct study_request *r);
/* ERR_INVALID with a pointer ("/window/from", "/horizons/2"...), ERR_RULE when the rule is no
 * boolean. */
enum err study_request_check(const struct study_request *r, struct error *e);

/* "on_true" "every_bar" "once_per_day". */
enum err study_trigger_parse(const char *text, size_t length, enum study_trigger *ret,
                             struct error *e);
const char *study_trigger_name(enum study_trigger t);
/* A duration, "close" or "next_open". */
enum err study_horizon_parse(const char *text, size_t length, struct study_horizon *ret,
                             struct error *e);

#endif
