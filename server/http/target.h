/* The request target: raw bytes of the request line -> decoded path segments and query parameters.
 *
 * The path is split at '/' before it is decoded, so that %2F stays inside a segment. The query is
 * decoded as forms are: '+' is a space, %2B is a plus. Refused (ERR_INVALID): a bad escape, %00,
 * text that is not UTF-8, a raw byte that does not belong in a target, a parameter given twice or
 * without a name; too many of either. ERR_URI_TOO_LONG beyond LIMIT_URL_BYTES.
 */
#ifndef SERVER_HTTP_TARGET_H
#define SERVER_HTTP_TARGET_H

#include "server/http/request.h"

/* Fills path, segments and query of `r` with texts in its arena. *ret_authority is the authority of
 * an absolute target ("http://host:port/path", arena), or NULL. "*" gives no segments. */
enum err target_parse(struct http_request *r, const char *raw, const char **ret_authority,
                      struct error *e);

#endif
