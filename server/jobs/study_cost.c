#include "server/jobs/study_cost.h"

enum {
    OPERATIONS_OF_ANY_BAR = 4,
    OPERATIONS_OF_A_HORIZON = 4,
    OPERATIONS_OF_A_STRATEGY = 8,
};

struct study_cost study_cost_of(struct study_task *t)
{
    const struct study_request *request = study_task_request(t);
    const struct rule *exit_rule = study_task_exit_rule(t);
    size_t operations = rule_node_count(request->rule) + OPERATIONS_OF_ANY_BAR +
                        request->horizon_count * OPERATIONS_OF_A_HORIZON;
    if (study_task_strategy(t))
        operations += OPERATIONS_OF_A_STRATEGY;
    if (exit_rule)
        operations += rule_node_count(exit_rule);
    struct study_cost cost = {.bars = study_plan(study_task_study(t))->bar_count,
                              .operations = (int64_t)operations};
    if (__builtin_mul_overflow(cost.bars, cost.operations, &cost.units))
        cost.units = INT64_MAX;
    return cost;
}

enum err study_cost_check(const struct study_cost *cost, int64_t budget, struct error *e)
{
    if (cost->units <= budget)
        return ERR_OK;
    return error_set(
        e, ERR_BUDGET,
        "the job is estimated at %lld units (%lld bars of %lld operations), the budget "
        "is %lld: narrow the dates, name fewer symbols, take a longer timeframe or "
        "fewer horizons, or ask a simpler rule",
        (long long)cost->units, (long long)cost->bars, (long long)cost->operations,
        (long long)budget);
}
