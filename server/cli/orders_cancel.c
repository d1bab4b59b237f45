/* bracketd orders cancel: each order named, or all of them at once. */
#include "server/cli/order_ask.h"
#include "server/cli/order_text.h"
#include "server/cli/orders.h"

#include <stdio.h>

struct cancel_options {
    struct target_options target;
    bool all, close, json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "close", .kind = OPTION_FLAG, .offset = offsetof(struct cancel_options, close),
     .help = "close what is open at market, too"},
    {.name = "all", .kind = OPTION_FLAG, .offset = offsetof(struct cancel_options, all),
     .help = "every live order"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct cancel_options, json),
     .help = "print each answer as in openapi.yaml"},
    TARGET_OPTION_ROWS(struct cancel_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "orders cancel",
    .synopsis = "[options] ID...",
    .summary =
        "Ask for a cancel: what is left of the entry goes, an open position keeps its exits\n"
        "unless --close is given. ID is an order's id, or its client order id.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd orders cancel --close my-1",
};

static void count_layout(FILE *out, const struct json_value *answer)
{
    long long asked = (long long)json_value_member_int(answer, "orders");
    fprintf(out, "Asked %lld %s.\n", asked, asked == 1 ? "order" : "orders");
}

static int send(struct api_client *client, const char *method, const char *target, bool json,
                answer_layout *layout)
{
    struct api_response response;
    struct error e;
    struct answer_request request = {
        .method = method, .target = target, .timeout_ms = ORDER_TIMEOUT_MS};
    enum err err = answer_ask(client, &request, &response, &e);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&response.body), response.body.length, json, layout);
    api_response_release(&response);
    return code;
}

static int cancel_one(struct api_client *client, const char *name, const struct cancel_options *o)
{
    char id[UUID_TEXT], target[64 + UUID_TEXT];
    struct error e;
    if (order_ask_id(client, name, id, &e))
        return answer_fail(&e);
    snprintf(target, sizeof(target), "/v1/orders/%s%s", id, o->close ? "?close=true" : "");
    return send(client, "DELETE", target, o->json, order_text_line);
}

static int run(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    const struct cancel_options *o = given;
    (void)arena;
    struct target target;
    struct error e;
    int code = CLI_OK;
    if (o->all == (rest->count > 0))
        return command_usage(&frame, "which orders? Give their ids, or --all");
    if (target_open(&o->target, TARGET_SERVER, &target, &e))
        return target_fail(&frame, &e);
    if (o->all)
        code = send(target.client, "POST",
                    o->close ? "/v1/orders/cancel-all?close=true" : "/v1/orders/cancel-all",
                    o->json, count_layout);
    /* One that fails keeps no other from its cancel. */
    for (size_t i = 0; i < rest->count; i++) {
        int one = cancel_one(target.client, rest->items[i], o);
        code = code == CLI_OK ? one : code;
    }
    target_close(&target);
    return code;
}

int cli_orders_cancel(int argc, char **argv)
{
    struct cancel_options o = {0};
    return command_run(&frame, argc, argv, &o, run);
}
