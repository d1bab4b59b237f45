/* Sums made many bars at a time beside those made one by one: bit for bit, whatever the returns. */
#include "base/random.h"
#include "engine/study/quick_sums.h"
#include "tests/support/test.h"

#include <math.h>

enum { HORIZONS = 3, BARS = 900, SESSIONS = 60 };

struct drawn_session {
    int64_t count;
    bool counted[BARS];
    int16_t minute[BARS];
    double x[HORIZONS * BARS];
};

static double random_return(struct random *r, int kind)
{
    double price = 1 + random_unit(r), later = price * (1 + (random_unit(r) - 0.5) * 0.02);
    switch (random_below(r, 40)) {
    case 0:
        return NAN;
    case 1:
        return kind == 0 ? 0 : (random_unit(r) - 0.3) * 4; /* far, and no multiple of 2^-53 */
    case 2:
        return kind == 1 ? 5000 * random_unit(r) : 0x1p-53;
    case 3:
        return kind == 2 ? 0x1p-3 : -0x1.fffffffffffffp-4;
    default:
        return later / price - 1;
    }
}

/* Mostly minute after minute, with gaps; sometimes past midnight; a window cuts some off. */
static void random_session(struct drawn_session *s, struct random *r)
{
    s->count = 1 + (int64_t)random_below(r, BARS);
    int32_t minute = (int32_t)random_below(r, MINUTES_OF_DAY);
    uint64_t gaps = random_below(r, 3) ? 200 : 4;
    int kind = (int)random_below(r, 4);
    for (int64_t i = 0; i < s->count; i++) {
        s->minute[i] = (int16_t)minute;
        s->counted[i] = random_below(r, 30) != 0;
        for (int h = 0; h < HORIZONS; h++)
            s->x[h * BARS + i] = random_return(r, h == 1 ? 3 : kind);
        minute = (minute + 1 + (random_below(r, gaps) == 0) * 7) % MINUTES_OF_DAY;
    }
}

static void assert_same(const struct study_sums *a, const struct study_sums *b)
{
    assert_int_equal(a->first_minute, b->first_minute);
    assert_int_equal(a->end_minute, b->end_minute);
    for (size_t h = 0; h < HORIZONS; h++)
        for (int32_t m = 0; m < MINUTES_OF_DAY; m++)
            assert_true(exact_sum_equal(study_sums_cell(a, h, m), study_sums_cell(b, h, m)));
}

static void quick_sums_are_the_same_to_the_last_bit(void **state)
{
    (void)state;
    static struct drawn_session s;
    struct quick_sums quick = {0};
    struct study_sums fast[2], slow[2];
    struct random r;
    random_seed(&r, 12);
    assert_int_equal(quick_sums_init(&quick, HORIZONS, NULL), ERR_OK);
    for (int t = 0; t < 2; t++) {
        assert_int_equal(study_sums_init(&fast[t], HORIZONS, NULL), ERR_OK);
        assert_int_equal(study_sums_init(&slow[t], HORIZONS, NULL), ERR_OK);
    }
    for (int round = 0; round < SESSIONS; round++) {
        int target = round / 7 % 2; /* another symbol every week */
        random_session(&s, &r);
        quick_sums_add(&quick, &fast[target], s.count, s.counted, s.minute, s.x, BARS);
        for (size_t h = 0; h < HORIZONS; h++)
            study_sums_add(&slow[target], h, 0, s.count, s.counted, s.minute, s.x + h * BARS);
    }
    quick_sums_settle(&quick);
    for (int t = 0; t < 2; t++) {
        assert_same(&fast[t], &slow[t]);
        study_sums_release(&fast[t]);
        study_sums_release(&slow[t]);
    }
    quick_sums_release(&quick);
}

/* The largest returns that are small, in one cell, as often as it takes to settle twice. */
static void accumulators_never_overflow(void **state)
{
    (void)state;
    static struct drawn_session s;
    struct quick_sums quick = {0};
    struct study_sums fast, slow;
    assert_int_equal(quick_sums_init(&quick, HORIZONS, NULL), ERR_OK);
    assert_int_equal(study_sums_init(&fast, HORIZONS, NULL), ERR_OK);
    assert_int_equal(study_sums_init(&slow, HORIZONS, NULL), ERR_OK);
    s.count = 16;
    for (int i = 0; i < 16; i++) {
        s.counted[i] = true;
        s.minute[i] = (int16_t)(570 + i);
        s.x[i] = 0x1p-3 - 0x1p-53;
        s.x[BARS + i] = -0x1p-3 + 0x1p-53;
        s.x[2 * BARS + i] = i % 2 ? 0x1p-3 : -0x1p-28;
    }
    for (int round = 0; round < 10000; round++) {
        quick_sums_add(&quick, &fast, s.count, s.counted, s.minute, s.x, BARS);
        for (size_t h = 0; h < HORIZONS; h++)
            study_sums_add(&slow, h, 0, s.count, s.counted, s.minute, s.x + h * BARS);
    }
    quick_sums_settle(&quick);
    assert_same(&fast, &slow);
    assert_int_equal(study_sums_cell(&fast, 0, 575)->count, 10000);
    quick_sums_release(&quick);
    study_sums_release(&fast);
    study_sums_release(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_sums_are_the_same_to_the_last_bit),
        cmocka_unit_test(accumulators_never_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
