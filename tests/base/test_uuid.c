#include "base/uuid.h"

#include "base/thread.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

/* The ids of a process never go back, so each test's clock must be later than those of the tests
 * before: tests that look at the time inside an id come first, with rising times. */
static void time_version_and_variant_are_where_the_standard_puts_them(void **state)
{
    (void)state;
    struct manual_clock m;
    /* RFC 9562, appendix A.6: 0x017F22E279B0 ms. */
    manual_clock_init(&m, INT64_C(0x017F22E279B0) * NS_PER_MS);
    struct uuid u = uuid_make(&m.clock);
    assert_memory_equal(u.bytes, "\x01\x7F\x22\xE2\x79\xB0\x70\x00", 8);
    assert_int_equal(u.bytes[8] & 0xC0, 0x80);
}

static void the_fraction_of_the_millisecond_follows_the_version(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, INT64_C(0x017F22E279B1) * NS_PER_MS + NS_PER_MS / 2);
    struct uuid u = uuid_make(&m.clock);
    assert_memory_equal(u.bytes, "\x01\x7F\x22\xE2\x79\xB1\x78\x00", 8);
    manual_clock_advance(&m, NS_PER_MS / 2 - 1);
    u = uuid_make(&m.clock);
    assert_memory_equal(u.bytes, "\x01\x7F\x22\xE2\x79\xB1\x7F\xFF", 8);
}

static void ids_rise_while_the_clock_stands(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, INT64_C(0x017F22E279B2) * NS_PER_MS);
    struct uuid last = uuid_make(&m.clock);
    /* More than the 4096 fractions of one millisecond. */
    for (int i = 0; i < 10000; i++) {
        struct uuid next = uuid_make(&m.clock);
        assert_true(compare(&last, &next) < 0);
        assert_int_equal(next.bytes[6] >> 4, 7);
        assert_int_equal(next.bytes[8] & 0xC0, 0x80);
        last = next;
    }
}

static void ids_rise_while_the_clock_steps_back(void **state)
{
    (void)state;
    struct manual_clock m;
    manual_clock_init(&m, INT64_C(0x017F22E27FFF) * NS_PER_MS);
    struct uuid last = uuid_make(&m.clock);
    for (int i = 0; i < 100; i++) {
        manual_clock_step(&m, -NS_PER_DAY * 1000);
        struct uuid next = uuid_make(&m.clock);
        assert_true(compare(&last, &next) < 0);
        last = next;
    }
}

enum { THREADS = 4, PER_THREAD = 5000 };
static struct uuid made[THREADS][PER_THREAD];

static void *make_many(void *context)
{
    struct uuid *out = context;
    for (int i = 0; i < PER_THREAD; i++)
        out[i] = uuid_make(clock_real());
    return NULL;
}

static void ids_of_many_threads_rise_and_never_repeat(void **state)
{
    (void)state;
    struct thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&threads[i], &(struct thread_options){.name = "ids"},
                                      make_many, made[i], NULL),
                         ERR_OK);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    for (int t = 0; t < THREADS; t++) {
        for (int i = 1; i < PER_THREAD; i++)
            assert_true(compare(&made[t][i - 1], &made[t][i]) < 0);
    }
    /* The first eight bytes alone are unique: order does not lean on the random ones. */
    qsort(made, THREADS * (size_t)PER_THREAD, sizeof(struct uuid), compare);
    const struct uuid *all = made[0];
    for (size_t i = 1; i < THREADS * (size_t)PER_THREAD; i++)
        assert_memory_not_equal(all[i - 1].bytes, all[i].bytes, 8);
}

static void the_real_clock_is_in_the_id(void **state)
{
    (void)state;
    int64_t before_ms = clock_realtime_ns(clock_real()) / NS_PER_MS;
    struct uuid u = uuid_make(clock_real());
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | u.bytes[i];
    assert_true(ms >= before_ms && ms <= before_ms + 10000);
}

static void text_goes_both_ways(void **state)
{
    (void)state;
    static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    struct uuid u;
    assert_true(uuid_parse(text, strlen(text), &u));
    assert_memory_equal(u.bytes, "\x01\x7F\x22\xE2\x79\xB0\x7C\xC3\x98\xC4\xDC\x0C\x0C\x07\x39\x8F",
                        16);
    char out[UUID_TEXT];
    uuid_format(&u, out);
    assert_string_equal(out, text);
    static const char upper[] = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";
    struct uuid same;
    assert_true(uuid_parse(upper, strlen(upper), &same));
    assert_memory_equal(&same, &u, sizeof u);
}

static void text_sorts_as_the_ids_do(void **state)
{
    (void)state;
    char last[UUID_TEXT], next[UUID_TEXT];
    struct uuid u = uuid_make(clock_real());
    uuid_format(&u, last);
    for (int i = 0; i < 1000; i++) {
        u = uuid_make(clock_real());
        uuid_format(&u, next);
        assert_true(strcmp(last, next) < 0);
        memcpy(last, next, sizeof last);
    }
}

static void other_texts_are_refused_and_write_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4adc0c0c07398f",
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4--c0c0c07398f",
        "017f22e2 79b0 7cc3 98c4 dc0c0c07398f",
    };
    struct uuid u, before;
    memset(&u, 0x3C, sizeof u);
    before = u;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(uuid_parse(bad[i], strlen(bad[i]), &u));
        assert_memory_equal(&u, &before, sizeof u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_version_and_variant_are_where_the_standard_puts_them),
        cmocka_unit_test(the_fraction_of_the_millisecond_follows_the_version),
        cmocka_unit_test(ids_rise_while_the_clock_stands),
        cmocka_unit_test(ids_rise_while_the_clock_steps_back),
        cmocka_unit_test(ids_of_many_threads_rise_and_never_repeat),
        cmocka_unit_test(the_real_clock_is_in_the_id),
        cmocka_unit_test(text_goes_both_ways),
        cmocka_unit_test(text_sorts_as_the_ids_do),
        cmocka_unit_test(other_texts_are_refused_and_write_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
