#include "base/json_text.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

int32_t json_hex4(const char *text, size_t left)
{
    int32_t value = 0;
    if (left < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        char lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value * 16 + (lower - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* The code point of "\uXXXX" or of a pair of them; moves behind it. */
static uint32_t take_code_point(struct json_unescape *u)
{
    uint32_t code_point = (uint32_t)json_hex4(u->p + 2, 4);
    u->p += 6;
    if (code_point < 0xd800 || code_point > 0xdbff)
        return code_point;
    uint32_t low = (uint32_t)json_hex4(u->p + 2, 4);
    u->p += 6;
    return 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
}

int json_unescape_next(struct json_unescape *u)
{
    if (u->pending_next < u->pending_count)
        return (unsigned char)u->pending[u->pending_next++];
    if (u->p == u->end)
        return -1;
    if (*u->p != '\\')
        return (unsigned char)*u->p++;
    switch (u->p[1]) {
    case 'u':
        u->pending_count = (uint8_t)utf8_put(take_code_point(u), u->pending);
        u->pending_next = 1;
        return (unsigned char)u->pending[0];
    case 'b':
        u->p += 2;
        return '\b';
    case 'f':
        u->p += 2;
        return '\f';
    case 'n':
        u->p += 2;
        return '\n';
    case 'r':
        u->p += 2;
        return '\r';
    case 't':
        u->p += 2;
        return '\t';
    default: /* quote, backslash, slash */
        u->p += 2;
        return (unsigned char)u->p[-1];
    }
}

const char *json_skip_space(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

static const char *skip_string(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

/* A number or a word: it ends where the object that holds it goes on, so no end of text is asked
 * for (and the text need not end in NUL, as strcspn would want). */
static const char *skip_bare(const char *p)
{
    while (*p != ',' && *p != ']' && *p != '}' && *p != ' ' && *p != '\n' && *p != '\r' &&
           *p != '\t')
        p++;
    return p;
}

const char *json_skip_value(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        else if (depth == 0)
            return skip_bare(p);
        p++;
    } while (depth > 0);
    return p;
}

const char *json_find_member_value(const char *p)
{
    p = json_skip_space(skip_string(json_skip_space(p)));
    assert(*p == ':');
    return json_skip_space(p + 1);
}
