/* What rules mean: MISSING values, crosses, offsets, every series, and random rules, each against a
 * naive evaluation of its tree, bar by bar.
 */
#include "engine/rule/series.h"
#include "tests/engine/indicator_reference.h"
#include "tests/engine/rule_fixture.h"

#include <math.h>

static void assert_rule(const struct bars *bars, const char *text, const char *expected)
{
    double *values = fixture_values(text, bars, NULL);
    char actual[128] = "";
    assert_true(bars->count < (int64_t)sizeof(actual));
    for (int64_t i = 0; i < bars->count; i++)
        actual[i] = values[i] == 1 ? '1' : values[i] == 0 ? '0' : '?';
    free(values);
    if (strcmp(actual, expected) != 0)
        fail_msg("%s: expected %s, got %s", text, expected, actual);
}

static void assert_numbers(const struct bars *bars, const char *text, const double *expected)
{
    double *values = fixture_values(text, bars, NULL);
    for (int64_t i = 0; i < bars->count; i++)
        if (isnan(values[i]) != isnan(expected[i]) || fabs(values[i] - expected[i]) > 1e-12)
            fail_msg("%s, bar %d: expected %g, got %g", text, (int)i, expected[i], values[i]);
    free(values);
}

/* ---- meaning ----------------------------------------------------------------------------- */

static void comparisons_and_logic(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 2, 1}, 5);
    assert_rule(b, "close < 2", "10001");
    assert_rule(b, "close <= 2", "11011");
    assert_rule(b, "close > 2", "00100");
    assert_rule(b, "close >= 2", "01110");
    assert_rule(b, "close == 2", "01010");
    assert_rule(b, "close != 2", "10101");
    assert_rule(b, "2 < close", "00100");
    assert_rule(b, "2 == close", "01010");
    assert_rule(b, "2 != close", "10101");
    assert_rule(b, "close > 1 and close < 3", "01010");
    assert_rule(b, "close < 2 or close > 2", "10101");
    assert_rule(b, "not close > 2", "11011");
    assert_rule(b, "not (close > 1 and close < 3) and close > 1", "00100");
    assert_rule(b, "1 < 2", "11111");
    assert_rule(b, "1 > 2 or close == 3", "00100");
    bars_unref(b);
}

static void arithmetic(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 4}, 3);
    assert_numbers(b, "close + 2 * close - 1", (double[]){2, 5, 11});
    assert_numbers(b, "(close + 2) * (close - 1)", (double[]){0, 4, 18});
    assert_numbers(b, "10 - close - 1", (double[]){8, 7, 5});
    assert_numbers(b, "8 / close / 2", (double[]){4, 2, 1});
    assert_numbers(b, "-close - -3", (double[]){2, 1, -1});
    assert_numbers(b, "2 + 3 * 4", (double[]){14, 14, 14});
    assert_numbers(b, "09:45", (double[]){585, 585, 585});
    assert_numbers(b, "min(close, 3) + max(close, 2) + abs(-close)", (double[]){4, 6, 11});
    assert_numbers(b, "sqrt(close * close) + log(1)", (double[]){1, 2, 4});
    bars_unref(b);
}

static void what_does_not_exist_is_missing(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){0, 2, 4, 6}, 4);
    assert_numbers(b, "sma(2)", (double[]){NAN, 1, 3, 5});
    assert_numbers(b, "close[2]", (double[]){NAN, NAN, 0, 2});
    assert_numbers(b, "close[2] + 1", (double[]){NAN, NAN, 1, 3});
    assert_numbers(b, "8 / close", (double[]){NAN, 4, 2, 8.0 / 6});
    assert_numbers(b, "close / 0", (double[]){NAN, NAN, NAN, NAN});
    assert_numbers(b, "1 / 0", (double[]){NAN, NAN, NAN, NAN});
    assert_numbers(b, "sqrt(2 - close)", (double[]){sqrt(2), 0, NAN, NAN});
    assert_numbers(b, "log(close)", (double[]){NAN, log(2), log(4), log(6)});
    assert_numbers(b, "min(close[1], 100)", (double[]){NAN, 0, 2, 4});
    assert_numbers(b, "max(0, close[1])", (double[]){NAN, 0, 2, 4});
    bars_unref(b);
}

