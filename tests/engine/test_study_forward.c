#include "engine/study/study_forward.h"

#include "tests/engine/make_bars.h"
#include "tests/engine/naive_study.h"

#include <stdlib.h>

static struct study_request request_of(const char *const *names, size_t count, int32_t minutes)
{
    struct study_request r = {.timeframe = {minutes}, .horizon_count = count};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(study_horizon_parse(names[i], strlen(names[i]), &r.horizons[i], NULL),
                         ERR_OK);
    return r;
}

static void assert_as_defined(const struct bars *bars, const struct study_request *r)
{
    struct forward_plan plan;
    forward_plan_init(&plan, r);
    size_t room = LIMIT_SESSION_BARS;
    double *out = calloc(room, sizeof *out), *mfe = calloc(room, sizeof *mfe),
           *mae = calloc(room, sizeof *mae);
    int32_t *queue = calloc(2 * room, sizeof *queue);
    for (int64_t s = 0; s < bars->session_count; s++) {
        int64_t first = bars->sessions[s].first, count = bars->sessions[s].end - first;
        for (size_t h = 0; h < r->horizon_count; h++) {
            forward_returns(&plan, bars, s, h, out);
            for (int64_t k = 0; k < count; k++) {
                double expected = naive_forward(bars, first + k, &r->horizons[h]);
                if (!same_double(out[k], expected))
                    fail_msg("session %d bar %d %s: %g, not %g", (int)s, (int)k,
                             r->horizons[h].name, out[k], expected);
            }
        }
        forward_excursions(&plan, bars, s, queue, mfe, mae);
        for (int64_t k = 0; k < count; k++) {
            double best, worst;
            naive_excursions(bars, first + k, r, &best, &worst);
            assert_true(same_double(mfe[k], best));
            assert_true(same_double(mae[k], worst));
            forward_excursion(&plan, bars, s, k, &mfe[k], &mae[k]);
            assert_true(same_double(mfe[k], best));
            assert_true(same_double(mae[k], worst));
        }
    }
    free(out);
    free(mfe);
    free(mae);
    free(queue);
}

static const char *const SETS[3][6] = {
    {"5m", "15m", "30m", "60m", "close", "next_open"},
    {"1m", "7m", "90s", "200m", "6h", "next_open"},
    {"30s", "390m", "389m", "391m", "2d", "0001m"},
};

static void returns_and_excursions_are_as_defined(void **state)
{
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        /* With the half day of 3 July. */
        const struct bars *bars = generated_bars("XNYS", "2024-07-01", "2024-07-08", 3,
                                                 missing ? 0.4 : 0, 390 * 3 + 210 + 100);
        const struct bars *longer = NULL;
        assert_int_equal(bars_resample(bars, (struct timeframe){7}, BAR_ALL_COLUMNS, &longer, NULL),
                         ERR_OK);
        for (size_t i = 0; i < 2; i++) {
            struct study_request r = request_of(SETS[i], 6, 1);
            assert_as_defined(bars, &r);
            r.timeframe.minutes = 7;
            assert_as_defined(longer, &r);
        }
        struct study_request r = request_of(SETS[2], 5, 1);
        assert_as_defined(bars, &r);
        r = request_of(SETS[0] + 5, 1, 1); /* next_open alone: no excursions */
        assert_as_defined(bars, &r);
        bars_unref(longer);
        bars_unref(bars);
    }
}

static void around_the_clock_too(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("24x7", "2024-03-08", "2024-03-10", 5, 0.2, 0);
    struct study_request r = request_of(SETS[0], 6, 1);
    assert_as_defined(bars, &r);
    bars_unref(bars);
}

/* Three bars on the half day of 3 July 2024, which closes at 17:00 UTC, one the day after the
 * holiday. */
static const struct bars *half_day(void)
{
    const struct made_bar rows[] = {
        {instant("2024-07-03", 16 * 60 + 50), 100, 101, 99, 100},
        {instant("2024-07-03", 16 * 60 + 53), 101, 104, 100, 102},
        {instant("2024-07-03", 16 * 60 + 59), 102, 103, 98, 101},
        {instant("2024-07-05", 13 * 60 + 30), 110, 111, 109, 110},
        {instant("2024-07-05", 13 * 60 + 31), 110, 112, 110, 111},
    };
    return made_bars("XNYS", 1, rows, 5);
}

