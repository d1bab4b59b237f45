#include "server/alpaca/alpaca_gather.h"

#include "server/orders/order_wait.h"

#include <stdatomic.h>
#include <stdlib.h>

struct alpaca_gather {
    struct order_wait *wait;
    atomic_int pending;    /* asks, and one for the handler */
    atomic_bool failed;    /* `error` is taken */
    atomic_bool has_error; /* and written */
    struct error error;
    struct strbuf text;
};

enum { TEXT_BYTES_MAX = 64 * 1024 };

enum err alpaca_gather_begin(struct http_request *r, struct alpaca_gather **ret, struct error *e)
{
    static const struct order_waiting waiting = {0};
    struct alpaca_gather *g = calloc(1, sizeof *g);
    if (!g)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    atomic_init(&g->pending, 1);
    strbuf_init(&g->text, TEXT_BYTES_MAX);
    enum err err = order_wait_begin(r, &waiting, &g->wait, e);
    if (err) {
        free(g);
        return err;
    }
    *ret = g;
    return ERR_OK;
}

static void take_error(struct alpaca_gather *g, const struct error *e)
{
    if (atomic_exchange(&g->failed, true))
        return;
    g->error = *e;
    atomic_store(&g->has_error, true);
}

static void answer(struct alpaca_gather *g)
{
    struct http_request *r = order_wait_take(g->wait);
    if (r && atomic_load(&g->has_error))
        http_request_fail(r, &g->error);
    else if (r)
        http_request_complete(r);
    strbuf_release(&g->text);
    free(g);
}

static void release(struct alpaca_gather *g)
{
    if (atomic_fetch_sub(&g->pending, 1) == 1)
        answer(g);
}

struct strbuf *alpaca_gather_text(struct alpaca_gather *g)
{
    return &g->text;
}

void alpaca_gather_expect(struct alpaca_gather *g)
{
    atomic_fetch_add(&g->pending, 1);
}

void alpaca_gather_forget(struct alpaca_gather *g)
{
    release(g);
}

void alpaca_gather_done(void *context, const struct desk_result *result)
{
    struct alpaca_gather *g = context;
    struct error e;
    if (result->outcome == DESK_UNKNOWN) {
        order_outcome_unknown(&e, result->error->message);
        take_error(g, &e);
    } else if (result->outcome == DESK_REFUSED && result->error->code != ERR_CONFLICT) {
        take_error(g, result->error);
    }
    release(g);
}

void alpaca_gather_end(struct alpaca_gather *g, const struct error *e)
{
    if (e)
        take_error(g, e);
    release(g);
}

enum err alpaca_gather_array(struct http_request *r, struct http_response *out,
                             alpaca_gather_ask *ask, void *context, struct error *e)
{
    enum { MULTI_STATUS = 207 };
    struct alpaca_gather *g;
    struct json_writer w;
    enum err err = alpaca_gather_begin(r, &g, e);
    if (err)
        return err;
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    err = ask(context, g, &w, e);
    json_end_array(&w);
    if (!err)
        err = http_respond_json(out, MULTI_STATUS, e);
    alpaca_gather_end(g, err ? e : NULL);
    return ERR_OK;
}
