/* The cursors of lists: what the next page begins after, opaque to clients (base64), and refused
 * where another list made it. They hold no secret and give no right, so they are not signed.
 */
#ifndef SERVER_API_CURSOR_H
#define SERVER_API_CURSOR_H

#include "server/http/request.h"

enum {
    CURSOR_PLACE = 64, /* what a cursor holds, with the NUL */
    CURSOR_TEXT = 128, /* as sent, with the NUL */
};

/* kind: a short word, one per list. The place must fit (asserted). */
void cursor_write(char out[CURSOR_TEXT], const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads ?cursor=. `place` is "" when it is not given. ERR_INVALID when it is not one of `kind`. */
enum err cursor_read(const struct http_request *r, const char *kind, char place[CURSOR_PLACE],
                     struct error *e);
/* The refusal, for a place that does not read as what the list writes. */
enum err cursor_refuse(struct error *e);

#endif
