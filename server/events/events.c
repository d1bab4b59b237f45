/* GET /v1/events: what happens, as server-sent events (text/event-stream). */
#include "server/events/event_hub.h"

#include "base/log.h"
#include "base/text.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 2000 };

/* In the request's arena. */
struct stream {
    struct event_subscriber subscriber; /* first: the hub hands it back */
    struct event_hub *hub;
    struct http_request *request;
    struct event_place place;
    int64_t keys_seen; /* keys_in_force's */
};

/* ---- the stream ------------------------------------------------------------------------------ */

static void wake(struct event_subscriber *s)
{
    http_feed_wake(((struct stream *)s)->request);
}

static enum http_feed_next read_log(struct stream *s, struct strbuf *out)
{
    struct error e = {0};
    if (event_hub_read_log(s->hub, &s->subscriber.filter, &s->place, out, &e) == ERR_OK)
        return HTTP_FEED_MORE;
    log_event(LOG_ERROR, "event_stream_broken_off", LOG_TEXT("request_id", s->request->request_id),
              LOG_TEXT("detail", e.message));
    return HTTP_FEED_FAIL;
}

static enum http_feed_next next(void *context, struct strbuf *out, bool may_block)
{
    struct stream *s = context;
    struct app *app = s->request->app;
    if (!keys_in_force(app->keys, &s->request->identity, &s->keys_seen))
        return HTTP_FEED_END;
    switch (event_hub_read(s->hub, &s->subscriber.filter, &s->place, out)) {
    case EVENT_READ_ALL:
        return HTTP_FEED_WAIT;
    case EVENT_READ_MORE:
        return HTTP_FEED_MORE;
    case EVENT_READ_BEHIND:
        break;
    }
    return may_block ? read_log(s, out) : HTTP_FEED_BLOCK;
}

static void closed(void *context)
{
    struct stream *s = context;
    event_hub_unsubscribe(s->hub, &s->subscriber);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static enum err add_type(struct event_filter *f, const char *name, size_t length, struct error *e)
{
    if (length == 5 && memcmp(name, "order", 5) == 0)
        f->orders = true;
    else if (length == 3 && memcmp(name, "job", 3) == 0)
        f->jobs = true;
    else
        return error_field(e, ERR_INVALID, "?types", "expected some of order,job, got '%.40s'",
                           name);
    return ERR_OK;
}

static enum err read_types(const struct http_request *r, struct event_filter *f, struct error *e)
{
    const char *text = http_query(r, "types");
    enum err err = ERR_OK;
    if (!text) {
        f->orders = true;
        f->jobs = !f->has_order_id;
        return ERR_OK;
    }
    while (err == ERR_OK) {
        size_t length = strcspn(text, ",");
        err = add_type(f, text, length, e);
        if (!text[length])
            break;
        text += length + 1;
    }
    if (err == ERR_OK && f->has_order_id && !f->orders)
        err = error_field(e, ERR_INVALID, "?order_id", "goes with types=order");
    return err;
}

static enum err read_filter(const struct http_request *r, struct event_filter *f, struct error *e)
{
    const char *id = http_query(r, "order_id");
    f->has_order_id = id != NULL;
    if (id && !uuid_parse(id, strlen(id), &f->order_id))
        return error_field(e, ERR_INVALID, "?order_id", "expected the id of an order, got '%.40s'",
                           id);
    return read_types(r, f, e);
}

/* Last-Event-ID goes before ?since: a client that comes back sends the URL it began with. */
static enum err read_since(const struct http_request *r, int64_t *ret, struct error *e)
{
    const char *last = http_header(r, "Last-Event-ID");
    char *end;
    if (!last || !*last)
        return http_query_int(r, "since", 0, INT64_MAX, ret, e);
    errno = 0;
    long long value = strtoll(last, &end, 10);
    if (errno || *end || value < 0 || last[0] < '0' || last[0] > '9')
        return error_set(e, ERR_INVALID, "a Last-Event-ID is the id of an event, got '%.40s'",
                         last);
    *ret = value;
    return ERR_OK;
}

/* Takes its place. A place beyond the newest event is of another database: it begins with what
 * comes next. */
static enum err open_stream(struct http_request *r, struct stream *s, int64_t since,
                            struct error *e)
{
    struct app *app = r->app;
    s->hub = app->events;
    s->request = r;
    s->keys_seen = -1;
    s->subscriber.wake = wake;
    enum err err = event_hub_subscribe(s->hub, &s->subscriber, &s->place, e);
    if (err == ERR_OK && since >= 0 && since < s->place.sequence)
        s->place.sequence = since;
    return err;
}

static enum err answer(struct http_request *r, struct http_response *out, struct stream *s,
                       struct error *e)
{
    const struct http_feed feed = {.next = next,
                                   .closed = closed,
                                   .context = s,
                                   .beat = ": nothing new\n\n",
                                   .beat_ms = LIMIT_EVENT_BEAT_SECONDS * 1000};
    http_add_header(r, out, "X-Accel-Buffering", "no"); /* for proxies that would keep it back */
    strbuf_add_format(&out->body, "retry: %d\nid: %" PRId64 "\n\n", RETRY_MS, s->place.sequence);
    return http_respond_feed(out, "text/event-stream", &feed, e);
}

static enum err stream_events(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"since", "types", "order_id", NULL};
    int64_t since = -1;
    enum err err;
    struct stream *s = arena_alloc(r->arena, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for a stream");
    if ((err = http_query_only(r, names, e)) || (err = read_filter(r, &s->subscriber.filter, e)) ||
        (err = read_since(r, &since, e)))
        return err;
    if (r->method == HTTP_HEAD)
        return http_respond_text(out, 200, "text/event-stream", e);
    err = open_stream(r, s, since, e);
    return err ? err : answer(r, out, s, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v1/events", .handler = stream_events,
     .scope = KEY_SCOPE_READ, .flags = HTTP_ROUTE_INLINE, .operation_id = "streamEvents"},
};
/* clang-format on */
const struct http_route_table events_routes = HTTP_ROUTE_TABLE(routes);
