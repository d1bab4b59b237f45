#include "server/http/exchange.h"

#include "base/digest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

/* The checks on a request's head, all of them before any of its body is read: cheap ones and those
 * that protect the connection first, then those that protect the key, then those of the route. */

/* What the checks need of the headers. */
struct head {
    struct http_request *request;
    const char *host, *content_length, *transfer_encoding;
    const char *authorization, *content_type, *request_id, *expect;
    int host_count, content_length_count, transfer_encoding_count;
    size_t size_bytes; /* of the connection's memory, about */
    bool too_many, malformed;
};

/* The answer's head is built in what the request's head leaves of the connection's memory; without
 * room for it the connection would be closed without an answer. */
enum { ANSWER_HEAD_BYTES = 1536, FIELD_OVERHEAD_BYTES = 72 };

/* Names are tokens (RFC 9110, 5.6.2). A blank before the colon would hide a field from us that
 * somebody in front of us has seen. */
static bool is_token(const char *name, size_t length)
{
    static const bool allowed[256] = {
        ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,
        ['-'] = true,         ['.'] = true,          ['0' ... '9'] = true, ['A' ... 'Z'] = true,
        ['^' ... 'z'] = true, ['|'] = true,          ['~'] = true,
    };
    for (size_t i = 0; i < length; i++)
        if (!allowed[(unsigned char)name[i]])
            return false;
    return length > 0;
}

/* `wanted` in lower case. Runs for every header of every request: libc's comparison asks the
 * locale. */
static bool is_name(const char *name, size_t length, const char *wanted, size_t wanted_length)
{
    if (length != wanted_length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((name[i] | 0x20) != wanted[i] && name[i] != wanted[i])
            return false;
    return true;
}
#define IS(wanted) is_name(name, name_bytes, wanted, sizeof wanted - 1)

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name,
                               size_t name_bytes, const char *value, size_t value_bytes)
{
    struct head *h = context;
    struct http_request *r = h->request;
    (void)kind;
    if (r->header_count == HTTP_HEADERS_MAX) {
        h->too_many = true;
        return MHD_NO;
    }
    if (!value)
        value = "", value_bytes = 0;
    if (!is_token(name, name_bytes) || memchr(value, '\0', value_bytes))
        h->malformed = true;
    h->size_bytes += name_bytes + value_bytes + FIELD_OVERHEAD_BYTES;
    r->headers[r->header_count++] = (struct http_field){name, value};
    if (IS("host"))
        h->host = value, h->host_count++;
    else if (IS("content-length"))
        h->content_length = value, h->content_length_count++;
    else if (IS("transfer-encoding"))
        h->transfer_encoding = value, h->transfer_encoding_count++;
    else if (IS("authorization"))
        h->authorization = value;
    else if (IS("content-type"))
        h->content_type = value;
    else if (IS("x-request-id"))
        h->request_id = value;
    else if (IS("expect"))
        h->expect = value;
    return MHD_YES;
}

/* ---- request id ---- */

static bool is_request_id(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789._-");
    return length >= 1 && length <= LIMIT_REQUEST_ID_BYTES && text[length] == '\0';
}

static void set_request_id(struct http_exchange *x, const char *given)
{
    char *out = x->request.request_id;
    x->made_request_id = !(given && is_request_id(given));
    if (!x->made_request_id) {
        memcpy(out, given, strlen(given) + 1);
        return;
    }
    unsigned char bytes[MADE_REQUEST_ID_BYTES / 2];
    for (size_t i = 0; i < sizeof bytes; i += sizeof(uint64_t)) {
        uint64_t bits = random_next(&x->loop->random);
        memcpy(bytes + i, &bits, sizeof bits);
    }
    hex_format(bytes, sizeof bytes, out);
}

/* ---- the connection ---- */

