#include "server/jobs/trade_warnings.h"

#include "base/decimal.h"

#include <stdio.h>

enum { WARNING_MAX = 320 };

/* A size, and what it met: "fixed_cash 500 ... at 1149.45 for one, the price at the first of them".
 */
struct met {
    char size[DECIMAL_MAX_TEXT], step[DECIMAL_MAX_TEXT], price[DECIMAL_MAX_TEXT];
    const char *sizing, *unit;
};

static struct met met_at(const struct strategy *y, int64_t unit_price)
{
    struct met m = {.sizing = sizing_kind_name(y->sizing.kind),
                    .unit = y->contract.given ? "contract" : "unit"};
    decimal_format(y->sizing.value, m.size);
    decimal_format(y->sizing.step, m.step);
    decimal_format(unit_price, m.price);
    return m;
}

static void warn_of_too_small(struct json_writer *w, const struct strategy *y,
                              const struct ledger *l, int64_t fires)
{
    struct met m = met_at(y, l->refused.too_small_price);
    char text[WARNING_MAX];
    if (l->counts.too_small == 0)
        return;
    snprintf(text, sizeof(text),
             "nothing was traded: %lld of %lld fires were too small, because a size of %s %s buys "
             "less than one step of %s at %s a %s, the price at the first of them",
             (long long)l->counts.too_small, (long long)fires, m.sizing, m.size, m.step, m.price,
             m.unit);
    json_string(w, text);
}

static void warn_of_unaffordable(struct json_writer *w, const struct strategy *y,
                                 const struct ledger *l, int64_t fires)
{
    struct met m = met_at(y, l->refused.unaffordable_price);
    char text[WARNING_MAX], cash[DECIMAL_MAX_TEXT];
    if (l->counts.unaffordable == 0)
        return;
    decimal_format(l->initial_cash, cash);
    snprintf(
        text, sizeof(text),
        "nothing was traded: %lld of %lld fires were unaffordable, because cash of %s does not "
        "cover a size of %s %s and its commission at %s a %s, the price at the first of them",
        (long long)l->counts.unaffordable, (long long)fires, cash, m.sizing, m.size, m.price,
        m.unit);
    json_string(w, text);
}

static void warn_of_late(struct json_writer *w, const struct strategy *y, const struct ledger *l,
                         int64_t fires)
{
    int64_t late = fires - l->counts.candidates;
    char text[WARNING_MAX];
    if (late == 0)
        return;
    snprintf(
        text, sizeof(text),
        "nothing was traded: %lld of %lld fires could not be entered, because no bar came after "
        "them, flat_at had come, or a level could not be set%s",
        (long long)late, (long long)fires,
        y->contract.given ? ", or no contract as selected had a price" : "");
    json_string(w, text);
}

void trade_warnings_member(struct json_writer *w, const struct strategy *y, const struct ledger *l,
                           int64_t fires)
{
    json_key(w, "warnings");
    json_begin_array(w);
    if (l->counts.trades == 0) {
        warn_of_too_small(w, y, l, fires);
        warn_of_unaffordable(w, y, l, fires);
        warn_of_late(w, y, l, fires);
    }
    json_end_array(w);
}
