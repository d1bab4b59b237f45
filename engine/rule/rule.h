/* A compiled rule: text in, an immutable plan out, evaluated block by block over columns.
 *
 *   rule_compile -> rule_run_create(bars) -> rule_run_start or _load -> rule_run_eval ...
 *
 * The plan is flat: nodes in evaluation order, equal sub-expressions merged, each node one
 * operation over a block of bars whose columns stay in cache. The result of a rule is a bit mask,
 * one bit per bar.
 *
 * A run is at a bar and goes forward. What it needs to go on is its Markov state: the state of
 * every recursive indicator (EMA, RSI...), and the tails of computed columns that later windows and
 * offsets look back on. Two runs over the same bars with equal state bytes at the same bar give
 * equal bits from there on. So a run that starts fresh some way before a shard may be used as soon
 * as its state is proved equal to the state of the run that came all the way; study.h does so.
 *
 * struct rule is immutable and may be shared; a run belongs to one thread.
 */
#ifndef ENGINE_RULE_H
#define ENGINE_RULE_H

#include "base/error.h"
#include "engine/bars/bars.h"
#include "engine/bars/timeframe.h"

struct rule;
struct rule_run;
struct indicator; /* engine/indicators/indicator.h */

struct rule_options {
    struct timeframe timeframe;
    const struct zone *zone; /* of `time` and `weekday`; NULL = UTC */
    bool any_type;           /* accept a number as the result (series), not only a boolean */
    bool parameters;         /* accept $names unbound (validate); otherwise an error */
    /* Where the rule will run, or NULL. For what is told about a rule (how many bars a day has),
     * never for its values. */
    const struct calendar *calendar;
};

/* Parses, checks and compiles. ERR_RULE with line, column and a caret excerpt in the message. */
enum err rule_compile(const char *text, size_t length, const struct rule_options *options,
                      struct rule **ret, struct error *e);
void rule_free(struct rule *r);

bool rule_is_boolean(const struct rule *r);
const char *rule_normal_form(const struct rule *r); /* canonical text; compiles to the same plan */
uint32_t rule_columns(const struct rule *r);        /* BAR_COLUMN_BITs that evaluation reads */
/* Bars before the first that can have a value, where no bar is missing. */
int64_t rule_lookback_bars(const struct rule *r);
/* Bars after which a fresh start is expected (not promised) to have the state of a run from bar 0.
 * 0 when the rule has no recursive part: then a fresh start is exact. */
int64_t rule_warmup_bars(const struct rule *r);
size_t rule_node_count(const struct rule *r);

/* The indicators and computed series used, for people: "rsi(14)", "vwap"; plain columns are not
 * listed. */
size_t rule_indicator_count(const struct rule *r);
const char *rule_indicator_text(const struct rule *r, size_t i);
size_t rule_parameter_count(const struct rule *r); /* $names, without the $ */
const char *rule_parameter_name(const struct rule *r, size_t i);
/* What is allowed but hardly meant: "'rsi(14) > 100' can never hold...". */
size_t rule_warning_count(const struct rule *r);
const char *rule_warning(const struct rule *r, size_t i);

/* A run over `bars` (borrowed until rule_run_free), which must have the rule's columns.
 * ERR_NO_MEMORY. */
enum err rule_run_create(const struct rule *r, const struct bars *bars, struct rule_run **ret,
                         struct error *e);
void rule_run_free(struct rule_run *run);
/* Stand before `bar` as if recursive indicators began here; windows still see the real bars before
 * it. At bar 0 this is the truth. `bar` must be the first bar of a session. */
void rule_run_start(struct rule_run *run, int64_t bar);
int64_t rule_run_position(const struct rule_run *run);

/* Evaluates bars [position, end) and moves there. mask: bit i (of word i / 64) is bar position + i,
 * bits past the end of the last word are zero; may be NULL (only the state moves on). */
void rule_run_eval(struct rule_run *run, int64_t end, uint64_t *mask);
/* The same for the value: numbers as they are, MISSING as NaN; a boolean as 0 and 1 (never
 * MISSING). */
void rule_run_values(struct rule_run *run, int64_t end, double *values);

/* The Markov state at the position, as rule_state_bytes() bytes that compare with memcmp; as many
 * for every run of the rule. */
size_t rule_state_bytes(const struct rule_run *run);
size_t rule_saved_bytes(const struct rule *r);
void rule_run_save(const struct rule_run *run, void *state);
void rule_run_load(struct rule_run *run, int64_t bar, const void *state);

#endif