static void a_half_day_ends_at_its_own_close(void **state)
{
    (void)state;
    const struct bars *bars = half_day();
    const char *const names[] = {"2m", "5m", "10m", "11m", "close", "next_open"};
    struct study_request r = request_of(names, 6, 1);
    struct forward_plan plan;
    forward_plan_init(&plan, &r);
    double out[6][3];
    for (size_t h = 0; h < 6; h++)
        forward_returns(&plan, bars, 0, h, out[h]);
    assert_true(out[0][0] == 0);               /* nothing traded meanwhile: the price stands */
    assert_true(out[1][0] == 102.0 / 100 - 1); /* the bar of 16:53 is the last before 16:55 */
    assert_true(out[2][0] == 101.0 / 100 - 1); /* exactly until the close */
    assert_true(isnan(out[3][0]));             /* one minute past it */
    assert_true(out[4][0] == 101.0 / 100 - 1);
    assert_true(out[5][0] == 110.0 / 100 - 1); /* over the holiday */
    assert_true(out[0][1] == 0);
    assert_true(isnan(out[0][2]));
    assert_true(out[4][2] == 0);
    int32_t queue[6];
    double mfe[3], mae[3];
    forward_excursions(&plan, bars, 0, queue, mfe, mae);
    assert_true(mfe[0] == 104.0 / 100 - 1 && mae[0] == 98.0 / 100 - 1);
    assert_true(mfe[1] == 103.0 / 102 - 1 && mae[1] == 98.0 / 102 - 1);
    assert_true(isnan(mfe[2]) && isnan(mae[2]));
    bars_unref(bars);
}

static void what_the_last_session_has_not_seen_yet_is_missing(void **state)
{
    (void)state;
    const struct bars *bars = half_day();
    const char *const names[] = {"1m", "2m", "close", "next_open"};
    struct study_request r = request_of(names, 4, 1);
    struct forward_plan plan;
    forward_plan_init(&plan, &r);
    double out[4][2];
    for (size_t h = 0; h < 4; h++)
        forward_returns(&plan, bars, 1, h, out[h]);
    assert_true(out[0][0] == 111.0 / 110 - 1);
    assert_true(isnan(out[0][1]));
    assert_true(isnan(out[1][0]));
    assert_true(isnan(out[2][0]) && isnan(out[3][0]));
    bars_unref(bars);
}

static void a_price_of_zero_has_no_returns(void **state)
{
    (void)state;
    const struct made_bar rows[] = {
        {instant("2024-07-02", 15 * 60), 1, 1, 0, 0},
        {instant("2024-07-02", 15 * 60 + 5), 1, 1, 0, 1},
        {instant("2024-07-03", 15 * 60), 1, 1, 0, 1},
    };
    const struct bars *bars = made_bars("XNYS", 1, rows, 3);
    struct study_request r = request_of(SETS[0], 6, 1);
    assert_as_defined(bars, &r);
    struct forward_plan plan;
    forward_plan_init(&plan, &r);
    double out[2];
    for (size_t h = 0; h < 6; h++) {
        forward_returns(&plan, bars, 0, h, out);
        assert_true(isnan(out[0]));
    }
    bars_unref(bars);
}

static void daily_bars_have_only_the_close_and_the_next_open(void **state)
{
    (void)state;
    int64_t open = 13 * 60 + 30;
    const struct made_bar rows[] = {
        {instant("2024-07-01", (int32_t)open), 10, 12, 9, 11},
        {instant("2024-07-02", (int32_t)open), 12, 13, 11, 12},
    };
    const struct bars *bars = made_bars("XNYS", 0, rows, 2);
    struct study_request r = request_of(SETS[0], 6, 0);
    assert_as_defined(bars, &r);
    struct forward_plan plan;
    forward_plan_init(&plan, &r);
    double out;
    forward_returns(&plan, bars, 0, 0, &out);
    assert_true(isnan(out));
    forward_returns(&plan, bars, 0, 4, &out);
    assert_true(out == 0);
    forward_returns(&plan, bars, 0, 5, &out);
    assert_true(out == 12.0 / 11 - 1);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_and_excursions_are_as_defined),
        cmocka_unit_test(around_the_clock_too),
        cmocka_unit_test(a_half_day_ends_at_its_own_close),
        cmocka_unit_test(what_the_last_session_has_not_seen_yet_is_missing),
        cmocka_unit_test(a_price_of_zero_has_no_returns),
        cmocka_unit_test(daily_bars_have_only_the_close_and_the_next_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
