/* Layout: a header of 64 bytes, then the sections open, high, low, close, volume, time, each padded
 * with zeros to 8 bytes.
 *
 *    0  u8   version, 1            8  u32     count
 *    1  u8   'B'                  12  u32     check sum of the header, with this field zero
 *    2  u8   time encoding        16  i64     first time
 *    3  u8   bit c: column c is   24  i64     last time
 *            stored as doubles    32  u32[6]  check sums of the sections
 *    4  i8   price decimals       56  u64     zero
 *    5  i8   volume decimals
 *    6  u16  timeframe, minutes
 *
 * Why int32 and a division: a price is the double nearest to k / 10^d. Both are exact doubles, so
 * one correctly rounded division gives back the very double, where multiplying by 10^-d would be
 * off by a bit in every third price. Halving the bytes matters more than the division costs, which
 * vector units do four or eight at a time.
 *
 * Every encoded value is checked against its own decoding, bit by bit, so a column that int32 can't
 * hold (too many decimals, too big, NaN, -0.0) is found by trying.
 */
#include "engine/bars/bar_codec.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blobs are little-endian");

/* The loops below are compiled twice, and the machine picks. Not under the sanitizers, whose
 * run-time is not up yet when the choice is made. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VARIANT_SANITIZED)
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

enum { VERSION = 1, MAGIC = 'B', SECTIONS = BAR_COLUMN_COUNT + 1, MAX_DECIMALS = 6 };
enum value_encoding { VALUES_INT32, VALUES_DOUBLE };
enum time_encoding {
    TIME_REGULAR, /* first + i * timeframe: no bytes */
    TIME_STEPS,   /* u16: timeframes since the first */
    TIME_RAW,     /* i64 */
    TIME_ENCODINGS
};

struct header {
    uint8_t version, magic, time_encoding, double_columns;
    int8_t price_decimals, volume_decimals;
    uint16_t timeframe_minutes;
    uint32_t count;
    uint32_t header_check;
    int64_t first_ns, last_ns;
    uint32_t section_check[SECTIONS];
    uint64_t zero;
};
_Static_assert(sizeof(struct header) == BAR_BLOB_HEADER_BYTES, "no padding");

/* Blobs come at any address. */
typedef int32_t loose_i32 __attribute__((aligned(1), may_alias));
typedef uint16_t loose_u16 __attribute__((aligned(1), may_alias));
typedef uint64_t loose_u64 __attribute__((aligned(1), may_alias));

static const double power_of_ten[MAX_DECIMALS + 1] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

static size_t padded(size_t n)
{
    return (n + 7) / 8 * 8;
}

/* ---- check sums ---- */

/* Fletcher's sums over four interleaved lanes of words: any changed bit changes a sum, and moved
 * words change the second one. size_bytes is a multiple of 8. */
VECTOR_CLONES static uint32_t check_sum(const void *bytes, size_t size_bytes)
{
    const loose_u64 *words = bytes;
    size_t count = size_bytes / 8, i = 0;
    uint64_t sum[4] = {1, 2, 3, 4}, sum_of_sums[4] = {0};
    for (; i + 4 <= count; i += 4)
        for (int lane = 0; lane < 4; lane++) {
            sum[lane] += words[i + (size_t)lane];
            sum_of_sums[lane] += sum[lane];
        }
    for (int lane = 0; i < count; i++, lane++) {
        sum[lane] += words[i];
        sum_of_sums[lane] += sum[lane];
    }
    uint64_t mixed = count;
    for (int lane = 0; lane < 4; lane++) {
        mixed = (mixed ^ sum[lane]) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
        mixed = (mixed ^ sum_of_sums[lane]) * 0xbf58476d1ce4e5b9u;
        mixed ^= mixed >> 32;
    }
    return (uint32_t)mixed;
}

static uint32_t header_check_sum(const struct header *h)
{
    struct header copy = *h;
    copy.header_check = 0;
    return check_sum(&copy, sizeof(copy));
}

/* ---- encoding ---- */

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

/* x * scale to the nearest integer, for |x * scale| < 2^51; otherwise anything that fails the
 * check. */
