#include "base/tzif.h"

#include "base/posix_tz.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The C library's reading of the same rule is what ours is compared with. */
#undef localtime_r

static uint8_t file[64 * 1024];
static size_t file_size;

static void put(const void *bytes, size_t count)
{
    assert_true(file_size + count <= sizeof file);
    memcpy(file + file_size, bytes, count);
    file_size += count;
}

static void put_number(uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--)
        put(&(uint8_t){i < 8 ? (uint8_t)(value >> (8 * i)) : 0}, 1);
}

static void put_header(char version, uint32_t leaps, uint32_t times, uint32_t types)
{
    put("TZif", 4);
    put(&version, 1);
    put_number(0, 15);
    put_number(0, 4);
    put_number(0, 4);
    put_number(leaps, 4);
    put_number(times, 4);
    put_number(types, 4);
    put_number(types ? 4 : 0, 4);
}

struct listed {
    int64_t at_s;
    int type;
};

static void build(const struct listed *listed, uint32_t count, const int32_t *offsets,
                  uint32_t types, const char *footer)
{
    file_size = 0;
    put_header('2', 0, 0, 0);
    put_header('2', 0, count, types);
    for (uint32_t i = 0; i < count; i++)
        put_number((uint64_t)listed[i].at_s, 8);
    for (uint32_t i = 0; i < count; i++)
        put_number((uint64_t)listed[i].type, 1);
    for (uint32_t i = 0; i < types; i++) {
        put_number((uint32_t)offsets[i], 4);
        put_number(0, 2);
    }
    if (types)
        put("LMT", 4);
    put("\n", 1);
    put(footer, strlen(footer));
    put("\n", 1);
}

static void load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is not there; package tzdata", path);
    file_size = fread(file, 1, sizeof file, f);
    fclose(f);
}

static int32_t offset_at(const struct tzif *t, int64_t at_s)
{
    while (t->repeats_from_s != INT64_MAX && at_s >= t->repeats_from_s + TZIF_CYCLE_S)
        at_s -= TZIF_CYCLE_S;
    size_t i = t->count - 1;
    while (t->starts[i] > at_s)
        i--;
    return t->offsets_s[i];
}

static void assert_well_formed(const struct tzif *t)
{
    assert_true(t->count >= 1);
    assert_true(t->starts[0] == INT64_MIN);
    for (size_t i = 1; i < t->count; i++) {
        assert_true(t->starts[i] > t->starts[i - 1]);
        assert_true(t->offsets_s[i] != t->offsets_s[i - 1]);
    }
}

static void assert_damaged(const char *why)
{
    struct tzif table = {.count = 77};
    struct error e = {0};
    assert_int_equal(tzif_parse(file, file_size, &table, &e), ERR_DATA);
    assert_int_equal(table.count, 77);
    if (!strstr(e.message, why))
        fail_msg("expected '%s', got '%s'", why, e.message);
}

static void assert_like_library(const struct tzif *t, int64_t at_s, const char *rule)
{
    struct tm tm;
    localtime_r(&(time_t){at_s}, &tm);
    if (offset_at(t, at_s) != tm.tm_gmtoff)
        fail_msg("%s at %lld: %d, not %ld", rule, (long long)at_s, offset_at(t, at_s),
                 tm.tm_gmtoff);
}

