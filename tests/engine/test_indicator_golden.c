/* Indicators against golden vectors: TA-Lib's values, and definitions in exact arithmetic. The
 * files of tests/data/indicators state their source; make_golden.py there wrote them. Each value
 * goes through the whole language: parsed, planned and evaluated over bars.
 *
 * Values agree to a relative 1e-9. Where they do not, it is a documented difference: `exceptions`
 * names it, and the exception is checked too (it must be needed).
 */
#include "engine/indicators/indicators.h"
#include "tests/engine/rule_fixture.h"

#include <math.h>

#define FOLDER "tests/data/indicators/"

enum { BARS_MAX = 512, LINE_BYTES = 512 };

static const char *const shapes[] = {"walk", "nasty", "tiny", "huge"};
static const char *const sources[] = {"talib-0.6", "talib-0.8", "exact"};

struct exception {
    const char *shape, *source, *call; /* the call's beginning */
};

static const struct exception exceptions[] = {
    /* 0 where nothing moved; here 50 */
    {"nasty", "talib-0.6", "rsi(2)"},
    {"nasty", "talib-0.6", "rsi(14)"},
    /* two thirds of 100 times the sign of a rounding error where all typical prices are equal;
     * here 0 */
    {"nasty", "talib-0.6", "cci(20)"},
    {"tiny", "talib-0.6", "cci(2)"},
    /* 0 where less than 1.0 of money flowed */
    {"tiny", "talib-0.6", "mfi(2)"},
};

static FILE *open_data(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), FOLDER "%s.txt", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    return file;
}

/* The next line that is no comment, without its end. */
static bool next_line(FILE *file, char *line)
{
    while (fgets(line, LINE_BYTES, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '#')
            return true;
    }
    return false;
}

static const struct bars *read_bars(const char *shape)
{
    char name[64], line[LINE_BYTES];
    snprintf(name, sizeof(name), "bars_%s", shape);
    FILE *file = open_data(name);
    struct bars_builder b;
    const struct bars *bars = NULL;
    int64_t count = 0;
    assert_int_equal(bars_builder_init(&b, BARS_MAX, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (; next_line(file, line); count++) {
        char *at = line;
        assert_true(count < BARS_MAX);
        b.time_ns[count] = (INT64_C(1704067200) + count * 60) * INT64_C(1000000000);
        for (int c = BAR_OPEN; c <= BAR_VOLUME; c++)
            b.column[c][count] = strtod(at, &at);
    }
    fclose(file);
    b.count = count;
    assert_int_equal(
        bars_publish(&b, fixture_calendar("24x7"), (struct timeframe){1}, -2, &bars, NULL), ERR_OK);
    return bars;
}

/* ---- one call ---------------------------------------------------------------------------- */

struct vector {
    const char *shape, *source;
    char call[LINE_BYTES];
    double *values; /* of the engine */
    double noise;   /* differences up to here are rounding */
    int64_t first;  /* of the file */
    double worst;   /* the largest relative difference so far */
    int64_t worst_bar;
    bool broken; /* one of the two is MISSING */
};

/* Relative; what rounding leaves of a difference that should be zero counts against the size of
 * what was subtracted. */
static double difference(const struct vector *v, double expected, double actual)
{
    double apart = fabs(expected - actual);
    return apart <= v->noise ? 0 : apart / fmax(fabs(expected), fabs(actual));
}

static void compare(struct vector *v, int64_t bar, double expected)
{
    double actual = v->values[bar];
    if (isnan(expected) != isnan(actual)) {
        v->broken = true;
        v->worst_bar = bar;
    } else if (!isnan(expected) && difference(v, expected, actual) > v->worst) {
        v->worst = difference(v, expected, actual);
        v->worst_bar = bar;
    }
}

static bool is_excepted(const struct vector *v)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].shape, v->shape) == 0 &&
            strcmp(exceptions[i].source, v->source) == 0 &&
            strncmp(exceptions[i].call, v->call, strlen(exceptions[i].call)) == 0)
            return true;
    return false;
}

