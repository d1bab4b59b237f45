/* Answers made while they are sent.
 *
 * libmicrohttpd asks for the next bytes on the loop, where nothing may block. So the loop hands out
 * the part that lies in response.body; when that is used up, the connection is suspended and an api
 * thread makes the next one. One part at a time: a client that reads slowly costs one part of
 * memory and, while it reads, no thread. Parts count as long work, so that they never hold all the
 * api threads.
 */
#include "server/http/exchange.h"

#include "base/log.h"

#include <string.h>
#include <sys/types.h>

#include <microhttpd.h>

/* What libmicrohttpd copies at a time to a client of HTTP/1.0, which knows no chunks. */
enum { BLOCK_BYTES = 32 * 1024 };

static void ask_for_part(struct http_exchange *x)
{
    x->job = JOB_PART;
    conn_enter(x->loop, x->conn, CONN_HANDLING, 0);
    offload_push_admitted(x->loop->shared->offload, &x->item, true);
    exchange_suspend(x);
}

/* 0 with the connection suspended: libmicrohttpd asks again after the resume. */
static ssize_t give_bytes(void *context, uint64_t position, char *out, size_t max_bytes)
{
    (void)position;
    struct http_exchange *x = context;
    const struct strbuf *part = &x->response.body;
    size_t left = part->length - x->part_sent_bytes;
    if (x->part_failed || x->conn->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left == 0 && !x->response.produce)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0) {
        ask_for_part(x);
        return 0;
    }
    size_t given = left < max_bytes ? left : max_bytes;
    memcpy(out, part->data + x->part_sent_bytes, given);
    x->part_sent_bytes += given;
    return (ssize_t)given;
}

struct MHD_Response *parts_response(struct http_exchange *x)
{
    struct MHD_Response *m =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, give_bytes, x, NULL);
    /* 0.9.75 ends a chunked body of HEAD although none was begun; this keeps it from chunking. */
    if (m && x->request.method == HTTP_HEAD)
        MHD_set_response_options(m, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
    return m;
}

void parts_make(struct http_exchange *x)
{
    struct http_response *out = &x->response;
    struct error e = {0};
    bool more = false;
    strbuf_clear(&out->body);
    x->part_sent_bytes = 0;
    enum err err = out->produce(out->produce_context, &out->body, &more, &e);
    if (!err && strbuf_failed(&out->body))
        err = error_set(&e, ERR_NO_MEMORY, "no memory for a part of the answer");
    if (!more)
        out->produce = NULL;
    if (!err)
        return;
    x->part_failed = true;
    bool ours = err == ERR_IO || err == ERR_INTERNAL;
    log_event(ours ? LOG_ERROR : LOG_WARN, "answer_broken_off",
              LOG_TEXT("request_id", x->request.request_id),
              LOG_TEXT("operation", x->request.route->operation_id), LOG_TEXT("detail", e.message));
}
