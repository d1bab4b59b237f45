/* A body of any size on its way in: spooled to a nameless file, for a handler that parses it when
 * it is complete. Parsing wants the whole (an import is all or nothing), and a slow sender must not
 * hold memory or the one writer of bars.
 */
#ifndef SERVER_API_UPLOAD_H
#define SERVER_API_UPLOAD_H

#include "server/http/request.h"

/* First member of what the handler hangs on r->user. */
struct upload {
    int fd;           /* the handler closes it */
    int64_t begun_ns; /* monotonic */
};

/* Opens the spool and sets r->user; ERR_DISK_FULL below the reserve. */
enum err upload_open(struct http_request *r, struct upload *u, struct error *e);
/* The parts of a http_stream that every upload shares. */
enum err upload_chunk(struct http_request *r, const void *bytes, size_t size_bytes,
                      struct error *e);
void upload_abort(struct http_request *r);

#endif
