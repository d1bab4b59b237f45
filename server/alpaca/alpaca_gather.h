/* Several asks of the desk and one answer: it goes out when the last of them is on disk. */
#ifndef SERVER_ALPACA_GATHER_H
#define SERVER_ALPACA_GATHER_H

#include "base/json_writer.h"
#include "orders/desk/desk.h"
#include "server/http/request.h"
#include "server/http/response.h"

struct alpaca_gather;

/* Defers the answer. From here on the handler returns OK, after alpaca_gather_end. */
enum err alpaca_gather_begin(struct http_request *r, struct alpaca_gather **ret, struct error *e);
/* Before each ask; its `done` and context are alpaca_gather_done and `g`. */
void alpaca_gather_expect(struct alpaca_gather *g);
/* An ask that was expected was refused at once: its `done` will not be called. */
void alpaca_gather_forget(struct alpaca_gather *g);
/* An order that has ended meanwhile wants nothing any more; every other refusal, or an outcome that
 * is not known, becomes the answer. */
void alpaca_gather_done(void *context, const struct desk_result *result);
/* For the handler's use until alpaca_gather_end, and for a desk_placement's `describe`. */
struct strbuf *alpaca_gather_text(struct alpaca_gather *g);
/* The whole of it for an answer that tells of several orders: 207 with an array, whose items `ask`
 * writes as it asks. */
typedef enum err alpaca_gather_ask(void *context, struct alpaca_gather *g, struct json_writer *w,
                                   struct error *e);
enum err alpaca_gather_array(struct http_request *r, struct http_response *out,
                             alpaca_gather_ask *ask, void *context, struct error *e);
/* Everything is asked, and the answer is in http_request_response(r) already; or `e` (NULL = none)
 * is it. `g` is gone. */
void alpaca_gather_end(struct alpaca_gather *g, const struct error *e);

#endif
