#include "server/report/scale.h"

#include "base/civil.h"
#include "server/report/show.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- numbers ---- */

/* The power of ten is made by division for small ones: 1 / 1000 is the double nearest to 0.001,
 * 10^-1 three times is not. */
static double power_of_ten(int exponent)
{
    double p = 1;
    for (int i = 0; i < abs(exponent); i++)
        p *= 10;
    return exponent < 0 ? 1 / p : p;
}

static bool fits(double low, double high, double step, int32_t most)
{
    return ceil(high / step) - floor(low / step) <= most;
}

/* Ticks over low < high with the finest step that fits, but none below `least`. */
static struct number_ticks ticks_of(double low, double high, int32_t most, double least)
{
    static const double mantissas[] = {1, 2, 2.5, 5};
    int exponent = (int)floor(log10((high - low) / most)) - 1;
    for (;; exponent++) {
        for (size_t m = 0; m < sizeof(mantissas) / sizeof(mantissas[0]); m++) {
            double step = mantissas[m] * power_of_ten(exponent);
            int decimals = -exponent + (mantissas[m] == 2.5);
            bool is_whole = decimals <= 0;
            if (!fits(low, high, step, most) || step < least || (least >= 1 && !is_whole))
                continue;
            struct number_ticks t = {.step = step,
                                     .first = (int64_t)floor(low / step),
                                     .decimals = is_whole        ? 0
                                                 : decimals > 12 ? 12
                                                                 : decimals};
            t.count = (int32_t)((int64_t)ceil(high / step) - t.first) + 1;
            return t;
        }
    }
}

struct number_ticks number_ticks(double low, double high, int32_t most)
{
    assert(isfinite(low) && isfinite(high) && most >= 2);
    double from = fmin(low, high), to = fmax(low, high);
    /* Less than what doubles of this size tell apart is nothing. */
    double least = fmax(fmax(fabs(low), fabs(high)) * 1e-9, 1e-12);
    if (to - from < least) {
        double around = fmax(fabs(from) * 0.01, least);
        from -= around;
        to += around;
    }
    return ticks_of(from, to, most, 0);
}

struct number_ticks count_ticks(double low, double high, int32_t most)
{
    assert(isfinite(low) && low < high && most >= 2);
    return ticks_of(low, high, most, 1);
}

double number_tick(const struct number_ticks *t, int32_t i)
{
    return (double)(t->first + i) * t->step;
}

/* ---- days ---- */

enum day_unit { UNIT_DAY, UNIT_WEEK, UNIT_TWO_WEEKS, UNIT_MONTHS };
struct day_rhythm {
    enum day_unit unit;
    int32_t months; /* of UNIT_MONTHS */
};

static const struct day_rhythm rhythms[] = {
    {UNIT_DAY, 0},     {UNIT_WEEK, 0},     {UNIT_TWO_WEEKS, 0}, {UNIT_MONTHS, 1},
    {UNIT_MONTHS, 3},  {UNIT_MONTHS, 6},   {UNIT_MONTHS, 12},   {UNIT_MONTHS, 24},
    {UNIT_MONTHS, 60}, {UNIT_MONTHS, 120}, {UNIT_MONTHS, 600},  {UNIT_MONTHS, 120000},
};

/* Days of one unit share a key. Weeks begin on Mondays: day 4 of 1970 was one. */
static int32_t key_of(int32_t day, struct day_rhythm r)
{
    struct civil_date date;
    switch (r.unit) {
    case UNIT_DAY:
        return day;
    case UNIT_WEEK:
        return (int32_t)floor((day - 4) / 7.0);
    case UNIT_TWO_WEEKS:
        return (int32_t)floor((day - 4) / 14.0);
    default:
        date = civil_from_days(day);
        return (date.year * 12 + date.month - 1) / r.months;
    }
}

static int32_t first_day_of(int32_t key, struct day_rhythm r)
{
    if (r.unit == UNIT_DAY)
        return key;
    if (r.unit != UNIT_MONTHS)
        return 4 + key * (r.unit == UNIT_WEEK ? 7 : 14);
    int32_t month = key * r.months;
    return civil_to_days((struct civil_date){month / 12, month % 12 + 1, 1});
}

/* Does the unit of days[i] begin there? Of the first day, when it is as near to its unit's begin as
 * a holiday may put it. */
static bool begins(const int32_t *days, size_t i, struct day_rhythm r)
{
    enum { HOLIDAYS = 4 };
    int32_t key = key_of(days[i], r);
    if (i > 0)
        return key != key_of(days[i - 1], r);
    return r.unit < UNIT_MONTHS || r.months >= 120000 || days[0] - first_day_of(key, r) <= HOLIDAYS;
}

static size_t units_begun(const int32_t *days, size_t count, struct day_rhythm r)
{
    size_t ticks = 0;
    for (size_t i = 0; i < count; i++)
        ticks += begins(days, i, r);
    return ticks;
}

static void label(char out[DAY_TICK_TEXT], int32_t day, struct day_rhythm r, bool is_first)
{
    struct civil_date date = civil_from_days(day);
    if (r.unit < UNIT_MONTHS)
        snprintf(out, DAY_TICK_TEXT, "%d %s", date.day, show_month_name(date.month - 1));
    else if (date.month == 1 || r.months >= 12)
        snprintf(out, DAY_TICK_TEXT, "%d", date.year);
    else if (is_first)
        snprintf(out, DAY_TICK_TEXT, "%s %d", show_month_name(date.month - 1), date.year);
    else
        snprintf(out, DAY_TICK_TEXT, "%s", show_month_name(date.month - 1));
}

void day_ticks(const int32_t *days, size_t count, size_t most, struct day_ticks *ret)
{
    assert(most >= 1 && most <= DAY_TICKS_MAX);
    ret->count = 0;
    for (size_t u = 0; u < sizeof(rhythms) / sizeof(rhythms[0]) && ret->count == 0; u++) {
        if (units_begun(days, count, rhythms[u]) > most)
            continue;
        for (size_t i = 0; i < count; i++) {
            if (!begins(days, i, rhythms[u]))
                continue;
            ret->items[ret->count].index = i;
            label(ret->items[ret->count].label, days[i], rhythms[u], ret->count == 0);
            ret->count++;
        }
    }
}

/* ---- minutes ---- */

int32_t minute_step(int32_t low, int32_t high, int32_t most)
{
    static const int32_t steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720};
    size_t last = sizeof(steps) / sizeof(steps[0]) - 1;
    size_t i = 0;
    while (i < last && (high - low) / steps[i] > most)
        i++;
    return steps[i];
}
