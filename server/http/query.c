#include "server/http/request.h"

#include "base/civil.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *http_query(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->query_count; i++)
        if (strcmp(r->query[i].name, name) == 0)
            return r->query[i].value;
    return NULL;
}

/* "?name", the pointer of a query parameter. */
struct pointer {
    char text[ERROR_POINTER_MAX];
};
static struct pointer pointer_of(const char *name)
{
    struct pointer pointer;
    snprintf(pointer.text, sizeof pointer.text, "?%s", name);
    return pointer;
}

enum err http_query_int(const struct http_request *r, const char *name, int64_t min, int64_t max,
                        int64_t *ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    const char *digits = text[0] == '-' ? text + 1 : text;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool whole = digits[0] >= '0' && digits[0] <= '9' && *end == '\0';
    if (!whole || errno || value < min || value > max)
        return error_field(e, ERR_INVALID, pointer_of(name).text,
                           "expected a whole number in %" PRId64 "..%" PRId64 ", got '%.40s'", min,
                           max, text);
    *ret = value;
    return ERR_OK;
}

enum err http_query_number(const struct http_request *r, const char *name, double min, double max,
                           double *ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    double value;
    if (!number_parse(text, strlen(text), &value) || value < min || value > max)
        return error_field(e, ERR_INVALID, pointer_of(name).text,
                           "expected a number in %g..%g, got '%.40s'", min, max, text);
    *ret = value;
    return ERR_OK;
}

enum err http_query_bool(const struct http_request *r, const char *name, bool *ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    if (!*text || strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *ret = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *ret = false;
    else
        return error_field(e, ERR_INVALID, pointer_of(name).text,
                           "expected true or false, got '%.40s'", text);
    return ERR_OK;
}

enum err http_query_enum(const struct http_request *r, const char *name, const char *const *names,
                         int *ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    struct strbuf list;
    strbuf_init(&list, ERROR_MESSAGE_MAX);
    for (int i = 0; names[i]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            strbuf_release(&list);
            return ERR_OK;
        }
        strbuf_add_format(&list, "%s%s", i ? ", " : "", names[i]);
    }
    enum err err = error_field(e, ERR_INVALID, pointer_of(name).text,
                               "expected one of %s, got '%.40s'", strbuf_text(&list), text);
    strbuf_release(&list);
    return err;
}

enum err http_query_text(const struct http_request *r, const char *name, size_t max_bytes,
                         const char **ret, struct error *e)
{
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    if (!*text || strlen(text) > max_bytes)
        return error_field(e, ERR_INVALID, pointer_of(name).text, "expected 1 to %zu bytes",
                           max_bytes);
    *ret = text;
    return ERR_OK;
}

/* "2024-01-02T09:30:00 05:30" was sent with a bare '+': puts it back. */
static void restore_plus(char *text, size_t length)
{
    if (length > 6 && text[length - 6] == ' ' && text[length - 3] == ':' && length > 16)
        text[length - 6] = '+';
}

enum err http_query_when(const struct http_request *r, const char *name, struct http_when *ret,
                         struct error *e)
{
    const char *given = http_query(r, name);
    if (!given)
        return ERR_OK;
    char text[64];
    size_t length = strlen(given);
    struct http_when when = {.given = true};
    if (civil_parse(given, length, &when.days)) {
        when.is_date = true;
        *ret = when;
        return ERR_OK;
    }
    if (length < sizeof text) {
        memcpy(text, given, length + 1);
        restore_plus(text, length);
        if (rfc3339_parse(text, length, &when.ns, NULL) == ERR_OK) {
            *ret = when;
            return ERR_OK;
        }
    }
    return error_field(e, ERR_INVALID, pointer_of(name).text,
                       "expected a date (2024-01-02) or an RFC 3339 time with an offset "
                       "(2024-01-02T14:30:00Z), got '%.40s'",
                       given);
}

static bool is_among(const char *name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

enum err http_query_only(const struct http_request *r, const char *const *names, struct error *e)
{
    for (size_t i = 0; i < r->query_count; i++) {
        const char *name = r->query[i].name;
        if (is_among(name, names))
            continue;
        size_t count = 0;
        while (names[count])
            count++;
        const char *nearest = text_nearest(name, strlen(name), names, count);
        if (nearest)
            return error_field(e, ERR_INVALID, pointer_of(name).text,
                               "unknown parameter '%.40s', did you mean '%s'?", name, nearest);
        return error_field(e, ERR_INVALID, pointer_of(name).text, "unknown parameter '%.40s'",
                           name);
    }
    return ERR_OK;
}
