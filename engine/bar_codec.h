/* One session day of bars as a blob, the unit of storage: each column as int32 decimals when that is
 * exact, as doubles when not, times as multiples of the timeframe when they are. Little-endian, versioned
 * by its first byte. Decoding gives the very doubles that were encoded.
 */
#ifndef ENGINE_BAR_CODEC_H
#define ENGINE_BAR_CODEC_H

#include "engine/bars.h"
#include "base/strbuf.h"

enum { BAR_BLOB_HEADER_BYTES = 64 };

/* What the header says; enough to plan a load without decoding. */
struct bar_blob_info {
    int64_t count;
    int64_t first_ns, last_ns;
    int32_t price_decimals; /* 0..6, or -1 */
    size_t size_bytes;      /* of the whole blob */
    struct {
        size_t offset, size_bytes; /* of the column's bytes in the blob */
    } column[BAR_COLUMN_COUNT], time;
};

/* Appends the blob of bars [first, end) of the columns given (all five). */
enum err bar_blob_encode(const int64_t *time_ns, const double *const column[BAR_COLUMN_COUNT],
                         int64_t count, struct timeframe timeframe, struct strbuf *out,
                         struct error *e);
/* Reads the header (`length` >= BAR_BLOB_HEADER_BYTES); ERR_DATA when it is not one of ours or torn. */
enum err bar_blob_info(const void *blob, size_t length, struct bar_blob_info *ret, struct error *e);
/* Decodes whole columns of the mask from a whole blob into out[c][0..count) and times into time_ns (NULL:
 * not wanted). ERR_DATA on a damaged blob; never reads outside it. */
enum err bar_blob_decode(const void *blob, size_t length, uint32_t column_mask, int64_t *time_ns,
                         double *const column[BAR_COLUMN_COUNT], struct error *e);

#endif
