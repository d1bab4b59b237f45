/* Query parameters as Alpaca's clients write them. */
#ifndef SERVER_ALPACA_QUERY_H
#define SERVER_ALPACA_QUERY_H

#include "server/http/request.h"

/* true, t and 1, false, f and 0 in any case: Python's "True" is among what clients send. */
enum err alpaca_query_bool(const struct http_request *r, const char *name, bool *ret,
                           struct error *e);
/* RFC 3339, or a date: its midnight in New York. *ret_given tells whether there is one. */
enum err alpaca_query_time(const struct http_request *r, const char *name, bool *ret_given,
                           int64_t *ret_ns, struct error *e);
/* A decimal above 0 and up to `max`. */
enum err alpaca_query_decimal(const struct http_request *r, const char *name, int64_t max,
                              bool *ret_given, int64_t *ret, struct error *e);
/* "AAPL,MSFT" in capitals, in the request's arena; *ret stays when there is none. */
enum err alpaca_query_symbols(const struct http_request *r, const char *name, const char **ret,
                              struct error *e);
/* Whether `item` is among "AAPL,MSFT"; a list that is NULL has everything. */
bool alpaca_list_has(const char *list, const char *item);

#endif
