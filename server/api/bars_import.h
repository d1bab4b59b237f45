/* POST /v1/bars/{symbol}: a CSV upload of any size, spooled to disk as it comes in. */
#ifndef SERVER_API_BARS_IMPORT_H
#define SERVER_API_BARS_IMPORT_H

#include "server/http/route.h"

extern const struct http_stream bars_import_stream;
enum err bars_import(struct http_request *r, struct http_response *out, struct error *e);

#endif