static void a_comparison_with_missing_is_false_and_its_not_is_true(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3}, 3);
    assert_rule(b, "close[1] < 100", "011");
    assert_rule(b, "close[1] <= 100", "011");
    assert_rule(b, "close[1] > 0", "011");
    assert_rule(b, "close[1] != 100", "011");
    assert_rule(b, "close[1] != close", "011");
    assert_rule(b, "close[1] == close[1]", "011");
    assert_rule(b, "not close[1] < 100", "100");
    assert_rule(b, "1 / 0 == 1 / 0", "000");
    assert_rule(b, "not 1 / 0 < 1", "111");
    bars_unref(b);
}

static void crosses_looks_at_two_bars(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){3, 1, 2, 2, 3, 2, 2, 1, 3, 1}, 10);
    assert_rule(b, "close crosses above 2", "0000100010");
    assert_rule(b, "close crosses below 2", "0100000101");
    assert_rule(b, "close crosses 2", "0100100111");
    assert_rule(b, "2 crosses below close", "0000100010");
    assert_rule(b, "close crosses above close", "0000000000");
    assert_rule(b, "close crosses above close[1]", "0010100010");
    bars_unref(b);
}

static void offsets_look_back_and_add_up(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4, 5}, 5);
    assert_numbers(b, "close[0]", (double[]){1, 2, 3, 4, 5});
    assert_numbers(b, "close[1][2]", (double[]){NAN, NAN, NAN, 1, 2});
    assert_numbers(b, "sma(2)[1]", (double[]){NAN, NAN, 1.5, 2.5, 3.5});
    assert_numbers(b, "sma(close[1], 2)", (double[]){NAN, NAN, 1.5, 2.5, 3.5});
    assert_numbers(b, "(close + close[1])[1]", (double[]){NAN, NAN, 3, 5, 7});
    assert_numbers(b, "close[100]", (double[]){NAN, NAN, NAN, NAN, NAN});
    assert_numbers(b, "-close[1]", (double[]){NAN, -1, -2, -3, -4});
    assert_rule(b, "(close == 2)[1]", "00100");
    assert_rule(b, "not (close == 2)[1]", "11011");
    assert_rule(b, "(not close == 2)[1]", "11011");
    assert_rule(b, "(close > 2 and close[1] < 4)[1]", "00011");
    bars_unref(b);
}

static void constants_may_be_inputs(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1, 2, 3, 4}, 4);
    assert_numbers(b, "sma(7, 3)", (double[]){NAN, NAN, 7, 7});
    assert_numbers(b, "highest(7, 2)[1]", (double[]){NAN, NAN, 7, 7});
    assert_numbers(b, "max(2, 3)", (double[]){3, 3, 3, 3});
    assert_numbers(b, "sma(min(close, 2), 2)", (double[]){NAN, 1.5, 2, 2});
    bars_unref(b);
}

static void a_tie_with_a_mean_is_a_tie(void **state)
{
    (void)state;
    double close[100];
    for (int i = 0; i < 100; i++)
        close[i] = 0.1;
    close[0] = 0.7;
    const struct bars *b = fixture_closes(close, 100);
    double *above = fixture_values("close > sma(20) or close < sma(20)", b, NULL);
    double *mixed = fixture_values("sma(20) == sma(30)", b, NULL);
    for (int i = 0; i < 100; i++) {
        assert_int_equal((int)above[i], i == 19);
        assert_int_equal((int)mixed[i], i >= 30);
    }
    free(above);
    free(mixed);
    bars_unref(b);
}

static void a_run_without_bars_is_fine(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1}, 1);
    struct rule *rule = fixture_rule("sma(200)[3] > rsi(14)", NULL);
    struct rule_run *run = fixture_run(rule, b);
    uint64_t mask = 7;
    rule_run_eval(run, 0, &mask);
    assert_int_equal(mask, 7);
    rule_run_eval(run, 1, &mask);
    assert_int_equal(mask, 0);
    assert_int_equal(rule_run_position(run), 1);
    rule_run_free(run);
    rule_free(rule);
    bars_unref(b);
}

