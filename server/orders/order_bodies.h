/* Renderings of orders, made once per revision and shared by everyone who asks.
 *
 * A rendering is an http_body: the JSON of order_json.h and the ETag of its revision. What is kept
 * has a limit in bytes; the ones not asked for the longest go first. The `tracker` block and what
 * depends on the clock are of when it was rendered: of a live order that is made anew when somebody
 * asks a second later or more, under the same tag.
 *
 * Any thread.
 */
#ifndef SERVER_ORDERS_ORDER_BODIES_H
#define SERVER_ORDERS_ORDER_BODIES_H

#include "orders/desk/desk.h"
#include "server/http/response.h"

struct order_bodies;

/* The desk is borrowed until order_bodies_free, and only used by what is called. limit_bytes 0 =
 * LIMIT_ORDER_BODIES_BYTES. */
enum err order_bodies_create(struct desk *desk, const struct clock *clock, size_t limit_bytes,
                             struct order_bodies **ret, struct error *e);
void order_bodies_free(struct order_bodies *bodies); /* NULL is fine */

/* The strong entity tag of an order's revision, with its quotes. */
void order_etag(int64_t rev, char out[HTTP_ETAG_MAX]);
/* The revision that a tag names; false when it is none of ours. */
bool order_etag_parse(const char *etag, int64_t *ret_rev);

/* In each case what is returned is one reference, the caller's. */

/* Of a live order. Never blocks. NO_MEMORY. */
enum err order_bodies_live(struct order_bodies *bodies, struct desk_order *order,
                           struct http_body **ret, struct error *e);
/* The kept last rendering of an order that has left the desk; NULL when there is none. */
struct http_body *order_bodies_ended(struct order_bodies *bodies, const struct uuid *id);
/* Of any order. Blocks. NOT_FOUND; DATA when its chain is broken. */
enum err order_bodies_get(struct order_bodies *bodies, const struct uuid *id,
                          struct http_body **ret, struct error *e);

#endif
