/* Names that do not exist: what may have been meant. */
#include "engine/rule/check_parts.h"

#include "base/text.h"
#include "engine/indicators/indicators.h"

#include <assert.h>
#include <string.h>

/* Names of other programs and of everyday speech. */
static const struct {
    const char *name, *meant;
} foreign[] = {
    {"price", "'close'"},
    {"last", "'close'"},
    {"vol", "'volume'"},
    {"ma", "'sma'"},
    {"mean", "'sma'"},
    {"average", "'sma'"},
    {"std", "'stddev'"},
    {"stdev", "'stddev'"},
    {"bbands", "'bb_upper' or 'bb_lower'"},
    {"bollinger", "'bb_upper' or 'bb_lower'"},
    {"stoch", "'stoch_k' or 'stoch_d'"},
    {"stochastic", "'stoch_k' or 'stoch_d'"},
    {"aroon", "'aroon_up' or 'aroon_down'"},
    {"donchian", "'donchian_upper' or 'donchian_lower'"},
    {"keltner", "'keltner_upper' or 'keltner_lower'"},
    {"williams_r", "'willr'"},
    {"momentum", "'mom'"},
    {"hour", "'time', as in time >= 09:45"},
    {"minute", "'time', as in time >= 09:45"},
    {"day", "'weekday', where 1 is Monday"},
    {"dayofweek", "'weekday', where 1 is Monday"},
    {"crossover", "'a crosses above b'"},
    {"crossunder", "'a crosses below b'"},
    {"crosses_above", "'a crosses above b'"},
    {"crosses_below", "'a crosses below b'"},
    {"ref", "an offset, as in close[1]"},
    {"prev", "an offset, as in close[1]"},
    {"barssince", "'since'"},
    {"request", "'tf', as in tf(\"15m\", close)"},
};

static const char *foreign_name(const char *name)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        if (strcmp(foreign[i].name, name) == 0)
            return foreign[i].meant;
    return NULL;
}

static const char *nearest_name(const char *name)
{
    const char *names[256];
    size_t count = 0;
    assert(series_count() + indicator_count() + 1 <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < series_count(); i++)
        names[count++] = series_at(i)->name;
    for (size_t i = 0; i < indicator_count(); i++)
        names[count++] = indicator_at(i)->name;
    names[count++] = "tf";
    return text_nearest(name, strlen(name), names, count);
}

enum err checker_unknown_name(struct checker *c, const struct ast *node)
{
    const char *meant = foreign_name(node->name);
    if (meant != NULL)
        return rule_text_error(&c->text, node->offset, c->e, "unknown name '%s', did you mean %s?",
                               node->name, meant);
    if (strcmp(node->name, "true") == 0 || strcmp(node->name, "false") == 0)
        return rule_text_error(&c->text, node->offset, c->e,
                               "'%s' is no value here: a comparison is true or false by itself",
                               node->name);
    const char *nearest = nearest_name(node->name);
    if (nearest != NULL)
        return rule_text_error(&c->text, node->offset, c->e,
                               "unknown name '%s', did you mean '%s'?", node->name, nearest);
    return rule_text_error(&c->text, node->offset, c->e,
                           "unknown name '%s': it is neither a series nor an indicator",
                           node->name);
}