static void a_rule_with_free_parameters_does_not_run(void **state)
{
    (void)state;
    const struct bars *b = fixture_closes((double[]){1}, 1);
    struct rule_options options = {.timeframe = {1}, .parameters = true};
    struct rule *rule = NULL;
    struct rule_run *run = NULL;
    struct error e = {0};
    assert_int_equal(rule_compile("close > $x", 10, &options, &rule, NULL), ERR_OK);
    assert_int_equal(rule_run_create(rule, b, &run, &e), ERR_RULE);
    assert_null(run);
    rule_free(rule);
    bars_unref(b);
}

/* ---- the manual -------------------------------------------------------------------------- */

enum { CELLS_MAX = 16, CELLS_LINE = 256 };

/* "expression   cell cell cell": where the cells begin, the expression cut off before. */
static char *split_cells(char *line)
{
    char *cells = strstr(line, "  ");
    assert_non_null(cells);
    *cells++ = '\0';
    return cells;
}

static double cell_value(const char *cell)
{
    if (strcmp(cell, "-") == 0)
        return NAN;
    return strcmp(cell, "yes") == 0 ? 1 : strcmp(cell, "no") == 0 ? 0 : strtod(cell, NULL);
}

static int64_t read_cells(char *cells, double out[CELLS_MAX])
{
    int64_t count = 0;
    char *rest = cells, *cell;
    while ((cell = strsep(&rest, " ")) != NULL)
        if (*cell != '\0') {
            assert_true(count < CELLS_MAX);
            out[count++] = cell_value(cell);
        }
    return count;
}

/* The lines of a table after the closes. */
static int check_table(FILE *file, const double *closes, int64_t count)
{
    const struct bars *b = fixture_closes(closes, count);
    char line[CELLS_LINE];
    int checked = 0;
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "```", 3) != 0) {
        double expected[CELLS_MAX];
        line[strcspn(line, "\n")] = '\0';
        assert_int_equal(read_cells(split_cells(line), expected), count);
        assert_numbers(b, line, expected);
        checked++;
    }
    bars_unref(b);
    return checked;
}

static void the_tables_of_the_manual_are_right(void **state)
{
    (void)state;
    FILE *file = fopen("docs/rule-language.md", "r");
    assert_non_null(file);
    char line[CELLS_LINE];
    int checked = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        double closes[CELLS_MAX];
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "close  ", 7) == 0)
            checked += check_table(file, closes, read_cells(split_cells(line), closes));
    }
    fclose(file);
    assert_true(checked >= 20);
}

static void check_example(const char *text, const struct bars *bars, const struct zone *zone)
{
    double *values = fixture_values(text, bars, zone);
    int64_t held = 0;
    for (int64_t i = 0; i < bars->count; i++)
        held += values[i] != 0;
    free(values);
    if (held == 0 || held * 2 > bars->count)
        fail_msg("%s holds on %d of %d bars", text, (int)held, (int)bars->count);
}

static const struct zone *new_york(void)
{
    const struct zone *zone = NULL;
    assert_int_equal(zone_find("America/New_York", &zone, NULL), ERR_OK);
    return zone;
}

/* Each of them holds now and then. */
static void the_worked_examples_work(void **state)
{
    (void)state;
    const struct bars *bars = fixture_demo(4, 60000, 2);
    FILE *file = fopen("docs/rule-language.md", "r");
    assert_non_null(file);
    char line[CELLS_LINE];
    bool examples = false, inside = false;
    int checked = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        examples = examples || strcmp(line, "## Worked examples") == 0;
        if (strcmp(line, "```") == 0) {
            inside = !inside;
        } else if (examples && inside) {
            check_example(line, bars, new_york());
            checked++;
        }
    }
    fclose(file);
    assert_true(checked >= 8);
    bars_unref(bars);
}

/* ---- series, straight from their definitions --------------------------------------------- */

static int64_t first_of_session(const struct bars *b, int64_t i)
{
    return b->sessions[bars_session_of(b, i)].first;
}

static double extreme(const double *x, int64_t from, int64_t to, double sign)
{
    double value = x[from];
    for (int64_t i = from; i <= to; i++)
        value = sign * x[i] > sign * value ? x[i] : value;
    return value;
}

static double reference_vwap(const struct bars *b, int64_t t)
{
    long double sum = 0, volume = 0;
    for (int64_t i = first_of_session(b, t); i <= t; i++) {
        long double typical = ((long double)b->column[BAR_HIGH][i] + b->column[BAR_LOW][i] +
                               b->column[BAR_CLOSE][i]) /
                              3;
        sum += typical * b->column[BAR_VOLUME][i];
        volume += b->column[BAR_VOLUME][i];
    }
    return volume > 0 ? (double)(sum / volume) : NAN;
}

