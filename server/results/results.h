/* What a backtest found, as lists and tables: handlers of the routes in results.c. */
#ifndef SERVER_RESULTS_RESULTS_H
#define SERVER_RESULTS_RESULTS_H

#include "server/http/response.h"

enum err results_fires(struct http_request *r, struct http_response *out, struct error *e);
enum err results_fire_map(struct http_request *r, struct http_response *out, struct error *e);
enum err results_by_minute(struct http_request *r, struct http_response *out, struct error *e);
enum err results_by_weekday(struct http_request *r, struct http_response *out, struct error *e);
enum err results_by_month(struct http_request *r, struct http_response *out, struct error *e);
enum err results_by_symbol(struct http_request *r, struct http_response *out, struct error *e);
enum err results_trades(struct http_request *r, struct http_response *out, struct error *e);
enum err results_equity(struct http_request *r, struct http_response *out, struct error *e);
enum err results_report(struct http_request *r, struct http_response *out, struct error *e);
enum err results_shards(struct http_request *r, struct http_response *out, struct error *e);
enum err results_compare(struct http_request *r, struct http_response *out, struct error *e);

#endif
