/* Stored days of bars (bar_codec.h). The first byte says what the rest is:
 *
 *   r   a blob as it is read from disk
 *   c   the same, but its check sums are put right first: as if our own had been forged
 *   other: bars, a byte for the step in time and five numbers each
 *
 * A blob is decoded, or refused; whole and column by column it gives the same bits, and what it
 * gave is encoded and decoded again. Bars come back bit for bit, and no byte of their blob can be
 * changed unnoticed.
 */
#include "tests/fuzz/fuzz.h"

#include "engine/bars/bar_codec.h"

enum { MOST_BARS = 1024, BYTES_OF_BAR = 12, SECTIONS = BAR_COLUMN_COUNT + 1 };

struct columns {
    int64_t time_ns[MOST_BARS];
    double value[BAR_COLUMN_COUNT][MOST_BARS];
};

static struct columns first, second;

static void pointers(struct columns *c, double *ret[BAR_COLUMN_COUNT])
{
    for (int i = 0; i < BAR_COLUMN_COUNT; i++)
        ret[i] = c->value[i];
}

static void require_same(int64_t count, const char *what)
{
    FUZZ_REQUIRE(memcmp(first.time_ns, second.time_ns, (size_t)count * sizeof(int64_t)) == 0,
                 "times %s", what);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        FUZZ_REQUIRE(memcmp(first.value[c], second.value[c], (size_t)count * sizeof(double)) == 0,
                     "%s %s", bar_column_name((enum bar_column)c), what);
}

/* ---- blobs ---- */

static void decode_by_section(const struct bar_blob_info *info, const char *blob)
{
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        const struct bar_blob_section *s = &info->column[c];
        char *bytes = fuzz_copy(blob + s->offset, s->size_bytes, 0);
        FUZZ_REQUIRE(bar_blob_decode_column(info, (enum bar_column)c, bytes, second.value[c],
                                            NULL) == ERR_OK,
                     "column %d", c);
        free(bytes);
    }
    char *bytes = fuzz_copy(blob + info->time.offset, info->time.size_bytes, 0);
    FUZZ_REQUIRE(bar_blob_decode_time(info, bytes, second.time_ns, NULL) == ERR_OK, "times");
    free(bytes);
}

static bool increases(const int64_t *time_ns, int64_t count)
{
    for (int64_t i = 1; i < count; i++)
        if (time_ns[i] <= time_ns[i - 1])
            return false;
    return true;
}

/* Bars as `first` holds them: encoded, decoded, and with a byte changed. */
static void check_round_trip(int64_t count, struct timeframe timeframe, uint64_t hash)
{
    double *from[BAR_COLUMN_COUNT], *to[BAR_COLUMN_COUNT];
    struct strbuf blob;
    struct error e = {0};
    pointers(&first, from);
    pointers(&second, to);
    strbuf_init(&blob, 1 << 20);
    FUZZ_REQUIRE(bar_blob_encode(first.time_ns, (const double *const *)from, count, timeframe,
                                 &blob, &e) == ERR_OK,
                 "%s", e.message);
    FUZZ_REQUIRE(bar_blob_decode(blob.data, blob.length, BAR_ALL_COLUMNS, second.time_ns, to, &e) ==
                     ERR_OK,
                 "%s", e.message);
    require_same(count, "of bars");
    uint8_t change = (uint8_t)(hash >> 32 | 1);
    blob.data[hash % blob.length] ^= (char)change;
    FUZZ_REQUIRE(bar_blob_decode(blob.data, blob.length, BAR_ALL_COLUMNS, second.time_ns, to, &e) ==
                     ERR_DATA,
                 "byte %d was changed by %d", (int)(hash % blob.length), change);
    strbuf_release(&blob);
}

static void check_blob(const char *blob, size_t length, uint64_t hash)
{
    struct bar_blob_info info;
    struct error e = {0};
    double *to[BAR_COLUMN_COUNT];
    pointers(&first, to);
    enum err err = bar_blob_info(blob, length, &info, &e);
    if (err == ERR_OK) {
        FUZZ_REQUIRE(info.count >= 1 && info.count <= BAR_BLOB_MAX_COUNT && info.size_bytes > 64,
                     "%d bars in %zu bytes", (int)info.count, info.size_bytes);
        if (info.count > MOST_BARS)
            return;
    }
    enum err decoded = bar_blob_decode(blob, length, BAR_ALL_COLUMNS, first.time_ns, to, &e);
    FUZZ_REQUIRE(decoded == ERR_OK || (decoded == ERR_DATA && e.message[0] != '\0'), "code %d",
                 (int)decoded);
    if (decoded != ERR_OK)
        return;
    FUZZ_REQUIRE(err == ERR_OK && info.size_bytes == length, "%zu bytes", length);
    decode_by_section(&info, blob);
    require_same(info.count, "by sections");
    if (increases(first.time_ns, info.count) && info.timeframe.minutes >= 0)
        check_round_trip(info.count, info.timeframe, hash);
}

