#include "server/http/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *http_param(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->param_count; i++)
        if (strcmp(r->params[i].name, name) == 0)
            return r->params[i].value;
    assert(!"the route's pattern has no such parameter");
    return NULL;
}

/* The first letter first: most requests lack most headers, and are asked for several. */
const char *http_next_header(const struct http_request *r, const char *name, size_t *at)
{
    while (*at < r->header_count) {
        const struct http_field *h = &r->headers[(*at)++];
        if ((h->name[0] | 0x20) == (name[0] | 0x20) && strcasecmp(h->name, name) == 0)
            return h->value;
    }
    return NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
    size_t at = 0;
    return http_next_header(r, name, &at);
}

/* N of "wait=N" in a list of preferences (RFC 7240), or -1. */
static int64_t preferred_wait(const char *value)
{
    for (const char *p = value; *p; p += strcspn(p, ","), p += *p == ',') {
        p += strspn(p, " \t");
        if (strncasecmp(p, "wait", 4) != 0)
            continue;
        p += 4;
        p += strspn(p, " \t");
        if (*p != '=')
            continue;
        p++;
        p += strspn(p, " \t\"");
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && digits < 10)
            return strtoll(p, NULL, 10);
    }
    return -1;
}

enum err http_request_wait(const struct http_request *r, int64_t *ret_seconds, struct error *e)
{
    int64_t seconds = -1;
    enum err err = http_query_int(r, "wait", 0, INT32_MAX, &seconds, e);
    if (err)
        return err;
    const char *value;
    for (size_t at = 0; seconds < 0 && (value = http_next_header(r, "Prefer", &at));)
        seconds = preferred_wait(value);
    if (seconds > LIMIT_WAIT_SECONDS)
        seconds = LIMIT_WAIT_SECONDS;
    *ret_seconds = seconds < 0 ? 0 : seconds;
    return ERR_OK;
}

/* True when the list names `etag`. An entity tag may hold commas, so its quotes decide where it
 * ends. */
static bool list_names(const char *list, const char *etag)
{
    size_t etag_length = strlen(etag);
    for (const char *p = list; *p;) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        bool weak = p[0] == 'W' && p[1] == '/';
        if (weak)
            p += 2;
        if (*p != '"')
            return false;
        const char *close = strchr(p + 1, '"');
        if (!close)
            return false;
        size_t length = (size_t)(close + 1 - p);
        if (!weak && length == etag_length && memcmp(p, etag, length) == 0)
            return true;
        p = close + 1;
    }
    return false;
}

bool http_request_matches_etag(const struct http_request *r, const char *etag)
{
    if (r->method != HTTP_GET && r->method != HTTP_HEAD)
        return false;
    const char *list;
    for (size_t at = 0; (list = http_next_header(r, "If-None-Match", &at));)
        if (list_names(list, etag))
            return true;
    return false;
}
