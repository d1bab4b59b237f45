/* An order goes out with an idempotency key made here, so that it may be asked again when the
 * answer was lost: the server makes one order of all of them. */
#include "server/cli/interrupt.h"
#include "server/cli/order_ask.h"
#include "server/cli/order_flags.h"
#include "server/cli/order_text.h"
#include "server/cli/orders.h"

#include <stdio.h>
#include <string.h>

enum { BODY_BYTES_MAX = LIMIT_BODY_BYTES, TRIES = 5, AGAIN_MS = 1000 };

struct place_options {
    struct target_options target;
    struct order_flags order;
    const char *idempotency_key;
    bool json, dry_run;
};

/* clang-format off */
static const struct option options[] = {
    ORDER_OPTION_ROWS(struct place_options, order.),
    {.name = "idempotency-key", .kind = OPTION_TEXT, .offset = offsetof(struct place_options, idempotency_key),
     .value = "KEY", .help = "the same key never makes a second order (one is made up)"},
    {.name = "dry-run", .kind = OPTION_FLAG, .offset = offsetof(struct place_options, dry_run),
     .help = "print the request instead of sending it"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct place_options, json),
     .help = "print the Order of openapi.yaml"},
    TARGET_OPTION_ROWS(struct place_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "orders place",
    .synopsis = "[options] CONTRACT",
    .summary = "Place a bracket: an entry, and a take profit and a stop loss once it fills.\n"
               "CONTRACT is 'AAPL 2026-12-18 200 call', an OCC symbol, or a share's symbol.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd orders place --buy 2 --limit 5.10 --take-profit 7.00 --stop-loss 4.00 "
               "AAPL 2026-12-18 200 call",
};

static enum err make_key(const struct place_options *o, char out[UUID_TEXT], const char **ret,
                         struct error *e)
{
    if (!o->idempotency_key) {
        struct uuid id = uuid_make(clock_real());
        uuid_format(&id, out);
        *ret = out;
        return ERR_OK;
    }
    *ret = o->idempotency_key;
    size_t length = strlen(*ret);
    for (size_t i = 0; i < length; i++)
        if ((*ret)[i] <= ' ' || (*ret)[i] > '~')
            return error_set(e, ERR_INVALID, "--idempotency-key: printable ASCII without spaces");
    return length <= LIMIT_IDEMPOTENCY_KEY_BYTES
               ? ERR_OK
               : error_set(e, ERR_INVALID, "--idempotency-key: at most %d bytes",
                           LIMIT_IDEMPOTENCY_KEY_BYTES);
}

/* Whether the order may have been taken although no answer says so. */
static bool in_doubt(enum err err, const struct api_response *response)
{
    return (err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) && response->status == 0;
}

static enum err send(struct api_client *client, const char *body, const char *key,
                     struct strbuf *out, struct error *e)
{
    char line[LIMIT_IDEMPOTENCY_KEY_BYTES + 32];
    const char *const headers[] = {line, NULL};
    snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
    const struct api_request request = {.method = "POST",
                                        .target = "/v1/orders",
                                        .content_type = "application/json",
                                        .body = body,
                                        .body_bytes = strlen(body),
                                        .headers = headers,
                                        .timeout_ms = ORDER_TIMEOUT_MS};
    enum err err = ERR_OK;
    bool doubt = true;
    for (int i = 0; doubt && i < TRIES && (i == 0 || interrupt_wait_ms(AGAIN_MS)); i++) {
        struct api_response response;
        err = api_client_send(client, &request, &response, e);
        doubt = in_doubt(err, &response);
        if (!err)
            strbuf_add(out, response.body.data, response.body.length);
        api_response_release(&response);
    }
    if (doubt)
        fprintf(stderr,
                "bracketd orders place: no answer, so the order may stand or not. Asking again "
                "with\n    --idempotency-key %s\nmakes no second one.\n",
                key);
    return err;
}

static int place(const struct place_options *o, const char *body)
{
    struct target target;
    struct strbuf answer;
    struct error e;
    char made[UUID_TEXT];
    const char *key;
    interrupt_flag();
    if (make_key(o, made, &key, &e))
        return command_usage(&frame, "%s", e.message);
    if (target_open(&o->target, TARGET_SERVER, &target, &e))
        return target_fail(&frame, &e);
    strbuf_init(&answer, 1 << 20);
    enum err err = send(target.client, body, key, &answer, &e);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, o->json, order_text_one);
    strbuf_release(&answer);
    target_close(&target);
    return code;
}

static int run(const void *given, const struct option_arguments *rest, struct arena *arena)
{
    const struct place_options *o = given;
    struct order_request request;
    struct strbuf body;
    struct json_writer w;
    struct error e;
    enum err err = order_flags_fill(&o->order, rest, arena, &request, &e);
    if (err)
        return command_usage(&frame, "%s", e.message);
    strbuf_init(&body, BODY_BYTES_MAX);
    json_writer_init(&w, &body);
    json_begin_object(&w);
    order_request_encode(&request, &w);
    json_end_object(&w);
    int code;
    if (o->dry_run) {
        printf("%s\n", strbuf_text(&body));
        code = command_end(CLI_OK);
    } else {
        code = place(o, strbuf_text(&body));
    }
    strbuf_release(&body);
    return code;
}

int cli_orders_place(int argc, char **argv)
{
    struct place_options o = {0};
    return command_run(&frame, argc, argv, &o, run);
}