/* gap, prev_...: of the session before the one of bar t */
static double reference_previous(const struct bars *b, const char *name, int64_t t)
{
    int64_t session = bars_session_of(b, t);
    if (session == 0)
        return NAN;
    int64_t from = b->sessions[session - 1].first, to = b->sessions[session - 1].end - 1;
    if (strcmp(name, "prev_high") == 0)
        return extreme(b->column[BAR_HIGH], from, to, 1);
    if (strcmp(name, "prev_low") == 0)
        return extreme(b->column[BAR_LOW], from, to, -1);
    if (strcmp(name, "prev_close") == 0)
        return b->column[BAR_CLOSE][to];
    return b->column[BAR_OPEN][to + 1] / b->column[BAR_CLOSE][to] - 1;
}

static double reference_clock(const struct bars *b, const struct zone *zone, const char *name,
                              int64_t t)
{
    const struct bars_session *session = &b->sessions[bars_session_of(b, t)];
    int64_t minute_ns = INT64_C(60000000000);
    int64_t utc_s = b->time_ns[t] / INT64_C(1000000000);
    int64_t local_s = utc_s + zone_offset_at(zone, utc_s), value;
    if (strcmp(name, "time") == 0)
        value = local_s % 86400 / 60;
    else if (strcmp(name, "weekday") == 0)
        value = civil_weekday((int32_t)(local_s / 86400));
    else if (strcmp(name, "minutes_since_open") == 0)
        value = (b->time_ns[t] - session->open_ns) / minute_ns;
    else if (strcmp(name, "minutes_to_close") == 0)
        value = (session->close_ns - b->time_ns[t]) / minute_ns;
    else
        value = t - session->first + 1;
    return (double)value;
}

static double reference_series(const struct bars *b, const struct zone *zone, const char *name,
                               int64_t t)
{
    static const char *const raw[] = {"open", "high", "low", "close", "volume"};
    double o = b->column[BAR_OPEN][t], h = b->column[BAR_HIGH][t];
    double l = b->column[BAR_LOW][t], c = b->column[BAR_CLOSE][t];
    for (int i = 0; i < 5; i++)
        if (strcmp(name, raw[i]) == 0)
            return b->column[i][t];
    if (strcmp(name, "hl2") == 0)
        return (h + l) / 2;
    if (strcmp(name, "hlc3") == 0)
        return (h + l + c) / 3;
    if (strcmp(name, "ohlc4") == 0)
        return (o + h + l + c) / 4;
    if (strcmp(name, "vwap") == 0)
        return reference_vwap(b, t);
    if (strcmp(name, "day_open") == 0)
        return b->column[BAR_OPEN][first_of_session(b, t)];
    if (strcmp(name, "day_high") == 0)
        return extreme(b->column[BAR_HIGH], first_of_session(b, t), t, 1);
    if (strcmp(name, "day_low") == 0)
        return extreme(b->column[BAR_LOW], first_of_session(b, t), t, -1);
    if (strncmp(name, "prev_", 5) == 0 || strcmp(name, "gap") == 0)
        return reference_previous(b, name, t);
    return reference_clock(b, zone, name, t);
}

static void every_series_equals_its_definition(void **state)
{
    (void)state;
    const struct zone *zones[] = {new_york(), zone_utc()};
    for (int32_t decimals = 0; decimals <= 4; decimals += 2) {
        const struct bars *b = fixture_demo(3 + (uint64_t)decimals, 9000, decimals);
        const struct zone *zone = zones[decimals / 2 % 2];
        for (size_t s = 0; s < series_count(); s++) {
            const char *name = series_at(s)->name;
            double *values = fixture_values(name, b, zone);
            for (int64_t t = 0; t < b->count; t++) {
                double expected = reference_series(b, zone, name, t);
                if (isnan(expected) != isnan(values[t]) ||
                    fabs(expected - values[t]) > 1e-13 * fabs(expected) + 1e-15)
                    fail_msg("%s, bar %d: expected %.17g, got %.17g", name, (int)t, expected,
                             values[t]);
                if (!isnan(expected))
                    assert_true(values[t] >= series_at(s)->min && values[t] <= series_at(s)->max);
            }
            free(values);
        }
        bars_unref(b);
    }
}

