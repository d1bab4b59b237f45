#include "engine/bars/bar_codec.h"

#include "base/clock.h"
#include "base/random.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1500 };

struct day {
    int64_t count;
    struct timeframe timeframe;
    int64_t time_ns[MOST];
    double values[BAR_COLUMN_COUNT][MOST];
    const double *column[BAR_COLUMN_COUNT];
};

static struct day in, out;

static void begin(struct day *d, int64_t count, int32_t minutes)
{
    d->count = count;
    d->timeframe = (struct timeframe){minutes};
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        d->column[c] = d->values[c];
    for (int64_t i = 0; i < count; i++)
        d->time_ns[i] = INT64_C(1704205800000000000) + i * timeframe_ns(d->timeframe);
}

static void fill(struct day *d, double value)
{
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        for (int64_t i = 0; i < d->count; i++)
            d->values[c][i] = value;
}

static struct bar_blob_info encode(const struct day *d, struct strbuf *blob)
{
    struct bar_blob_info info;
    strbuf_init(blob, 1 << 20);
    assert_int_equal(bar_blob_encode(d->time_ns, d->column, d->count, d->timeframe, blob, NULL),
                     ERR_OK);
    assert_int_equal(bar_blob_info(blob->data, blob->length, &info, NULL), ERR_OK);
    assert_int_equal(info.size_bytes, blob->length);
    assert_int_equal(info.count, d->count);
    assert_int_equal(info.first_ns, d->time_ns[0]);
    assert_int_equal(info.last_ns, d->time_ns[d->count - 1]);
    assert_int_equal(info.timeframe.minutes, d->timeframe.minutes);
    return info;
}

static enum err decode(const void *blob, size_t length)
{
    double *columns[BAR_COLUMN_COUNT];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        columns[c] = out.values[c];
    return bar_blob_decode(blob, length, BAR_ALL_COLUMNS, out.time_ns, columns, NULL);
}

static void assert_same(const struct day *d)
{
    assert_memory_equal(out.time_ns, d->time_ns, (size_t)d->count * sizeof(int64_t));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert_memory_equal(out.values[c], d->values[c], (size_t)d->count * sizeof(double));
}

static struct bar_blob_info round_trip(const struct day *d)
{
    struct strbuf blob;
    struct bar_blob_info info = encode(d, &blob);
    memset(out.values, 0x55, sizeof(out.values));
    assert_int_equal(decode(blob.data, blob.length), ERR_OK);
    assert_same(d);
    strbuf_release(&blob);
    return info;
}

static void decimals_take_four_bytes_and_come_back_bit_for_bit(void **state)
{
    (void)state;
    static const double scales[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
    struct random r;
    random_seed(&r, 11);
    for (int32_t decimals = 0; decimals <= 6; decimals++)
        for (int64_t count = 1; count <= 400; count += 57) {
            begin(&in, count, 1);
            for (int c = 0; c < BAR_COLUMN_COUNT; c++)
                for (int64_t i = 0; i < count; i++)
                    in.values[c][i] = (double)random_below(&r, INT32_MAX) / scales[decimals];
            in.values[BAR_OPEN][0] = (double)(10 * random_below(&r, 1000) + 1) / scales[decimals];
            struct bar_blob_info info = round_trip(&in);
            assert_int_equal(info.price_decimals, decimals);
            for (int c = 0; c <= BAR_CLOSE; c++)
                assert_int_equal(info.column[c].size_bytes, (count * 4 + 7) / 8 * 8);
            assert_int_equal(info.time.size_bytes, 0);
        }
}

static void any_doubles_come_back_bit_for_bit(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 12);
    for (int round = 0; round < 200; round++) {
        begin(&in, 1 + (int64_t)random_below(&r, 100), 1);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            for (int64_t i = 0; i < in.count; i++) {
                uint64_t bits = random_next(&r);
                memcpy(&in.values[c][i], &bits, sizeof(bits));
            }
        round_trip(&in);
    }
}

static void one_odd_value_among_decimals_is_kept_exactly(void **state)
{
    (void)state;
    static const double odd[] = {1.0 / 3,
                                 0.1 + 0.2,
                                 -0.0,
                                 1e300,
                                 4503599627370496.5,
                                 2147483648.0,
                                 21474836.48,
                                 0.0000001,
                                 9007199254740993.0,
                                 5e-324,
                                 -12.5,
                                 2147483647.0,
                                 1e15 / 7,
                                 123456789012.25,
                                 -1e18};
    for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
        for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
            begin(&in, 130, 1);
            fill(&in, 101.25);
            in.values[c][129] = odd[k];
            round_trip(&in);
            in.values[c][0] = odd[k];
            round_trip(&in);
        }
    begin(&in, 5, 1);
    fill(&in, INFINITY);
    round_trip(&in);
    fill(&in, NAN);
    assert_int_equal(round_trip(&in).price_decimals, -1);
}

