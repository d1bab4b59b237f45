#include "tests/engine/csv_case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/* A file that lives in memory, with these bytes. */
static int file_of(const void *bytes, size_t length)
{
    int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    return fd;
}

static size_t pack(const void *bytes, size_t length, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)bytes,
                  .avail_in = (uInt)length,
                  .next_out = out,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static enum err open_bytes(const void *bytes, size_t length, size_t max_bytes, struct csv_source *s,
                           struct error *e)
{
    int fd = file_of(bytes, length);
    enum err err = csv_source_open_fd(s, fd, max_bytes, "bars.csv.gz", e);
    close(fd); /* the source does not need it */
    return err;
}

static void a_plain_file_is_mapped(void **state)
{
    (void)state;
    struct csv_source s;
    assert_int_equal(open_bytes("time,open\n", 10, 4, &s, NULL), ERR_OK);
    assert_int_equal(s.length, 10);
    assert_memory_equal(s.text, "time,open\n", 10);
    assert_null(s.inflated);
    csv_source_close(&s);
    csv_source_close(&s);
}

static void gzip_is_told_by_its_magic_and_inflated(void **state)
{
    (void)state;
    static char text[3000000];
    static unsigned char packed[1000000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i * 7 % 23 * (i % 1000 / 3) % 26);
    size_t length = pack(text, sizeof(text), packed, sizeof(packed));
    struct csv_source s;
    assert_int_equal(open_bytes(packed, length, sizeof(text), &s, NULL), ERR_OK);
    assert_int_equal(s.length, sizeof(text));
    assert_memory_equal(s.text, text, sizeof(text));
    csv_source_close(&s);
    struct error e;
    assert_int_equal(open_bytes(packed, length, sizeof(text) - 1, &s, &e), ERR_TOO_LARGE);
    assert_non_null(strstr(e.message, "2999999"));
    csv_source_close(&s);
    assert_int_equal(open_bytes(packed, length, 10, &s, &e), ERR_TOO_LARGE);
    csv_source_close(&s);
}

static void members_one_after_another_are_one_text(void **state)
{
    (void)state;
    unsigned char packed[400];
    size_t first = pack("time,open\n", 10, packed, 200);
    size_t second = pack("1,2\n", 4, packed + first, 200);
    struct csv_source s;
    assert_int_equal(open_bytes(packed, first + second, 100, &s, NULL), ERR_OK);
    assert_int_equal(s.length, 14);
    assert_memory_equal(s.text, "time,open\n1,2\n", 14);
    csv_source_close(&s);
}

static void torn_gzip_is_refused_at_every_length(void **state)
{
    (void)state;
    char text[2000];
    unsigned char packed[3000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * i % 251);
    size_t length = pack(text, sizeof(text), packed, sizeof(packed));
    for (size_t n = 2; n < length; n++) {
        struct csv_source s;
        struct error e;
        assert_int_equal(open_bytes(packed, n, 100000, &s, &e), ERR_DATA);
        assert_null(s.text == s.inflated ? s.inflated : NULL);
        csv_source_close(&s);
    }
}

static void damaged_gzip_is_refused(void **state)
{
    (void)state;
    unsigned char packed[200];
    size_t length = pack("time,open,high,low,close\n1,2,3,4,5\n", 35, packed, sizeof(packed));
    int64_t refused = 0;
    for (size_t bit = 16; bit < length * 8; bit++) {
        struct csv_source s;
        packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        enum err err = open_bytes(packed, length, 1000, &s, NULL);
        assert_true(err == ERR_OK || err == ERR_DATA || err == ERR_TOO_LARGE);
        refused += err != ERR_OK;
        if (err == ERR_OK) /* a bit of the header that means nothing here */
            assert_int_equal(s.length, 35);
        csv_source_close(&s);
        packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(refused > (int64_t)length * 6);
}

static void what_is_no_file_or_empty_is_refused(void **state)
{
    (void)state;
    struct csv_source s;
    struct error e;
    int ends[2];
    assert_int_equal(open_bytes("", 0, 100, &s, &e), ERR_DATA);
    assert_non_null(strstr(e.message, "bars.csv.gz is empty"));
    csv_source_close(&s);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(csv_source_open_fd(&s, ends[0], 100, "bars", &e), ERR_INVALID);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(csv_source_open_fd(&s, -1, 100, "bars", &e), ERR_IO);
    csv_source_close(&s);
}

static void a_text_may_end_with_its_page(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *text = malloc(page + 1);
    size_t n = (size_t)snprintf(text, page + 1, "t,o,h,l,c\n");
    int64_t row = 0;
    for (; page - n >= 38; row++)
        n += (size_t)snprintf(text + n, page + 1 - n, "%lld,1,2,1,2\n",
                              (long long)(1709908200 + row * 60));
    snprintf(text + n, page + 1 - n, "%lld,1,2,1,1.%0*d", (long long)(1709908200 + row * 60),
             (int)(page - n - 19), 0);
    assert_int_equal(strlen(text), page);
    struct csv_source s;
    struct csv_report report;
    struct csv_bars bars;
    struct csv_options o = csv_minutes();
    assert_int_equal(open_bytes(text, page, 0, &s, NULL), ERR_OK);
    assert_int_equal(csv_import(s.text, s.length, &o, NULL, &report, &bars, NULL), ERR_OK);
    assert_int_equal(bars.count, row + 1);
    csv_bars_release(&bars);
    csv_source_close(&s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_is_mapped),
        cmocka_unit_test(gzip_is_told_by_its_magic_and_inflated),
        cmocka_unit_test(members_one_after_another_are_one_text),
        cmocka_unit_test(torn_gzip_is_refused_at_every_length),
        cmocka_unit_test(damaged_gzip_is_refused),
        cmocka_unit_test(what_is_no_file_or_empty_is_refused),
        cmocka_unit_test(a_text_may_end_with_its_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