static void time_follows_the_clock_of_its_zone(void **state)
{
    (void)state;
    const struct bars *b = fixture_demo(1, 9000, 2);
    double *first = fixture_values("bar_of_day == 1 and minutes_since_open == 0 and time != 09:30",
                                   b, new_york());
    double *utc = fixture_values("time >= 13:30 and time < 21:00", b, NULL);
    double *weekday = fixture_values("weekday", b, new_york());
    for (int64_t i = 0; i < b->count; i++) {
        assert_true(first[i] == 0);
        assert_true(utc[i] == 1);
    }
    assert_true(weekday[0] == 3); /* 2023-11-01 is a Wednesday */
    free(first);
    free(utc);
    free(weekday);
    bars_unref(b);
}

static void prices_of_several_columns_tie_exactly(void **state)
{
    (void)state;
    double close[50];
    for (int i = 0; i < 50; i++)
        close[i] = 0.07 + 0.01 * floor(i / 10.0);
    for (int i = 0; i < 50; i++)
        close[i] = round(close[i] * 100) / 100;
    const struct bars *b = fixture_closes(close, 50);
    static const char *const names[] = {"hl2", "hlc3", "ohlc4"};
    for (int n = 0; n < 3; n++) {
        double *values = fixture_values(names[n], b, NULL);
        for (int i = 0; i < 50; i++)
            assert_true(values[i] == close[i]);
        free(values);
    }
    double *vwap = fixture_values("vwap", b, NULL);
    for (int i = 0; i < 10; i++)
        assert_true(vwap[i] == close[0]);
    free(vwap);
    bars_unref(b);
}

/* ---- random rules ------------------------------------------------------------------------ */

/* A value and how far off it may be: where a comparison's sides are nearer than that, the reference
 * does not know the answer. */
struct value {
    double x, error;
};

struct reference {
    const struct bars *bars;
    const struct zone *zone;
    bool unsure;
    struct longer *longer; /* of the tf() met so far */
};

struct longer {
    const char *name;
    const struct bars *bars;
    int64_t *last; /* of each bar, the last one complete */
    struct longer *next;
};

static struct value value_at(struct reference *r, struct tree *t, int64_t bar);

static struct value indicator_at_bar(struct reference *r, struct tree *t, int64_t bar)
{
    int64_t count = r->bars->count;
    if (bar < 0)
        return (struct value){NAN, 0};
    if (t->memo == NULL) {
        double *in = malloc((size_t)count * sizeof(double));
        double *out = malloc(2 * (size_t)count * sizeof(double));
        if (in == NULL || out == NULL)
            abort();
        double worst = 0, largest = 0;
        for (int64_t i = 0; i < count; i++) {
            struct value v = value_at(r, t->child[0], i);
            in[i] = v.x;
            if (!isnan(v.x) && fabs(v.x) > largest)
                largest = fabs(v.x);
            worst = v.error > worst ? v.error : worst;
        }
        struct reference_case c = {
            .in = {in}, .count = count, .parameter = {(double)t->k}, .decimals = -1};
        reference_of(t->name)(&c, out);
        free(in);
        /* an index of moves turns noise in flat stretches into anything */
        bool fragile = strcmp(t->name, "rsi") == 0 && t->child[0]->kind != TREE_SERIES;
        bool picks = strcmp(t->name, "highest") == 0 || strcmp(t->name, "lowest") == 0;
        out[count] = fragile ? 1e-3 : picks ? worst : worst + 1e-12 * (largest + 100);
        t->memo = out;
    }
    const double *out = t->memo;
    return (struct value){out[bar], out[count]};
}

static struct value binary_at_bar(struct reference *r, struct tree *t, int64_t bar)
{
    struct value a = value_at(r, t->child[0], bar), b = value_at(r, t->child[1], bar);
    double x, error;
    switch (t->name[0]) {
    case '+':
    case '-':
        x = t->name[0] == '+' ? a.x + b.x : a.x - b.x;
        error = a.error + b.error;
        break;
    case '*':
        x = a.x * b.x;
        error = fabs(a.x) * b.error + fabs(b.x) * a.error + a.error * b.error;
        break;
    default:
        x = b.x == 0 ? NAN : a.x / b.x;
        error = (a.error + fabs(x) * b.error) / fabs(b.x);
        if (fabs(b.x) <= 2 * b.error)
            r->unsure = true;
        break;
    }
    return (struct value){x, isnan(x) ? 0 : 2 * error + 1e-15 * fabs(x)};
}

