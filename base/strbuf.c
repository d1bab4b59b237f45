#include "base/strbuf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY_BYTES = 64 };

void strbuf_init(struct strbuf *b, size_t max_bytes)
{
    assert(max_bytes < SIZE_MAX);
    *b = (struct strbuf){.max_bytes = max_bytes};
}

void strbuf_release(struct strbuf *b)
{
    free(b->data);
    strbuf_init(b, b->max_bytes);
}

void strbuf_clear(struct strbuf *b)
{
    b->length = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Makes room for `more` bytes and the NUL. Capacity doubles, and ends at the maximum. */
static bool grow(struct strbuf *b, size_t more)
{
    if (b->failed)
        return false;
    if (more > b->max_bytes - b->length) {
        b->failed = true;
        return false;
    }
    size_t needed = b->length + more + 1;
    if (needed <= b->capacity)
        return true;

    size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY_BYTES;
    while (capacity < needed)
        capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
    if (capacity > b->max_bytes + 1)
        capacity = b->max_bytes + 1;

    char *data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    b->data[b->length] = '\0';
    return true;
}

void strbuf_add(struct strbuf *b, const void *bytes, size_t length)
{
    if (!grow(b, length))
        return;
    if (length > 0)
        memcpy(b->data + b->length, bytes, length);
    b->length += length;
    b->data[b->length] = '\0';
}

void strbuf_add_string(struct strbuf *b, const char *text)
{
    strbuf_add(b, text, strlen(text));
}

void strbuf_add_char(struct strbuf *b, char c)
{
    strbuf_add(b, &c, 1);
}

void strbuf_add_format(struct strbuf *b, const char *format, ...)
{
    if (!grow(b, 0))
        return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);

    /* Most texts fit into what is there; only a longer one is formatted twice. */
    size_t room = b->capacity - b->length;
    int length = vsnprintf(b->data + b->length, room, format, arguments);
    if (length < 0)
        b->failed = true;
    else if ((size_t)length >= room && grow(b, (size_t)length))
        vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
    if (!b->failed)
        b->length += (size_t)length;
    b->data[b->length] = '\0';

    va_end(again);
    va_end(arguments);
}

char *strbuf_reserve(struct strbuf *b, size_t length)
{
    return grow(b, length) ? b->data + b->length : NULL;
}

void strbuf_commit(struct strbuf *b, size_t length)
{
    if (b->failed)
        return;
    assert(b->data && length < b->capacity - b->length);
    b->length += length;
    b->data[b->length] = '\0';
}

bool strbuf_failed(const struct strbuf *b)
{
    return b->failed;
}

const char *strbuf_text(const struct strbuf *b)
{
    return b->data ? b->data : "";
}

char *strbuf_take(struct strbuf *b, size_t *ret_length)
{
    char *data = NULL;
    if (grow(b, 0)) {
        data = b->data;
        if (ret_length)
            *ret_length = b->length;
        b->data = NULL;
    }
    strbuf_release(b);
    return data;
}
