/* What a call of an indicator looks like and where its values begin, in words. */
#include "engine/indicators/indicators.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *bytes;
    size_t size, length;
};

static void append(struct text *t, const char *word)
{
    for (; *word != '\0' && t->length + 1 < t->size; word++)
        t->bytes[t->length++] = *word;
    t->bytes[t->length] = '\0';
}

/* One argument of the signature; `first` becomes false. */
static void append_argument(struct text *t, bool *first, const char *name, bool optional)
{
    append(t, *first ? "" : ", ");
    append(t, optional ? "[" : "");
    append(t, name);
    append(t, optional ? "]" : "");
    *first = false;
}

const char *indicator_signature(const struct indicator *i, char *out, size_t size_bytes)
{
    static const char *const values[] = {"a", "b", "c", "d"};
    assert(size_bytes > 0);
    struct text t = {out, size_bytes, 0};
    bool first = true;
    int32_t given = 0, value_count = 0;
    for (int32_t j = 0; j < i->input_count; j++)
        value_count += i->input[j] == INDICATOR_INPUT_VALUE;
    append(&t, i->name);
    append(&t, "(");
    for (int32_t j = 0; j < i->input_count; j++) {
        if (i->input[j] == INDICATOR_INPUT_SERIES)
            append_argument(&t, &first, "series", true);
        else if (i->input[j] == INDICATOR_INPUT_RULE)
            append_argument(&t, &first, "rule", false);
        else if (i->input[j] == INDICATOR_INPUT_VALUE)
            append_argument(&t, &first, value_count == 1 ? "x" : values[given++], false);
    }
    for (int32_t j = 0; j < i->parameter_count; j++)
        append_argument(&t, &first, i->parameter[j].name, !isnan(i->parameter[j].fallback));
    append(&t, ")");
    return out;
}

/* The lookback at the smallest parameters, each moved up by steps[i]. */
static int64_t lookback_at(const struct indicator *i, const int64_t *steps)
{
    double values[INDICATOR_PARAMETERS_MAX] = {0};
    for (int32_t j = 0; j < i->parameter_count; j++)
        values[j] = i->parameter[j].min + (double)steps[j];
    return indicator_lookback_bars(i, values);
}

/* The kernel's lookback as a sum of multiples of its parameters, found from its values and held
 * against one more. False when it is no such sum. */
static bool find_factors(const struct indicator *i, int64_t *factor, int64_t *rest)
{
    int64_t steps[INDICATOR_PARAMETERS_MAX] = {0};
    int64_t least = lookback_at(i, steps), expected = least;
    for (int32_t j = 0; j < i->parameter_count; j++) {
        steps[j] = 1;
        factor[j] = lookback_at(i, steps) - least;
        steps[j] = 0;
    }
    *rest = least;
    for (int32_t j = 0; j < i->parameter_count; j++) {
        steps[j] = 7 + j;
        expected += steps[j] * factor[j];
        *rest -= factor[j] * (int64_t)i->parameter[j].min;
    }
    return lookback_at(i, steps) == expected;
}

const char *indicator_lookback_text(const struct indicator *i, char *out, size_t size_bytes)
{
    int64_t factor[INDICATOR_PARAMETERS_MAX] = {0}, rest = 0;
    assert(size_bytes > 0);
    struct text t = {out, size_bytes, 0};
    if (i->first != NULL || !find_factors(i, factor, &rest)) {
        append(&t, i->first != NULL ? i->first : "varies");
        return out;
    }
    char number[32];
    out[0] = '\0';
    for (int32_t j = 0; j < i->parameter_count; j++) {
        if (factor[j] == 0)
            continue;
        append(&t, t.length > 0 ? " + " : "");
        if (factor[j] != 1) {
            snprintf(number, sizeof(number), "%" PRId64 " * ", factor[j]);
            append(&t, number);
        }
        append(&t, i->parameter[j].name);
    }
    const char *sign = t.length == 0 ? "" : rest < 0 ? " - " : " + ";
    snprintf(number, sizeof(number), "%s%" PRId64, sign, t.length > 0 && rest < 0 ? -rest : rest);
    append(&t, t.length == 0 || rest != 0 ? number : "");
    return out;
}
