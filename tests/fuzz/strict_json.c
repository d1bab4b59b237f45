#include "tests/fuzz/strict_json.h"

#include "base/limits.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const unsigned char *p, *end;
    int depth;
};

/* A string as the bytes that it stands for. */
struct bytes {
    unsigned char *data;
    size_t length;
};

static bool read_value(struct reader *r);

static int peek(const struct reader *r)
{
    return r->p < r->end ? *r->p : -1;
}

static bool take(struct reader *r, int c)
{
    if (peek(r) != c)
        return false;
    r->p++;
    return true;
}

static void read_space(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
        r->p++;
}

static bool read_word(struct reader *r, const char *word)
{
    for (; *word; word++)
        if (!take(r, *word))
            return false;
    return true;
}

static size_t read_digits(struct reader *r)
{
    size_t count = 0;
    for (; peek(r) >= '0' && peek(r) <= '9'; r->p++)
        count++;
    return count;
}

static bool read_number(struct reader *r)
{
    const unsigned char *start = r->p;
    char copy[LIMIT_JSON_NUMBER_BYTES + 1];
    take(r, '-');
    if (!take(r, '0') && read_digits(r) == 0)
        return false;
    if (take(r, '.') && read_digits(r) == 0)
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        if (read_digits(r) == 0)
            return false;
    }
    size_t length = (size_t)(r->p - start);
    if (length > LIMIT_JSON_NUMBER_BYTES)
        return false;
    memcpy(copy, start, length);
    copy[length] = '\0';
    return isfinite(strtod(copy, NULL));
}

/* ---- strings ---- */

static bool read_hex4(struct reader *r, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        int c = peek(r);
        if (c >= '0' && c <= '9')
            *ret = *ret * 16 + (uint32_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            *ret = *ret * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

static void put_code_point(struct bytes *out, uint32_t c)
{
    if (c < 0x80) {
        out->data[out->length++] = (unsigned char)c;
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    out->data[out->length++] = (unsigned char)(lead[more] | c >> (6 * more));
    while (more-- > 0)
        out->data[out->length++] = (unsigned char)(0x80 | (c >> (6 * more) & 0x3f));
}

static bool read_unicode_escape(struct reader *r, struct bytes *out)
{
    uint32_t high, low;
    if (!read_hex4(r, &high) || high == 0)
        return false;
    if (high >= 0xd800 && high < 0xdc00) {
        if (!read_word(r, "\\u") || !read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    } else if (high >= 0xdc00 && high <= 0xdfff) {
        return false;
    }
    put_code_point(out, high);
    return true;
}

static bool read_escape(struct reader *r, struct bytes *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int c = peek(r);
    if (take(r, 'u'))
        return read_unicode_escape(r, out);
    const char *name = c > 0 ? strchr(names, c) : NULL;
    if (name == NULL)
        return false;
    r->p++;
    out->data[out->length++] = (unsigned char)values[name - names];
    return true;
}

/* One character of more than a byte: decoded, and then only good if it is what its code point is
 * encoded as. */
static bool read_utf8(struct reader *r, struct bytes *out)
{
    int lead = peek(r);
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc0 || lead > 0xf7 || r->end - r->p <= more)
        return false;
    uint32_t c = (uint32_t)lead & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((r->p[i] & 0xc0) != 0x80)
            return false;
        c = c << 6 | (r->p[i] & 0x3f);
    }
    size_t before = out->length;
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return false;
    put_code_point(out, c);
    r->p += more + 1;
    return out->length - before == (size_t)more + 1;
}

/* out->data has room for all that is left. */
static bool read_string(struct reader *r, struct bytes *out)
{
    if (!take(r, '"'))
        return false;
    while (peek(r) != '"') {
        int c = peek(r);
        if (c < 0x20)
            return false;
        if (c >= 0x80) {
            if (!read_utf8(r, out))
                return false;
        } else if (c == '\\') {
            r->p++;
            if (!read_escape(r, out))
                return false;
        } else {
            out->data[out->length++] = (unsigned char)c;
            r->p++;
        }
    }
    r->p++;
    return true;
}

static bool read_new_string(struct reader *r, struct bytes *out)
{
    *out = (struct bytes){malloc((size_t)(r->end - r->p) + 1), 0};
    return out->data != NULL && read_string(r, out);
}

/* ---- containers ---- */

static bool is_among(const struct bytes *keys, size_t count, const struct bytes *key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].length == key->length && memcmp(keys[i].data, key->data, key->length) == 0)
            return true;
    return false;
}

static bool read_members(struct reader *r, struct bytes *keys, size_t *count)
{
    read_space(r);
    if (take(r, '}'))
        return true;
    do {
        read_space(r);
        if (*count == LIMIT_JSON_KEYS)
            return false;
        struct bytes *key = &keys[(*count)++];
        if (!read_new_string(r, key) || is_among(keys, *count - 1, key))
            return false;
        read_space(r);
        if (!take(r, ':') || !read_value(r))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_object(struct reader *r)
{
    struct bytes *keys = calloc(LIMIT_JSON_KEYS, sizeof *keys);
    size_t count = 0;
    bool good = keys != NULL && read_members(r, keys, &count);
    for (size_t i = 0; i < count; i++)
        free(keys[i].data);
    free(keys);
    return good;
}

static bool read_array(struct reader *r)
{
    read_space(r);
    if (take(r, ']'))
        return true;
    do {
        if (!read_value(r))
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

static bool read_container(struct reader *r)
{
    if (r->depth == LIMIT_JSON_DEPTH)
        return false;
    r->depth++;
    bool good = take(r, '{') ? read_object(r) : take(r, '[') && read_array(r);
    r->depth--;
    return good;
}

static bool read_plain(struct reader *r)
{
    struct bytes string;
    bool good;
    switch (peek(r)) {
    case '"':
        good = read_new_string(r, &string);
        free(string.data);
        return good;
    case 't':
        return read_word(r, "true");
    case 'f':
        return read_word(r, "false");
    case 'n':
        return read_word(r, "null");
    default:
        return read_number(r);
    }
}

/* With the space around it. */
static bool read_value(struct reader *r)
{
    read_space(r);
    bool good = peek(r) == '{' || peek(r) == '[' ? read_container(r) : read_plain(r);
    read_space(r);
    return good;
}

bool strict_json_is_good(const char *text, size_t length)
{
    struct reader r = {(const unsigned char *)text, (const unsigned char *)text + length, 0};
    return read_value(&r) && r.p == r.end;
}