static void rules_play_out_as_the_c_library_reads_them(void **state)
{
    (void)state;
    const char *rules[] = {"EST5EDT,M3.2.0,M11.1.0",
                           "GMT0BST,M3.5.0/1,M10.5.0",
                           "AEST-10AEDT,M10.1.0,M4.1.0/3",
                           "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                           "IST-1GMT0,M10.5.0,M3.5.0/1",
                           "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                           "IST-2IDT,M3.4.4/26,M10.5.0",
                           "EET-2EEST,M3.4.4/50,M10.4.4/50",
                           "AAA3BBB,J60/0,J300",
                           "AAA3BBB,59/0,300/3:30:15",
                           "AAA3:30:30BBB2,J100/0,J265/23",
                           "<+0545>-5:45"};
    const int64_t from_s = INT64_C(1900000000);
    const int64_t to_s = INT64_C(3200000000);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        struct posix_tz rule;
        assert_true(posix_tz_parse(rules[r], strlen(rules[r]), &rule));
        const struct listed listed = {from_s, 0};
        build(&listed, 1, &rule.standard_offset_s, 1, rules[r]);
        struct tzif table;
        assert_int_equal(tzif_parse(file, file_size, &table, NULL), ERR_OK);
        assert_well_formed(&table);
        setenv("TZ", rules[r], 1);
        tzset();
        for (int64_t at_s = from_s + 366 * 86400; at_s < to_s; at_s += 86000)
            assert_like_library(&table, at_s, rules[r]);
        for (size_t i = 2; i < table.count && table.starts[i] < to_s; i++) {
            assert_like_library(&table, table.starts[i] - 1, rules[r]);
            assert_like_library(&table, table.starts[i], rules[r]);
        }
        tzif_release(&table);
    }
}

static void summer_time_all_year_is_one_span(void **state)
{
    (void)state;
    const int32_t offset = -3 * 3600;
    build(NULL, 0, &offset, 1, "AAA3BBB,0/0,J365/25");
    struct tzif table;
    assert_int_equal(tzif_parse(file, file_size, &table, NULL), ERR_OK);
    assert_well_formed(&table);
    assert_int_equal(offset_at(&table, INT64_C(4102444800)), -2 * 3600);
    size_t changes = 0; /* between the years 1700 and 2000 */
    for (size_t i = 0; i < table.count; i++)
        changes += table.starts[i] > INT64_C(-8520336000) && table.starts[i] < INT64_C(946684800);
    assert_int_equal(changes, 0);
    tzif_release(&table);
}

static void the_rule_holds_only_after_the_last_listed_change(void **state)
{
    (void)state;
    const struct listed listed[] = {{-1000, 1}, {1000000000, 2}};
    const int32_t offsets[] = {-17762, 3600, -18000};
    build(listed, 2, offsets, 3, "EST5EDT,M3.2.0,M11.1.0");
    struct tzif table;
    assert_int_equal(tzif_parse(file, file_size, &table, NULL), ERR_OK);
    assert_well_formed(&table);
    assert_int_equal(offset_at(&table, -1001), -17762);
    assert_int_equal(offset_at(&table, -1000), 3600);
    assert_int_equal(offset_at(&table, 999999999), 3600);
    assert_int_equal(offset_at(&table, 1000000000), -18000); /* 2001-09-09, summer by the rule */
    assert_int_equal(offset_at(&table, 1025000000), -14400); /* June 2002 */
    assert_true(table.repeats_from_s > 1000000000);
    assert_true(table.starts[table.count - 1] > table.repeats_from_s + TZIF_CYCLE_S + 366 * 86400);
    tzif_release(&table);
}

static void changes_that_change_nothing_are_left_out(void **state)
{
    (void)state;
    const struct listed listed[] = {{0, 1}, {100, 0}, {200, 1}, {300, 2}};
    const int32_t offsets[] = {3600, 3600, 7200};
    build(listed, 4, offsets, 3, "");
    struct tzif table;
    assert_int_equal(tzif_parse(file, file_size, &table, NULL), ERR_OK);
    assert_int_equal(table.count, 2);
    assert_true(table.starts[1] == 300);
    assert_true(table.repeats_from_s == INT64_MAX);
    tzif_release(&table);
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "E5",
                         "EST",
                         "EST25",
                         "EST5EDT",
                         "EST5EDT,",
                         "EST5EDT,M3.2.0",
                         "EST5EDT,M13.2.0,M11.1.0",
                         "EST5EDT,M3.6.0,M11.1.0",
                         "EST5EDT,M3.2.7,M11.1.0",
                         "EST5EDT,J0,J365",
                         "EST5EDT,366,1",
                         "EST5EDT,J1,J366",
                         "EST5EDT,M3.2.0/168,M11.1.0",
                         "EST5EDT,M3.2.0,M11.1.0 ",
                         "<EST5",
                         "EST5:60",
                         "EST5EDT,M0.1.0,M11.1.0",
                         "EST5EDT,M3.0.0,M11.1.0",
                         "EST5EDT4,M3.2.0;M11.1.0",
                         "EST99999999999999999999",
                         "5EST",
                         "EST5<ED>,J1,J2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct posix_tz rule;
        if (posix_tz_parse(bad[i], strlen(bad[i]), &rule))
            fail_msg("'%s' was accepted", bad[i]);
    }
    const int32_t offset = 0;
    build(NULL, 0, &offset, 1, "EST5EDT");
    assert_damaged("bad rule");
}

