/* docs/indicators.md is written from the table: `make docs` writes it, the test holds the two
 * together. */
#include "engine/indicators/indicators.h"

#include "base/strbuf.h"
#include "engine/rule/series.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCS_PATH "docs/indicators.md"

static const char introduction[] =
    "# Indicators\n"
    "\n"
    "All indicators of the [rule language](rule-language.md), as the program itself knows them. "
    "This page is\n"
    "written from their table by `make docs`; `GET /v1/indicators` answers the same.\n"
    "\n"
    "- A *series* in front may be any number and is `close` when left out: `sma(20)` is "
    "`sma(close, 20)`. The other\n"
    "  inputs are columns of the bars and implied.\n"
    "- In formulas `x` is the series, `n` the period, `x[1]` the value one bar ago.\n"
    "- *First value* counts bars from 0, on top of the first bar of the input.\n"
    "- A *window* depends on so many bars and no others: it is MISSING while one of them is, and "
    "does not depend\n"
    "  on where the data begins. What is *recursive* remembers all bars before; a MISSING value "
    "starts it\n"
    "  anew, seed included. A study cuts time into shards nevertheless: a shard starts early "
    "enough for the\n"
    "  beginning to be forgotten to the last bit, proves that it was, and goes through the bars in "
    "order where it\n"
    "  was not. `obv` is never forgotten, and `since` of a rule that is seldom true is not "
    "either.\n"
    "- Values are those of TA-Lib 0.6 with unstable period 0, to nine digits, where it knows the "
    "indicator; what\n"
    "  differs is said below. The tests hold them against vectors from TA-Lib and from exact "
    "arithmetic\n"
    "  (`tests/data/indicators/`).\n"
    "- On prices, which are decimals, windows are summed in whole ticks: means, sums, weighted "
    "means, regression lines\n"
    "  and deviations have no drift, ties are ties, and a flat window has a deviation of exactly "
    "0.\n"
    "- Where a formula divides by zero the value is MISSING, unless it says otherwise.\n";

static const char *memory_text(const struct indicator *i)
{
    static const char *const texts[] = {
        [INDICATOR_POINTWISE] = "the bar alone",
        [INDICATOR_WINDOW] = "a window",
        [INDICATOR_RECURSIVE] = "recursive",
    };
    return texts[i->kernel->memory];
}

static void write_range(struct strbuf *out, double least, double most)
{
    if (isinf(least) && isinf(most))
        strbuf_add_string(out, "any number");
    else if (isinf(most))
        strbuf_add_format(out, "%g and above", least);
    else
        strbuf_add_format(out, "%g to %g", least, most);
}

static void write_inputs(struct strbuf *out, const struct indicator *i)
{
    static const char *const names[] = {
        [INDICATOR_INPUT_SERIES] = "a series (`close`)",
        [INDICATOR_INPUT_VALUE] = "a number",
        [INDICATOR_INPUT_RULE] = "a rule",
        [INDICATOR_INPUT_OPEN] = "`open`",
        [INDICATOR_INPUT_HIGH] = "`high`",
        [INDICATOR_INPUT_LOW] = "`low`",
        [INDICATOR_INPUT_CLOSE] = "`close`",
        [INDICATOR_INPUT_VOLUME] = "`volume`",
    };
    strbuf_add_string(out, "- of ");
    for (int32_t j = 0; j < i->input_count; j++)
        strbuf_add_format(out, "%s%s", j == 0 ? "" : ", ", names[i->input[j]]);
    strbuf_add_char(out, '\n');
}

static void write_parameters(struct strbuf *out, const struct indicator *i)
{
    for (int32_t j = 0; j < i->parameter_count; j++) {
        const struct indicator_parameter *p = &i->parameter[j];
        strbuf_add_format(out, "- `%s`: %s from %.15g to %.15g", p->name,
                          p->whole ? "whole number" : "number", p->min, p->max);
        if (isnan(p->fallback))
            strbuf_add_string(out, ", must be given\n");
        else
            strbuf_add_format(out, ", %.15g when left out\n", p->fallback);
    }
}

