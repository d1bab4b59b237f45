/* What struct rule is made of; for rule.c, which makes it, and run.c, which runs it. */
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

#endif
