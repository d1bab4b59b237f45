/* Pages of GET /v1/orders as they were answered, each good until any order changes: whoever polls a
 * list gets the page that is there, or a 304, without a look at the store.
 *
 * A page belongs to a question (its normal form as text) and to the sequence of the log that was
 * known before it was read. A fixed number of pages is kept; of two with the same slot the newer.
 *
 * Any thread; nothing blocks.
 */
#ifndef SERVER_ORDERS_ORDER_PAGES_H
#define SERVER_ORDERS_ORDER_PAGES_H

#include "server/http/response.h"

enum { ORDER_PAGE_KEY = 256, ORDER_PAGE_BYTES = 512 * 1024 }; /* larger pages are not kept */

struct order_pages;

enum err order_pages_create(struct order_pages **ret, struct error *e);
void order_pages_free(struct order_pages *p); /* NULL is fine */

/* The page of `key` as of `sequence`: one reference, the caller's; NULL when there is none. */
struct http_body *order_pages_find(struct order_pages *p, const char *key, int64_t sequence);
/* Takes a reference of its own. A key that is too long, or a large page, is not kept. */
void order_pages_keep(struct order_pages *p, const char *key, int64_t sequence,
                      struct http_body *page);

#endif
