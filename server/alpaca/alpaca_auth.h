/* Keys in Alpaca's headers: APCA-API-SECRET-KEY is the key's text, APCA-API-KEY-ID names it.
 *
 * A key here is one secret, so the secret alone decides who asks. Clients insist on both: the name
 * may be the key's id, its name or its text again, and when it is given it must be one of these.
 */
#ifndef SERVER_ALPACA_AUTH_H
#define SERVER_ALPACA_AUTH_H

#include "server/http/request.h"

struct keys;

/* http_authenticate for paths below /v2: a bearer token, or else the headers. */
enum err alpaca_authenticate(struct keys *keys, const struct http_request *r, const char *token,
                             struct http_identity *ret, struct error *e);

#endif
