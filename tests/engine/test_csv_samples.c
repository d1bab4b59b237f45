/* Real files, as their publishers stored them. They are not part of the project: where they are
 * absent these tests say so and pass over. The numbers were counted by a script of its own,
 * straight from the rows and the exchanges' hours.
 */
#include "base/civil.h"
#include "tests/engine/csv_case.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

static int open_sample(const char *name)
{
    static const char *const folders[] = {"../shared/data", "../../shared/data"};
    char path[256];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    fprintf(stderr, "skipped: no %s/%s\n", folders[0], name);
    skip();
    return -1;
}

static struct csv_source open_gzip_sample(const char *name)
{
    struct csv_source s;
    struct error e;
    int fd = open_sample(name);
    if (csv_source_open_fd(&s, fd, 1 << 28, name, &e) != ERR_OK)
        fail_msg("%s", e.message);
    close(fd);
    return s;
}

static uint32_t little_endian(const unsigned char *p, int bytes)
{
    uint32_t x = 0;
    for (int i = 0; i < bytes; i++)
        x |= (uint32_t)p[i] << 8 * i;
    return x;
}

/* The first file of a zip archive, as text in memory. */
static char *unzip_sample(const char *name, size_t *ret_length)
{
    struct csv_source s;
    int fd = open_sample(name);
    assert_int_equal(csv_source_open_fd(&s, fd, 0, name, NULL), ERR_OK);
    close(fd);
    const unsigned char *p = (const unsigned char *)s.text;
    assert_true(s.length > 30 && little_endian(p, 4) == 0x04034b50);
    size_t start = 30 + little_endian(p + 26, 2) + little_endian(p + 28, 2), room = 1 << 24;
    char *text = malloc(room);
    z_stream z = {.next_in = (Bytef *)p + start,
                  .avail_in = (uInt)(s.length - start),
                  .next_out = (Bytef *)text,
                  .avail_out = (uInt)room};
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    csv_source_close(&s);
    *ret_length = room - z.avail_out;
    return text;
}

/* 507,190 rows: 64,216 outside the sessions of XNSE (holidays, nights, weekends; the special
 * Saturdays and evenings count as sessions); of the others 831 are stamped off the minute, 12 have
 * an open or close outside low to high, 221 a negative volume, and 330 are a second bar of their
 * minute. */
static void nifty_minutes_import_with_their_dirt_counted(void **state)
{
    (void)state;
    struct csv_source s = open_gzip_sample("nifty/nifty_1min_2021_2025.csv.gz");
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    struct error e;
    o.calendar = csv_calendar("XNSE");
    assert_int_equal(csv_import(s.text, s.length, &o, NULL, &report, &bars, &e), ERR_DATA);
    assert_int_equal(report.rows, 507190);
    assert_int_equal(report.error_count, 64216 + 831 + 12 + 221 + 330);
    o.outside = CSV_DROP;
    o.bad_rows = CSV_DROP;
    o.duplicates = CSV_CONFLICT_FIRST;
    assert_int_equal(csv_import(s.text, s.length, &o, NULL, &report, &bars, &e), ERR_OK);
    assert_string_equal(report.dialect.order, "-,open,high,low,close,volume,time,-");
    assert_string_equal(report.dialect.stamp, "epoch_s");
    assert_int_equal(report.outside, 64216);
    assert_int_equal(report.misaligned, 831);
    assert_int_equal(report.bad, 831 + 12 + 221);
    assert_int_equal(report.conflicts, 330);
    assert_int_equal(report.duplicates, 0);
    assert_int_equal(report.bars, 441580);
    assert_int_equal(report.sessions, 1183);
    assert_int_equal(report.missing_sessions, 2); /* the last days of 2021 and of 2024 */
    assert_int_equal(report.first_ns, csv_at("2021-01-01T03:45:00Z"));
    assert_int_equal(report.last_ns, csv_at("2025-10-10T09:59:00Z"));
    assert_true(bars.column[BAR_HIGH][0] == 14020.7999);
    csv_bars_release(&bars);
    csv_source_close(&s);
}

