/* Zips for tests: files put in one by one, stored or deflated. */
#ifndef TESTS_BASE_MAKE_ZIP_H
#define TESTS_BASE_MAKE_ZIP_H

#include "base/strbuf.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MADE_ZIP_MAX_BYTES = 64 << 20 };

struct made_zip {
    struct strbuf bytes;
    struct strbuf directory;
    unsigned count;
};

static inline void put16(struct strbuf *b, unsigned value)
{
    strbuf_add_char(b, (char)(value & 0xff));
    strbuf_add_char(b, (char)(value >> 8 & 0xff));
}

static inline void put32(struct strbuf *b, uint32_t value)
{
    put16(b, value & 0xffff);
    put16(b, value >> 16);
}

static inline void made_zip_init(struct made_zip *z)
{
    strbuf_init(&z->bytes, MADE_ZIP_MAX_BYTES);
    strbuf_init(&z->directory, MADE_ZIP_MAX_BYTES);
    z->count = 0;
}

static inline void made_zip_release(struct made_zip *z)
{
    strbuf_release(&z->bytes);
    strbuf_release(&z->directory);
}

/* Raw deflate of text, from malloc. */
static inline char *deflated(const char *text, size_t length, size_t *ret_length)
{
    z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)length};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, length);
    char *out = malloc(room);
    assert_non_null(out);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *ret_length = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

static inline void made_zip_add(struct made_zip *z, const char *name, const char *text,
                                size_t length, bool deflate_it)
{
    size_t packed_length = length, at = z->bytes.length;
    char *packed = deflate_it ? deflated(text, length, &packed_length) : NULL;
    struct strbuf fields;
    strbuf_init(&fields, 64);
    put16(&fields, 20);
    put16(&fields, 0);
    put16(&fields, deflate_it ? 8 : 0);
    put32(&fields, 0);
    put32(&fields, (uint32_t)crc32(0, (const Bytef *)text, (uInt)length));
    put32(&fields, (uint32_t)packed_length);
    put32(&fields, (uint32_t)length);
    put16(&fields, (unsigned)strlen(name));
    put16(&fields, 0);
    strbuf_add(&z->bytes, "PK\3\4", 4);
    strbuf_add(&z->bytes, fields.data, fields.length);
    strbuf_add_string(&z->bytes, name);
    strbuf_add(&z->bytes, packed ? packed : text, packed_length);
    strbuf_add(&z->directory, "PK\1\2", 4);
    put16(&z->directory, 20);
    strbuf_add(&z->directory, fields.data, fields.length);
    strbuf_add(&z->directory, "\0\0\0\0\0\0\0\0\0\0", 10);
    put32(&z->directory, (uint32_t)at);
    strbuf_add_string(&z->directory, name);
    strbuf_release(&fields);
    free(packed);
    z->count++;
}

static inline void made_zip_add_text(struct made_zip *z, const char *name, const char *text)
{
    made_zip_add(z, name, text, strlen(text), true);
}

/* Appends directory and end: z->bytes is the archive then. */
static inline void made_zip_end(struct made_zip *z)
{
    uint32_t at = (uint32_t)z->bytes.length;
    if (z->directory.length > 0)
        strbuf_add(&z->bytes, z->directory.data, z->directory.length);
    strbuf_add(&z->bytes, "PK\5\6\0\0\0\0", 8);
    put16(&z->bytes, z->count);
    put16(&z->bytes, z->count);
    put32(&z->bytes, (uint32_t)z->directory.length);
    put32(&z->bytes, at);
    put16(&z->bytes, 0);
    assert_false(strbuf_failed(&z->bytes));
}

#endif
