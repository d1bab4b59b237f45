/* Events of orders as server-sent events, read from the log a page at a time:
 *
 *   id: 42
 *   event: order
 *   data: {"sequence": 42, "order_id": ..., "seq": 7, "type": "report", "at": ...,
 *          "detail": {...}, "order": {...}}
 *
 * `detail` is what the event says (server/orders/order_event_json.h), `order` how the order stands
 * at the time of the telling, so its `rev` may be beyond `seq`: a row of a table of orders can be
 * drawn from it alone. null when the order cannot be read.
 */
#ifndef SERVER_EVENTS_EVENT_TEXT_H
#define SERVER_EVENTS_EVENT_TEXT_H

#include "base/strbuf.h"
#include "orders/desk/desk.h"

enum { EVENT_PAGE = 128, EVENT_TEXT_BYTES = 8 * 1024 };

/* One event as text, valid during the call. */
typedef void event_text_fn(void *context, int64_t sequence, const struct uuid *order_id,
                           const struct strbuf *text);

/* Tells the events with sequence > since, of one order or of all (NULL), at most EVENT_PAGE of
 * them; *ret_count is how many. Blocks. Errors of the store; NO_MEMORY. */
enum err event_text_read(struct order_store *store, struct desk *desk, const struct uuid *order_id,
                         int64_t since, event_text_fn *tell, void *context, size_t *ret_count,
                         struct error *e);

#endif
