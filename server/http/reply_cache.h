/* Answers made ready: for shared bodies that are asked for again and again, and for the 304s of
 * those who have them, libmicrohttpd's response with all its headers is kept, and only the request
 * id and the date are written into it, in place.
 *
 * That is sound because a loop owns its cache, and libmicrohttpd copies the head into the
 * connection's memory as soon as the handler that queued the response returns, before it turns to
 * another connection. Building a response costs three allocations per header: a tenth of a request.
 */
#ifndef SERVER_HTTP_REPLY_CACHE_H
#define SERVER_HTTP_REPLY_CACHE_H

#include "server/http/response_internal.h"

#include <stdbool.h>

struct MHD_Response;

enum {
    REPLY_CACHE_SLOTS = 64,
    REPLY_CACHE_BODY_BYTES = 64 * 1024, /* larger bodies are not kept alive for this */
    MADE_REQUEST_ID_BYTES = 32,         /* length of the ids that we make */
    HTTP_DATE_BYTES = 30,               /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */
};

struct reply_cache {
    struct reply_slot {
        struct http_body *body;   /* one reference; NULL in `unchanged` */
        char etag[HTTP_ETAG_MAX]; /* in `unchanged` */
        struct MHD_Response *response;
        char *request_id, *date; /* inside the response */
    } slots[REPLY_CACHE_SLOTS], unchanged[REPLY_CACHE_SLOTS];
};

void reply_cache_clear(struct reply_cache *cache);

/* The 200 of `body` with its type and tag; borrowed until the next call. NULL when memory is out.
 * `request_id` has MADE_REQUEST_ID_BYTES. */
struct MHD_Response *reply_cache_get(struct reply_cache *cache, struct http_body *body,
                                     const char *request_id, const char date[HTTP_DATE_BYTES]);

/* The same for a 304 with this tag, which is not empty. */
struct MHD_Response *reply_cache_get_unchanged(struct reply_cache *cache, const char *etag,
                                               const char *request_id,
                                               const char date[HTTP_DATE_BYTES]);

/* What every answer carries. */
bool reply_add_common(struct MHD_Response *m, const char *request_id, const char *date,
                      const char *cache_control);
/* A response that takes over one reference of `body`. */
struct MHD_Response *reply_from_shared(struct http_body *body);

/* RFC 9110's date of a time in seconds. */
void http_date_format(int64_t seconds, char out[HTTP_DATE_BYTES]);

#endif
