#include "server/cli/api_client.h"

#include "base/clock.h"
#include "server/cli/problem.h"
#include "server/version.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_BYTES_MAX = 64 << 20,
    URL_BYTES_MAX = 16 << 10,
    CONNECT_TIMEOUT_MS = 10000,
    LOOK_MS = 100,  /* at the cancel flag and the clock */
    SILENCE_S = 45, /* of a stream, which breathes every 15 s: then it is dead */
    KEY_BYTES_MAX = 256,
};

struct api_client {
    char *url;           /* without a slash at its end */
    char *authorization; /* the header line, or NULL */
    bool local;          /* the host is this machine */
    CURLM *multi;
};

/* ---- life ---- */

static bool is_local_host(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

static enum err check_url(struct api_client *c, const char *url, struct error *e)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL, *query = NULL, *user = NULL;
    bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_QUERY, &query, 0) == CURLUE_NO_QUERY &&
                curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
                strchr(url, '#') == NULL && strncmp(scheme, "http", 4) == 0;
    if (good)
        c->local = is_local_host(host);
    curl_free(scheme);
    curl_free(host);
    curl_free(query);
    curl_free(user);
    curl_url_cleanup(parsed);
    return good
               ? ERR_OK
               : error_set(e, ERR_INVALID, "'%.200s' is no URL such as http://127.0.0.1:8080", url);
}

/* The key goes into a header: a line break in it would begin another one. */
static enum err check_key(const char *key, struct error *e)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return error_set(e, ERR_INVALID, "the key holds a character that no key has");
    if (length == 0 || length > KEY_BYTES_MAX)
        return error_set(e, ERR_INVALID, "a key has 1 to %d characters", KEY_BYTES_MAX);
    return ERR_OK;
}

static enum err set_up(struct api_client *c, const char *url, const char *key, struct error *e)
{
    enum err err;
    if ((err = check_url(c, url, e)) || (key && (err = check_key(key, e))))
        return err;
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    c->url = strndup(url, length);
    if (key && asprintf(&c->authorization, "Authorization: Bearer %s", key) < 0)
        c->authorization = NULL;
    c->multi = curl_multi_init();
    if (!c->url || !c->multi || (key && !c->authorization))
        return error_set(e, ERR_NO_MEMORY, "out of memory for an HTTP client");
    return ERR_OK;
}

enum err api_client_create(const char *url, const char *key, struct api_client **ret,
                           struct error *e)
{
    struct api_client *c = calloc(1, sizeof(*c));
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(c);
        return error_set(e, ERR_NO_MEMORY, "out of memory for an HTTP client");
    }
    enum err err = set_up(c, url, key, e);
    if (err) {
        api_client_free(c);
        return err;
    }
    *ret = c;
    return ERR_OK;
}

void api_client_free(struct api_client *c)
{
    if (!c)
        return;
    curl_multi_cleanup(c->multi);
    free(c->url);
    free(c->authorization);
    free(c);
    curl_global_cleanup();
}

void api_response_release(struct api_response *r)
{
    strbuf_release(&r->body);
}

/* ---- one exchange ---- */

struct exchange {
    const struct api_request *request;
    struct api_response *response;
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    int64_t sent_bytes; /* of the file */
    bool refused_body;  /* by on_body */
    struct error file_error;
    char why[CURL_ERROR_SIZE];
};

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (x->request->on_body && status < 300) {
        x->refused_body = !x->request->on_body(x->request->context, bytes, size * count);
        return x->refused_body ? 0 : size * count;
    }
    strbuf_add(&x->response->body, bytes, size * count);
    return strbuf_failed(&x->response->body) ? 0 : size * count;
}

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    int64_t left = x->request->file_bytes - x->sent_bytes;
    size_t room = size * count;
    size_t want = left < (int64_t)room ? (size_t)left : room;
    if (want == 0)
        return 0;
    ssize_t got = pread(x->request->fd, out, want, x->sent_bytes);
    if (got <= 0) {
        if (got < 0)
            error_errno(&x->file_error, ERR_IO, "cannot read the file");
        else
            error_set(&x->file_error, ERR_IO, "the file became shorter while it was sent");
        return CURL_READFUNC_ABORT;
    }
    x->sent_bytes += got;
    if (x->request->on_sent)
        x->request->on_sent(x->request->context, x->sent_bytes, x->request->file_bytes);
    return (size_t)got;
}

static bool add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);
    if (longer)
        x->headers = longer;
    return longer != NULL;
}

