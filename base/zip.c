/* An archive is read from its end: there a record says where the directory lies, whose entries say
 * where the files lie. Before each file stands a header of its own, of which only the length
 * matters here: what it repeats of the entry is not looked at, so the two cannot disagree.
 */
#include "base/zip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22,
    ENTRY_BYTES = 46,
    HEADER_BYTES = 30,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    FLAG_ENCRYPTED = 1,
    NAME_MAX_BYTES = 255,
    EXTRA_WIDE = 1, /* the 64-bit sizes of an entry */
};
#define END_MAGIC UINT32_C(0x06054b50)
#define ENTRY_MAGIC UINT32_C(0x02014b50)
#define HEADER_MAGIC UINT32_C(0x04034b50)

static uint32_t read16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read32(const unsigned char *p)
{
    return read16(p) | read16(p + 2) << 16;
}

static enum err damaged(struct error *e, const char *what)
{
    return error_set(e, ERR_DATA, "the zip is damaged: %s", what);
}

static uint64_t read64(const unsigned char *p)
{
    return read32(p) | (uint64_t)read32(p + 4) << 32;
}

bool zip_is_one(const void *bytes, size_t length)
{
    uint32_t magic = length >= sizeof magic ? read32(bytes) : 0;
    return magic == HEADER_MAGIC || magic == END_MAGIC; /* the latter of an empty one */
}

/* The record at the end, behind which only a comment of a known length may stand. */
static const unsigned char *find_end(const unsigned char *bytes, size_t length)
{
    for (size_t comment = 0; comment <= UINT16_MAX && comment + END_BYTES <= length; comment++) {
        const unsigned char *end = bytes + length - comment - END_BYTES;
        if (read32(end) == END_MAGIC && read16(end + 20) == comment)
            return end;
    }
    return NULL;
}

enum err zip_open(struct zip *z, const void *bytes, size_t length, struct error *e)
{
    const unsigned char *end = find_end(bytes, length);
    if (!end)
        return damaged(e, "it has no end, or is cut off");
    uint32_t this_disk = read16(end + 4), directory_disk = read16(end + 6);
    uint32_t count_here = read16(end + 8), count = read16(end + 10);
    uint32_t size = read32(end + 12), at = read32(end + 16);
    if (count == UINT16_MAX || size == UINT32_MAX || at == UINT32_MAX)
        return error_set(e, ERR_DATA, "zips of more than 65,534 files or 4 GiB are not read");
    if (this_disk != 0 || directory_disk != 0 || count_here != count)
        return error_set(e, ERR_DATA, "zips in several parts are not read");
    size_t end_at = (size_t)(end - (const unsigned char *)bytes);
    if (at > end_at || size > end_at - at || (uint64_t)count * ENTRY_BYTES > size)
        return damaged(e, "its directory is not where it should be");
    *z = (struct zip){bytes, length, at, (size_t)at + size, count};
    return ERR_OK;
}

/* Puts wide values in the place of those that are all ones, in their order; some programs write
 * them for small files too. false when one is missing. */