static struct value function_at_bar(struct reference *r, struct tree *t, int64_t bar)
{
    struct value a = value_at(r, t->child[0], bar);
    if (t->child[1] == NULL)
        return (struct value){fabs(a.x), a.error};
    struct value b = value_at(r, t->child[1], bar);
    double x = isnan(a.x) || isnan(b.x) ? NAN : (a.x < b.x) == (t->name[1] == 'i') ? a.x : b.x;
    return (struct value){x, a.error > b.error ? a.error : b.error};
}

static const struct longer *longer_named(struct reference *r, const char *name)
{
    for (struct longer *l = r->longer; l != NULL; l = l->next)
        if (strcmp(l->name, name) == 0)
            return l;
    struct longer *l = calloc(1, sizeof(*l));
    if (l == NULL)
        abort();
    *l = (struct longer){name, fixture_longer(r->bars, name), NULL, r->longer};
    l->last = fixture_last_complete(r->bars, l->bars);
    return r->longer = l;
}

static void release_longer(struct reference *r)
{
    for (struct longer *l = r->longer, *next; l != NULL; l = next) {
        next = l->next;
        bars_unref(l->bars);
        free(l->last);
        free(l);
    }
}

/* The reference on the bars of a tf(), and the bar there that is seen on `bar`. */
static struct reference look_through(struct reference *r, const struct tree *frame, int64_t bar,
                                     int64_t *ret_bar)
{
    const struct longer *l = longer_named(r, frame->name);
    *ret_bar = bar < 0 ? -1 : l->last[bar];
    return (struct reference){.bars = l->bars, .zone = r->zone};
}

static struct value frame_at_bar(struct reference *r, struct tree *t, int64_t bar)
{
    int64_t seen;
    struct reference inside = look_through(r, t, bar, &seen);
    struct value v = value_at(&inside, t->child[0], seen);
    r->unsure |= inside.unsure;
    return v;
}

/* Before bar 0 everything is MISSING, except constants. */
static struct value value_at(struct reference *r, struct tree *t, int64_t bar)
{
    struct value v;
    switch (t->kind) {
    case TREE_CONSTANT:
        return (struct value){t->value, 0};
    case TREE_SERIES:
        v.x = bar < 0 ? NAN : reference_series(r->bars, r->zone, t->name, bar);
        v.error = isnan(v.x) ? 0 : 1e-14 * fabs(v.x);
        if (series_find(t->name)->raw_column >= 0 || !series_find(t->name)->computed)
            v.error = 0;
        return v;
    case TREE_INDICATOR:
        return indicator_at_bar(r, t, bar);
    case TREE_FUNCTION:
        return function_at_bar(r, t, bar);
    case TREE_NEGATE:
        v = value_at(r, t->child[0], bar);
        return (struct value){-v.x, v.error};
    case TREE_OFFSET:
        return value_at(r, t->child[0], bar - t->k);
    case TREE_FRAME:
        return frame_at_bar(r, t, bar);
    default:
        assert_int_equal(t->kind, TREE_BINARY);
        return binary_at_bar(r, t, bar);
    }
}

static bool compare(struct reference *r, const char *op, struct value a, struct value b)
{
    if (isnan(a.x) || isnan(b.x))
        return false;
    if (a.error + b.error > 0 && !(fabs(a.x - b.x) > 2 * (a.error + b.error)))
        r->unsure = true;
    if (strcmp(op, "<") == 0)
        return a.x < b.x;
    if (strcmp(op, "<=") == 0)
        return a.x <= b.x;
    if (strcmp(op, ">") == 0)
        return a.x > b.x;
    if (strcmp(op, ">=") == 0)
        return a.x >= b.x;
    return strcmp(op, "==") == 0 ? a.x == b.x : a.x != b.x;
}

