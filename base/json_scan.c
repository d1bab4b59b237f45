/* One recursive pass, as deep as LIMIT_JSON_DEPTH. Where an error is (line, column, pointer) is
 * worked out only when there is one.
 *
 * Duplicate keys: the keys of all open objects lie on one stack and hang in one small hash table,
 * newest first in each chain, so that an object's own keys come before those of the objects around
 * it, and closing an object takes its keys off the heads again. An object has LIMIT_JSON_KEYS at
 * most, which bounds the work even for keys made to collide.
 */
#include "base/json_scan.h"

#include "base/json_pointer.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAINS = 512,
    FEW_KEYS = 48,       /* more than that move to the heap */
    SURELY_FINITE = 300, /* digits before the point */
};

struct key {
    const char *inside; /* between the quotes */
    uint32_t length;
    uint32_t hash; /* of the bytes that it stands for */
    uint16_t next; /* in its chain: index + 1, 0 ends */
    bool escaped;
};

/* An object or array that is open. */
struct level {
    bool is_object;
    size_t index;    /* of the current item */
    const char *key; /* of the current member; NULL before the first */
    size_t key_length;
    size_t first_key; /* on the stack of keys */
};

struct scan {
    const char *text, *p, *end;
    struct error *e;
    int depth;
    struct level levels[LIMIT_JSON_DEPTH];
    struct key *keys;
    size_t key_count, key_capacity;
    struct key few_keys[FEW_KEYS];
    uint16_t chains[CHAINS];
};

/* ---- errors ---- */

static void push_key(struct json_pointer *pointer, const char *inside, size_t length)
{
    char name[ERROR_POINTER_MAX];
    size_t count = 0;
    struct json_unescape u = json_unescape_of(inside, length);
    for (int c; count < sizeof name && (c = json_unescape_next(&u)) >= 0;)
        name[count++] = (char)c;
    json_pointer_push_name(pointer, name, count);
}

static void find_pointer(const struct scan *s, struct json_pointer *pointer)
{
    json_pointer_init(pointer);
    for (int i = 0; i < s->depth; i++) {
        const struct level *l = &s->levels[i];
        if (!l->is_object)
            json_pointer_push_index(pointer, l->index);
        else if (l->key)
            push_key(pointer, l->key, l->key_length);
    }
}

static enum err fail_at(const struct scan *s, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err fail_at(const struct scan *s, const char *at, const char *format, ...)
{
    if (!s->e)
        return ERR_INVALID;
    int64_t line = 1;
    int32_t column = 1;
    for (const char *p = s->text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            column++; /* characters, not bytes */
        }
    }
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct json_pointer pointer;
    find_pointer(s, &pointer);
    enum err err = error_at(s->e, ERR_INVALID, line, column, "%s", message);
    memcpy(s->e->pointer, pointer.text, pointer.length + 1);
    return err;
}

/* "'x' where a value was expected" */
static enum err unexpected(const struct scan *s, const char *expected)
{
    if (s->p == s->end)
        return fail_at(s, s->p, "the JSON text ends where %s was expected", expected);
    unsigned char c = (unsigned char)*s->p;
    if (c > 0x20 && c < 0x7f)
        return fail_at(s, s->p, "'%c' where %s was expected", c, expected);
    return fail_at(s, s->p, "byte 0x%02x where %s was expected", c, expected);
}

/* ---- keys ---- */

static uint32_t hash_key(const struct key *k)
{
    uint32_t hash = 2166136261u;
    if (!k->escaped) {
        for (size_t i = 0; i < k->length; i++)
            hash = (hash ^ (unsigned char)k->inside[i]) * 16777619u;
        return hash;
    }
    struct json_unescape u = json_unescape_of(k->inside, k->length);
    for (int c; (c = json_unescape_next(&u)) >= 0;)
        hash = (hash ^ (unsigned)c) * 16777619u;
    return hash;
}

static bool same_key(const struct key *a, const struct key *b)
{
    if (!a->escaped && !b->escaped)
        return a->length == b->length && memcmp(a->inside, b->inside, a->length) == 0;
    struct json_unescape u = json_unescape_of(a->inside, a->length);
    struct json_unescape v = json_unescape_of(b->inside, b->length);
    int c;
    int d;
    do {
        c = json_unescape_next(&u);
        d = json_unescape_next(&v);
    } while (c == d && c >= 0);
    return c == d;
}

