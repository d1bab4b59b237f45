#include "engine/indicators/indicators.h"

#include "engine/indicators/descriptors.h"

#include <assert.h>
#include <string.h>

static const struct indicator *const table[] = {
    &indicator_sma, &indicator_ema, &indicator_rsi, &indicator_highest, &indicator_lowest,
    &indicator_abs, &indicator_min, &indicator_max, &indicator_sqrt,    &indicator_log,
};

size_t indicator_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const struct indicator *indicator_at(size_t i)
{
    assert(i < indicator_count());
    return table[i];
}

const struct indicator *indicator_find(const char *name)
{
    for (size_t i = 0; i < indicator_count(); i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

int64_t indicator_lookback_bars(const struct indicator *i, const double *parameter)
{
    return i->kernel->lookback != NULL ? i->kernel->lookback(parameter) : 0;
}

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