/* Others that come out of the same computation. */
static void write_family(struct strbuf *out, const struct indicator *i)
{
    const char *separator = "- computed together with";
    if (i->kernel->output_count == 1)
        return;
    for (size_t k = 0; k < indicator_count(); k++) {
        const struct indicator *other = indicator_at(k);
        if (other == i || other->kernel != i->kernel)
            continue;
        strbuf_add_format(out, "%s `%s`", separator, other->name);
        separator = " and";
    }
    strbuf_add_char(out, '\n');
}

/* One line for each part. */
static void write_formula(struct strbuf *out, const char *formula)
{
    strbuf_add_string(out, "```\n");
    for (; *formula != '\0'; formula++) {
        bool ends = formula[0] == ';' && formula[1] == ' ';
        strbuf_add_char(out, ends ? '\n' : *formula);
        formula += ends;
    }
    strbuf_add_string(out, "\n```\n");
}

static void write_indicator(struct strbuf *out, const struct indicator *i)
{
    char text[256];
    strbuf_add_format(out, "\n### `%s`\n%s.\n\n", indicator_signature(i, text, sizeof(text)),
                      i->summary);
    write_formula(out, i->formula);
    write_inputs(out, i);
    write_parameters(out, i);
    strbuf_add_format(out, "- first value at bar %s; %s; ",
                      indicator_lookback_text(i, text, sizeof(text)), memory_text(i));
    write_range(out, i->min, i->max);
    strbuf_add_char(out, '\n');
    write_family(out, i);
    strbuf_add_format(out, "- source: %s\n", i->source);
    if (i->differs != NULL)
        strbuf_add_format(out, "\nElsewhere: %s\n", i->differs);
}

static void write_page(struct strbuf *out)
{
    const char *group = "";
    strbuf_add_string(out, introduction);
    for (size_t k = 0; k < indicator_count(); k++) {
        if (strcmp(group, indicator_group(k)) != 0) {
            group = indicator_group(k);
            strbuf_add_format(out, "\n## %s\n", group);
        }
        write_indicator(out, indicator_at(k));
    }
}

/* The file's text; free() it. */
static char *read_page(void)
{
    FILE *file = fopen(DOCS_PATH, "r");
    if (file == NULL)
        fail_msg("cannot open %s", DOCS_PATH);
    size_t size = 1 << 20;
    char *text = calloc(1, size);
    assert_non_null(text);
    assert_true(fread(text, 1, size - 1, file) < size - 1);
    fclose(file);
    return text;
}

static void the_page_is_what_the_table_says(void **state)
{
    (void)state;
    struct strbuf page;
    strbuf_init(&page, 1 << 20);
    write_page(&page);
    char *written = read_page();
    if (strcmp(written, strbuf_text(&page)) != 0)
        fail_msg("%s is not up to date: make docs", DOCS_PATH);
    free(written);
    strbuf_release(&page);
}

static void every_descriptor_is_complete(void **state)
{
    (void)state;
    for (size_t k = 0; k < indicator_count(); k++) {
        const struct indicator *i = indicator_at(k);
        char text[256];
        assert_true(i->name[0] != '\0' && i->summary[0] != '\0' && i->formula[0] != '\0');
        assert_true(i->source != NULL && i->source[0] != '\0');
        assert_true(i->min <= i->max && i->kernel != NULL && i->kernel->run != NULL);
        assert_true(i->output < i->kernel->output_count);
        assert_ptr_equal(indicator_find(i->name), i);
        assert_null(series_find(i->name));
        assert_string_not_equal(indicator_lookback_text(i, text, sizeof(text)), "varies");
        for (int32_t j = 0; j < i->parameter_count; j++) {
            const struct indicator_parameter *p = &i->parameter[j];
            assert_true(p->min <= p->max && !(p->fallback < p->min) && !(p->fallback > p->max));
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        struct strbuf page;
        strbuf_init(&page, 1 << 20);
        write_page(&page);
        FILE *file = fopen(DOCS_PATH, "w");
        bool failed = file == NULL || fputs(strbuf_text(&page), file) == EOF || fclose(file) == EOF;
        strbuf_release(&page);
        return failed;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_what_the_table_says),
        cmocka_unit_test(every_descriptor_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
