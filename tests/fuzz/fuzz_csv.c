/* The CSV importer: the first line holds options, a letter each (read_options), the rest is a file.
 *
 * Any text: imported, or refused with a place in it. What is imported are bars: in order, on the
 * minute, inside their sessions, with prices that fit; and the report's numbers add up to the rows.
 * Blank lines at the end change nothing: so the fast reading of rows, which leaves the last bytes
 * of a file to the slow one, is compared with it.
 *
 * With `g` the rest is a file as it lies on disk, plain or gzip, and goes through csv_source; with
 * `G` it is compressed first, in two members, and must come back as it was.
 */
#include "tests/fuzz/fuzz.h"

#include "base/clock.h"
#include "base/limits.h"
#include "engine/csv/csv_import.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST_INFLATED_BYTES = 1 << 20, BLANK_LINES = 64 };

static const struct calendar *calendar_named(const char *name)
{
    const struct calendar *c = NULL;
    FUZZ_REQUIRE(calendar_find(name, &c, NULL) == ERR_OK, "%s", name);
    return c;
}

static const struct zone *zone_named(const char *name)
{
    const struct zone *z = NULL;
    FUZZ_REQUIRE(zone_find(name, &z, NULL) == ERR_OK, "%s", name);
    return z;
}

struct choices {
    struct csv_options options;
    bool from_disk, compressed;
};

static void read_option(struct choices *c, char letter)
{
    struct csv_options *o = &c->options;
    switch (letter) {
    case 'n':
        o->zone = zone_named("America/New_York");
        return;
    case 'k':
        o->zone = zone_named("Asia/Kolkata");
        return;
    case 'u':
        o->zone = zone_utc();
        return;
    case 'i':
        o->calendar = calendar_named("XNSE");
        return;
    case 'x':
        o->calendar = calendar_named("24x7");
        return;
    case 'd':
        o->timeframe.minutes = 0;
        return;
    case 'e':
        o->label = CSV_LABEL_END;
        return;
    case 'o':
        o->outside = CSV_DROP;
        return;
    case 'b':
        o->bad_rows = CSV_DROP;
        return;
    case 'f':
        o->duplicates = CSV_CONFLICT_FIRST;
        return;
    case 'l':
        o->duplicates = CSV_CONFLICT_LAST;
        return;
    case 's':
        o->sort = true;
        return;
    case 'c':
        o->ignore_columns = true;
        return;
    case 'h':
        o->price_scale = 100;
        return;
    case 'm':
        o->price_scale = 1000000;
        return;
    case 'g':
        c->from_disk = true;
        return;
    case 'G':
        c->compressed = true;
        return;
    default:
        return;
    }
}

static struct choices read_options(const char *line, size_t length)
{
    struct choices c = {
        .options = {.calendar = calendar_named("XNYS"), .timeframe = {1}, .file = "a.csv"}};
    for (size_t i = 0; i < length; i++)
        read_option(&c, line[i]);
    return c;
}

/* ---- what must hold of bars ---- */

static void check_bar(const struct csv_bars *b, int64_t i)
{
    const double open = b->column[BAR_OPEN][i], high = b->column[BAR_HIGH][i],
                 low = b->column[BAR_LOW][i], close = b->column[BAR_CLOSE][i];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        FUZZ_REQUIRE(isfinite(b->column[c][i]) && !signbit(b->column[c][i]), "bar %d: %s %g",
                     (int)i, bar_column_name((enum bar_column)c), b->column[c][i]);
    FUZZ_REQUIRE(low <= open && open <= high && low <= close && close <= high,
                 "bar %d: %g %g %g %g", (int)i, open, high, low, close);
    FUZZ_REQUIRE(i == 0 || b->time_ns[i - 1] < b->time_ns[i], "bar %d is out of order", (int)i);
    FUZZ_REQUIRE(b->time_ns[i] % NS_PER_MINUTE == 0, "bar %d is off the minute", (int)i);
}

static void check_session(const struct csv_bars *b, int64_t k, const struct csv_options *o)
{
    const struct bars_session *s = &b->sessions[k];
    struct session real;
    FUZZ_REQUIRE(s->first == (k == 0 ? 0 : b->sessions[k - 1].end) && s->first < s->end &&
                     s->end <= b->count,
                 "session %d: bars %d to %d", (int)k, (int)s->first, (int)s->end);
    FUZZ_REQUIRE(k == 0 || b->sessions[k - 1].day < s->day, "session %d: day", (int)k);
    FUZZ_REQUIRE(calendar_session(o->calendar, s->day, &real) && real.open_ns == s->open_ns &&
                     real.close_ns == s->close_ns,
                 "session %d is none of the calendar", (int)k);
    FUZZ_REQUIRE(b->time_ns[s->first] >= s->open_ns && b->time_ns[s->end - 1] < s->close_ns,
                 "session %d has bars outside it", (int)k);
    if (o->timeframe.minutes == 0)
        FUZZ_REQUIRE(s->end == s->first + 1 && b->time_ns[s->first] == s->open_ns,
                     "session %d: a day is one bar at the open", (int)k);
}