static bool set_headers(struct exchange *x, const struct api_client *c)
{
    char type[128];
    const struct api_request *r = x->request;
    if (!add_header(x, "Accept: application/json") ||
        (c->authorization && !add_header(x, c->authorization)))
        return false;
    if (r->content_type) {
        snprintf(type, sizeof(type), "Content-Type: %s", r->content_type);
        if (!add_header(x, type))
            return false;
    }
    for (const char *const *line = r->headers; line && *line; line++)
        if (!add_header(x, *line))
            return false;
    return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

static void set_body(struct exchange *x)
{
    const struct api_request *r = x->request;
    if (r->from_file) {
        curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->file_bytes);
    } else if (r->body) {
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, r->body);
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_bytes);
    }
    curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static enum err prepare(struct exchange *x, const struct api_client *c, struct error *e)
{
    x->easy = curl_easy_init();
    if (asprintf(&x->url, "%s%s", c->url, x->request->target) < 0)
        x->url = NULL;
    if (!x->easy || !x->url || !set_headers(x, c) ||
        curl_easy_setopt(x->easy, CURLOPT_URL, x->url) != CURLE_OK)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a request");
    bool reads = strcmp(x->request->method, "GET") == 0;
    curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "bracketd/" BRACKETD_VERSION);
    curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, reads ? 0L : 1L);
    curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->why);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    if (x->request->timeout_ms == 0) {
        curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    }
    if (c->local)
        curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
    set_body(x);
    return ERR_OK;
}

static enum err transport_error(const struct exchange *x, const struct api_client *c, CURLcode code,
                                struct error *e)
{
    if (x->file_error.code) {
        if (e)
            *e = x->file_error;
        return x->file_error.code;
    }
    if (x->refused_body)
        return error_set(e, ERR_CANCELED, "canceled");
    if (strbuf_failed(&x->response->body))
        return error_set(e, ERR_TOO_LARGE, "the answer of %s is larger than %d MiB", c->url,
                         ANSWER_BYTES_MAX >> 20);
    const char *why = x->why[0] ? x->why : curl_easy_strerror(code);
    return error_set(e, ERR_UNAVAILABLE, "no answer from %s: %s", c->url, why);
}

static bool is_canceled(const struct api_request *r)
{
    return r->cancel && *r->cancel;
}

/* By hand instead of curl_easy_perform, which would look at the cancel flag once a second. */
static enum err drive(struct exchange *x, struct api_client *c, struct error *e)
{
    const struct api_request *r = x->request;
    int64_t deadline_ns =
        r->timeout_ms ? clock_monotonic_ns(clock_real()) + r->timeout_ms * NS_PER_MS : INT64_MAX;
    int running = 1, messages;
    while (running) {
        if (curl_multi_perform(c->multi, &running) != CURLM_OK)
            return error_set(e, ERR_UNAVAILABLE, "the HTTP client failed");
        if (!running)
            break;
        if (is_canceled(r))
            return error_set(e, ERR_CANCELED, "canceled");
        if (clock_monotonic_ns(clock_real()) >= deadline_ns)
            return error_set(e, ERR_TIMEOUT, "no answer from %s within %lld s", c->url,
                             (long long)(r->timeout_ms / 1000));
        curl_multi_poll(c->multi, NULL, 0, LOOK_MS, NULL);
    }
    const CURLMsg *message = curl_multi_info_read(c->multi, &messages);
    CURLcode code = message ? message->data.result : CURLE_FAILED_INIT;
    if (code != CURLE_OK)
        return transport_error(x, c, code, e);
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    x->response->status = (int)status;
    return ERR_OK;
}

enum err api_client_send(struct api_client *c, const struct api_request *request,
                         struct api_response *ret, struct error *e)
{
    struct exchange x = {.request = request, .response = ret};
    ret->status = 0;
    strbuf_init(&ret->body, ANSWER_BYTES_MAX);
    enum err err = prepare(&x, c, e);
    if (!err) {
        curl_multi_add_handle(c->multi, x.easy);
        err = drive(&x, c, e);
        curl_multi_remove_handle(c->multi, x.easy);
    }
    if (!err && ret->status >= 300)
        err = problem_read(strbuf_text(&ret->body), ret->body.length, ret->status, e);
    curl_easy_cleanup(x.easy);
    curl_slist_free_all(x.headers);
    free(x.url);
    return err;
}

/* ---- targets ---- */

void url_add_escaped(struct strbuf *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            strbuf_add_char(out, *text);
        else
            strbuf_add_format(out, "%%%02X", (unsigned char)*text);
    }
}

void url_add_query(struct strbuf *target, const char *name, const char *value)
{
    strbuf_add_char(target, strchr(strbuf_text(target), '?') ? '&' : '?');
    url_add_escaped(target, name);
    strbuf_add_char(target, '=');
    url_add_escaped(target, value);
}
