#include "server/cli/answer.h"

#include "server/cli/cli.h"
#include "server/cli/command.h"

#include <string.h>

int answer_print(const char *json, size_t length, bool as_json, answer_layout *layout)
{
    struct json_value *answer = NULL;
    struct error e;
    if (as_json) {
        fwrite(json, 1, length, stdout);
        if (length == 0 || json[length - 1] != '\n')
            fputc('\n', stdout);
        return command_end(CLI_OK);
    }
    if (json_value_parse(json, length, &answer, &e))
        return cli_fail(CLI_FAILED, &e);
    layout(stdout, answer);
    json_value_free(answer);
    return command_end(CLI_OK);
}

int answer_fail(const struct error *e)
{
    return cli_fail(e->code == ERR_CANCELED ? CLI_INTERRUPTED : CLI_FAILED, e);
}

enum err answer_ask(struct api_client *client, const struct answer_request *request,
                    struct api_response *ret, struct error *e)
{
    struct api_request r = {.method = request->method,
                            .target = request->target,
                            .content_type = request->body ? "application/json" : NULL,
                            .body = request->body,
                            .body_bytes = request->body ? strlen(request->body) : 0,
                            .timeout_ms = request->timeout_ms,
                            .cancel = request->cancel};
    return api_client_send(client, &r, ret, e);
}
