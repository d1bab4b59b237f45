#include "engine/options/contract_rule.h"

#include "base/limits.h"
#include "base/number.h"
#include "engine/options/realized_volatility.h"

#include <string.h>

static const double volatility_max = 10, rate_min = -0.5, rate_max = 1;

static bool begins(const char *text, size_t length, const char *word)
{
    return length > strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* 1..LIMIT_OPTION_STEPS without a leading zero; 0 otherwise. */
static int32_t steps_of(const char *text, size_t length)
{
    int32_t steps = 0;
    if (length == 0 || length > 3 || text[0] == '0')
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        steps = steps * 10 + (text[i] - '0');
    }
    return steps <= LIMIT_OPTION_STEPS ? steps : 0;
}

enum err contract_strike_parse(const char *text, size_t length, struct contract_rule *ret,
                               struct error *e)
{
    enum { STEPS_AT = 3, DELTA_AT = 6 };
    int32_t steps = 0;
    double delta = 0;
    bool known = length == 3 && memcmp(text, "atm", 3) == 0;
    if (begins(text, length, "otm") || begins(text, length, "itm")) {
        steps = steps_of(text + STEPS_AT, length - STEPS_AT);
        known = steps > 0;
        steps = text[0] == 'i' ? -steps : steps;
    } else if (begins(text, length, "delta:")) {
        known = number_parse(text + DELTA_AT, length - DELTA_AT, &delta) && delta > 0 && delta < 1;
    }
    if (!known)
        return error_set(e, ERR_INVALID,
                         "strike must be atm, otm1 to otm%d, itm1 to itm%d, or delta: and a number "
                         "between 0 and 1 such as delta:0.30",
                         LIMIT_OPTION_STEPS, LIMIT_OPTION_STEPS);
    ret->steps = steps;
    ret->delta = delta;
    return ERR_OK;
}

enum err contract_volatility_parse(const char *text, size_t length, struct contract_rule *ret,
                                   struct error *e)
{
    double volatility = 0;
    int32_t days = 0;
    if (!realized_volatility_parse(text, length, &days) &&
        (!number_parse(text, length, &volatility) || !(volatility > 0) ||
         volatility > volatility_max))
        return error_set(e, ERR_INVALID,
                         "volatility must be a number above 0 and at most 10, by year (0.35 is "
                         "35 %%), or realized:2d to realized:%dd",
                         LIMIT_OPTION_VOLATILITY_DAYS);
    ret->realized_days = days;
    ret->volatility = volatility;
    return ERR_OK;
}

enum err contract_rule_check(const struct contract_rule *r, struct error *e)
{
    if (r->has_model && !r->given)
        return error_field(e, ERR_INVALID, "/strategy/model",
                           "a model is of an option: 'contract' is needed");
    if (!r->given)
        return ERR_OK;
    if (r->dte_min < 0 || r->dte_min > r->dte_max || r->dte_max > LIMIT_OPTION_DTE)
        return error_field(e, ERR_INVALID, "/strategy/contract/select/dte",
                           "dte must be two numbers of days, 0 to %d, the lower first",
                           LIMIT_OPTION_DTE);
    if (r->rate < rate_min || r->rate > rate_max)
        return error_field(e, ERR_INVALID, "/strategy/model/rate", "rate must be -0.5 to 1");
    return ERR_OK;
}
