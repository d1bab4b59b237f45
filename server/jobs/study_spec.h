/* What a user asks of a check or a backtest, as it came in: the JSON bodies of POST /v1/check and
 * POST /v1/backtests, the query of a text/plain check, and the command line's flags all become one
 * of these.
 *
 * One table of fields decodes it, encodes it and words what is wrong with it. study_task.h turns it
 * into work.
 */
#ifndef SERVER_JOBS_STUDY_SPEC_H
#define SERVER_JOBS_STUDY_SPEC_H

#include "base/json_fields.h"
#include "engine/study/study_request.h"
#include "server/jobs/strategy_spec.h"

/* An instant, or a date whose zone is the calendar's. */
struct study_spec_when {
    bool given, is_date;
    int32_t days;
    int64_t ns;
};
/* RFC 3339 or a date. ERR_INVALID with the pointer given. */
enum err study_spec_when_parse(const char *text, const char *pointer, struct study_spec_when *ret,
                               struct error *e);
/* The instant at which a range that starts (or, inclusive of a whole date, ends) there has its
 * edge. A date that int64 ns do not hold is INT64_MIN or INT64_MAX. */
int64_t study_spec_when_begin(const struct study_spec_when *w, const struct zone *zone);
int64_t study_spec_when_end(const struct study_spec_when *w, const struct zone *zone);

struct study_spec_window {
    bool has_from, has_to, has_days;
    int32_t from_minute, to_minute;
    const char *timezone; /* NULL = the calendar's */
    uint32_t days;        /* bit 0 = Monday */
};

struct study_spec {
    /* As decoded; strings live in the arena given. */
    const char *name, *notes; /* backtests only, of the job and not of the question; NULL = none */
    const char *rule;
    const char *symbol;        /* check */
    struct json_texts symbols; /* backtest: names and patterns (study_universe.h); check fills it
                                  with its one symbol */
    const char *timeframe_text, *from_text, *to_text, *shard_text; /* NULL = the default */
    bool has_window, has_trigger, has_cooldown, has_horizons, has_latest, has_strategy;
    struct study_spec_window window;
    int32_t trigger;
    int64_t cooldown_ns;
    struct json_texts horizon_names; /* with has_horizons; else the defaults */
    int64_t latest;                  /* check: how many fires to list */
    struct strategy_spec strategy;   /* backtest; settled with the rest */
    /* Read from the texts by study_spec_settle. */
    struct timeframe timeframe;
    struct study_spec_when from, to;
    struct shard_size shard;
    size_t horizon_count; /* 0 = the defaults */
    struct study_horizon horizons[LIMIT_HORIZONS];
};

enum study_spec_kind { STUDY_SPEC_CHECK, STUDY_SPEC_BACKTEST };

void study_spec_init(struct study_spec *s);
/* Decodes a body and settles it. ERR_INVALID with JSON pointers. */
enum err study_spec_decode(const char *text, size_t length, enum study_spec_kind kind,
                           struct arena *arena, struct study_spec *ret, struct error *e);
/* Reads and checks what the decoded texts say; for callers that filled in the members themselves.
 */
enum err study_spec_settle(struct study_spec *s, struct error *e);
/* The members of the object that the writer is in: what decodes to the same again. */
void study_spec_encode(const struct study_spec *s, enum study_spec_kind kind,
                       struct json_writer *w);

/* "09:45-11:30" into the window (query parameter, flag). */
enum err study_spec_parse_window(const char *text, const char *pointer, struct study_spec *s,
                                 struct error *e);

extern const char *const study_trigger_names[]; /* NULL-terminated, in the order of study_trigger */
extern const char *const weekday_names[];       /* mon..sun, NULL */

#endif