static void check_report(const struct csv_report *r, const struct csv_bars *b)
{
    FUZZ_REQUIRE(r->error_count == 0 && r->bars == b->count && r->sessions == b->session_count,
                 "%d errors, %d bars of %d", r->error_count, (int)r->bars, (int)b->count);
    FUZZ_REQUIRE(r->rows == r->bars + r->duplicates + r->conflicts + r->outside + r->bad,
                 "%d rows: %d bars, %d duplicates, %d conflicts, %d outside, %d bad", (int)r->rows,
                 (int)r->bars, (int)r->duplicates, (int)r->conflicts, (int)r->outside, (int)r->bad);
    FUZZ_REQUIRE(r->misaligned <= r->bad && r->gaps >= 0 && r->missing_sessions >= 0 &&
                     r->longest_gap_minutes <= r->gaps,
                 "%d misaligned, %d gaps, the longest %d", (int)r->misaligned, (int)r->gaps,
                 (int)r->longest_gap_minutes);
    FUZZ_REQUIRE(b->count == 0 ||
                     (r->first_ns == b->time_ns[0] && r->last_ns == b->time_ns[b->count - 1]),
                 "first and last");
}

/* What the rest of the program is handed: it checks all of this again. */
static void check_published(const struct csv_bars *b, const struct csv_options *o)
{
    struct bars_builder builder;
    const struct bars *bars = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(bars_builder_init(&builder, b->count, BAR_ALL_COLUMNS, NULL) == ERR_OK, "memory");
    memcpy(builder.time_ns, b->time_ns, (size_t)b->count * sizeof(int64_t));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        memcpy(builder.column[c], b->column[c], (size_t)b->count * sizeof(double));
    FUZZ_REQUIRE(bars_publish(&builder, o->calendar, o->timeframe, -2, &bars, &e) == ERR_OK, "%s",
                 e.message);
    FUZZ_REQUIRE(bars->session_count == b->session_count, "%d sessions", (int)bars->session_count);
    bars_unref(bars);
    bars_builder_release(&builder);
}

static void check_bars(const struct csv_report *r, const struct csv_bars *b,
                       const struct csv_options *o)
{
    for (int64_t i = 0; i < b->count; i++)
        check_bar(b, i);
    for (int64_t k = 0; k < b->session_count; k++)
        check_session(b, k, o);
    FUZZ_REQUIRE(b->count == (b->session_count ? b->sessions[b->session_count - 1].end : 0),
                 "bars outside the sessions");
    check_report(r, b);
    if (b->count > 0)
        check_published(b, o);
}

static void check_refusal(enum err err, const struct csv_report *r, const struct csv_bars *b,
                          const struct error *e)
{
    FUZZ_REQUIRE(err == e->code && (err == ERR_DATA || err == ERR_INVALID), "code %d: %s", (int)err,
                 e->message);
    FUZZ_REQUIRE(e->message[0] != '\0' && b->count == 0 && b->time_ns == NULL &&
                     b->sessions == NULL,
                 "a refused file leaves something to free");
    for (int32_t i = 0; i < r->error_count && i < LIMIT_IMPORT_ERRORS; i++)
        FUZZ_REQUIRE(r->errors[i].line > 0 && r->errors[i].message[0] != '\0', "error %d", i);
}

/* ---- twice ---- */

static enum err import(const char *text, size_t length, size_t blank_lines,
                       const struct csv_options *o, struct csv_report *r, struct csv_bars *b,
                       struct error *e)
{
    char *copy = fuzz_copy(text, length, blank_lines);
    memset(copy + length, '\n', blank_lines);
    *e = (struct error){0};
    enum err err = csv_import(copy, length + blank_lines, o, NULL, r, b, e);
    free(copy);
    return err;
}

