/* bracketd backtest: a rule over many symbols and years. */
#include "server/cli/answer.h"
#include "server/cli/command.h"
#include "server/cli/interrupt.h"
#include "server/cli/job_remote.h"
#include "server/cli/report_file.h"
#include "server/cli/study_flags.h"
#include "server/cli/study_local.h"
#include "server/cli/study_text.h"
#include "server/cli/target.h"
#include "server/report/report.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 64 << 20 };

struct backtest_options {
    struct target_options target;
    struct study_flags study;
    int64_t workers;    /* 0 = as many as processors */
    const char *report; /* NULL = none */
    bool json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "symbol", .kind = OPTION_TEXTS, .offset = offsetof(struct backtest_options, study.symbols), .value = "S[,S]",
     .help = "whose bars; may be given again"},
    STUDY_OPTION_ROWS(struct backtest_options, study.),
    STRATEGY_OPTION_ROWS(struct backtest_options, study.strategy.),
    {.name = "shard", .kind = OPTION_TEXT, .offset = offsetof(struct backtest_options, study.shard), .value = "SIZE",
     .help = "day, week or month: how the work is cut; never changes the answer (month)"},
    {.name = "name", .kind = OPTION_TEXT, .offset = offsetof(struct backtest_options, study.name), .value = "NAME",
     .help = "what to call the job of a server, and the title of its report"},
    {.name = "workers", .kind = OPTION_INTEGER, .offset = offsetof(struct backtest_options, workers), .value = "N",
     .help = "threads, where this command does the work itself (the cores)", .min = 1, .max = LIMIT_WORKERS},
    {.name = "report", .kind = OPTION_TEXT, .offset = offsetof(struct backtest_options, report), .value = "FILE",
     .help = "write the result as one HTML page: charts, tables and trades, to look at and to send on"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct backtest_options, json),
     .help = "print the Job of openapi.yaml; without a server: status, request, result, timing"},
    TARGET_OPTION_ROWS(struct backtest_options, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "backtest",
    .synopsis = "--symbol S[,S] [options] RULE",
    .summary = "Study a rule over symbols and years: when it fired, what happened next, and what "
               "trading it would have made.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd backtest --symbol DEMO,THIN --from 2023-01-03 --cooldown 30m "
               "'close crosses above sma(200)'\n"
               "    bracketd backtest --symbol DEMO --take-profit 0.5% --stop-loss 0.25% "
               "--flat-at 15:55 'rsi(14) < 30'",
};

/* Both texts are empty at first. Without --report the second stays so. */
struct outcome {
    struct strbuf answer, report;
};

static enum err work(struct target *target, const struct backtest_options *o,
                     const struct study_spec *spec, const char *body, struct outcome *ret,
                     struct error *e)
{
    if (target->client) {
        enum err err = job_remote_run(target->client, body, interrupt_flag(), &ret->answer, e);
        if (!err && o->report)
            err = job_remote_report(target->client, &ret->answer, &ret->report, e);
        return err;
    }
    struct study_local run = {.storage = &target->storage,
                              .spec = spec,
                              .kind = STUDY_SPEC_BACKTEST,
                              .workers = (int32_t)o->workers,
                              .cancel = interrupt_flag(),
                              .report = o->report ? &ret->report : NULL};
    return study_local_run(&run, &ret->answer, e);
}

/* A job that did not succeed says why on standard error, and with --json is printed all the same.
 */
static int print(const struct strbuf *answer, bool as_json)
{
    struct json_value *job = NULL;
    struct error e;
    if (json_value_parse(strbuf_text(answer), answer->length, &job, &e))
        return cli_fail(CLI_FAILED, &e);
    const char *status = json_value_member_text(job, "status");
    const char *detail = json_value_member_text(json_value_member(job, "error"), "detail");
    bool succeeded = status && strcmp(status, "succeeded") == 0;
    if (!succeeded)
        error_set(&e, ERR_CONFLICT, "the backtest %s%s%s",
                  status && strcmp(status, "canceled") == 0 ? "was canceled" : "failed",
                  detail ? ": " : "", detail ? detail : "");
    json_value_free(job);
    int code = CLI_OK;
    if (succeeded || as_json)
        code = answer_print(strbuf_text(answer), answer->length, as_json, study_text_print);
    return succeeded ? code : cli_fail(CLI_FAILED, &e);
}

static int run(const struct backtest_options *o, const struct study_spec *spec, const char *body,
               struct report_file *file)
{
    struct target target;
    struct outcome outcome;
    struct error e;
    interrupt_flag();
    if (target_open(&o->target, TARGET_EXISTING, &target, &e))
        return target_fail(&frame, &e);
    strbuf_init(&outcome.answer, ANSWER_BYTES_MAX);
    strbuf_init(&outcome.report, REPORT_BYTES_MAX);
    enum err err = work(&target, o, spec, body, &outcome, &e);
    target_close(&target);
    if (!err && outcome.report.length)
        err = report_file_write(file, &outcome.report, &e);
    int code = err ? answer_fail(&e) : print(&outcome.answer, o->json);
    strbuf_release(&outcome.answer);
    strbuf_release(&outcome.report);
    return code;
}

static int run_with_report(const struct backtest_options *o, const struct study_spec *spec,
                           const char *body)
{
    struct report_file file;
    struct error e;
    if (report_file_open(&file, o->report, &e))
        return cli_fail(CLI_FAILED, &e);
    int code = run(o, spec, body, &file);
    report_file_close(&file);
    return code;
}

static int settle_and_run(const void *given, const struct option_arguments *rest,
                          struct arena *arena)
{
    const struct backtest_options *o = given;
    struct study_spec spec;
    struct strbuf body;
    struct error e;
    if (o->study.symbols.count == 0)
        return command_usage(&frame, "at least one --symbol is needed");
    strbuf_init(&body, LIMIT_BODY_BYTES);
    int code = study_flags_settle(&o->study, rest, STUDY_SPEC_BACKTEST, arena, &body, &spec, &e)
                   ? command_usage(&frame, "%s", e.message)
                   : run_with_report(o, &spec, strbuf_text(&body));
    strbuf_release(&body);
    return code;
}

int cli_backtest(int argc, char **argv)
{
    struct backtest_options o = {0};
    study_flags_init(&o.study);
    return command_run(&frame, argc, argv, &o, settle_and_run);
}
