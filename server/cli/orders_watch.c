/* bracketd orders watch: the stream of events, from what stands now on. Where the connection ends
 * it is made again from the last event told, so that none is missed or told twice. */
#include "orders/bracket.h"
#include "server/cli/event_reader.h"
#include "server/cli/interrupt.h"
#include "server/cli/order_ask.h"
#include "server/cli/order_text.h"
#include "server/cli/orders.h"

#include <stdio.h>
#include <string.h>

enum { ORDERS_MAX = 64, AGAIN_MS = 1000, SEQUENCE_TEXT = 24 };

struct watch_options {
    struct target_options target;
    const char *since;
    bool json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "since", .kind = OPTION_TEXT, .offset = offsetof(struct watch_options, since), .value = "SEQUENCE",
     .help = "begin after this event of the log (0 = with the first) instead of now"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct watch_options, json),
     .help = "print each event as a line of JSON"},
    TARGET_OPTION_ROWS(struct watch_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "orders watch",
    .synopsis = "[options] [ID...]",
    .summary =
        "Tell each event of the orders named, until all of them are done; without a name, of\n"
        "all orders, until it is interrupted. ID is an order's id, or its client order id.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd orders watch my-1",
};

struct watched {
    char id[UUID_TEXT];
    bool done;
};

struct watch {
    struct api_client *client;
    bool json;
    struct watched orders[ORDERS_MAX]; /* none = all */
    size_t count;
};

static bool is_final(const char *status)
{
    for (int i = 0; status && i < BRACKET_STATUS_COUNT; i++)
        if (strcmp(status, bracket_status_name((enum bracket_status)i)) == 0)
            return bracket_status_final((enum bracket_status)i);
    return false;
}

static bool all_done(const struct watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (!w->orders[i].done)
            return false;
    return w->count > 0;
}

static struct watched *find(struct watch *w, const char *id)
{
    for (size_t i = 0; id && i < w->count; i++)
        if (strcmp(w->orders[i].id, id) == 0)
            return &w->orders[i];
    return NULL;
}

/* ---- the stream ------------------------------------------------------------------------------ */

static bool on_event(void *context, const struct event_read *event)
{
    struct watch *w = context;
    struct json_value *value = NULL;
    if (strcmp(event->type, "order") != 0 ||
        json_value_parse(event->data, strlen(event->data), &value, NULL))
        return true;
    struct watched *order = find(w, json_value_member_text(value, "order_id"));
    if (order || w->count == 0) {
        if (w->json)
            printf("%s\n", event->data);
        else
            order_text_event(stdout, value);
        fflush(stdout);
    }
    /* The event tells the order as it is by now: it is done once its newest event was told. */
    const struct json_value *now = json_value_member(value, "order");
    if (order)
        order->done = is_final(json_value_member_text(now, "status")) &&
                      json_value_member_int(value, "seq") >= json_value_member_int(now, "rev");
    json_value_free(value);
    return !all_done(w) && !ferror(stdout);
}

static bool on_body(void *context, const char *bytes, size_t length)
{
    return event_reader_feed(context, bytes, length);
}

static enum err listen_once(struct watch *w, struct event_reader *reader, const char *since,
                            int *ret_status, struct error *e)
{
    struct strbuf path;
    struct api_response response;
    const char *const headers[] = {"Accept: text/event-stream", NULL};
    strbuf_init(&path, ORDER_TARGET_BYTES);
    strbuf_add_string(&path, "/v1/events?types=order");
    url_add_query(&path, "since", since);
    if (w->count == 1)
        url_add_query(&path, "order_id", w->orders[0].id);
    const struct api_request request = {.method = "GET",
                                        .target = strbuf_text(&path),
                                        .headers = headers,
                                        .cancel = interrupt_flag(),
                                        .on_body = on_body,
                                        .context = reader};
    enum err err = api_client_send(w->client, &request, &response, e);
    *ret_status = response.status;
    api_response_release(&response);
    strbuf_release(&path);
    return err;
}

