/* An answer on its way to standard output: as it is for programs, or laid out for people. */
#ifndef SERVER_CLI_ANSWER_H
#define SERVER_CLI_ANSWER_H

#include "base/json_value.h"
#include "base/strbuf.h"
#include "server/cli/api_client.h"

#include <stdio.h>

typedef void answer_layout(FILE *out, const struct json_value *answer);

/* Prints the JSON text and a line break, or what `layout` makes of it. The exit code, standard
 * output flushed. */
int answer_print(const char *json, size_t length, bool as_json, answer_layout *layout);
/* After a call that failed: the message on standard error. CLI_INTERRUPTED for ERR_CANCELED. */
int answer_fail(const struct error *e);

/* One exchange of JSON. body NULL = none. */
struct answer_request {
    const char *method, *target, *body;
    int64_t timeout_ms;
    const _Atomic bool *cancel; /* NULL allowed */
};
enum err answer_ask(struct api_client *client, const struct answer_request *request,
                    struct api_response *ret, struct error *e);

#endif