static double to_mantissa(double x, double scale)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it drops the fraction */
    return (x * scale + shift) - shift;
}

/* Whether each of x[0..count) is k / scale for an integer |k| <= limit. */
VECTOR_CLONES static bool all_decimal(const double *x, int64_t count, double scale, double limit)
{
    uint64_t wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        double k = to_mantissa(x[i], scale);
        wrong |= bits_of(k / scale) ^ bits_of(x[i]);
        wrong |= !(fabs(k) <= limit); /* NaN too */
    }
    return wrong == 0;
}

/* The fewest decimals with which all columns are exact, or -1. Only the values since the first one
 * that wanted more are tried again; a last look over all finds what got too big on the way. */
static int32_t find_decimals(const double *const *columns, int32_t column_count, int64_t count)
{
    enum { BLOCK = 64 };
    const double limit = 1125899906842624.0; /* 2^50, well inside what to_mantissa can do */
    int32_t decimals = 0;
    for (int32_t c = 0; c < column_count; c++)
        for (int64_t i = 0; i < count; i += BLOCK) {
            int64_t n = count - i < BLOCK ? count - i : BLOCK;
            while (!all_decimal(columns[c] + i, n, power_of_ten[decimals], limit))
                if (++decimals > MAX_DECIMALS)
                    return -1;
        }
    for (int32_t c = 0; c < column_count && decimals > 0; c++)
        if (!all_decimal(columns[c], count, power_of_ten[decimals], limit))
            return -1;
    return decimals;
}

VECTOR_CLONES static void write_int32(const double *x, int64_t count, double scale, void *out)
{
    loose_i32 *k = out;
    for (int64_t i = 0; i < count; i++)
        k[i] = (int32_t)to_mantissa(x[i], scale);
}

/* Room in the blob, its padding zeroed; NULL when the buffer failed. */
static char *add_section(struct strbuf *out, size_t size_bytes)
{
    size_t whole = padded(size_bytes);
    char *p = strbuf_reserve(out, whole);
    if (!p)
        return NULL;
    if (whole > 0)
        memset(p + size_bytes, 0, whole - size_bytes);
    strbuf_commit(out, whole);
    return p;
}

/* Returns whether the column went in as doubles. */
static bool encode_column(const double *x, int64_t count, int32_t decimals, struct strbuf *out,
                          uint32_t *ret_check)
{
    bool narrow = decimals >= 0 && all_decimal(x, count, power_of_ten[decimals], INT32_MAX);
    size_t size = (size_t)count * (narrow ? sizeof(int32_t) : sizeof(double));
    char *p = add_section(out, size);
    if (!p)
        return false;
    if (narrow)
        write_int32(x, count, power_of_ten[decimals], p);
    else
        memcpy(p, x, size);
    *ret_check = check_sum(p, padded(size));
    return !narrow;
}

static enum time_encoding choose_time_encoding(const int64_t *time_ns, int64_t count,
                                               int64_t step_ns)
{
    bool regular = true;
    for (int64_t i = 1; i < count; i++) {
        assert(time_ns[i] > time_ns[i - 1]);
        uint64_t since = (uint64_t)time_ns[i] - (uint64_t)time_ns[0];
        if (since % (uint64_t)step_ns != 0 || since / (uint64_t)step_ns > UINT16_MAX)
            return TIME_RAW;
        regular = regular && since == (uint64_t)i * (uint64_t)step_ns;
    }
    return regular ? TIME_REGULAR : TIME_STEPS;
}

static size_t time_size_bytes(enum time_encoding encoding, int64_t count)
{
    static const size_t bytes[TIME_ENCODINGS] = {0, sizeof(uint16_t), sizeof(int64_t)};
    return bytes[encoding] * (size_t)count;
}