/* Until all are done, it is interrupted, or the server refuses. */
static enum err follow(struct watch *w, const char *since, struct error *e)
{
    struct event_reader reader;
    char place[SEQUENCE_TEXT];
    int status = 0;
    bool told = false;
    enum err err;
    snprintf(place, sizeof(place), "%s", since);
    event_reader_init(&reader, on_event, w);
    do {
        err = listen_once(w, &reader, place, &status, e);
        if (*event_reader_last_id(&reader))
            snprintf(place, sizeof(place), "%s", event_reader_last_id(&reader));
        event_reader_restart(&reader);
        bool broken = !err || ((err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) && status == 0);
        if (all_done(w) || !broken)
            break;
        if (!told)
            fprintf(stderr, "bracketd orders watch: the connection has ended, trying again\n");
        told = true;
    } while (interrupt_wait_ms(AGAIN_MS));
    event_reader_release(&reader);
    return all_done(w) ? ERR_OK : err ? err : error_set(e, ERR_CANCELED, "canceled");
}

/* ---- what stands now ------------------------------------------------------------------------- */

/* The newest sequence, before any order is looked at: nothing is missed after it. */
static enum err sequence_now(struct watch *w, char ret[SEQUENCE_TEXT], struct error *e)
{
    struct strbuf text;
    struct json_value *page = NULL;
    strbuf_init(&text, 1 << 20);
    enum err err = order_ask_get(w->client, "/v1/orders?limit=1", &text, e);
    if (!err)
        err = json_value_parse(strbuf_text(&text), text.length, &page, e);
    snprintf(ret, SEQUENCE_TEXT, "%lld", (long long)json_value_member_int(page, "sequence"));
    json_value_free(page);
    strbuf_release(&text);
    return err;
}

static enum err look(struct watch *w, struct watched *order, struct error *e)
{
    char path[64 + UUID_TEXT];
    struct strbuf text;
    struct json_value *value = NULL;
    snprintf(path, sizeof(path), "/v1/orders/%s", order->id);
    strbuf_init(&text, 1 << 20);
    enum err err = order_ask_get(w->client, path, &text, e);
    if (!err)
        err = json_value_parse(strbuf_text(&text), text.length, &value, e);
    if (!err) {
        order->done = is_final(json_value_member_text(value, "status"));
        if (!w->json)
            order_text_line(stdout, value);
        fflush(stdout);
    }
    json_value_free(value);
    strbuf_release(&text);
    return err;
}

static int watch(struct watch *w, const struct watch_options *o,
                 const struct option_arguments *rest)
{
    char since[SEQUENCE_TEXT];
    struct error e;
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < rest->count; i++)
        err = order_ask_id(w->client, rest->items[i], w->orders[w->count++].id, &e);
    if (!err)
        err = sequence_now(w, since, &e);
    if (o->since)
        snprintf(since, sizeof(since), "%s", o->since);
    for (size_t i = 0; !err && !o->since && i < w->count; i++)
        err = look(w, &w->orders[i], &e);
    if (!err && !all_done(w))
        err = follow(w, since, &e);
    /* Without a name there is no other end than the interrupt. */
    if (err == ERR_CANCELED && w->count == 0)
        return command_end(CLI_OK);
    return err ? answer_fail(&e) : command_end(CLI_OK);
}

static int run(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    const struct watch_options *o = given;
    (void)arena;
    struct target target;
    struct error e;
    interrupt_flag();
    if (rest->count > ORDERS_MAX)
        return command_usage(&frame, "at most %d orders; without a name all are watched",
                             ORDERS_MAX);
    if (o->since && (*o->since == '\0' || o->since[strspn(o->since, "0123456789")] ||
                     strlen(o->since) >= SEQUENCE_TEXT - 4))
        return command_usage(&frame, "--since: '%.60s' is no sequence", o->since);
    if (target_open(&o->target, TARGET_SERVER, &target, &e))
        return target_fail(&frame, &e);
    struct watch w = {.client = target.client, .json = o->json};
    int code = watch(&w, o, rest);
    target_close(&target);
    return code;
}

int cli_orders_watch(int argc, char **argv)
{
    struct watch_options o = {0};
    return command_run(&frame, argc, argv, &o, run);
}
