#include "engine/bars/demo.h"

#include "base/civil.h"
#include "base/clock.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static struct demo_options options(uint64_t seed)
{
    const struct calendar *calendar = NULL;
    assert_int_equal(calendar_find("XNYS", &calendar, NULL), ERR_OK);
    return (struct demo_options){.seed = seed,
                                 .calendar = calendar,
                                 .from_day = civil_to_days((struct civil_date){2023, 1, 1}),
                                 .to_day = civil_to_days((struct civil_date){2024, 12, 31}),
                                 .first_price = 400,
                                 .price_decimals = 2,
                                 .missing_share = 0.01};
}

static const struct bars *make(struct demo_options o)
{
    const struct bars *b = NULL;
    assert_int_equal(demo_bars(&o, &b, NULL), ERR_OK);
    return b;
}

static void every_bar_is_a_valid_one(void **state)
{
    (void)state;
    const struct bars *b = make(options(7));
    assert_int_equal(b->session_count, 250 + 252);
    assert_int_equal(b->timeframe.minutes, 1);
    for (int64_t i = 0; i < b->count; i++) {
        double open = b->column[BAR_OPEN][i], high = b->column[BAR_HIGH][i];
        double low = b->column[BAR_LOW][i], close = b->column[BAR_CLOSE][i];
        assert_true(low > 0 && low <= open && low <= close && open <= high && close <= high);
        assert_true(round(close * 100) / 100 == close);
        assert_true(b->column[BAR_VOLUME][i] >= 1 && isfinite(b->column[BAR_VOLUME][i]));
        assert_int_equal(b->time_ns[i] % NS_PER_MINUTE, 0);
    }
    bars_unref(b);
}

static void about_the_share_asked_for_is_missing(void **state)
{
    (void)state;
    struct demo_options o = options(8);
    o.missing_share = 0;
    const struct bars *whole = make(o);
    int64_t minutes = 0;
    for (int64_t i = 0; i < whole->session_count; i++)
        minutes += (whole->sessions[i].close_ns - whole->sessions[i].open_ns) / NS_PER_MINUTE;
    assert_int_equal(whole->count, minutes);
    o.missing_share = 0.2;
    const struct bars *thin = make(o);
    double share = 1 - (double)thin->count / (double)minutes;
    assert_true(share > 0.19 && share < 0.21);
    bars_unref(whole);
    bars_unref(thin);
}

static void the_price_moves_like_a_market(void **state)
{
    (void)state;
    const struct bars *b = make(options(9));
    double squares = 0, early = 0, noon = 0, up = 0;
    for (int64_t i = 1; i < b->count; i++) {
        double r = b->column[BAR_CLOSE][i] / b->column[BAR_CLOSE][i - 1] - 1;
        squares += r * r;
        up += r > 0;
    }
    for (int64_t k = 0; k < b->session_count; k++) {
        const struct bars_session *s = &b->sessions[k];
        early += b->column[BAR_VOLUME][s->first];
        noon += b->column[BAR_VOLUME][(s->first + s->end) / 2];
    }
    double yearly = sqrt(squares / 2);
    assert_true(yearly > 0.08 && yearly < 0.6);
    assert_true(up / (double)b->count > 0.4 && up / (double)b->count < 0.55);
    assert_true(early > 1.5 * noon);
    bars_unref(b);
}

static uint64_t fold_bits(const struct bars *b)
{
    uint64_t h = 14695981039346656037u;
    for (int64_t i = 0; i < b->count; i++)
        for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
            uint64_t bits;
            memcpy(&bits, &b->column[c][i], sizeof(bits));
            h = (h ^ bits) * 1099511628211u;
        }
    return h;
}

static void a_seed_gives_the_same_bars_and_another_seed_others(void **state)
{
    (void)state;
    const struct bars *a = make(options(1)), *b = make(options(1)), *c = make(options(2));
    assert_int_equal(a->count, b->count);
    assert_true(fold_bits(a) == fold_bits(b));
    assert_true(fold_bits(a) != fold_bits(c));
    bars_unref(a);
    bars_unref(b);
    bars_unref(c);
}

static void max_count_gives_a_prefix(void **state)
{
    (void)state;
    struct demo_options o = options(5);
    const struct bars *whole = make(o);
    o.max_count = 1000;
    const struct bars *part = make(o);
    assert_int_equal(part->count, 1000);
    assert_memory_equal(part->time_ns, whole->time_ns, 1000 * sizeof(int64_t));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert_memory_equal(part->column[c], whole->column[c], 1000 * sizeof(double));
    bars_unref(whole);
    bars_unref(part);
}

static void a_range_without_sessions_gives_no_bars(void **state)
{
    (void)state;
    struct demo_options o = options(5);
    o.from_day = o.to_day = civil_to_days((struct civil_date){2024, 7, 4});
    const struct bars *b = make(o);
    assert_int_equal(b->count, 0);
    bars_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bar_is_a_valid_one),
        cmocka_unit_test(about_the_share_asked_for_is_missing),
        cmocka_unit_test(the_price_moves_like_a_market),
        cmocka_unit_test(a_seed_gives_the_same_bars_and_another_seed_others),
        cmocka_unit_test(max_count_gives_a_prefix),
        cmocka_unit_test(a_range_without_sessions_gives_no_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