static bool reserve_key(struct scan *s)
{
    if (s->key_count < s->key_capacity)
        return true;
    size_t capacity = s->key_capacity * 2;
    struct key *keys = malloc(capacity * sizeof *keys);
    if (!keys)
        return false;
    memcpy(keys, s->keys, s->key_count * sizeof *keys);
    if (s->keys != s->few_keys)
        free(s->keys);
    s->keys = keys;
    s->key_capacity = capacity;
    return true;
}

/* The key of the current member of the innermost object; refuses one that it has already. */
static enum err add_key(struct scan *s, const char *inside, size_t length, bool escaped)
{
    struct level *l = &s->levels[s->depth - 1];
    l->key = inside;
    l->key_length = length;
    if (s->key_count - l->first_key == LIMIT_JSON_KEYS)
        return fail_at(s, inside - 1, "more than %d keys in one object", LIMIT_JSON_KEYS);
    if (length > UINT32_MAX)
        return fail_at(s, inside - 1, "a key of more than 4 GiB");
    struct key key = {.inside = inside, .length = (uint32_t)length, .escaped = escaped};
    key.hash = hash_key(&key);
    uint16_t *chain = &s->chains[key.hash % CHAINS];
    for (size_t i = *chain; i > l->first_key; i = s->keys[i - 1].next)
        if (s->keys[i - 1].hash == key.hash && same_key(&s->keys[i - 1], &key))
            return fail_at(s, inside - 1, "the key \"%.*s\" is there twice",
                           length < 100 ? (int)length : 100, inside);
    if (!reserve_key(s))
        return error_set(s->e, ERR_NO_MEMORY, "out of memory");
    key.next = *chain;
    s->keys[s->key_count++] = key;
    *chain = (uint16_t)s->key_count;
    return ERR_OK;
}

static void drop_keys(struct scan *s, size_t first_key)
{
    while (s->key_count > first_key) {
        const struct key *key = &s->keys[--s->key_count];
        s->chains[key->hash % CHAINS] = key->next;
    }
}

/* ---- values ---- */

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

/* From the 'u' of an escape on; moves behind it, and behind its second half. */
static enum err scan_code_point(struct scan *s)
{
    const char *start = s->p - 1;
    int32_t unit = json_hex4(s->p + 1, (size_t)(s->end - s->p - 1));
    if (unit < 0)
        return fail_at(s, start, "\\u without four hexadecimal digits");
    if (unit == 0)
        return fail_at(s, start, "a NUL character in a string");
    s->p += 5;
    if (unit < 0xd800 || unit > 0xdfff)
        return ERR_OK;
    bool pair = unit < 0xdc00 && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u';
    int32_t low = pair ? json_hex4(s->p + 2, 4) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return fail_at(s, start, "half of a surrogate pair alone");
    s->p += 6;
    return ERR_OK;
}

static enum err scan_escape(struct scan *s)
{
    s->p++;
    if (s->p == s->end)
        return fail_at(s, s->p, "the JSON text ends within a string");
    if (*s->p == 'u')
        return scan_code_point(s);
    if (*s->p == '\0' || !strchr("\"\\/bfnrt", *s->p))
        return fail_at(s, s->p - 1, "a backslash escapes only \" \\ / b f n r t u");
    s->p++;
    return ERR_OK;
}

/* From the opening quote to behind the closing one. */
static enum err scan_string(struct scan *s, bool *ret_escaped)
{
    *ret_escaped = false;
    s->p++;
    while (s->p < s->end && *s->p != '"') {
        unsigned char c = (unsigned char)*s->p;
        enum err err = ERR_OK;
        if (c == '\\') {
            *ret_escaped = true;
            err = scan_escape(s);
        } else if (c >= 0x80) {
            size_t length = utf8_length(s->p, (size_t)(s->end - s->p));
            if (length == 0)
                err = fail_at(s, s->p, "byte 0x%02x in a string is not UTF-8", c);
            s->p += length;
        } else if (c < 0x20) {
            err = fail_at(s, s->p, "control character 0x%02x in a string must be escaped", c);
        } else {
            s->p++;
        }
        if (err)
            return err;
    }
    if (s->p == s->end)
        return fail_at(s, s->p, "the JSON text ends within a string");
    s->p++;
    return ERR_OK;
}

static size_t skip_digits(struct scan *s)
{
    const char *first = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - first);
}

