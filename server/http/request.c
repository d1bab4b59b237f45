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

const char *http_header(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
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
    for (size_t i = 0; i < r->header_count && seconds < 0; i++)
        if (strcasecmp(r->headers[i].name, "Prefer") == 0)
            seconds = preferred_wait(r->headers[i].value);
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
    /* The first letter first: most requests have no such header, and all come by here. */
    for (size_t i = 0; i < r->header_count; i++)
        if ((r->headers[i].name[0] | 0x20) == 'i' &&
            strcasecmp(r->headers[i].name, "If-None-Match") == 0 &&
            list_names(r->headers[i].value, etag))
            return true;
    return false;
}