static void a_price_too_big_for_int32_keeps_the_others_narrow(void **state)
{
    (void)state;
    begin(&in, 100, 1);
    fill(&in, 101.25);
    in.values[BAR_HIGH][50] = 98765432109.75;
    struct bar_blob_info info = round_trip(&in);
    assert_int_equal(info.price_decimals, 2);
    assert_int_equal(info.column[BAR_OPEN].size_bytes, 400);
    assert_int_equal(info.column[BAR_HIGH].size_bytes, 800);
}

static void volume_has_its_own_decimals(void **state)
{
    (void)state;
    begin(&in, 100, 1);
    fill(&in, 101.25);
    in.values[BAR_VOLUME][7] = 0.000125;
    struct bar_blob_info info = round_trip(&in);
    assert_int_equal(info.price_decimals, 2);
    assert_int_equal(info.column[BAR_VOLUME].size_bytes, 400);
}

static void times_take_what_they_need(void **state)
{
    (void)state;
    begin(&in, 390, 1);
    fill(&in, 1);
    assert_int_equal(round_trip(&in).time.size_bytes, 0);
    in.time_ns[389] += 5 * NS_PER_MINUTE;
    assert_int_equal(round_trip(&in).time.size_bytes, 784);
    in.time_ns[389] += 1;
    assert_int_equal(round_trip(&in).time.size_bytes, 3120);
    begin(&in, 2, 1);
    fill(&in, 1);
    in.time_ns[0] = INT64_MIN;
    in.time_ns[1] = INT64_MAX;
    assert_int_equal(round_trip(&in).time.size_bytes, 16);
    begin(&in, 3, 0); /* days */
    fill(&in, 1);
    in.time_ns[2] += 3 * NS_PER_DAY;
    assert_int_equal(round_trip(&in).time.size_bytes, 8);
}

static void random_gaps_come_back(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 13);
    for (int round = 0; round < 100; round++) {
        begin(&in, 1 + (int64_t)random_below(&r, 390), 1);
        fill(&in, 7.5);
        for (int64_t i = 1; i < in.count; i++)
            in.time_ns[i] = in.time_ns[i - 1] + (1 + (int64_t)random_below(&r, 3)) * NS_PER_MINUTE;
        round_trip(&in);
    }
}

static void only_the_columns_of_the_mask_are_written(void **state)
{
    (void)state;
    struct strbuf blob;
    begin(&in, 50, 1);
    fill(&in, 3.5);
    encode(&in, &blob);
    double *columns[BAR_COLUMN_COUNT] = {NULL};
    columns[BAR_CLOSE] = out.values[BAR_CLOSE];
    assert_int_equal(
        bar_blob_decode(blob.data, blob.length, BAR_COLUMN_BIT(BAR_CLOSE), NULL, columns, NULL),
        ERR_OK);
    assert_memory_equal(out.values[BAR_CLOSE], in.values[BAR_CLOSE], 50 * sizeof(double));
    strbuf_release(&blob);
}

static void sections_can_be_read_on_their_own_at_any_address(void **state)
{
    (void)state;
    struct strbuf blob;
    struct bar_blob_info info;
    begin(&in, 77, 1);
    fill(&in, 3.5);
    in.time_ns[76] += NS_PER_MINUTE;
    in.values[BAR_VOLUME][3] = 1.0 / 3;
    encode(&in, &blob);
    assert_int_equal(bar_blob_info(blob.data, BAR_BLOB_HEADER_BYTES, &info, NULL), ERR_OK);
    char *copy = malloc(blob.length + 1);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        const struct bar_blob_section *s = &info.column[c];
        memcpy(copy + 1, blob.data + s->offset, s->size_bytes);
        assert_int_equal(
            bar_blob_decode_column(&info, (enum bar_column)c, copy + 1, out.values[c], NULL),
            ERR_OK);
        copy[1 + s->size_bytes / 2] ^= 0x10;
        assert_int_equal(
            bar_blob_decode_column(&info, (enum bar_column)c, copy + 1, out.values[c + 0], NULL),
            ERR_DATA);
    }
    memcpy(copy + 1, blob.data, blob.length);
    assert_int_equal(decode(copy + 1, blob.length), ERR_OK);
    assert_same(&in);
    assert_int_equal(bar_blob_decode_time(&info, copy + 1 + info.time.offset, out.time_ns, NULL),
                     ERR_OK);
    free(copy);
    strbuf_release(&blob);
}