static enum err scan_number(struct scan *s)
{
    const char *start = s->p;
    s->p += *s->p == '-';
    const char *whole = s->p;
    size_t digits = skip_digits(s);
    if (digits == 0)
        return unexpected(s, "a digit");
    if (digits > 1 && *whole == '0')
        return fail_at(s, start, "a number with a leading zero");
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (skip_digits(s) == 0)
            return unexpected(s, "a digit after the point");
    }
    bool exponent = s->p < s->end && (*s->p == 'e' || *s->p == 'E');
    if (exponent) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (skip_digits(s) == 0)
            return unexpected(s, "a digit of the exponent");
    }
    size_t length = (size_t)(s->p - start);
    double x;
    if ((exponent || digits > SURELY_FINITE) && !number_parse(start, length, &x))
        return fail_at(s, start, "a number beyond the range of a double");
    if (length > LIMIT_JSON_NUMBER_BYTES)
        return fail_at(s, start, "a number with more than %d characters", LIMIT_JSON_NUMBER_BYTES);
    return ERR_OK;
}

static enum err scan_literal(struct scan *s, const char *literal)
{
    size_t length = strlen(literal);
    if ((size_t)(s->end - s->p) < length || memcmp(s->p, literal, length) != 0)
        return unexpected(s, "a value");
    s->p += length;
    return ERR_OK;
}

static enum err scan_value(struct scan *s);

static enum err open_level(struct scan *s, bool is_object)
{
    if (s->depth == LIMIT_JSON_DEPTH)
        return fail_at(s, s->p, "more than %d levels of nesting", LIMIT_JSON_DEPTH);
    s->levels[s->depth++] = (struct level){.is_object = is_object, .first_key = s->key_count};
    s->p++;
    skip_space(s);
    return ERR_OK;
}

/* Behind an item: true when `close` ends the container. Moves behind the comma or the bracket. */
static enum err end_item(struct scan *s, char close, const char *expected, bool *ret_closed)
{
    skip_space(s);
    if (s->p == s->end || (*s->p != ',' && *s->p != close))
        return unexpected(s, expected);
    *ret_closed = *s->p == close;
    s->p++;
    return ERR_OK;
}

static enum err scan_member(struct scan *s)
{
    bool escaped;
    if (s->p == s->end || *s->p != '"')
        return unexpected(s, "a key in quotes");
    const char *inside = s->p + 1;
    enum err err = scan_string(s, &escaped);
    if (err)
        return err;
    err = add_key(s, inside, (size_t)(s->p - 1 - inside), escaped);
    if (err)
        return err;
    skip_space(s);
    if (s->p == s->end || *s->p != ':')
        return unexpected(s, "':'");
    s->p++;
    skip_space(s);
    return scan_value(s);
}

static enum err scan_object(struct scan *s)
{
    enum err err = open_level(s, true);
    if (err)
        return err;
    struct level *l = &s->levels[s->depth - 1];
    bool closed = s->p < s->end && *s->p == '}';
    s->p += closed;
    while (!closed) {
        err = scan_member(s);
        if (!err)
            err = end_item(s, '}', "',' or '}'", &closed);
        if (err)
            return err;
        skip_space(s);
        l->key = NULL;
    }
    drop_keys(s, l->first_key);
    s->depth--;
    return ERR_OK;
}

static enum err scan_array(struct scan *s)
{
    enum err err = open_level(s, false);
    if (err)
        return err;
    struct level *l = &s->levels[s->depth - 1];
    bool closed = s->p < s->end && *s->p == ']';
    s->p += closed;
    while (!closed) {
        err = scan_value(s);
        if (!err)
            err = end_item(s, ']', "',' or ']'", &closed);
        if (err)
            return err;
        skip_space(s);
        l->index++;
    }
    s->depth--;
    return ERR_OK;
}

static enum err scan_value(struct scan *s)
{
    bool escaped;
    if (s->p == s->end)
        return unexpected(s, "a value");
    switch (*s->p) {
    case '{':
        return scan_object(s);
    case '[':
        return scan_array(s);
    case '"':
        return scan_string(s, &escaped);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
            return scan_number(s);
        return unexpected(s, "a value");
    }
}

static enum err scan_text(struct scan *s)
{
    if (s->end - s->p >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
        return fail_at(s, s->p, "a byte order mark before the JSON text");
    skip_space(s);
    if (s->p == s->end)
        return fail_at(s, s->p, "the JSON text is empty");
    enum err err = scan_value(s);
    if (err)
        return err;
    skip_space(s);
    return s->p == s->end ? ERR_OK : unexpected(s, "the end of the text");
}

enum err json_scan(const char *text, size_t length, struct error *e)
{
    struct scan s;
    s.text = s.p = text;
    s.end = text + length;
    s.e = e;
    s.depth = 0;
    s.keys = s.few_keys;
    s.key_count = 0;
    s.key_capacity = FEW_KEYS;
    memset(s.chains, 0, sizeof s.chains);
    enum err err = scan_text(&s);
    if (s.keys != s.few_keys)
        free(s.keys);
    return err;
}