static void damaged_files_are_refused_with_the_reason(void **state)
{
    (void)state;
    const int32_t offsets[] = {0, 3600, 100000};
    file_size = 0;
    assert_damaged("not a time zone file");
    build(NULL, 0, offsets, 1, "");
    file[4] = 0;
    assert_damaged("version 1");
    build(NULL, 0, offsets, 0, "");
    assert_damaged("no offsets");
    build((struct listed[]){{5, 0}, {5, 1}}, 2, offsets, 2, "");
    assert_damaged("out of order");
    build((struct listed[]){{5, 0}, {6, 2}}, 2, offsets, 2, "");
    assert_damaged("impossible offset");
    build((struct listed[]){{5, 2}}, 1, offsets, 3, "");
    assert_damaged("impossible offset");
    build((struct listed[]){{INT64_MAX - 1, 1}}, 1, offsets, 2, "EST5EDT,M3.2.0,M11.1.0");
    assert_damaged("after the year 9000");
    file_size = 0;
    put_header('2', 0, 0, 0);
    put_header('2', 1, 0, 1);
    put_number(0, 6 + 4 + 12);
    put("\n\n", 2);
    assert_damaged("leap seconds");
    file_size = 0;
    put_header('2', UINT32_MAX, UINT32_MAX, UINT32_MAX);
    assert_damaged("cut off");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    load("/usr/share/zoneinfo/America/New_York");
    size_t whole = file_size;
    for (size_t size = 0; size < whole; size++) {
        uint8_t *part = malloc(size ? size : 1); /* so that a sanitizer sees a read behind it */
        memcpy(part, file, size);
        struct tzif table;
        if (tzif_parse(part, size, &table, NULL) != ERR_DATA)
            fail_msg("accepted %zu of %zu bytes", size, whole);
        free(part);
    }
}

static void a_file_with_any_byte_changed_gives_a_table_or_an_error(void **state)
{
    (void)state;
    const char *paths[] = {"/usr/share/zoneinfo/Asia/Kolkata", "/usr/share/zoneinfo/Europe/Dublin"};
    const uint8_t flips[] = {0x01, 0x80, 0xff};
    for (size_t p = 0; p < 2; p++) {
        load(paths[p]);
        for (size_t i = 0; i < file_size; i++) {
            uint8_t flip = flips[i % 3];
            file[i] ^= flip;
            struct tzif table;
            enum err err = tzif_parse(file, file_size, &table, NULL);
            file[i] ^= flip;
            if (err) {
                assert_int_equal(err, ERR_DATA);
                continue;
            }
            assert_well_formed(&table);
            tzif_release(&table);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_play_out_as_the_c_library_reads_them),
        cmocka_unit_test(summer_time_all_year_is_one_span),
        cmocka_unit_test(the_rule_holds_only_after_the_last_listed_change),
        cmocka_unit_test(changes_that_change_nothing_are_left_out),
        cmocka_unit_test(bad_rules_are_refused),
        cmocka_unit_test(damaged_files_are_refused_with_the_reason),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_file_with_any_byte_changed_gives_a_table_or_an_error),
    };
    return cmocka_run_group_tests_name("tzif", tests, NULL, NULL);
}
