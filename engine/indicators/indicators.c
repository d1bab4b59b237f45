#include "engine/indicators/indicators.h"

#include "engine/indicators/descriptors.h"

#include <assert.h>
#include <string.h>

/* A row is an indicator, or a heading above those that follow. */
struct row {
    const char *group;
    const struct indicator *indicator;
};

#define GROUP_ROW(title) {.group = (title)},
#define INDICATOR_ROW(name) {.indicator = &name##_indicator},
static const struct row rows[] = {INDICATOR_TABLE(GROUP_ROW, INDICATOR_ROW)};

#define TABLE_ENTRY(name) &name##_indicator,
static const struct indicator *const table[] = {INDICATOR_TABLE(INDICATOR_NO_GROUP, TABLE_ENTRY)};

size_t indicator_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const struct indicator *indicator_at(size_t i)
{
    assert(i < indicator_count());
    return table[i];
}

const char *indicator_group(size_t i)
{
    const char *group = NULL;
    for (const struct row *row = rows; row->indicator != indicator_at(i); row++)
        if (row->group != NULL)
            group = row->group;
    return group;
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
