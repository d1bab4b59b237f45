#include "engine/csv/csv_import.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, FIRST_BYTES = 1 << 20 };

static enum err no_memory(const char *name, struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory to read %s", name);
}

/* ---- gzip ---- */

struct inflating {
    z_stream z;
    char *out;
    size_t used, capacity, max_bytes;
    const char *name;
};

static enum err too_large(const struct inflating *f, struct error *e)
{
    return error_set(e, ERR_TOO_LARGE, "%s inflates to more than %zu bytes", f->name, f->max_bytes);
}

static enum err make_room(struct inflating *f, struct error *e)
{
    if (f->used < f->capacity)
        return ERR_OK;
    if (f->used > f->max_bytes)
        return too_large(f, e);
    size_t capacity = f->capacity ? f->capacity * 2 : FIRST_BYTES;
    if (capacity > f->max_bytes)
        capacity = f->max_bytes + 1; /* the byte too many */
    char *grown = realloc(f->out, capacity);
    if (!grown)
        return no_memory(f->name, e);
    f->out = grown;
    f->capacity = capacity;
    return ERR_OK;
}

/* One call of inflate, into what room there is. */
static int inflate_some(struct inflating *f)
{
    size_t room = f->capacity - f->used;
    f->z.next_out = (Bytef *)f->out + f->used;
    f->z.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    uInt offered = f->z.avail_out;
    int status = inflate(&f->z, Z_NO_FLUSH);
    f->used += offered - f->z.avail_out;
    return status;
}

/* All members of the file, as gunzip reads it. */
static enum err inflate_all(struct inflating *f, const char *packed, size_t length, struct error *e)
{
    size_t taken = 0;
    for (;;) {
        size_t left = length - taken;
        enum err err = make_room(f, e);
        if (err != ERR_OK)
            return err;
        f->z.next_in = (Bytef *)packed + taken;
        f->z.avail_in = left > UINT_MAX ? UINT_MAX : (uInt)left;
        uInt offered = f->z.avail_in;
        int status = inflate_some(f);
        taken += offered - f->z.avail_in;
        if (status == Z_STREAM_END) {
            if (taken == length)
                return f->used > f->max_bytes ? too_large(f, e) : ERR_OK;
            status = inflateReset(&f->z);
        }
        if (status == Z_BUF_ERROR && taken == length && f->used < f->capacity)
            return error_set(e, ERR_DATA, "%s ends in the middle of its compressed data", f->name);
        if (status != Z_OK && status != Z_BUF_ERROR)
            return error_set(e, ERR_DATA, "%s: the compressed data is damaged%s%s", f->name,
                             f->z.msg ? ": " : "", f->z.msg ? f->z.msg : "");
    }
}

static enum err inflate_text(const char *packed, size_t length, size_t max_bytes, const char *name,
                             struct csv_source *s, struct error *e)
{
    struct inflating f = {.max_bytes = max_bytes, .name = name};
    if (inflateInit2(&f.z, GZIP_WINDOW) != Z_OK)
        return no_memory(name, e);
    enum err err = inflate_all(&f, packed, length, e);
    inflateEnd(&f.z);
    if (err != ERR_OK) {
        free(f.out);
        return err;
    }
    s->inflated = f.out;
    s->text = f.out;
    s->length = f.used;
    return ERR_OK;
}

/* ---- files ---- */

static enum err map_file(struct csv_source *s, int fd, size_t size, const char *name,
                         struct error *e)
{
    if (size == 0)
        return error_set(e, ERR_DATA, "%s is empty", name);
    s->map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return error_errno(e, ERR_IO, "cannot map %s", name);
    }
    s->map_length = size;
    madvise(s->map, size, MADV_SEQUENTIAL); /* advice only */
    s->text = s->map;
    s->length = size;
    return ERR_OK;
}

enum err csv_source_open_fd(struct csv_source *s, int fd, size_t max_inflated_bytes,
                            const char *name, struct error *e)
{
    struct stat st;
    memset(s, 0, sizeof(*s));
    if (fstat(fd, &st) != 0)
        return error_errno(e, ERR_IO, "cannot read %s", name);
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERR_INVALID, "%s is not a file", name);
    enum err err = map_file(s, fd, (size_t)st.st_size, name, e);
    if (err == ERR_OK && s->length >= 2 && memcmp(s->text, "\x1f\x8b", 2) == 0) {
        err = inflate_text(s->map, s->map_length, max_inflated_bytes, name, s, e);
        munmap(s->map, s->map_length);
        s->map = NULL;
        s->map_length = 0;
    }
    return err;
}

void csv_source_close(struct csv_source *s)
{
    if (s->map)
        munmap(s->map, s->map_length);
    free(s->inflated);
    memset(s, 0, sizeof(*s));
}
