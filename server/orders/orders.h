/* What the files of the order resources share. */
#ifndef SERVER_ORDERS_ORDERS_H
#define SERVER_ORDERS_ORDERS_H

#include "orders/desk/desk.h"
#include "server/http/request.h"
#include "server/http/response.h"

/* {id} of the path; NOT_FOUND when it is none. */
enum err orders_path_id(const struct http_request *r, struct uuid *ret, struct error *e);
/* Answers with an order that was not live a moment ago, with its ETag. Blocks unless it was asked
 * for lately: on a loop it may move the request to an api thread. */
enum err orders_respond(struct http_request *r, struct http_response *out, const struct uuid *id,
                        struct error *e);
/* The same of a live order; `status` 200 or 202. Never blocks. */
enum err orders_respond_live(struct http_request *r, struct http_response *out, int status,
                             struct desk_order *order, struct error *e);

#endif