/* The same rows by their wall clock instead of the epoch. */
static void nifty_wall_clocks_give_the_same_bars(void **state)
{
    (void)state;
    struct csv_source s = open_gzip_sample("nifty/nifty_1min_2021_2025.csv.gz");
    struct csv_options o = csv_minutes();
    struct csv_report by_epoch, by_wall;
    struct csv_bars epoch, wall;
    char *text = malloc(s.length);
    memcpy(text, s.text, s.length);
    char *name = memmem(text, 100, ",t,", 3);
    assert_non_null(name);
    name[1] = 'n'; /* a column that is ignored */
    o.calendar = csv_calendar("XNSE");
    o.zone = csv_zone("Asia/Kolkata");
    o.outside = o.bad_rows = CSV_DROP;
    o.duplicates = CSV_CONFLICT_LAST;
    assert_int_equal(csv_import(s.text, s.length, &o, NULL, &by_epoch, &epoch, NULL), ERR_OK);
    assert_int_equal(csv_import(text, s.length, &o, NULL, &by_wall, &wall, NULL), ERR_OK);
    assert_string_equal(by_wall.dialect.stamp, "wall_clock");
    assert_int_equal(epoch.count, wall.count);
    assert_memory_equal(epoch.time_ns, wall.time_ns, (size_t)epoch.count * sizeof(int64_t));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert_memory_equal(epoch.column[c], wall.column[c], (size_t)epoch.count * sizeof(double));
    csv_bars_release(&epoch);
    csv_bars_release(&wall);
    csv_source_close(&s);
    free(text);
}

static void us_shares_import_in_their_own_column_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t rows, bars, volume;
    } files[] = {{"BKNG", 38525, 37680, 36473050},
                 {"AZO", 25833, 25468, 20785463},
                 {"FICO", 29090, 28669, 24955854},
                 {"GWW", 38604, 38162, 37445225}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "us_stocks_1min_2024/%s.csv.gz", files[i].name);
        struct csv_source s = open_gzip_sample(name);
        struct csv_options o = csv_minutes();
        struct csv_report report;
        struct csv_bars bars;
        o.outside = CSV_DROP; /* prints of the closing auction */
        assert_int_equal(csv_import(s.text, s.length, &o, NULL, &report, &bars, NULL), ERR_OK);
        assert_string_equal(report.dialect.order, "-,time,close,high,low,open,-,volume");
        assert_int_equal(report.dialect.delimiter, ';');
        assert_int_equal(report.rows, files[i].rows);
        assert_int_equal(report.bars, files[i].bars);
        assert_int_equal(report.sessions, 252);
        assert_int_equal(report.missing_sessions, 0);
        double volume = 0;
        for (int64_t k = 0; k < bars.count; k++)
            volume += bars.column[BAR_VOLUME][k];
        assert_true(volume == (double)files[i].volume);
        csv_bars_release(&bars);
        csv_source_close(&s);
    }
}

/* 23 years of days, and the calendar has just these. */
static void spy_days_fill_every_session_of_new_york(void **state)
{
    (void)state;
    size_t length;
    char *text = unzip_sample("spy/daily.zip", &length);
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    o.timeframe = (struct timeframe){0};
    o.price_scale = 10000;
    assert_int_equal(csv_import(text, length, &o, NULL, &report, &bars, NULL), ERR_OK);
    assert_string_equal(report.dialect.order, "time,open,high,low,close,volume");
    assert_int_equal(report.bars, 5849);
    assert_int_equal(report.sessions, 5849);
    assert_int_equal(report.missing_sessions, 0);
    assert_int_equal(bars.sessions[0].day, civil_to_days((struct civil_date){1998, 1, 2}));
    assert_true(bars.column[BAR_OPEN][0] == 97.31 && bars.column[BAR_CLOSE][0] == 97.36);
    csv_bars_release(&bars);
    free(text);
}

static void spy_hours_import_by_their_wall_clock(void **state)
{
    (void)state;
    size_t length;
    char *text = unzip_sample("spy/hour.zip", &length);
    struct csv_options o = csv_minutes();
    struct csv_report report;
    struct csv_bars bars;
    o.zone = csv_zone("America/New_York");
    o.outside = CSV_DROP; /* the hour that begins before the open */
    o.price_scale = 10000;
    assert_int_equal(csv_import(text, length, &o, NULL, &report, &bars, NULL), ERR_OK);
    assert_string_equal(report.dialect.stamp, "wall_clock");
    assert_int_equal(report.rows, 40832);
    assert_int_equal(report.bars + report.outside, 40832);
    assert_int_equal(report.sessions, 5849);
    assert_int_equal(bars.time_ns[0], csv_at("1998-01-02T15:00:00Z"));
    csv_bars_release(&bars);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nifty_minutes_import_with_their_dirt_counted),
        cmocka_unit_test(nifty_wall_clocks_give_the_same_bars),
        cmocka_unit_test(us_shares_import_in_their_own_column_order),
        cmocka_unit_test(spy_days_fill_every_session_of_new_york),
        cmocka_unit_test(spy_hours_import_by_their_wall_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