static void encode_time(const int64_t *time_ns, int64_t count, int64_t step_ns,
                        enum time_encoding encoding, struct strbuf *out, uint32_t *ret_check)
{
    size_t size = time_size_bytes(encoding, count);
    char *p = size == 0 ? NULL : add_section(out, size);
    if (p && encoding == TIME_RAW)
        memcpy(p, time_ns, size);
    loose_u16 *steps = (loose_u16 *)p;
    for (int64_t i = 0; p && encoding == TIME_STEPS && i < count; i++)
        steps[i] = (uint16_t)((time_ns[i] - time_ns[0]) / step_ns);
    *ret_check = check_sum(p, p ? padded(size) : 0);
}

enum err bar_blob_encode(const int64_t *time_ns, const double *const column[BAR_COLUMN_COUNT],
                         int64_t count, struct timeframe timeframe, struct strbuf *out,
                         struct error *e)
{
    if (count < 1 || count > BAR_BLOB_MAX_COUNT)
        return error_set(e, ERR_INVALID, "a blob holds 1 to %d bars, not %lld", BAR_BLOB_MAX_COUNT,
                         (long long)count);
    int64_t step_ns = timeframe_ns(timeframe);
    struct header h = {.version = VERSION,
                       .magic = MAGIC,
                       .time_encoding = choose_time_encoding(time_ns, count, step_ns),
                       .price_decimals = (int8_t)find_decimals(column, BAR_CLOSE + 1, count),
                       .volume_decimals = (int8_t)find_decimals(column + BAR_VOLUME, 1, count),
                       .timeframe_minutes = (uint16_t)timeframe.minutes,
                       .count = (uint32_t)count,
                       .first_ns = time_ns[0],
                       .last_ns = time_ns[count - 1]};
    size_t start = out->length;
    strbuf_add(out, &h, sizeof(h));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        int32_t decimals = c == BAR_VOLUME ? h.volume_decimals : h.price_decimals;
        if (encode_column(column[c], count, decimals, out, &h.section_check[c]))
            h.double_columns |= (uint8_t)(1u << c);
    }
    encode_time(time_ns, count, step_ns, h.time_encoding, out, &h.section_check[BAR_COLUMN_COUNT]);
    if (strbuf_failed(out))
        return error_set(e, ERR_NO_MEMORY, "no memory for a day of %lld bars", (long long)count);
    h.header_check = header_check_sum(&h);
    memcpy(out->data + start, &h, sizeof(h));
    return ERR_OK;
}

/* ---- decoding ---- */

static enum err damaged(struct error *e, const char *what)
{
    return error_set(e, ERR_DATA, "a stored day of bars is damaged: %s", what);
}

static bool header_is_sound(const struct header *h)
{
    return h->header_check == header_check_sum(h) && h->count >= 1 &&
           h->count <= BAR_BLOB_MAX_COUNT && h->time_encoding < TIME_ENCODINGS &&
           h->double_columns < 1u << BAR_COLUMN_COUNT && h->price_decimals >= -1 &&
           h->price_decimals <= MAX_DECIMALS && h->volume_decimals >= -1 &&
           h->volume_decimals <= MAX_DECIMALS && h->timeframe_minutes <= 240 && h->zero == 0;
}

static void place(struct bar_blob_section *s, size_t *offset, size_t size_bytes)
{
    s->offset = *offset;
    s->size_bytes = padded(size_bytes);
    *offset += s->size_bytes;
}

enum err bar_blob_info(const void *blob, size_t length, struct bar_blob_info *ret, struct error *e)
{
    struct header h;
    if (length < sizeof(h))
        return damaged(e, "it is cut off");
    memcpy(&h, blob, sizeof(h));
    if (h.magic != MAGIC || h.version != VERSION)
        return error_set(e, ERR_DATA, "a stored day of bars is of an unknown version (%d)",
                         h.version);
    if (!header_is_sound(&h))
        return damaged(e, "its header does not match its check sum");
    struct bar_blob_info info = {.count = h.count,
                                 .first_ns = h.first_ns,
                                 .last_ns = h.last_ns,
                                 .price_decimals = h.price_decimals,
                                 .timeframe = {h.timeframe_minutes}};
    size_t offset = sizeof(h);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        struct bar_blob_section *s = &info.column[c];
        s->encoding = h.double_columns >> c & 1 ? VALUES_DOUBLE : VALUES_INT32;
        s->decimals = c == BAR_VOLUME ? h.volume_decimals : h.price_decimals;
        s->check = h.section_check[c];
        if (s->encoding == VALUES_INT32 && s->decimals < 0)
            return damaged(e, "a column has no decimals");
        place(s, &offset, h.count * (s->encoding == VALUES_INT32 ? 4 : sizeof(double)));
    }
    info.time.encoding = h.time_encoding;
    info.time.check = h.section_check[BAR_COLUMN_COUNT];
    place(&info.time, &offset, time_size_bytes(h.time_encoding, h.count));
    info.size_bytes = offset;
    *ret = info;
    return ERR_OK;
}

