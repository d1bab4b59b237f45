/* What struct rule is made of; for rule.c and explain.c, which make it, and run.c, which runs it.
 */
#ifndef ENGINE_RULE_COMPILED_H
#define ENGINE_RULE_COMPILED_H

#include "engine/rule/check.h"
#include "engine/rule/plan.h"
#include "engine/rule/warnings.h"

struct rule {
    struct arena arena; /* owns everything below */
    struct rule_options options;
    bool boolean;
    const char *normal_form;
    struct plan plan;
    const char **indicators;
    size_t indicator_count;
    struct check_result parameters;
    struct warnings warnings;
};

/* A number among the outputs of the rule's plan, on the bar before the position; that bar was
 * evaluated by itself. */
double rule_run_output(const struct rule_run *run, int32_t output);

#endif
