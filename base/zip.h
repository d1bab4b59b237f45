/* The files in a zip archive that lies in memory (or is mapped), one after the other.
 *
 * The archive is not trusted: every offset and size is checked against what is there, a file is
 * never inflated beyond the size that the directory gives it, and that size is known before
 * anything is inflated, so that the caller can refuse it. Memory is the caller's alone. A name is
 * plain text, but may be any path: it is for reading, never for opening.
 *
 * Read are files that are stored or deflated. Refused are encrypted ones, archives in several
 * parts, more than 65,534 files and anything past 4 GiB.
 *
 * source: PKWARE, APPNOTE.TXT - .ZIP File Format Specification
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zip {
    const unsigned char *bytes; /* borrowed */
    size_t length;
    size_t directory_at, directory_end;
    uint32_t file_count;
};

struct zip_file {
    const char *name; /* borrowed: 1..255 printable characters of ASCII, not NUL-terminated */
    size_t name_length;
    size_t size_bytes; /* inflated */
    /* private */
    const unsigned char *packed;
    size_t packed_bytes;
    uint32_t check;
    uint16_t method;
};

/* Whether the bytes begin as an archive does. */
bool zip_is_one(const void *bytes, size_t length);

/* Finds the directory. ERR_DATA when it is damaged, cut off or of a kind that is not read. */
enum err zip_open(struct zip *z, const void *bytes, size_t length, struct error *e);

/* The file whose entry is at *cursor, which moves on; begin with zip->directory_at and call as
 * often as there are files. ERR_DATA when the entry, or the place it points to, is damaged. */
enum err zip_next(const struct zip *z, size_t *cursor, struct zip_file *ret, struct error *e);

/* Writes the file's size_bytes to `out`, and checks them. ERR_DATA when they are not what the
 * directory promised; ERR_NO_MEMORY. Messages begin with the file's name. */
enum err zip_read(const struct zip_file *file, char *out, struct error *e);

#endif
