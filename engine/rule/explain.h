/* Why a rule held on a bar, or did not: the truth of each of its parts, both sides of every
 * comparison, and the one that was nearest to holding.
 *
 * A tf() or an offset around truths has no clause of its own: it moves down to the comparisons, as
 * in the plan, so that tf("1h", a > b and c > d) is the clauses tf("1h", a > b) and tf("1h", c >
 * d). Every side is computed over all bars stored before, by the evaluator that runs the rule: it
 * is the same number, to the last bit.
 */
#ifndef ENGINE_RULE_EXPLAIN_H
#define ENGINE_RULE_EXPLAIN_H

#include "engine/rule/rule.h"

enum explain_kind {
    EXPLAIN_OR, /* its children; the same for the next two */
    EXPLAIN_AND,
    EXPLAIN_NOT,
    EXPLAIN_COMPARISON,
    EXPLAIN_CROSSES
};

struct explain_side {
    const char *text; /* normal form */
    double value;     /* NaN = MISSING */
    double before;    /* crosses: on the bar before; otherwise NaN */
};

struct explain_clause {
    enum explain_kind kind;
    const char *text; /* normal form */
    bool truth;
    struct explain_clause *child, *next;
    /* Comparisons and crosses: */
    struct explain_side left, right;
    double distance; /* between the sides where it was decided: how far either would have to move
                      * for the other truth; NaN when one is MISSING */
};

/* The comparison in the way of the rule with the least distance, in proportion to the larger side;
 * one whose sides do not exist only when there is no other. */
struct explain_miss {
    const struct explain_clause *clause;
    const char *text; /* "rsi(14) was 30.4, 0.4 away" */
};

struct explanation;

/* Of bar `bar` of `bars`, which must have all columns that the rule reads and be of the options'
 * timeframe. The errors of rule_compile. */
enum err explain_rule(const char *text, size_t length, const struct rule_options *options,
                      const struct bars *bars, int64_t bar, struct explanation **ret,
                      struct error *e);
void explanation_free(struct explanation *x); /* NULL is fine */

/* All texts and clauses live as long as the explanation. */
const struct explain_clause *explanation_clause(const struct explanation *x); /* the whole rule */
/* NULL when the rule held. */
const struct explain_miss *explanation_nearest_miss(const struct explanation *x);

#endif
