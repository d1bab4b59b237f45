/* A client of the API: requests over HTTP with a key, answers in memory, refusals as errors.
 *
 * Nothing is sent twice: what changes state goes out once on a connection of its own, so that not
 * even the library below retries it; only reads use a connection again. Redirects are not followed.
 * A server on this machine is reached without any proxy. One thread uses a client.
 */
#ifndef SERVER_CLI_API_CLIENT_H
#define SERVER_CLI_API_CLIENT_H

#include "base/error.h"
#include "base/strbuf.h"

struct api_client;

/* url: "http://host:port", with a path when the API lives below one. ERR_INVALID for what is no
 * such URL, and for a key that can't be one. key NULL: requests go without. */
enum err api_client_create(const char *url, const char *key, struct api_client **ret,
                           struct error *e);
void api_client_free(struct api_client *c); /* NULL is fine */

struct api_request {
    const char *method; /* "GET" "POST" "DELETE" */
    const char *target; /* "/v1/symbols?limit=1", escaped (url_add_escaped) */
    const char *content_type;
    const char *body; /* NULL = none, or from the file */
    size_t body_bytes;
    bool from_file; /* the body is the first file_bytes of fd (from its start; not moved) */
    int fd;
    int64_t file_bytes;
    const char *const *headers; /* further lines "Name: value", NULL-terminated; NULL = none */
    int64_t timeout_ms;         /* for the whole exchange; 0 = as long as something comes */
    const _Atomic bool *cancel; /* looked at every 100 ms; NULL allowed */
    /* Called as the body goes out; NULL allowed. */
    void (*on_sent)(void *context, int64_t bytes_done, int64_t bytes_total);
    /* Takes the body of a 2xx as it comes in, instead of *ret; false ends the exchange with
     * ERR_CANCELED. NULL allowed. */
    bool (*on_body)(void *context, const char *bytes, size_t length);
    void *context;
};

struct api_response {
    int status; /* 0 = there was no answer */
    struct strbuf body;
};
void api_response_release(struct api_response *r); /* a zeroed one is fine */

/* ERR_OK for an answer of 2xx. A refusal comes back as the error that the server named
 * (problem.h), with its body in *ret. ERR_UNAVAILABLE when the server can't be reached or the
 * connection broke, ERR_TIMEOUT, ERR_CANCELED, ERR_TOO_LARGE (an answer past 64 MiB). *ret is
 * filled in any case; release it. */
enum err api_client_send(struct api_client *c, const struct api_request *request,
                         struct api_response *ret, struct error *e);

/* Appends a text as a part of a path or of a query: what is not unreserved (RFC 3986) is escaped.
 */
void url_add_escaped(struct strbuf *out, const char *text);
/* "?name=value" or, after the first, "&name=value". */
void url_add_query(struct strbuf *target, const char *name, const char *value);

#endif