/* 1 when the vector is not as it should be. */
static int judge(const struct vector *v, int64_t bar_count)
{
    int64_t first = 0;
    while (first < bar_count && isnan(v->values[first]))
        first++;
    bool fine = !v->broken && v->worst <= 1e-9 && first == v->first;
    if (fine != is_excepted(v))
        return 0;
    print_error("%s on %s, %s: first at bar %d (here %d), worst %g at bar %d (here %.17g)%s\n",
                v->call, v->shape, v->source, (int)v->first, (int)first, v->worst,
                (int)v->worst_bar, v->values[v->worst_bar], fine ? ", an exception" : "");
    return 1;
}

/* 1e-13 of an indicator's range; of the prices where it has none. */
static double noise_of(const char *call, const struct bars *bars)
{
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(call, "("), call);
    const struct indicator *i = indicator_find(name);
    assert_non_null(i);
    if (isfinite(i->max - i->min))
        return 1e-13 * (i->max - i->min);
    double most = 0;
    for (int64_t t = 0; t < bars->count; t++)
        most = fmax(most, bars->column[BAR_HIGH][t]);
    return 1e-13 * most;
}

static void begin_vector(struct vector *v, const char *line, const struct bars *bars)
{
    const char *comma = strstr(line, ", first at bar ");
    assert_non_null(comma);
    snprintf(v->call, sizeof(v->call), "%.*s", (int)(comma - line - 2), line + 2);
    v->first = strtoll(comma + strlen(", first at bar "), NULL, 10);
    v->values = fixture_values(v->call, bars, NULL);
    v->noise = noise_of(v->call, bars);
    v->worst = 0;
    v->worst_bar = 0;
    v->broken = false;
}

/* Returns how many vectors are wrong. */
static int check_file(const char *source, const char *shape, const struct bars *bars, int *count)
{
    char name[64], line[LINE_BYTES];
    snprintf(name, sizeof(name), "%s_%s", source, shape);
    FILE *file = open_data(name);
    struct vector v = {.shape = shape, .source = source};
    int wrong = 0;
    bool more = next_line(file, line);
    while (more) {
        begin_vector(&v, line, bars);
        while ((more = next_line(file, line)) && line[0] != '=') {
            char *at = line;
            int64_t bar = strtoll(line, &at, 10);
            assert_true(bar < bars->count);
            compare(&v, bar, strcmp(at, " missing") == 0 ? NAN : strtod(at, NULL));
        }
        wrong += judge(&v, bars->count);
        free(v.values);
        ++*count;
    }
    fclose(file);
    return wrong;
}

static void every_golden_vector_agrees(void **state)
{
    (void)state;
    int count = 0, wrong = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        const struct bars *bars = read_bars(shapes[s]);
        for (size_t k = 0; k < sizeof(sources) / sizeof(sources[0]); k++)
            wrong += check_file(sources[k], shapes[s], bars, &count);
        bars_unref(bars);
    }
    assert_true(count > 500);
    assert_int_equal(wrong, 0);
}

/* Is there a vector of a call of this indicator? */
static bool has_vector(const char *name, FILE *file)
{
    char line[LINE_BYTES];
    size_t length = strlen(name);
    rewind(file);
    while (next_line(file, line))
        if (line[0] == '=' && strncmp(line + 2, name, length) == 0 &&
            (line[2 + length] == '(' || line[2 + length] == ','))
            return true;
    return false;
}

static void every_indicator_has_a_golden_vector(void **state)
{
    (void)state;
    FILE *files[3];
    for (size_t k = 0; k < 3; k++) {
        char name[64];
        snprintf(name, sizeof(name), "%s_walk", sources[k]);
        files[k] = open_data(name);
    }
    for (size_t i = 0; i < indicator_count(); i++) {
        const char *name = indicator_at(i)->name;
        if (!has_vector(name, files[0]) && !has_vector(name, files[1]) &&
            !has_vector(name, files[2]))
            fail_msg("%s has no golden vector: add it to make_golden.py", name);
    }
    for (size_t k = 0; k < 3; k++)
        fclose(files[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_vector_agrees),
        cmocka_unit_test(every_indicator_has_a_golden_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
