#include "server/api/import_options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *const import_timeframes[] = {"1m", "1d", NULL};
const char *const import_labels[] = {"start", "end", NULL};
const char *const import_modes[] = {"merge", "replace", NULL};
const char *const import_policies[] = {"refuse", "drop", NULL};
const char *const import_conflicts[] = {"refuse", "first", "last", NULL};

static const struct option table[] = {IMPORT_OPTION_ROWS(struct import_options, )};
enum { OPTION_COUNT = sizeof table / sizeof table[0], NAME_MAX_BYTES = 32 };

void import_options_init(struct import_options *o)
{
    *o = (struct import_options){.price_scale = 1};
}

/* The option's name as a query parameter. */
static void query_name(const struct option *option, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "%s", option->name);
    for (char *p = out; *p; p++)
        if (*p == '-')
            *p = '_';
}

static enum err read_option(const struct http_request *r, const struct option *option,
                            const char *name, struct import_options *ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    if (option->kind == OPTION_FLAG && *text == '\0')
        text = "true"; /* "?dry_run" */
    struct error inner;
    char pointer[NAME_MAX_BYTES + 1];
    enum err err = option_set(option, name, text, r->arena, ret, &inner);
    snprintf(pointer, sizeof pointer, "?%s", name);
    return err ? error_field(e, err, pointer, "%s", inner.message) : ERR_OK;
}

enum err import_options_from_query(const struct http_request *r, struct import_options *ret,
                                   struct error *e)
{
    char names[OPTION_COUNT][NAME_MAX_BYTES];
    const char *known[OPTION_COUNT + 1] = {0};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        query_name(&table[i], names[i]);
        known[i] = names[i];
    }
    import_options_init(ret);
    enum err err = http_query_only(r, known, e);
    for (size_t i = 0; !err && i < OPTION_COUNT; i++)
        err = read_option(r, &table[i], names[i], ret, e);
    return err;
}

/* The place of `text` in the list; 0 when it was left out. option_set let nothing else in. */
static int choice(const char *const *choices, const char *text)
{
    for (int i = 0; text && choices[i]; i++)
        if (strcmp(choices[i], text) == 0)
            return i;
    assert(!text);
    return 0;
}

enum err import_options_settle(const struct import_options *o, struct import_settings *ret,
                               struct error *e)
{
    struct error inner;
    const struct zone *zone = NULL;
    const struct calendar *calendar = NULL;
    if (o->timezone && zone_find(o->timezone, &zone, &inner))
        return error_field(e, ERR_INVALID, "?timezone", "timezone: %s", inner.message);
    if (o->calendar && calendar_find(o->calendar, &calendar, &inner))
        return error_field(e, ERR_INVALID, "?calendar", "calendar: %s", inner.message);
    struct timeframe timeframe = {.minutes = choice(import_timeframes, o->timeframe) == 0};
    *ret = (struct import_settings){
        .csv = {.zone = zone,
                .calendar = calendar,
                .timeframe = timeframe,
                .label = (enum csv_label)choice(import_labels, o->label),
                .outside = (enum csv_policy)choice(import_policies, o->outside),
                .bad_rows = (enum csv_policy)choice(import_policies, o->bad_rows),
                .duplicates = (enum csv_conflict)choice(import_conflicts, o->duplicates),
                .sort = o->sort,
                .ignore_columns = o->ignore_columns,
                .price_scale = o->price_scale},
        .bars = {.timeframe = timeframe,
                 .calendar = calendar,
                 .mode = (enum bar_import_mode)choice(import_modes, o->mode),
                 .dry_run = o->dry_run},
    };
    return ERR_OK;
}
