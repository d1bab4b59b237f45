/* Uploads of bars, of any size, spooled to disk as they come in:
 *
 *   POST /v1/bars/{symbol}      CSV of one symbol
 *   POST /v1/bars?format=lean   a zip of many
 */
#ifndef SERVER_API_BARS_IMPORT_H
#define SERVER_API_BARS_IMPORT_H

#include "server/http/route.h"

extern const struct http_stream bars_import_stream, lean_import_stream;
enum err bars_import(struct http_request *r, struct http_response *out, struct error *e);
enum err lean_import(struct http_request *r, struct http_response *out, struct error *e);

#endif
