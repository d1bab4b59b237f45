/* bracketd check: would this rule have fired? One symbol, answered at once. */
#include "base/rfc3339.h"
#include "server/cli/answer.h"
#include "server/cli/check_explain.h"
#include "server/cli/command.h"
#include "server/cli/interrupt.h"
#include "server/cli/study_flags.h"
#include "server/cli/study_local.h"
#include "server/cli/study_text.h"
#include "server/cli/target.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_BYTES_MAX = 64 << 20,
    CHECK_TIMEOUT_MS = 600 * 1000,
};

struct check_options {
    struct target_options target;
    struct study_flags study;
    const char *explain; /* NULL = the whole study */
    bool json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "symbol", .kind = OPTION_TEXTS, .offset = offsetof(struct check_options, study.symbols), .value = "S",
     .help = "whose bars"},
    STUDY_OPTION_ROWS(struct check_options, study.),
    {.name = "latest", .kind = OPTION_INTEGER, .offset = offsetof(struct check_options, study.latest), .value = "N",
     .help = "how many of the latest fires to list (10)", .min = 0, .max = LIMIT_PAGE_ITEMS},
    {.name = "explain", .kind = OPTION_TEXT, .offset = offsetof(struct check_options, explain), .value = "TIME",
     .help = "why it fired on the bar that starts then (RFC 3339), or did not"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct check_options, json),
     .help = "print the CheckAnswer of openapi.yaml, or the Explanation"},
    TARGET_OPTION_ROWS(struct check_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "check",
    .synopsis = "--symbol S [options] RULE",
    .summary = "Would this rule have fired, when, and what happened next?",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example =
        "    bracketd check --symbol DEMO --window 09:45-11:30 'rsi(14) < 30 and close > sma(200)'",
};

static enum err ask(struct target *target, const struct study_spec *spec, const char *body,
                    struct strbuf *ret, struct error *e)
{
    if (!target->client) {
        struct study_local run = {.storage = &target->storage,
                                  .spec = spec,
                                  .kind = STUDY_SPEC_CHECK,
                                  .cancel = interrupt_flag()};
        return study_local_run(&run, ret, e);
    }
    struct api_response response;
    struct answer_request request = {.method = "POST",
                                     .target = "/v1/check",
                                     .body = body,
                                     .timeout_ms = CHECK_TIMEOUT_MS,
                                     .cancel = interrupt_flag()};
    enum err err = answer_ask(target->client, &request, &response, e);
    if (!err)
        strbuf_add(ret, response.body.data, response.body.length);
    api_response_release(&response);
    return err;
}

/* explain_ns: the bar to explain; NULL = the whole study. */
static int run(const struct check_options *o, const struct study_spec *spec, const char *body,
               const int64_t *explain_ns)
{
    struct target target;
    struct strbuf answer;
    struct error e;
    interrupt_flag();
    if (target_open(&o->target, TARGET_EXISTING, &target, &e))
        return target_fail(&frame, &e);
    strbuf_init(&answer, ANSWER_BYTES_MAX);
    enum err err = explain_ns
                       ? check_explain(&target, spec, *explain_ns, interrupt_flag(), &answer, &e)
                       : ask(&target, spec, body, &answer, &e);
    target_close(&target);
    int code = err ? answer_fail(&e)
                   : answer_print(strbuf_text(&answer), answer.length, o->json,
                                  explain_ns ? check_explain_print : study_text_print);
    strbuf_release(&answer);
    return code;
}

static int settle_and_run(const void *given, const struct option_arguments *rest,
                          struct arena *arena)
{
    const struct check_options *o = given;
    struct study_spec spec;
    struct strbuf body;
    struct error e;
    int64_t explain_ns;
    if (o->explain && rfc3339_parse(o->explain, strlen(o->explain), &explain_ns, &e))
        return command_usage(&frame, "--explain: %s", e.message);
    if (o->study.symbols.count != 1)
        return command_usage(&frame, "one --symbol is needed; for several there is backtest");
    strbuf_init(&body, LIMIT_BODY_BYTES);
    int code = study_flags_settle(&o->study, rest, STUDY_SPEC_CHECK, arena, &body, &spec, &e)
                   ? command_usage(&frame, "%s", e.message)
                   : run(o, &spec, strbuf_text(&body), o->explain ? &explain_ns : NULL);
    strbuf_release(&body);
    return code;
}

int cli_check(int argc, char **argv)
{
    struct check_options o = {0};
    study_flags_init(&o.study);
    return command_run(&frame, argc, argv, &o, settle_and_run);
}
