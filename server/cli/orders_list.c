/* bracketd orders list and show: what stands now. */
#include "orders/bracket.h"
#include "server/cli/order_ask.h"
#include "server/cli/order_text.h"
#include "server/cli/orders.h"

#include <stdio.h>

enum { ANSWER_BYTES_MAX = 64 << 20, LIST_LIMIT = 50 };

struct list_options {
    struct target_options target;
    const char *symbol, *status, *client_order_id, *from, *to;
    int64_t limit;
    bool json;
};

/* clang-format off */
static const struct option list_rows[] = {
    {.name = "status", .kind = OPTION_TEXT, .offset = offsetof(struct list_options, status), .value = "A,B",
     .help = "those in these states: working,protecting"},
    {.name = "symbol", .kind = OPTION_TEXT, .offset = offsetof(struct list_options, symbol), .value = "SYMBOL",
     .help = "those on this contract or share"},
    {.name = "client-order-id", .kind = OPTION_TEXT, .offset = offsetof(struct list_options, client_order_id),
     .value = "ID", .help = "the one of this name"},
    {.name = "from", .kind = OPTION_TEXT, .offset = offsetof(struct list_options, from), .value = "WHEN",
     .help = "made at this time or date, or later"},
    {.name = "to", .kind = OPTION_TEXT, .offset = offsetof(struct list_options, to), .value = "WHEN",
     .help = "made before"},
    {.name = "limit", .kind = OPTION_INTEGER, .offset = offsetof(struct list_options, limit), .value = "N",
     .help = "so many at most (50)", .min = 1, .max = LIMIT_PAGE_ITEMS},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct list_options, json),
     .help = "print the OrderPage of openapi.yaml"},
    TARGET_OPTION_ROWS(struct list_options, target.),
};
/* clang-format on */

static const struct command_frame list_frame = {
    .name = "orders list",
    .synopsis = "[options]",
    .summary = "Orders, newest first.",
    .options = list_rows,
    .option_count = sizeof(list_rows) / sizeof(list_rows[0]),
    .example = "    bracketd orders list --status working,protecting",
};

static void add_filters(struct strbuf *target, const struct list_options *o)
{
    const struct {
        const char *name, *value;
    } filters[] = {{"status", o->status},
                   {"symbol", o->symbol},
                   {"client_order_id", o->client_order_id},
                   {"from", o->from},
                   {"to", o->to}};
    strbuf_add_format(target, "/v1/orders?limit=%lld", (long long)o->limit);
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
        if (filters[i].value)
            url_add_query(target, filters[i].name, filters[i].value);
}

static int list(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    const struct list_options *o = given;
    (void)arena;
    struct target target;
    struct strbuf path, answer;
    struct error e;
    if (rest->count)
        return command_usage(&list_frame, "list takes no argument; show ID shows one order");
    if (target_open(&o->target, TARGET_SERVER, &target, &e))
        return target_fail(&list_frame, &e);
    strbuf_init(&path, ORDER_TARGET_BYTES);
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    add_filters(&path, o);
    enum err err = order_ask_get(target.client, strbuf_text(&path), &answer, &e);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, o->json, order_text_page);
    strbuf_release(&answer);
    strbuf_release(&path);
    target_close(&target);
    return code;
}

int cli_orders_list(int argc, char **argv)
{
    struct list_options o = {.limit = LIST_LIMIT};
    return command_run(&list_frame, argc, argv, &o, list);
}

/* ---- one, and what it looks at: the order or its log ----------------------------------------- */

struct show_options {
    struct target_options target;
    bool json;
};

/* clang-format off */
static const struct option show_rows[] = {
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct show_options, json),
     .help = "print the answer as in openapi.yaml"},
    TARGET_OPTION_ROWS(struct show_options, target.),
};
/* clang-format on */

static const struct command_frame show_frame = {
    .name = "orders show",
    .synopsis = "[options] ID",
    .summary = "One order with its legs. ID is its id, or the client order id that it was given.",
    .options = show_rows,
    .option_count = sizeof(show_rows) / sizeof(show_rows[0]),
    .example = "    bracketd orders show my-1",
};

static const struct command_frame events_frame = {
    .name = "orders events",
    .synopsis = "[options] ID",
    .summary = "The log of one order: all that ever happened to it. ID is its id, or the client\n"
               "order id that it was given. watch tells new events as they come.",
    .options = show_rows,
    .option_count = sizeof(show_rows) / sizeof(show_rows[0]),
    .example = "    bracketd orders events my-1",
};

/* All pages of the log, one after the other. */
static int print_log(struct api_client *client, const char *id, bool json)
{
    struct strbuf answer, path;
    struct error e;
    int code = CLI_OK;
    bool more = true;
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    strbuf_init(&path, ORDER_TARGET_BYTES);
    strbuf_add_format(&path, "/v1/orders/%s/events?limit=%d", id, LIMIT_PAGE_ITEMS);
    while (more && code == CLI_OK) {
        struct json_value *page = NULL;
        if (order_ask_get(client, strbuf_text(&path), &answer, &e) ||
            json_value_parse(strbuf_text(&answer), answer.length, &page, &e)) {
            code = answer_fail(&e);
            break;
        }
        code = answer_print(strbuf_text(&answer), answer.length, json, order_text_events);
        const char *cursor = json_value_member_text(page, "next_cursor");
        more = cursor != NULL;
        strbuf_clear(&path);
        strbuf_add_format(&path, "/v1/orders/%s/events?limit=%d", id, LIMIT_PAGE_ITEMS);
        if (cursor)
            url_add_query(&path, "cursor", cursor);
        json_value_free(page);
    }
    strbuf_release(&path);
    strbuf_release(&answer);
    return code;
}

static int print_order(struct api_client *client, const char *id, bool json)
{
    char path[64 + UUID_TEXT];
    struct strbuf answer;
    struct error e;
    snprintf(path, sizeof(path), "/v1/orders/%s", id);
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    enum err err = order_ask_get(client, path, &answer, &e);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, json, order_text_one);
    strbuf_release(&answer);
    return code;
}

typedef int print_one(struct api_client *client, const char *id, bool json);

static int look(const struct command_frame *frame, const struct show_options *o,
                const struct option_arguments *rest, print_one *print)
{
    struct target target;
    struct error e;
    char id[UUID_TEXT];
    if (rest->count != 1)
        return command_usage(frame, "which order? Give its id");
    if (target_open(&o->target, TARGET_SERVER, &target, &e))
        return target_fail(frame, &e);
    int code = order_ask_id(target.client, rest->items[0], id, &e)
                   ? answer_fail(&e)
                   : print(target.client, id, o->json);
    target_close(&target);
    return code;
}

static int show(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    (void)arena;
    return look(&show_frame, given, rest, print_order);
}

static int events(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    (void)arena;
    return look(&events_frame, given, rest, print_log);
}

int cli_orders_show(int argc, char **argv)
{
    struct show_options o = {0};
    return command_run(&show_frame, argc, argv, &o, show);
}

int cli_orders_events(int argc, char **argv)
{
    struct show_options o = {0};
    return command_run(&events_frame, argc, argv, &o, events);
}
