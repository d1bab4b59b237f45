#include "engine/study/shard_plan.h"

#include "tests/engine/make_bars.h"

#include <stdlib.h>

enum { DAYS_MAX = 800 };

/* The sessions of a calendar as stored days with some count of bars each. */
static int64_t stored_days(const char *calendar, const char *from, const char *to,
                           struct shard_day days[DAYS_MAX])
{
    int64_t count = 0;
    struct session s;
    for (int32_t day = day_of(from);
         calendar_next_session(calendar_named(calendar), day, &s) && s.day <= day_of(to);
         day = s.day + 1) {
        assert_true(count < DAYS_MAX);
        days[count++] = (struct shard_day){.day = s.day, .count = 100 + s.day % 7};
    }
    return count;
}

static const enum shard_unit UNITS[] = {SHARD_BY_MONTH, SHARD_BY_WEEK, SHARD_BY_DAY,
                                        SHARD_BY_SESSIONS};

/* Shards touch, begin at bar 0 with history, and hold whole sessions. */
static void assert_covers(const struct shard_plan *plan, const struct shard_symbol *symbol,
                          bool history)
{
    int64_t session = plan->shard_count ? plan->shards[0].first_session : 0;
    int64_t bar = plan->shard_count ? plan->shards[0].first_bar : 0;
    int64_t total = 0, counted = 0;
    bool seen_counted = false;
    if (history && plan->shard_count)
        assert_int_equal(bar, 0);
    for (int64_t i = 0; i < plan->shard_count; i++) {
        const struct shard *s = &plan->shards[i];
        assert_int_equal(s->ordinal, i);
        assert_int_equal(s->first_session, session);
        assert_int_equal(s->first_bar, bar);
        assert_true(s->end_session > s->first_session);
        assert_int_equal(s->from_day, symbol->days[s->first_session].day);
        assert_int_equal(s->to_day, symbol->days[s->end_session - 1].day);
        for (; session < s->end_session; session++)
            bar += symbol->days[session].count;
        assert_int_equal(s->end_bar, bar);
        seen_counted = seen_counted || !s->state_only;
        assert_int_equal(s->state_only, !seen_counted);
        total += s->end_bar - s->first_bar;
        counted += s->state_only ? 0 : s->end_bar - s->first_bar;
    }
    assert_int_equal(plan->bar_count, total);
    assert_int_equal(plan->counted_bar_count, counted);
}

static struct shard_plan plan_of(const struct shard_symbol *symbol, const char *from,
                                 const char *to, bool history, struct shard_size size)
{
    struct shard_plan plan;
    assert_int_equal(
        shard_plan_init(&plan, symbol, 1, instant(from, 0), instant(to, 0), history, size, NULL),
        ERR_OK);
    return plan;
}

static void every_session_of_the_range_is_in_one_shard(void **state)
{
    (void)state;
    struct shard_day days[DAYS_MAX];
    struct shard_symbol symbol = {.name = "X", .calendar = calendar_named("XNYS"), .days = days};
    symbol.day_count = stored_days("XNYS", "2022-01-03", "2023-12-29", days);
    for (size_t u = 0; u < 4; u++) {
        for (int history = 0; history < 2; history++) {
            struct shard_size size = {.unit = UNITS[u], .sessions = 13};
            struct shard_plan plan = plan_of(&symbol, "2022-05-11", "2023-03-08", history, size);
            assert_covers(&plan, &symbol, history);
            int64_t counted = 0;
            for (int64_t i = 0; i < plan.shard_count; i++) {
                if (!plan.shards[i].state_only)
                    counted += plan.shards[i].end_session - plan.shards[i].first_session;
            }
            int64_t expected = 0;
            for (int64_t i = 0; i < symbol.day_count; i++)
                expected +=
                    days[i].day >= day_of("2022-05-11") && days[i].day < day_of("2023-03-08");
            assert_int_equal(counted, expected);
            shard_plan_release(&plan);
        }
    }
}

