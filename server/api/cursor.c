#include "server/api/cursor.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

enum { KIND_MAX = 16, RAW_MAX = KIND_MAX + 1 + CURSOR_PLACE };
static_assert(sodium_base64_ENCODED_LEN(RAW_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING) <=
                  CURSOR_TEXT,
              "a cursor holds any place");

void cursor_write(char out[CURSOR_TEXT], const char *kind, const char *format, ...)
{
    char raw[RAW_MAX];
    int prefix = snprintf(raw, sizeof raw, "%s ", kind);
    assert(prefix > 1 && prefix <= KIND_MAX + 1);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(raw + prefix, CURSOR_PLACE, format, arguments);
    va_end(arguments);
    assert(length > 0 && length < CURSOR_PLACE);
    sodium_bin2base64(out, CURSOR_TEXT, (unsigned char *)raw, (size_t)(prefix + length),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err cursor_refuse(struct error *e)
{
    return error_field(e, ERR_INVALID, "?cursor",
                       "not a next_cursor of this list; leave it out to begin anew");
}

enum err cursor_read(const struct http_request *r, const char *kind, char place[CURSOR_PLACE],
                     struct error *e)
{
    const char *text = http_query(r, "cursor");
    place[0] = '\0';
    if (!text)
        return ERR_OK;
    char raw[RAW_MAX];
    size_t length = 0, kind_length = strlen(kind);
    if (sodium_base642bin((unsigned char *)raw, sizeof raw - 1, text, strlen(text), NULL, &length,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return cursor_refuse(e);
    raw[length] = '\0';
    bool ours = length > kind_length + 1 && length - kind_length - 1 < CURSOR_PLACE &&
                strlen(raw) == length && memcmp(raw, kind, kind_length) == 0 &&
                raw[kind_length] == ' ';
    if (!ours)
        return cursor_refuse(e);
    memcpy(place, raw + kind_length + 1, length - kind_length);
    return ERR_OK;
}
