/* What the commands on orders share: the server, and which order is meant. */
#ifndef SERVER_CLI_ORDER_ASK_H
#define SERVER_CLI_ORDER_ASK_H

#include "base/uuid.h"
#include "server/cli/answer.h"
#include "server/cli/target.h"

enum { ORDER_TIMEOUT_MS = 60 * 1000, ORDER_TARGET_BYTES = 4096 };

/* An order's id, of the id itself or of the client order id. ERR_NOT_FOUND. */
enum err order_ask_id(struct api_client *client, const char *name, char ret[UUID_TEXT],
                      struct error *e);
/* GET, with the answer's text added to `out` (cleared first). */
enum err order_ask_get(struct api_client *client, const char *target, struct strbuf *out,
                       struct error *e);

#endif