/* The copy has exactly the length given, so that the address sanitizer sees any byte read past it.
 */
static enum err decode_copy(const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);
    memcpy(copy, bytes, length);
    enum err err = decode(copy, length);
    free(copy);
    return err;
}

static void a_torn_blob_is_refused_at_every_length(void **state)
{
    (void)state;
    struct strbuf blob;
    begin(&in, 30, 1);
    fill(&in, 3.5);
    in.time_ns[29] += NS_PER_MINUTE;
    encode(&in, &blob);
    for (size_t length = 0; length < blob.length; length++)
        assert_int_equal(decode_copy(blob.data, length), ERR_DATA);
    strbuf_add_char(&blob, 0);
    assert_int_equal(decode_copy(blob.data, blob.length), ERR_DATA);
    strbuf_release(&blob);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct strbuf blob;
    begin(&in, 21, 1);
    fill(&in, 3.5);
    in.time_ns[20] += NS_PER_MINUTE;
    in.values[BAR_LOW][4] = 0.1 + 0.2;
    encode(&in, &blob);
    for (size_t bit = 0; bit < blob.length * 8; bit++) {
        blob.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(decode_copy(blob.data, blob.length), ERR_DATA);
        blob.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(decode_copy(blob.data, blob.length), ERR_OK);
    strbuf_release(&blob);
}

static void noise_is_never_read_past_its_end(void **state)
{
    (void)state;
    struct random r;
    char noise[300];
    random_seed(&r, 14);
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)random_below(&r, sizeof(noise));
        for (size_t i = 0; i < length; i++)
            noise[i] = (char)random_next(&r);
        if (length > 2 && round % 2) {
            noise[0] = 1;
            noise[1] = 'B';
        }
        assert_int_equal(decode_copy(noise, length), ERR_DATA);
    }
}

static void counts_and_full_buffers_are_refused(void **state)
{
    (void)state;
    struct strbuf blob;
    struct error e;
    begin(&in, 100, 1);
    fill(&in, 3.5);
    strbuf_init(&blob, 1 << 20);
    assert_int_equal(bar_blob_encode(in.time_ns, in.column, 0, in.timeframe, &blob, &e),
                     ERR_INVALID);
    assert_int_equal(
        bar_blob_encode(in.time_ns, in.column, BAR_BLOB_MAX_COUNT + 1, in.timeframe, &blob, &e),
        ERR_INVALID);
    assert_int_equal(blob.length, 0);
    strbuf_release(&blob);
    for (size_t room = 0; room < 2064; room += 43) {
        strbuf_init(&blob, room);
        assert_int_equal(bar_blob_encode(in.time_ns, in.column, 100, in.timeframe, &blob, &e),
                         ERR_NO_MEMORY);
        strbuf_release(&blob);
    }
}

static void blobs_are_appended(void **state)
{
    (void)state;
    struct strbuf blob;
    strbuf_init(&blob, 1 << 20);
    strbuf_add_string(&blob, "abc");
    begin(&in, 10, 1);
    fill(&in, 3.5);
    assert_int_equal(bar_blob_encode(in.time_ns, in.column, 10, in.timeframe, &blob, NULL), ERR_OK);
    assert_memory_equal(blob.data, "abc", 3);
    assert_int_equal(decode(blob.data + 3, blob.length - 3), ERR_OK);
    assert_same(&in);
    strbuf_release(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_take_four_bytes_and_come_back_bit_for_bit),
        cmocka_unit_test(any_doubles_come_back_bit_for_bit),
        cmocka_unit_test(one_odd_value_among_decimals_is_kept_exactly),
        cmocka_unit_test(a_price_too_big_for_int32_keeps_the_others_narrow),
        cmocka_unit_test(volume_has_its_own_decimals),
        cmocka_unit_test(times_take_what_they_need),
        cmocka_unit_test(random_gaps_come_back),
        cmocka_unit_test(only_the_columns_of_the_mask_are_written),
        cmocka_unit_test(sections_can_be_read_on_their_own_at_any_address),
        cmocka_unit_test(a_torn_blob_is_refused_at_every_length),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(noise_is_never_read_past_its_end),
        cmocka_unit_test(counts_and_full_buffers_are_refused),
        cmocka_unit_test(blobs_are_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