/* Where this request ends must be beyond doubt, or what follows it could be read as another one. */
static enum err check_framing(const struct head *h, bool http_1_0, struct error *e)
{
    if (h->too_many)
        return error_set(e, ERR_HEADERS, "more than %d header fields", HTTP_HEADERS_MAX);
    if (h->size_bytes > LIMIT_HEADER_BYTES - ANSWER_HEAD_BYTES)
        return error_set(e, ERR_HEADERS, "the header fields are too large");
    if (h->malformed)
        return error_set(e, ERR_INVALID, "a malformed header field");
    if (h->content_length_count > 1)
        return error_set(e, ERR_INVALID, "more than one Content-Length");
    if (!h->transfer_encoding)
        return ERR_OK;
    if (h->content_length_count > 0)
        return error_set(e, ERR_INVALID, "Content-Length together with Transfer-Encoding");
    if (h->transfer_encoding_count > 1 || strcasecmp(h->transfer_encoding, "chunked") != 0)
        return error_set(e, ERR_INVALID, "the only Transfer-Encoding known here is chunked");
    if (http_1_0)
        return error_set(e, ERR_INVALID, "HTTP/1.0 has no Transfer-Encoding");
    return ERR_OK;
}

static enum err check_content_length(const struct head *h, struct error *e)
{
    const char *text = h->content_length;
    if (!text)
        return ERR_OK;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return error_set(e, ERR_INVALID, "a Content-Length that is not a number");
    return ERR_OK;
}

static enum err check_host(const struct head *h, bool http_1_0, struct error *e)
{
    if (h->host_count > 1)
        return error_set(e, ERR_INVALID, "more than one Host");
    if (h->host_count == 0 && !http_1_0)
        return error_set(e, ERR_INVALID, "HTTP/1.1 needs a Host");
    return ERR_OK;
}

static enum err check_host_name(const struct http_exchange *x, const struct head *h,
                                struct error *e)
{
    const struct hosts *hosts = x->loop->shared->hosts;
    if (h->host && !hosts_allow(hosts, h->host))
        return error_set(e, ERR_HOST, "'%.100s' is not a host of this server", h->host);
    if (x->authority && !hosts_allow(hosts, x->authority))
        return error_set(e, ERR_HOST, "'%.100s' is not a host of this server", x->authority);
    return ERR_OK;
}

/* ---- the route and the key ---- */

static enum http_method method_of(const char *name)
{
    for (int m = 0; m < HTTP_METHOD_COUNT; m++)
        if (strcmp(name, http_method_name((enum http_method)m)) == 0)
            return (enum http_method)m;
    return HTTP_METHOD_COUNT;
}

/* OPTIONS is answered here: *ret_answered. */
static enum err find_route(struct http_exchange *x, const char *method, bool *ret_answered,
                           struct error *e)
{
    struct http_request *r = &x->request;
    char allow[ROUTER_ALLOW_MAX] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    r->method = method_of(method);
    struct router_match match = router_find(x->loop->shared->router, r, r->method, allow);
    bool whole_server = r->segment_count == 0 && r->method == HTTP_OPTIONS;
    if (!match.found && !whole_server)
        return error_set(e, ERR_NOT_FOUND, "no resource at '%.200s'", r->path);
    if (match.route) {
        r->route = match.route;
        x->route_index = match.index;
        return ERR_OK;
    }
    http_add_header(r, &x->response, "Allow", "%s", allow);
    if (r->method != HTTP_OPTIONS)
        return error_set(e, ERR_METHOD, "this resource knows %s", allow);
    http_respond_empty(&x->response, 204);
    *ret_answered = true;
    return ERR_OK;
}

static const char *bearer_token(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    authorization += 7;
    return authorization + strspn(authorization, " ");
}

static enum err check_scope(const struct http_exchange *x, struct error *e)
{
    const struct http_config *config = x->loop->shared->config;
    uint32_t lacking = x->request.route->scope & ~x->request.identity.scopes;
    if (!lacking)
        return ERR_OK;
    int bit = __builtin_ctz(lacking);
    if (bit < config->scope_name_count)
        return error_set(e, ERR_FORBIDDEN, "this needs scope %s", config->scope_names[bit]);
    return error_set(e, ERR_FORBIDDEN, "the key lacks a scope that this needs");
}

static enum err check_key(struct http_exchange *x, const struct head *h, struct error *e)
{
    const struct http_config *config = x->loop->shared->config;
    struct http_request *r = &x->request;
    if (r->route->flags & HTTP_ROUTE_OPEN)
        return ERR_OK;
    if (!config->authenticate)
        return error_set(e, ERR_UNAUTHORIZED, "this server has no keys");
    enum err err =
        config->authenticate(config->app, r, bearer_token(h->authorization), &r->identity, e);
    return err ? err : check_scope(x, e);
}