static void months_weeks_and_days_are_those_of_the_calendar(void **state)
{
    (void)state;
    struct shard_day days[DAYS_MAX];
    struct shard_symbol symbol = {.name = "X", .calendar = calendar_named("XNYS"), .days = days};
    symbol.day_count = stored_days("XNYS", "2022-01-03", "2022-12-30", days);
    struct shard_plan plan = plan_of(&symbol, "2022-01-01", "2023-01-01", true,
                                     (struct shard_size){.unit = SHARD_BY_MONTH});
    assert_int_equal(plan.shard_count, 12);
    assert_int_equal(plan.shards[1].from_day, day_of("2022-02-01"));
    assert_int_equal(plan.shards[1].to_day, day_of("2022-02-28"));
    shard_plan_release(&plan);

    plan = plan_of(&symbol, "2022-01-01", "2023-01-01", true,
                   (struct shard_size){.unit = SHARD_BY_WEEK});
    assert_int_equal(plan.shard_count, 52);
    /* The week of Martin Luther King Day begins on a Tuesday. */
    assert_int_equal(plan.shards[2].from_day, day_of("2022-01-18"));
    assert_int_equal(plan.shards[2].to_day, day_of("2022-01-21"));
    shard_plan_release(&plan);

    plan = plan_of(&symbol, "2022-01-01", "2023-01-01", true,
                   (struct shard_size){.unit = SHARD_BY_DAY});
    assert_int_equal(plan.shard_count, symbol.day_count);
    shard_plan_release(&plan);

    plan = plan_of(&symbol, "2022-01-01", "2023-01-01", true,
                   (struct shard_size){.unit = SHARD_BY_SESSIONS, .sessions = 10});
    assert_int_equal(plan.shard_count, (symbol.day_count + 9) / 10);
    for (int64_t i = 0; i + 1 < plan.shard_count; i++)
        assert_int_equal(plan.shards[i].end_session - plan.shards[i].first_session, 10);
    shard_plan_release(&plan);
}

static void history_is_cut_at_from(void **state)
{
    (void)state;
    struct shard_day days[DAYS_MAX];
    struct shard_symbol symbol = {.name = "X", .calendar = calendar_named("XNYS"), .days = days};
    symbol.day_count = stored_days("XNYS", "2022-01-03", "2022-12-30", days);
    struct shard_plan plan = plan_of(&symbol, "2022-02-15", "2022-04-01", true,
                                     (struct shard_size){.unit = SHARD_BY_MONTH});
    assert_int_equal(plan.shard_count, 4);
    assert_true(plan.shards[0].state_only && plan.shards[1].state_only);
    assert_int_equal(plan.shards[1].to_day, day_of("2022-02-14"));
    assert_false(plan.shards[2].state_only);
    assert_int_equal(plan.shards[2].from_day, day_of("2022-02-15"));
    assert_int_equal(plan.shards[3].to_day, day_of("2022-03-31"));
    shard_plan_release(&plan);
}

static void a_range_inside_a_session_counts_that_session(void **state)
{
    (void)state;
    struct shard_day days[DAYS_MAX];
    struct shard_symbol symbol = {.name = "X", .calendar = calendar_named("XNYS"), .days = days};
    symbol.day_count = stored_days("XNYS", "2022-01-03", "2022-12-30", days);
    struct shard_plan plan;
    /* 15:00 to 15:01 UTC lies inside; 21:00 UTC is the close, which no bar starts at. */
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, instant("2022-03-01", 900),
                                     instant("2022-03-01", 901), false, (struct shard_size){0},
                                     NULL),
                     ERR_OK);
    assert_int_equal(plan.shard_count, 1);
    assert_int_equal(plan.shards[0].from_day, day_of("2022-03-01"));
    assert_int_equal(plan.shards[0].to_day, day_of("2022-03-01"));
    shard_plan_release(&plan);
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, instant("2022-03-01", 21 * 60),
                                     instant("2022-03-02", 14 * 60 + 30), true,
                                     (struct shard_size){0}, NULL),
                     ERR_OK);
    assert_int_equal(plan.shard_count, 0);
    assert_int_equal(plan.bar_count, 0);
    shard_plan_release(&plan);
}

