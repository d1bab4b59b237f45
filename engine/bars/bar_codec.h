/* One session day of bars as a blob, the unit of storage: each column as int32 decimals when that
 * is exact, as doubles when not, times as multiples of the timeframe when they are. Little-endian,
 * versioned by its first byte. Decoding gives the very doubles that were encoded.
 *
 * The header and each section carry a check sum, so that a damaged blob is told from a good one,
 * and a reader may fetch the header and then only the sections that it wants.
 */
#ifndef ENGINE_BAR_CODEC_H
#define ENGINE_BAR_CODEC_H

#include "base/strbuf.h"
#include "engine/bars/bars.h"

enum { BAR_BLOB_HEADER_BYTES = 64, BAR_BLOB_MAX_COUNT = 1 << 20 };

/* A column's (or the times') bytes in the blob. */
struct bar_blob_section {
    size_t offset, size_bytes;
    uint32_t check;   /* private */
    uint8_t encoding; /* private */
    int8_t decimals;  /* private */
};

/* What the header says; enough to plan a load without decoding. */
struct bar_blob_info {
    int64_t count;
    int64_t first_ns, last_ns;
    int32_t price_decimals; /* 0..6, or -1 */
    struct timeframe timeframe;
    size_t size_bytes; /* of the whole blob */
    struct bar_blob_section column[BAR_COLUMN_COUNT], time;
};

/* Appends the blob of bars [0, count) of the columns given (all five); times increase. A failed
 * strbuf gives ERR_NO_MEMORY; a count that is not in 1..BAR_BLOB_MAX_COUNT ERR_INVALID. Any doubles
 * come back bit for bit, NaN included. */
enum err bar_blob_encode(const int64_t *time_ns, const double *const column[BAR_COLUMN_COUNT],
                         int64_t count, struct timeframe timeframe, struct strbuf *out,
                         struct error *e);
/* Reads the header (`length` >= BAR_BLOB_HEADER_BYTES); ERR_DATA when it is not one of ours or
 * torn. The sections need not be there. */
enum err bar_blob_info(const void *blob, size_t length, struct bar_blob_info *ret, struct error *e);
/* Decodes whole columns of the mask from a whole blob into out[c][0..count) and times into time_ns
 * (NULL: not wanted). ERR_DATA on a damaged blob; never reads outside it. */
enum err bar_blob_decode(const void *blob, size_t length, uint32_t column_mask, int64_t *time_ns,
                         double *const column[BAR_COLUMN_COUNT], struct error *e);

/* One section on its own: `bytes` are the size_bytes at the section's offset, fetched by the
 * caller. ERR_DATA when they don't match their check sum. */
enum err bar_blob_decode_column(const struct bar_blob_info *info, enum bar_column c,
                                const void *bytes, double *out, struct error *e);
enum err bar_blob_decode_time(const struct bar_blob_info *info, const void *bytes, int64_t *out,
                              struct error *e);

#endif