/* ---- the body ---- */

/* "Application/JSON; charset=utf-8" -> "application/json", in the arena. */
static enum err set_content_type(struct http_request *r, const char *value, struct error *e)
{
    if (!value)
        return ERR_OK;
    char *type = arena_strndup(r->arena, value, strcspn(value, "; \t"));
    if (!type)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    for (char *p = type; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    r->content_type = type;
    return ERR_OK;
}

/* `list` is "application/json, text/plain". */
static bool is_listed(const char *list, const char *type)
{
    size_t length = strlen(type);
    for (const char *p = list; *p;) {
        p += strspn(p, ", ");
        size_t one = strcspn(p, ", ");
        if (one == length && memcmp(p, type, length) == 0)
            return true;
        p += one;
    }
    return false;
}

static enum err check_body(struct http_exchange *x, const struct head *h, struct error *e)
{
    struct http_request *r = &x->request;
    const struct http_route *route = r->route;
    if (!x->has_body)
        return ERR_OK;
    if (!route->stream) {
        if (route->max_body_bytes == 0)
            return error_set(e, ERR_INVALID, "this operation takes no body");
        if (h->content_length && strtoull(h->content_length, NULL, 10) > route->max_body_bytes)
            return error_set(e, ERR_TOO_LARGE, "the body is larger than %zu bytes",
                             route->max_body_bytes);
    } else if (offload_is_full(x->loop->shared->offload)) {
        return error_set(e, ERR_UNAVAILABLE, "too many requests are waiting, try again soon");
    }
    if (!route->content_types)
        return ERR_OK;
    if (!r->content_type[0]) {
        r->content_type =
            arena_strndup(r->arena, route->content_types, strcspn(route->content_types, ", "));
        return r->content_type ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory for the request");
    }
    if (!is_listed(route->content_types, r->content_type))
        return error_set(e, ERR_MEDIA_TYPE, "expected %s, got '%.100s'", route->content_types,
                         r->content_type);
    return ERR_OK;
}

/* ---- all of it ---- */

static enum err check_request(struct http_exchange *x, const struct head *h, const char *method,
                              bool *ret_answered, struct error *e)
{
    if (x->target_err) {
        *e = x->target_error;
        return x->target_err;
    }
    enum err err = check_host_name(x, h, e);
    if (!err)
        err = find_route(x, method, ret_answered, e);
    if (err || *ret_answered)
        return err;
    err = check_key(x, h, e);
    if (!err)
        err = set_content_type(&x->request, h->content_type, e);
    return err ? err : check_body(x, h, e);
}

/* Whether a refusal waits for the rest of the body, so that the connection lives on: not when it is
 * large, of unknown size, or held back by a client that asked first. */
static bool worth_reading(const struct http_exchange *x, const struct head *h)
{
    if (!x->has_body)
        return true;
    return !h->expect && h->content_length &&
           strtoull(h->content_length, NULL, 10) <= LIMIT_BODY_BYTES;
}

void exchange_check_head(struct http_exchange *x, const char *method, const char *version)
{
    struct head h = {.request = &x->request, .size_bytes = x->target_bytes};
    struct error e;
    error_clear(&e);
    bool http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, collect, &h);
    set_request_id(x, h.request_id);
    x->has_body = h.transfer_encoding ||
                  (h.content_length && strspn(h.content_length, "0") != strlen(h.content_length));

    enum err err = check_framing(&h, http_1_0, &e);
    if (!err)
        err = check_content_length(&h, &e);
    if (!err)
        err = check_host(&h, http_1_0, &e);
    if (err) {
        x->must_close = true;
        exchange_refuse(x, &e);
        return;
    }
    bool answered = false;
    err = check_request(x, &h, method, &answered, &e);
    if (err) {
        e.code = err;
        exchange_refuse(x, &e);
    } else if (answered) {
        x->state = EXCHANGE_DISCARD;
    } else {
        x->state = x->request.route->stream ? EXCHANGE_STREAM : EXCHANGE_BODY;
    }
    if (x->state == EXCHANGE_DISCARD)
        x->must_close = !worth_reading(x, &h);
}
