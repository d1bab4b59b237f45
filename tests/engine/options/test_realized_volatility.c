#include "engine/options/realized_volatility.h"

#include "base/limits.h"
#include "tests/engine/make_bars.h"

#include <math.h>

enum { DAYS = 30 };

/* Two minutes of each session; the second one's close is the day's. */
static const struct bars *two_minutes_a_day(const double *closes)
{
    struct made_bar rows[DAYS * 2];
    struct session session = {.day = day_of("2024-01-01")};
    for (int i = 0; i < DAYS; i++) {
        assert_true(calendar_next_session(calendar_named("XNYS"), session.day + 1, &session));
        for (int k = 0; k < 2; k++) {
            double price = k ? closes[i] : 77;
            rows[2 * i + k] =
                (struct made_bar){session.open_ns + k * NS_PER_MINUTE, price, price, price, price};
        }
    }
    return made_bars("XNYS", 1, rows, DAYS * 2);
}

static void draw_closes(double *closes)
{
    for (int i = 0; i < DAYS; i++)
        closes[i] = 100 + 7 * sin(i * 1.7) + i;
}

static void near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static void it_is_the_deviation_of_daily_log_moves_by_a_year(void **state)
{
    (void)state;
    /* Three moves of ln(1.1), ln(0.9), ln(1.1): mean and squares by hand. */
    double closes[DAYS];
    for (int i = 0; i < DAYS; i++)
        closes[i] = i % 2 ? 110 : 100;
    closes[DAYS - 1] = 100;
    closes[DAYS - 2] = 100;
    closes[DAYS - 3] = 110;
    closes[DAYS - 4] = 100;
    const struct bars *bars = two_minutes_a_day(closes);
    double up = log(1.1), mean = (up - up + 0) / 3;
    double expected = sqrt(((up - mean) * (up - mean) * 2 + mean * mean) / 2 * 252);
    near(realized_volatility(bars, 3, bars->sessions[DAYS - 1].close_ns), expected);
    bars_unref(bars);
}

static void a_session_counts_from_its_close_on_and_not_before(void **state)
{
    (void)state;
    double closes[DAYS];
    draw_closes(closes);
    const struct bars *bars = two_minutes_a_day(closes);
    double before = realized_volatility(bars, 20, bars->sessions[24].close_ns);
    int64_t close_ns = bars->sessions[25].close_ns;
    near(realized_volatility(bars, 20, close_ns - 1), before);
    assert_true(fabs(realized_volatility(bars, 20, close_ns) - before) > 1e-3);
    bars_unref(bars);
    closes[25] = 1e6; /* what comes after an instant changes nothing at it */
    bars = two_minutes_a_day(closes);
    near(realized_volatility(bars, 20, close_ns - 1), before);
    bars_unref(bars);
}

static void too_few_sessions_have_none(void **state)
{
    (void)state;
    double closes[DAYS];
    draw_closes(closes);
    const struct bars *bars = two_minutes_a_day(closes);
    assert_true(isnan(realized_volatility(bars, 20, bars->sessions[19].close_ns)));
    assert_false(isnan(realized_volatility(bars, 20, bars->sessions[20].close_ns)));
    assert_true(isnan(realized_volatility(bars, 2, INT64_MIN)));
    bars_unref(bars);
    closes[10] = 0;
    bars = two_minutes_a_day(closes);
    assert_true(isnan(realized_volatility(bars, 20, bars->sessions[20].close_ns)));
    assert_false(isnan(realized_volatility(bars, 5, bars->sessions[20].close_ns)));
    bars_unref(bars);
}

static void its_name_says_how_many_days(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t n; /* 0: none */
    } rows[] = {
        {"realized:20d", 20},
        {"realized:2d", 2},
        {"realized:252d", 252},
        {"realized:253d", 0},
        {"realized:1d", 0},
        {"realized:0d", 0},
        {"realized:020d", 0},
        {"realized:20", 0},
        {"realized:d", 0},
        {"realized", 0},
        {"", 0},
        {"Realized:20d", 0},
        {"realized:2 d", 0},
        {"realized:-2d", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t n = 0;
        assert_int_equal(realized_volatility_parse(rows[i].text, strlen(rows[i].text), &n),
                         rows[i].n > 0);
        assert_int_equal(n, rows[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_deviation_of_daily_log_moves_by_a_year),
        cmocka_unit_test(a_session_counts_from_its_close_on_and_not_before),
        cmocka_unit_test(too_few_sessions_have_none),
        cmocka_unit_test(its_name_says_how_many_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