/* ---- check sums, as bar_codec.c describes them ---- */

static uint32_t check_sum(const char *bytes, size_t size)
{
    uint64_t sum[4] = {1, 2, 3, 4}, sums[4] = {0}, mixed = size / 8;
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * i, sizeof word);
        sum[i % 4] += word;
        sums[i % 4] += sum[i % 4];
    }
    for (int lane = 0; lane < 4; lane++) {
        mixed = (mixed ^ sum[lane]) * UINT64_C(0x9e3779b97f4a7c15);
        mixed ^= mixed >> 29;
        mixed = (mixed ^ sums[lane]) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed ^= mixed >> 32;
    }
    return (uint32_t)mixed;
}

/* Magic, version and the check sums of the sections that are there, then that of the header. */
static void put_right(char *blob, size_t length)
{
    static const size_t time_bytes[] = {0, 2, 8, 0};
    uint32_t count, check;
    if (length < BAR_BLOB_HEADER_BYTES)
        return;
    blob[0] = 1;
    blob[1] = 'B';
    memset(blob + 56, 0, 8);
    memcpy(&count, blob + 8, sizeof count);
    size_t at = BAR_BLOB_HEADER_BYTES;
    for (int s = 0; s < SECTIONS; s++) {
        size_t width = s == BAR_COLUMN_COUNT ? time_bytes[blob[2] & 3] : blob[3] >> s & 1 ? 8 : 4;
        size_t size = ((size_t)count * width + 7) / 8 * 8;
        if (count > MOST_BARS || at + size > length)
            break;
        check = check_sum(blob + at, size);
        memcpy(blob + 32 + 4 * s, &check, sizeof check);
        at += size;
    }
    memset(blob + 12, 0, 4);
    check = check_sum(blob, BAR_BLOB_HEADER_BYTES);
    memcpy(blob + 12, &check, sizeof check);
}

/* ---- bars ---- */

/* A number out of two bytes: mostly a price with few decimals, sometimes any double. */
static double number_of(const uint8_t *p, uint64_t hash)
{
    static const double odd[] = {0.0,          -0.0,         1e300,     -1e-310,
                                 0.1 + 0.2,    1e-7,         1.0 / 0.0, 9007199254740993.0,
                                 2147483648.0, -2147483648.0};
    static const double scale[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 3};
    double x = p[0] | p[1] << 8;
    if (p[1] == 0xff)
        return odd[p[0] % (sizeof odd / sizeof *odd)];
    if (p[1] == 0xfe) {
        uint64_t bits = hash * (p[0] + 1u);
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    return x / scale[p[1] >> 4 & 7];
}

static void check_bars(const uint8_t *data, size_t size, uint64_t hash)
{
    static const int32_t minutes[] = {1, 0, 5, 240};
    struct timeframe timeframe = {minutes[hash % 4]};
    int64_t time_ns = (int64_t)(hash >> 1) / 4, count = 0;
    for (; size >= BYTES_OF_BAR && count < MOST_BARS; size -= BYTES_OF_BAR, data += BYTES_OF_BAR) {
        time_ns += data[0] == 0xff ? 1 : (data[0] % 16 + 1) * timeframe_ns(timeframe);
        first.time_ns[count] = time_ns;
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            first.value[c][count] = number_of(data + 1 + 2 * c, hash);
        count++;
    }
    if (count > 0)
        check_round_trip(count, timeframe, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint64_t hash = fuzz_hash(data, size);
    if (data[0] != 'r' && data[0] != 'c') {
        check_bars(data + 1, size - 1, hash);
        return 0;
    }
    char *blob = fuzz_copy(data + 1, size - 1, 0);
    if (data[0] == 'c')
        put_right(blob, size - 1);
    check_blob(blob, size - 1, hash);
    free(blob);
    return 0;
}