static void check_same(const struct csv_report *r, const struct csv_bars *b,
                       const struct csv_report *s, const struct csv_bars *c)
{
    FUZZ_REQUIRE(r->rows == s->rows && r->bars == s->bars && r->duplicates == s->duplicates &&
                     r->conflicts == s->conflicts && r->outside == s->outside && r->bad == s->bad &&
                     r->misaligned == s->misaligned && r->gaps == s->gaps &&
                     r->error_count == s->error_count,
                 "blank lines changed the report: %d rows, %d bars, %d errors to %d, %d, %d",
                 (int)r->rows, (int)r->bars, r->error_count, (int)s->rows, (int)s->bars,
                 s->error_count);
    FUZZ_REQUIRE(memcmp(r->errors, s->errors, sizeof r->errors) == 0,
                 "blank lines changed an error: '%s' to '%s'", r->errors[0].message,
                 s->errors[0].message);
    for (int64_t i = 0; i < b->count; i++) {
        FUZZ_REQUIRE(b->time_ns[i] == c->time_ns[i], "blank lines changed the time of bar %d",
                     (int)i);
        for (int k = 0; k < BAR_COLUMN_COUNT; k++)
            FUZZ_REQUIRE(memcmp(&b->column[k][i], &c->column[k][i], sizeof(double)) == 0,
                         "blank lines changed bar %d: %.17g to %.17g", (int)i, b->column[k][i],
                         c->column[k][i]);
    }
}

static void import_twice(const char *text, size_t length, const struct csv_options *o)
{
    struct csv_report report, again_report;
    struct csv_bars bars, again_bars;
    struct error e, again_e;
    enum err err = import(text, length, 0, o, &report, &bars, &e);
    if (err == ERR_OK)
        check_bars(&report, &bars, o);
    else
        check_refusal(err, &report, &bars, &e);
    enum err again = import(text, length, BLANK_LINES, o, &again_report, &again_bars, &again_e);
    /* A file without rows is refused at its last line. */
    bool same = report.error_count == 0 || strcmp(e.message, again_e.message) == 0;
    FUZZ_REQUIRE(err == again && same, "blank lines changed '%s' to '%s'", e.message,
                 again_e.message);
    check_same(&report, &bars, &again_report, &again_bars);
    csv_bars_release(&bars);
    csv_bars_release(&again_bars);
}

/* ---- files ---- */

static int file_of(const void *bytes, size_t length)
{
    int fd = memfd_create("fuzz_csv", MFD_CLOEXEC);
    FUZZ_REQUIRE(fd >= 0 && write(fd, bytes, length) == (ssize_t)length, "memfd");
    return fd;
}

/* One gzip member at `out`; returns its bytes. */
static size_t compress_member(const char *text, size_t length, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)text,
                  .avail_in = (uInt)length,
                  .next_out = out,
                  .avail_out = (uInt)room};
    FUZZ_REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                     deflate(&z, Z_FINISH) == Z_STREAM_END,
                 "deflate");
    size_t size = z.total_out;
    deflateEnd(&z);
    return size;
}

static void check_round_trip(const char *text, size_t length)
{
    size_t room = length * 2 + 1024, half = length / 2;
    unsigned char *packed = malloc(room);
    FUZZ_REQUIRE(packed != NULL, "memory");
    size_t size = compress_member(text, half, packed, room);
    size += compress_member(text + half, length - half, packed + size, room - size);
    int fd = file_of(packed, size);
    struct csv_source source;
    struct error e = {0};
    FUZZ_REQUIRE(csv_source_open_fd(&source, fd, MOST_INFLATED_BYTES, "a.csv.gz", &e) == ERR_OK,
                 "%s", e.message);
    FUZZ_REQUIRE(source.length == length && memcmp(source.text, text, length) == 0,
                 "%zu bytes came back as %zu", length, source.length);
    csv_source_close(&source);
    close(fd);
    free(packed);
}

static void import_from_disk(const char *bytes, size_t length, const struct csv_options *o)
{
    int fd = file_of(bytes, length);
    struct csv_source source;
    struct error e = {0};
    enum err err = csv_source_open_fd(&source, fd, MOST_INFLATED_BYTES, "a.csv.gz", &e);
    close(fd);
    FUZZ_REQUIRE(err == ERR_OK || err == ERR_DATA || err == ERR_TOO_LARGE, "code %d: %s", (int)err,
                 e.message);
    if (err == ERR_OK)
        import_twice(source.text, source.length, o);
    csv_source_close(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line_end = memchr(text, '\n', size);
    if (line_end == NULL)
        return 0;
    struct choices c = read_options(text, (size_t)(line_end - text));
    size_t length = size - (size_t)(line_end + 1 - text);
    if (c.from_disk) {
        import_from_disk(line_end + 1, length, &c.options);
        return 0;
    }
    if (c.compressed)
        check_round_trip(line_end + 1, length);
    import_twice(line_end + 1, length, &c.options);
    return 0;
}
