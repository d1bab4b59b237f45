/* Life cycle of responses and bodies, for the files of this folder that send them. */
#ifndef SERVER_HTTP_RESPONSE_INTERNAL_H
#define SERVER_HTTP_RESPONSE_INTERNAL_H

#include "server/http/response.h"

#include <stdatomic.h>

struct http_body {
    atomic_int references;
    size_t size_bytes;
    char *bytes; /* owned */
    char etag[HTTP_ETAG_MAX];
    char content_type[64];
};

void http_response_init(struct http_response *out);
/* Drops the body, its type, tag and status; keeps the extra headers. */
void http_response_drop_body(struct http_response *out);
void http_response_release(struct http_response *out);

/* Turns *e into the answer: http_respond_problem with the headers that its status wants
 * (WWW-Authenticate, Retry-After). Texts of ERR_INTERNAL and ERR_IO go to the log, not to the
 * client. */
void http_respond_error(struct http_request *r, struct http_response *out, const struct error *e);

#endif
