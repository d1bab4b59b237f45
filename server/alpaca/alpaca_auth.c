#include "server/alpaca/alpaca_auth.h"

#include "server/keys.h"

#include <string.h>

/* What a wrong key is told, so that one cannot try which half is wrong. */
static enum err refuse(struct error *e)
{
    return error_set(e, ERR_UNAUTHORIZED, "request is not authorized");
}

enum err alpaca_authenticate(struct keys *keys, const struct http_request *r, const char *token,
                             struct http_identity *ret, struct error *e)
{
    if (token)
        return keys_authenticate_again(keys, r->memo, token, ret, e) ? refuse(e) : ERR_OK;
    const char *secret = http_header(r, "APCA-API-SECRET-KEY");
    const char *name = http_header(r, "APCA-API-KEY-ID");
    if (!secret)
        return error_set(e, ERR_UNAUTHORIZED,
                         "send the key's text as APCA-API-SECRET-KEY, and as APCA-API-KEY-ID its "
                         "id, its name or the same text");
    if (keys_authenticate_again(keys, r->memo, secret, ret, e))
        return refuse(e);
    bool named = !name || strcmp(name, secret) == 0 || keys_named(keys, ret, name);
    return named ? ERR_OK : refuse(e);
}