static void symbols_follow_one_another(void **state)
{
    (void)state;
    struct shard_day ny[DAYS_MAX], india[DAYS_MAX];
    struct shard_symbol symbols[3] = {
        {.name = "A", .calendar = calendar_named("XNYS"), .days = ny},
        {.name = "EMPTY", .calendar = calendar_named("XNYS"), .days = ny},
        {.name = "B", .calendar = calendar_named("XNSE"), .days = india},
    };
    symbols[0].day_count = stored_days("XNYS", "2022-01-03", "2022-03-31", ny);
    symbols[2].day_count = stored_days("XNSE", "2022-02-01", "2022-02-28", india);
    struct shard_plan plan;
    assert_int_equal(shard_plan_init(&plan, symbols, 3, instant("2022-01-01", 0),
                                     instant("2023-01-01", 0), true, (struct shard_size){0}, NULL),
                     ERR_OK);
    assert_int_equal(plan.symbol_count, 3);
    const int64_t first[] = {0, 3, 3, 4};
    assert_memory_equal(plan.symbol_first, first, sizeof first);
    assert_int_equal(plan.shards[3].symbol, 2);
    assert_int_equal(plan.shards[3].ordinal, 0);
    shard_plan_release(&plan);
}

static void wrong_days_and_ranges_are_refused(void **state)
{
    (void)state;
    struct shard_day days[3] = {
        {day_of("2022-01-03"), 5}, {day_of("2022-01-04"), 5}, {day_of("2022-01-05"), 5}};
    struct shard_symbol symbol = {
        .name = "X", .calendar = calendar_named("XNYS"), .days = days, .day_count = 3};
    struct shard_plan plan;
    struct error e = {0};
    int64_t from = instant("2022-01-01", 0), to = instant("2023-01-01", 0);
    struct shard_size size = {0};
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, to, to, true, size, &e), ERR_INVALID);
    days[2].count = 0;
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, from, to, true, size, &e), ERR_DATA);
    days[2] = days[1];
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, from, to, true, size, &e), ERR_DATA);
    days[2] = (struct shard_day){day_of("2022-01-08"), 5}; /* a Saturday */
    assert_int_equal(shard_plan_init(&plan, &symbol, 1, from, to, true, size, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "2022-01-08"));
}

static void shard_sizes_have_names(void **state)
{
    (void)state;
    static const char *const good[] = {"day", "week", "month", "1", "250", "10000"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct shard_size size;
        char text[16];
        assert_int_equal(shard_size_parse(good[i], strlen(good[i]), &size, NULL), ERR_OK);
        shard_size_format(size, text);
        assert_string_equal(text, good[i]);
    }
    static const char *const bad[] = {"",    "0",    "10001", "-1",    "1.5",
                                      "Day", "days", "year",  "123456"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct shard_size size;
        assert_int_equal(shard_size_parse(bad[i], strlen(bad[i]), &size, NULL), ERR_INVALID);
    }
}

static void days_of_loaded_bars(void **state)
{
    (void)state;
    const struct bars *bars = generated_bars("XNYS", "2024-07-01", "2024-07-05", 1, 0, 0);
    struct shard_day *days = NULL;
    int64_t count = 0;
    assert_int_equal(shard_days_of(bars, &days, &count, NULL), ERR_OK);
    assert_int_equal(count, 4);
    assert_int_equal(days[2].day, day_of("2024-07-03"));
    assert_int_equal(days[2].count, 210); /* closes at 13:00 */
    assert_int_equal(days[3].day, day_of("2024-07-05"));
    assert_int_equal(days[3].count, 390);
    free(days);
    bars_unref(bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_session_of_the_range_is_in_one_shard),
        cmocka_unit_test(months_weeks_and_days_are_those_of_the_calendar),
        cmocka_unit_test(history_is_cut_at_from),
        cmocka_unit_test(a_range_inside_a_session_counts_that_session),
        cmocka_unit_test(symbols_follow_one_another),
        cmocka_unit_test(wrong_days_and_ranges_are_refused),
        cmocka_unit_test(shard_sizes_have_names),
        cmocka_unit_test(days_of_loaded_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
