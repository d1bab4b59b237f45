/* What a backtest found, as lists: its fires, the fire map, its shards. Handlers of backtests.c's
 * routes. */
#ifndef SERVER_API_BACKTEST_RESULTS_H
#define SERVER_API_BACKTEST_RESULTS_H

#include "base/uuid.h"
#include "server/http/response.h"

/* The {id} of the path. ERR_NOT_FOUND for what is no id: it can't be that of a job. */
enum err backtest_id(const struct http_request *r, struct uuid *ret, struct error *e);

enum err backtest_fires(struct http_request *r, struct http_response *out, struct error *e);
enum err backtest_fire_map(struct http_request *r, struct http_response *out, struct error *e);
enum err backtest_shards(struct http_request *r, struct http_response *out, struct error *e);

#endif
