#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int http_status;
    const char *slug;
    const char *title;
} table[ERR_COUNT] = {
#define X(code, status, slug, title) [ERR_##code] = {(status), (slug), (title)},
    ERR_TABLE(X)
#undef X
};

int err_http_status(enum err code)
{
    assert(code < ERR_COUNT);
    return table[code].http_status;
}

const char *err_slug(enum err code)
{
    assert(code < ERR_COUNT);
    return table[code].slug;
}

const char *err_title(enum err code)
{
    assert(code < ERR_COUNT);
    return table[code].title;
}

/* How many bytes the character that starts with `lead` has; 1 for what can't start one. */
static size_t utf8_sequence_bytes(unsigned char lead)
{
    if (lead >= 0xF0)
        return 4;
    if (lead >= 0xE0)
        return 3;
    return lead >= 0xC0 ? 2 : 1;
}

/* The greatest length <= `length` at which `text` does not end inside a character. */
static size_t utf8_whole_length(const char *text, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char byte = (unsigned char)text[length - back];
        if ((byte & 0xC0) == 0x80)
            continue;
        return utf8_sequence_bytes(byte) > back ? length - back : length;
    }
    return length;
}

/* Copies as much of `text` as fits, cut at a character's boundary. */
static void copy_cut(char *out, size_t out_bytes, const char *text)
{
    size_t length = strnlen(text, out_bytes);
    if (length == out_bytes)
        length = utf8_whole_length(text, out_bytes - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

struct place {
    int64_t line;
    int32_t column;
    const char *pointer;
};

/* The one writer of struct error. All text is made before *e changes, because an argument or the
 * pointer may live in *e itself (an error told again with more words). */
__attribute__((format(printf, 5, 0))) static enum err fill(struct error *e, enum err code,
                                                           const struct place *place,
                                                           const char *suffix, const char *format,
                                                           va_list arguments)
{
    assert(code > ERR_OK && code < ERR_COUNT);
    if (!e)
        return code;

    char pointer[ERROR_POINTER_MAX];
    copy_cut(pointer, sizeof pointer, place->pointer ? place->pointer : "");

    /* One byte more than a message may have: what fills it was longer, and is cut below. */
    char text[ERROR_MESSAGE_MAX + 1];
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';

    /* The reason is worth more than the end of a long name: the suffix always fits. */
    char message[ERROR_MESSAGE_MAX];
    size_t suffix_length = strnlen(suffix, ERROR_MESSAGE_MAX / 2);
    copy_cut(message, sizeof message - suffix_length, text);
    size_t length = strlen(message);
    memcpy(message + length, suffix, suffix_length);
    message[length + suffix_length] = '\0';

    e->code = code;
    e->line = place->line;
    e->column = place->column;
    memcpy(e->pointer, pointer, sizeof pointer);
    memcpy(e->message, message, sizeof message);
    return code;
}

enum err error_set(struct error *e, enum err code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(e, code, &(struct place){0}, "", format, arguments);
    va_end(arguments);
    return code;
}

enum err error_at(struct error *e, enum err code, int64_t line, int32_t column, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(e, code, &(struct place){.line = line, .column = column}, "", format, arguments);
    va_end(arguments);
    return code;
}

enum err error_field(struct error *e, enum err code, const char *pointer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(e, code, &(struct place){.pointer = pointer}, "", format, arguments);
    va_end(arguments);
    return code;
}

enum err error_errno(struct error *e, enum err code, const char *format, ...)
{
    int saved = errno;
    char room[128];
    char suffix[160];
    /* strerror_r of GNU returns the text, which need not be in `room`. */
    snprintf(suffix, sizeof suffix, ": %s", strerror_r(saved, room, sizeof room));

    va_list arguments;
    va_start(arguments, format);
    fill(e, code, &(struct place){0}, suffix, format, arguments);
    va_end(arguments);
    errno = saved;
    return code;
}