static bool crosses_above(struct reference *r, struct tree *a, struct tree *b, int64_t bar)
{
    bool now = compare(r, ">", value_at(r, a, bar), value_at(r, b, bar));
    return compare(r, "<=", value_at(r, a, bar - 1), value_at(r, b, bar - 1)) && now;
}

static bool truth_at(struct reference *r, struct tree *t, int64_t bar);

static bool frame_truth_at(struct reference *r, struct tree *t, int64_t bar)
{
    int64_t seen;
    struct reference inside = look_through(r, t, bar, &seen);
    bool truth = truth_at(&inside, t->child[0], seen);
    r->unsure |= inside.unsure;
    return truth;
}

static bool truth_at(struct reference *r, struct tree *t, int64_t bar)
{
    bool left;
    switch (t->kind) {
    case TREE_AND:
        left = truth_at(r, t->child[0], bar);
        return truth_at(r, t->child[1], bar) && left;
    case TREE_OR:
        left = truth_at(r, t->child[0], bar);
        return truth_at(r, t->child[1], bar) || left;
    case TREE_NOT:
        return !truth_at(r, t->child[0], bar);
    case TREE_OFFSET:
        return truth_at(r, t->child[0], bar - t->k);
    case TREE_FRAME:
        return frame_truth_at(r, t, bar);
    case TREE_COMPARE:
        return compare(r, t->name, value_at(r, t->child[0], bar), value_at(r, t->child[1], bar));
    default:
        assert_int_equal(t->kind, TREE_CROSSES);
        if (t->name[0] != '\0')
            return strcmp(t->name, " above") == 0 ? crosses_above(r, t->child[0], t->child[1], bar)
                                                  : crosses_above(r, t->child[1], t->child[0], bar);
        left = crosses_above(r, t->child[0], t->child[1], bar);
        return crosses_above(r, t->child[1], t->child[0], bar) || left;
    }
}

static void random_rules_equal_their_naive_evaluation(void **state)
{
    (void)state;
    static struct tree_pool pool;
    random_seed(&pool.random, 11);
    const struct bars *bars = fixture_demo(5, 1500, 2);
    int64_t sure = 0, unsure = 0, held = 0;
    for (int k = 0; k < 600; k++) {
        struct tree *tree;
        pool.frames = k >= 400;
        struct rule *rule = fixture_random_rule(&pool, 4, new_york(), &tree);
        struct rule_run *run = fixture_run(rule, bars);
        uint64_t mask[1500 / 64 + 1];
        rule_run_eval(run, bars->count, mask);
        struct reference r = {.bars = bars, .zone = new_york()};
        for (int64_t t = 0; t < bars->count; t++) {
            r.unsure = false;
            bool expected = truth_at(&r, tree, t);
            bool actual = mask[t / 64] >> (t % 64) & 1;
            unsure += r.unsure;
            sure += !r.unsure;
            held += actual;
            if (!r.unsure && expected != actual)
                fail_msg("%s, bar %d: expected %d", rule_normal_form(rule), (int)t, expected);
        }
        rule_run_free(run);
        rule_free(rule);
        release_longer(&r);
        for (int32_t i = 0; i < pool.count; i++)
            free(pool.node[i].memo);
    }
    bars_unref(bars);
    assert_true(unsure * 2 < sure); /* it does know most answers */
    assert_true(held * 20 > sure && held * 20 < sure * 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_and_logic),
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(what_does_not_exist_is_missing),
        cmocka_unit_test(a_comparison_with_missing_is_false_and_its_not_is_true),
        cmocka_unit_test(crosses_looks_at_two_bars),
        cmocka_unit_test(offsets_look_back_and_add_up),
        cmocka_unit_test(constants_may_be_inputs),
        cmocka_unit_test(a_tie_with_a_mean_is_a_tie),
        cmocka_unit_test(a_run_without_bars_is_fine),
        cmocka_unit_test(a_rule_with_free_parameters_does_not_run),
        cmocka_unit_test(the_tables_of_the_manual_are_right),
        cmocka_unit_test(the_worked_examples_work),
        cmocka_unit_test(every_series_equals_its_definition),
        cmocka_unit_test(time_follows_the_clock_of_its_zone),
        cmocka_unit_test(prices_of_several_columns_tie_exactly),
        cmocka_unit_test(random_rules_equal_their_naive_evaluation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
