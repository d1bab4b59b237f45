/* What the importer's tests share: options, and an import of a literal text. */
#ifndef TESTS_ENGINE_CSV_CASE_H
#define TESTS_ENGINE_CSV_CASE_H

#include "base/rfc3339.h"
#include "engine/csv/csv_import.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static inline const struct calendar *csv_calendar(const char *name)
{
    const struct calendar *c = NULL;
    assert_int_equal(calendar_find(name, &c, NULL), ERR_OK);
    return c;
}

static inline const struct zone *csv_zone(const char *name)
{
    const struct zone *z = NULL;
    assert_int_equal(zone_find(name, &z, NULL), ERR_OK);
    return z;
}

/* Minute bars of New York, everything refused that can be. */
static inline struct csv_options csv_minutes(void)
{
    return (struct csv_options){
        .calendar = csv_calendar("XNYS"), .timeframe = {1}, .file = "bars.csv"};
}

static inline int64_t csv_at(const char *stamp)
{
    int64_t ns;
    assert_int_equal(rfc3339_parse(stamp, strlen(stamp), &ns, NULL), ERR_OK);
    return ns;
}

/* The text is copied to memory of just its size, so that the address sanitizer sees any byte read
 * past its end. */
static inline enum err csv_run(const char *text, size_t length, const struct csv_options *options,
                               struct csv_report *report, struct csv_bars *bars, struct error *e)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    memset(e, 0, sizeof(*e));
    enum err err = csv_import(copy, length, options, NULL, report, bars, e);
    free(copy);
    return err;
}

/* An import that must succeed. */
static inline struct csv_bars csv_good(const char *text, const struct csv_options *options,
                                       struct csv_report *report)
{
    struct csv_bars bars;
    struct error e;
    if (csv_run(text, strlen(text), options, report, &bars, &e) != ERR_OK)
        fail_msg("%s", e.message);
    assert_int_equal(bars.count, report->bars);
    return bars;
}

#endif
