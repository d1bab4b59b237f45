#include "server/http/target.h"

#include <string.h>
#include <strings.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Length of the UTF-8 sequence at p, 0 if it is none (RFC 3629: no overlong, no surrogate). */
static size_t utf8_length(const unsigned char *p)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (p[0] < forms[i].first_low || p[0] > forms[i].first_high)
            continue;
        if (p[1] < forms[i].second_low || p[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* In place; the result is never longer. `where` names the part in messages. */
static enum err decode(char *text, bool plus_is_space, const char *where, struct error *e)
{
    bool high = false;
    char *out = text;
    for (const char *p = text; *p; p++) {
        char c = *p;
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high_digit = hex_value(p[1]);
            int low_digit = high_digit < 0 ? -1 : hex_value(p[2]);
            if (low_digit < 0)
                return error_set(e, ERR_INVALID, "bad percent escape in the %s", where);
            c = (char)(high_digit << 4 | low_digit);
            if (c == '\0')
                return error_set(e, ERR_INVALID, "%%00 is not allowed in the %s", where);
            high |= (unsigned char)c >= 0x80;
            p += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    if (!high)
        return ERR_OK;
    for (const char *p = text; *p;) {
        size_t length = utf8_length((const unsigned char *)p);
        if (length == 0)
            return error_set(e, ERR_INVALID, "the %s is not UTF-8", where);
        p += length;
    }
    return ERR_OK;
}

/* Raw bytes of a target are visible ASCII, and '#' never goes over the wire. */
static enum err check_bytes(const char *raw, size_t *ret_length, bool *ret_escaped, struct error *e)
{
    enum { PLAIN = 1, ESCAPE = 2 };
    static const unsigned char kinds[256] = {
        ['!' ... '"'] = PLAIN, ['$'] = PLAIN,  ['%'] = ESCAPE,
        ['&' ... '*'] = PLAIN, ['+'] = ESCAPE, [',' ... '~'] = PLAIN,
    };
    const unsigned char *p = (const unsigned char *)raw;
    unsigned kind, all = 0;
    while ((kind = kinds[*p]) != 0) {
        all |= kind;
        p++;
    }
    size_t length = (size_t)((const char *)p - raw);
    if (length > LIMIT_URL_BYTES)
        return error_set(e, ERR_URI_TOO_LONG, "the target is longer than %d bytes",
                         LIMIT_URL_BYTES);
    if (*p)
        return error_set(e, ERR_INVALID, "byte 0x%02x in the target must be escaped", *p);
    *ret_length = length;
    *ret_escaped = all & ESCAPE;
    return ERR_OK;
}

/* `escaped`: some of it may have to be decoded. */
static enum err split_path(struct http_request *r, char *path, bool escaped, struct error *e)
{
    for (char *segment = path + 1; segment;) {
        if (r->segment_count == LIMIT_PATH_SEGMENTS)
            return error_set(e, ERR_INVALID, "the path has more than %d segments",
                             LIMIT_PATH_SEGMENTS);
        char *slash = strchr(segment, '/');
        if (slash)
            *slash = '\0';
        enum err err = escaped ? decode(segment, false, "path", e) : ERR_OK;
        if (err)
            return err;
        r->segments[r->segment_count++] = segment;
        segment = slash ? slash + 1 : NULL;
    }
    return ERR_OK;
}

static enum err add_parameter(struct http_request *r, char *name, bool escaped, struct error *e)
{
    char *equals = strchr(name, '=');
    char *value = equals ? equals + 1 : name + strlen(name);
    if (equals)
        *equals = '\0';
    enum err err = escaped ? decode(name, true, "query", e) : ERR_OK;
    if (!err && escaped)
        err = decode(value, true, "query", e);
    if (err)
        return err;
    if (!*name)
        return error_set(e, ERR_INVALID, "a query parameter without a name");
    if (http_query(r, name)) {
        char pointer[ERROR_POINTER_MAX];
        snprintf(pointer, sizeof pointer, "?%s", name);
        return error_field(e, ERR_INVALID, pointer, "the parameter is given twice");
    }
    if (r->query_count == LIMIT_QUERY_PARAMETERS)
        return error_set(e, ERR_INVALID, "more than %d query parameters", LIMIT_QUERY_PARAMETERS);
    r->query[r->query_count++] = (struct http_field){name, value};
    return ERR_OK;
}

static enum err split_query(struct http_request *r, char *query, bool escaped, struct error *e)
{
    while (query) {
        char *next = strchr(query, '&');
        if (next)
            *next++ = '\0';
        if (*query) {
            enum err err = add_parameter(r, query, escaped, e);
            if (err)
                return err;
        }
        query = next;
    }
    return ERR_OK;
}

/* "http://host:port/path?query": moves *target behind the authority. */
static enum err split_authority(struct http_request *r, char **target, const char **ret_authority,
                                struct error *e)
{
    char *authority = *target + strlen("http://");
    size_t length = strcspn(authority, "/?");
    *ret_authority = arena_strndup(r->arena, authority, length);
    if (!*ret_authority)
        return error_set(e, ERR_NO_MEMORY, "no memory for the target");
    if (authority[length] == '/') {
        *target = authority + length;
        return ERR_OK;
    }
    /* No path means "/": the byte before a query, or before the end, is free to become it. */
    *target = authority + length - 1;
    **target = '/';
    return ERR_OK;
}

enum err target_parse(struct http_request *r, const char *raw, const char **ret_authority,
                      struct error *e)
{
    size_t length = 0;
    bool escaped = false;
    *ret_authority = NULL;
    r->path = "";
    r->segment_count = r->query_count = 0;
    enum err err = check_bytes(raw, &length, &escaped, e);
    if (err)
        return err;
    char *target = arena_strndup(r->arena, raw, length);
    if (!target)
        return error_set(e, ERR_NO_MEMORY, "no memory for the target");
    if (strncasecmp(target, "http://", 7) == 0 &&
        (err = split_authority(r, &target, ret_authority, e)))
        return err;
    if (strcmp(target, "*") == 0) {
        r->path = target;
        return ERR_OK;
    }
    if (*target != '/')
        return error_set(e, ERR_INVALID, "the target must begin with '/'");

    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    r->path = arena_strdup(r->arena, target);
    if (!r->path)
        return error_set(e, ERR_NO_MEMORY, "no memory for the target");
    err = split_path(r, target, escaped, e);
    return err ? err : split_query(r, query, escaped, e);
}