static bool widen(const unsigned char *extra, size_t length, uint64_t *const values[], size_t count)
{
    const unsigned char *wide = NULL;
    size_t wide_length = 0;
    while (length >= 4 && read16(extra + 2) <= length - 4) {
        size_t size = read16(extra + 2);
        if (read16(extra) == EXTRA_WIDE) {
            wide = extra + 4;
            wide_length = size;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
    for (size_t i = 0; i < count; i++) {
        if (*values[i] != UINT32_MAX)
            continue;
        if (wide_length < 8)
            return false;
        *values[i] = read64(wide);
        wide += 8;
        wide_length -= 8;
    }
    return true;
}

/* The bytes of a file: behind its header. */
static bool find_packed(const struct zip *z, uint64_t header_at, struct zip_file *file)
{
    if (header_at > z->directory_at || z->directory_at - header_at < HEADER_BYTES)
        return false;
    const unsigned char *header = z->bytes + header_at;
    size_t skip = (size_t)HEADER_BYTES + read16(header + 26) + read16(header + 28);
    if (read32(header) != HEADER_MAGIC || skip > z->directory_at - header_at ||
        file->packed_bytes > z->directory_at - header_at - skip)
        return false;
    file->packed = header + skip;
    return true;
}

/* So that a name can stand in any message. */
static bool is_plain(const char *name, size_t length)
{
    bool plain = length > 0 && length <= NAME_MAX_BYTES;
    for (size_t i = 0; plain && i < length; i++)
        plain = name[i] >= ' ' && name[i] <= '~';
    return plain;
}

enum err zip_next(const struct zip *z, size_t *cursor, struct zip_file *ret, struct error *e)
{
    size_t at = *cursor;
    if (at > z->directory_end || z->directory_end - at < ENTRY_BYTES ||
        read32(z->bytes + at) != ENTRY_MAGIC)
        return damaged(e, "an entry of its directory is missing");
    const unsigned char *entry = z->bytes + at;
    size_t length =
        (size_t)ENTRY_BYTES + read16(entry + 28) + read16(entry + 30) + read16(entry + 32);
    if (length > z->directory_end - at)
        return damaged(e, "an entry of its directory is cut off");
    struct zip_file file = {
        .name = (const char *)entry + ENTRY_BYTES,
        .name_length = read16(entry + 28),
        .check = read32(entry + 16),
        .method = (uint16_t)read16(entry + 10),
    };
    int shown = (int)file.name_length;
    if (!is_plain(file.name, file.name_length))
        return error_set(e, ERR_DATA, "a file in the zip has a name that is no plain text");
    if (read16(entry + 8) & FLAG_ENCRYPTED)
        return error_set(e, ERR_DATA, "%.*s is encrypted", shown, file.name);
    if (file.method != METHOD_STORED && file.method != METHOD_DEFLATED)
        return error_set(e, ERR_DATA, "%.*s is packed by a method that is not read (%d)", shown,
                         file.name, (int)file.method);
    uint64_t size = read32(entry + 24), packed = read32(entry + 20), header = read32(entry + 42);
    bool whole = widen(entry + ENTRY_BYTES + file.name_length, read16(entry + 30),
                       (uint64_t *const[]){&size, &packed, &header}, 3);
    file.size_bytes = size;
    file.packed_bytes = packed;
    if (!whole || size >= UINT32_MAX || packed >= UINT32_MAX || !find_packed(z, header, &file))
        return error_set(e, ERR_DATA, "%.*s is not where the zip's directory says", shown,
                         file.name);
    *cursor = at + length;
    *ret = file;
    return ERR_OK;
}

/* true when the packed bytes make just size_bytes. */
static bool inflate_file(const struct zip_file *file, char *out, bool *ret_no_memory)
{
    z_stream z = {.next_in = (Bytef *)file->packed,
                  .avail_in = (uInt)file->packed_bytes,
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)file->size_bytes};
    Bytef none; /* zlib wants a place even for a file of no bytes */
    if (file->size_bytes == 0)
        z.next_out = &none;
    int status = inflateInit2(&z, -MAX_WBITS);
    *ret_no_memory = status == Z_MEM_ERROR;
    if (status != Z_OK)
        return false;
    status = inflate(&z, Z_FINISH);
    *ret_no_memory = status == Z_MEM_ERROR;
    bool whole = status == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return whole;
}

enum err zip_read(const struct zip_file *file, char *out, struct error *e)
{
    bool whole, no_memory = false;
    int shown = (int)file->name_length;
    if (file->method == METHOD_STORED) {
        whole = file->packed_bytes == file->size_bytes;
        if (whole && file->size_bytes > 0)
            memcpy(out, file->packed, file->size_bytes);
    } else {
        whole = inflate_file(file, out, &no_memory);
    }
    if (no_memory)
        return error_set(e, ERR_NO_MEMORY, "no memory to inflate %.*s", shown, file->name);
    whole = whole && crc32(0, (const Bytef *)out, (uInt)file->size_bytes) == file->check;
    return whole
               ? ERR_OK
               : error_set(e, ERR_DATA, "%.*s: the compressed data is damaged", shown, file->name);
}