VECTOR_CLONES static void read_int32(const void *bytes, int64_t count, double scale, double *out)
{
    const loose_i32 *k = bytes;
    for (int64_t i = 0; i < count; i++)
        out[i] = k[i] / scale;
}

/* Without decimals the division would change nothing. */
VECTOR_CLONES static void read_whole_int32(const void *bytes, int64_t count, double *out)
{
    const loose_i32 *k = bytes;
    for (int64_t i = 0; i < count; i++)
        out[i] = k[i];
}

enum err bar_blob_decode_column(const struct bar_blob_info *info, enum bar_column c,
                                const void *bytes, double *out, struct error *e)
{
    const struct bar_blob_section *s = &info->column[c];
    if (check_sum(bytes, s->size_bytes) != s->check)
        return damaged(e, "a column does not match its check sum");
    if (s->encoding == VALUES_DOUBLE)
        memcpy(out, bytes, (size_t)info->count * sizeof(double));
    else if (s->decimals == 0)
        read_whole_int32(bytes, info->count, out);
    else
        read_int32(bytes, info->count, power_of_ten[s->decimals], out);
    return ERR_OK;
}

/* In unsigned arithmetic: a blob forged to overflow gives some times, and bars_publish refuses
 * them. */
VECTOR_CLONES static void read_steps(const void *bytes, int64_t count, int64_t first_ns,
                                     int64_t step_ns, int64_t *out)
{
    const loose_u16 *steps = bytes;
    for (int64_t i = 0; i < count; i++)
        out[i] = (int64_t)((uint64_t)first_ns + steps[i] * (uint64_t)step_ns);
}

enum err bar_blob_decode_time(const struct bar_blob_info *info, const void *bytes, int64_t *out,
                              struct error *e)
{
    if (check_sum(bytes, info->time.size_bytes) != info->time.check)
        return damaged(e, "the times do not match their check sum");
    int64_t step_ns = timeframe_ns(info->timeframe);
    switch ((enum time_encoding)info->time.encoding) {
    case TIME_RAW:
        memcpy(out, bytes, (size_t)info->count * sizeof(int64_t));
        break;
    case TIME_STEPS:
        read_steps(bytes, info->count, info->first_ns, step_ns, out);
        break;
    default:
        for (int64_t i = 0; i < info->count; i++)
            out[i] = (int64_t)((uint64_t)info->first_ns + (uint64_t)i * (uint64_t)step_ns);
    }
    return ERR_OK;
}

enum err bar_blob_decode(const void *blob, size_t length, uint32_t column_mask, int64_t *time_ns,
                         double *const column[BAR_COLUMN_COUNT], struct error *e)
{
    struct bar_blob_info info = {0};
    enum err err = bar_blob_info(blob, length, &info, e);
    if (err != ERR_OK)
        return err;
    if (length != info.size_bytes)
        return damaged(e, "its length is not what its header says");
    const char *bytes = blob;
    for (int c = 0; c < BAR_COLUMN_COUNT && err == ERR_OK; c++)
        if (column_mask & BAR_COLUMN_BIT(c))
            err = bar_blob_decode_column(&info, (enum bar_column)c, bytes + info.column[c].offset,
                                         column[c], e);
    if (err == ERR_OK && time_ns)
        err = bar_blob_decode_time(&info, bytes + info.time.offset, time_ns, e);
    return err;
}
