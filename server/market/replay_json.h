/* A replay as it is answered. */
#ifndef SERVER_MARKET_REPLAY_JSON_H
#define SERVER_MARKET_REPLAY_JSON_H

#include "base/json_writer.h"
#include "engine/bars/calendar.h"
#include "server/market/replay_service.h"

/* One object. `hours` are the market's, NULL = it never closes; now_ns (UTC): they give the
 * warnings of a replay that is live. */
void replay_json_write(struct json_writer *w, const struct replay_view *v,
                       const struct calendar *hours, int64_t now_ns);

#endif
