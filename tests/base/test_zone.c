#include "base/zone.h"

#include "base/civil.h"
#include "base/rfc3339.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The C library is what ours is compared with. */
#undef localtime_r

static const struct zone *find(const char *name)
{
    const struct zone *z = NULL;
    struct error e = {0};
    if (zone_find(name, &z, &e) != ERR_OK)
        fail_msg("%s: %s", name, e.message);
    assert_string_equal(zone_name(z), name);
    return z;
}

static int64_t at(const char *stamp)
{
    int64_t ns = 0;
    assert_int_equal(rfc3339_parse(stamp, strlen(stamp), &ns, NULL), ERR_OK);
    return ns / 1000000000;
}

static void use_in_library(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void assert_like_library(const struct zone *z, int64_t utc_s)
{
    struct tm tm;
    localtime_r(&(time_t){utc_s}, &tm);
    if (zone_offset_at(z, utc_s) != tm.tm_gmtoff)
        fail_msg("%s at %lld: %d, the C library says %ld", zone_name(z), (long long)utc_s,
                 zone_offset_at(z, utc_s), tm.tm_gmtoff);
}

enum { HOUR = 3600, DAY = 86400 };

/* A coarse grid over the years, hours around each change, and the seconds next to it. */
static void compare_with_library(const char *name, int64_t from_s, int64_t to_s, int64_t grid_s)
{
    const struct zone *z = find(name);
    use_in_library(name);
    for (int64_t t = from_s; t < to_s; t += grid_s)
        assert_like_library(z, t);
    for (int64_t change = zone_next_change(z, from_s); change < to_s;
         change = zone_next_change(z, change)) {
        assert_int_not_equal(zone_offset_at(z, change - 1), zone_offset_at(z, change));
        for (int64_t t = change - 36 * HOUR; t <= change + 36 * HOUR; t += HOUR)
            assert_like_library(z, t);
        for (int64_t t = change - 1; t <= change + 1; t++)
            assert_like_library(z, t);
    }
}

static void offsets_equal_the_c_library_from_1990_to_2100(void **state)
{
    (void)state;
    const char *names[] = {"America/New_York", "Europe/London", "Asia/Kolkata", "UTC"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        compare_with_library(names[i], at("1990-01-01T00:00:00Z"), at("2100-12-31T00:00:00Z"),
                             7 * HOUR);
}

static void odd_zones_equal_the_c_library(void **state)
{
    (void)state;
    const char *names[] = {"Australia/Lord_Howe", "Europe/Dublin",     "Africa/Casablanca",
                           "Pacific/Apia",        "Pacific/Chatham",   "America/St_Johns",
                           "America/Nuuk",        "Asia/Gaza",         "Antarctica/Troll",
                           "Asia/Kathmandu",      "America/Sao_Paulo", "Asia/Tehran",
                           "Pacific/Kiritimati",  "Etc/GMT+12",        "EST5EDT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        compare_with_library(names[i], at("1920-01-01T00:00:00Z"), at("2100-12-31T00:00:00Z"),
                             61 * HOUR);
}

/* Past the 400 years that are played out, the table is used again and again. */
static void years_far_ahead_equal_the_c_library(void **state)
{
    (void)state;
    const char *names[] = {"America/New_York", "Australia/Sydney", "Asia/Kolkata"};
    const int64_t year_s = 31556952;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        compare_with_library(names[i], 425 * year_s, 485 * year_s, 61 * HOUR);
        compare_with_library(names[i], 5000 * year_s, 5020 * year_s, 61 * HOUR);
    }
}

static void every_zone_of_the_machine_equals_the_c_library(void **state)
{
    (void)state;
    FILE *index = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    if (!index)
        skip();
    char line[512];
    int count = 0;
    while (fgets(line, sizeof line, index)) {
        char name[128];
        if (sscanf(line, "Z %127s", name) != 1 && sscanf(line, "L %*s %127s", name) != 1)
            continue;
        const struct zone *z = find(name);
        use_in_library(name);
        for (int64_t t = at("1970-01-01T00:00:00Z"); t < at("2060-01-01T00:00:00Z");
             t += 37 * DAY + 5 * HOUR)
            assert_like_library(z, t);
        count++;
    }
    fclose(index);
    assert_true(count > 300);
}

static void changes_are_found_one_after_the_other(void **state)
{
    (void)state;
    const struct zone *ny = find("America/New_York");
    int64_t spring = zone_next_change(ny, at("2024-01-01T00:00:00Z"));
    assert_true(spring == at("2024-03-10T07:00:00Z"));
    assert_true(zone_next_change(ny, spring - 1) == spring);
    int64_t autumn = zone_next_change(ny, spring);
    assert_true(autumn == at("2024-11-03T06:00:00Z"));
    assert_true(zone_next_change(ny, at("2199-12-01T00:00:00Z")) == at("2200-03-09T07:00:00Z"));

    int changes = 0;
    for (int64_t t = at("1990-01-01T00:00:00Z"); t < at("2100-01-01T00:00:00Z"); changes++)
        t = zone_next_change(ny, t);
    assert_int_equal(changes, 110 * 2 + 1);

    assert_true(zone_next_change(zone_utc(), 0) == INT64_MAX);
    assert_true(zone_next_change(find("Asia/Kolkata"), at("1950-01-01T00:00:00Z")) == INT64_MAX);
}

static void instants_at_the_ends_of_int64_do_no_harm(void **state)
{
    (void)state;
    const char *names[] = {"America/New_York", "Asia/Kolkata", "UTC"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct zone *z = find(names[i]);
        assert_in_range(zone_offset_at(z, INT64_MIN) + DAY, 0, 2 * DAY);
        assert_in_range(zone_offset_at(z, INT64_MAX) + DAY, 0, 2 * DAY);
        assert_true(zone_next_change(z, INT64_MAX) == INT64_MAX);
        assert_true(zone_next_change(z, INT64_MIN) > INT64_MIN);
    }
}

static void assert_local(const char *zone, const char *local, const char *utc,
                         enum zone_local_kind expected)
{
    enum zone_local_kind kind = (enum zone_local_kind)77;
    int64_t utc_s = zone_local_to_utc(find(zone), at(local), &kind);
    if (utc_s != at(utc) || kind != expected)
        fail_msg("%s in %s gave %lld and kind %d", local, zone, (long long)utc_s, (int)kind);
    assert_true(zone_local_to_utc(find(zone), at(local), NULL) == utc_s);
}

static void readings_that_happen_once_have_their_instant(void **state)
{
    (void)state;
    assert_local("America/New_York", "2024-01-02T09:30:00Z", "2024-01-02T14:30:00Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("America/New_York", "2024-07-02T09:30:00Z", "2024-07-02T13:30:00Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("Asia/Kolkata", "2024-01-02T09:15:00Z", "2024-01-02T03:45:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("UTC", "2024-01-02T09:15:00Z", "2024-01-02T09:15:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("America/New_York", "2024-03-10T01:59:59Z", "2024-03-10T06:59:59Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("America/New_York", "2024-03-10T03:00:00Z", "2024-03-10T07:00:00Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("America/New_York", "2024-11-03T00:59:59Z", "2024-11-03T04:59:59Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("America/New_York", "2024-11-03T02:00:00Z", "2024-11-03T07:00:00Z",
                 ZONE_LOCAL_UNIQUE);
    assert_local("Pacific/Kiritimati", "2024-01-02T09:15:00Z", "2024-01-01T19:15:00Z",
                 ZONE_LOCAL_UNIQUE);
}

static void readings_that_happen_twice_have_the_first_instant(void **state)
{
    (void)state;
    assert_local("America/New_York", "2024-11-03T01:00:00Z", "2024-11-03T05:00:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("America/New_York", "2024-11-03T01:59:59Z", "2024-11-03T05:59:59Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Europe/London", "2030-10-27T01:30:00Z", "2030-10-27T00:30:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Australia/Lord_Howe", "2024-04-07T01:45:00Z", "2024-04-06T14:45:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    /* a day that happened twice, when the date line moved */
    assert_local("Pacific/Kwajalein", "1969-09-30T18:00:00Z", "1969-09-30T07:00:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
}

static void readings_that_never_happen_move_forward_by_the_gap(void **state)
{
    (void)state;
    assert_local("America/New_York", "2024-03-10T02:00:00Z", "2024-03-10T07:00:00Z",
                 ZONE_LOCAL_SKIPPED);
    assert_local("America/New_York", "2024-03-10T02:30:00Z", "2024-03-10T07:30:00Z",
                 ZONE_LOCAL_SKIPPED);
    assert_local("America/New_York", "2024-03-10T02:59:59Z", "2024-03-10T07:59:59Z",
                 ZONE_LOCAL_SKIPPED);
    assert_local("Europe/London", "2090-03-26T01:15:00Z", "2090-03-26T01:15:00Z",
                 ZONE_LOCAL_SKIPPED);
    assert_local("Australia/Lord_Howe", "2024-10-06T02:15:00Z", "2024-10-05T15:45:00Z",
                 ZONE_LOCAL_SKIPPED);
    /* the day that Samoa left out */
    assert_local("Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T22:00:00Z",
                 ZONE_LOCAL_SKIPPED);
}

/* By the definition: of all instants that show the reading, the first. */
static void readings_agree_with_a_search_over_all_instants(void **state)
{
    (void)state;
    const char *names[] = {"America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
                           "Europe/Dublin"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        const struct zone *z = find(names[n]);
        int64_t change = at("2023-01-01T00:00:00Z");
        for (int c = 0; c < 6; c++) {
            change = zone_next_change(z, change);
            int64_t near = change + zone_offset_at(z, change);
            for (int64_t local = near - 3 * HOUR; local < near + 3 * HOUR; local += 600) {
                int found = 0;
                int64_t first = 0;
                for (int64_t t = change + 5 * HOUR; t >= change - 5 * HOUR; t -= 600)
                    if (t + zone_offset_at(z, t) == local) {
                        first = t;
                        found++;
                    }
                enum zone_local_kind kind;
                int64_t utc_s = zone_local_to_utc(z, local, &kind);
                if (found == 0) {
                    assert_int_equal(kind, ZONE_LOCAL_SKIPPED);
                    int64_t gap = zone_offset_at(z, change) - zone_offset_at(z, change - 1);
                    assert_true(utc_s + zone_offset_at(z, utc_s) == local + gap);
                } else {
                    assert_int_equal(kind, found > 1 ? ZONE_LOCAL_AMBIGUOUS : ZONE_LOCAL_UNIQUE);
                    assert_true(utc_s == first);
                }
            }
        }
    }
}

static void the_same_name_gives_the_same_zone(void **state)
{
    (void)state;
    assert_ptr_equal(find("America/New_York"), find("America/New_York"));
    assert_ptr_not_equal(find("America/New_York"), find("Europe/London"));
    assert_ptr_equal(find("UTC"), zone_utc());
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    (void)state;
    const struct {
        const char *name, *says;
    } rows[] = {{"America/New_Yrok", "did you mean 'America/New_York'?"},
                {"america/new_york", "did you mean 'America/New_York'?"},
                {"Europe/Londn", "did you mean 'Europe/London'?"},
                {"new york", "did you mean 'America/New_York'?"},
                {"kolkata", "did you mean 'Asia/Kolkata'?"},
                {"Nowhere/At_All_Really", "unknown time zone 'Nowhere/At_All_Really'"},
                {"", "unknown time zone ''"},
                {"America", "unknown time zone"},
                {"/usr/share/zoneinfo/UTC", "unknown time zone"},
                {"America/../Europe/London", "unknown time zone"},
                {"America//New_York", "unknown time zone"},
                {"America/New_York/", "unknown time zone"},
                {"../../../etc/passwd", "unknown time zone"},
                {"zone.tab", "unknown time zone"},
                {"right/UTC", "unknown time zone"},
                {"localtime", "unknown time zone"},
                {"EST\n", "unknown time zone"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct zone *z = NULL;
        struct error e = {0};
        assert_int_equal(zone_find(rows[i].name, &z, &e), ERR_INVALID);
        assert_null(z);
        if (!strstr(e.message, rows[i].says))
            fail_msg("'%s' says: %s", rows[i].name, e.message);
        assert_int_equal(zone_find(rows[i].name, &z, NULL), ERR_INVALID);
    }
    char endless[5000];
    memset(endless, 'A', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    const struct zone *z = NULL;
    assert_int_equal(zone_find(endless, &z, NULL), ERR_INVALID);
}

static const char *const shared_names[] = {
    "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto",
    "America/Halifax", "Asia/Tokyo",     "Asia/Hong_Kong",      "Asia/Singapore",
    "Asia/Shanghai",   "Europe/Paris",   "Europe/Berlin",       "Europe/Zurich",
    "Europe/Madrid",   "Africa/Cairo",   "Pacific/Auckland"};
enum { SHARED = sizeof shared_names / sizeof *shared_names, THREADS = 8 };

struct loader {
    pthread_t thread;
    pthread_barrier_t *start;
    int first;
    int64_t sum;
    const struct zone *found[SHARED];
};

static void *load_all(void *context)
{
    struct loader *l = context;
    pthread_barrier_wait(l->start);
    for (int i = 0; i < SHARED; i++) {
        int n = (l->first + i) % SHARED;
        if (zone_find(shared_names[n], &l->found[n], NULL) != ERR_OK)
            return NULL;
        for (int64_t t = 0; t < 40; t++)
            l->sum += zone_offset_at(l->found[n], t * 31557600);
    }
    return NULL;
}

static void threads_that_load_at_once_share_the_zones(void **state)
{
    (void)state;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    struct loader loaders[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        loaders[i].start = &start;
        loaders[i].first = i / 2 * 3;
        assert_int_equal(pthread_create(&loaders[i].thread, NULL, load_all, &loaders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(loaders[i].thread, NULL);
    pthread_barrier_destroy(&start);
    for (int i = 0; i < THREADS; i++) {
        assert_true(loaders[i].sum == loaders[0].sum);
        for (int n = 0; n < SHARED; n++) {
            assert_non_null(loaders[i].found[n]);
            assert_ptr_equal(loaders[i].found[n], loaders[0].found[n]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_load_at_once_share_the_zones),
        cmocka_unit_test(offsets_equal_the_c_library_from_1990_to_2100),
        cmocka_unit_test(odd_zones_equal_the_c_library),
        cmocka_unit_test(years_far_ahead_equal_the_c_library),
        cmocka_unit_test(every_zone_of_the_machine_equals_the_c_library),
        cmocka_unit_test(changes_are_found_one_after_the_other),
        cmocka_unit_test(instants_at_the_ends_of_int64_do_no_harm),
        cmocka_unit_test(readings_that_happen_once_have_their_instant),
        cmocka_unit_test(readings_that_happen_twice_have_the_first_instant),
        cmocka_unit_test(readings_that_never_happen_move_forward_by_the_gap),
        cmocka_unit_test(readings_agree_with_a_search_over_all_instants),
        cmocka_unit_test(the_same_name_gives_the_same_zone),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
    };
    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
