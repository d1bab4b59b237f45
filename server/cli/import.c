/* bracketd import: bars from CSV files and zips, each all or nothing. */
#include "server/cli/answer.h"
#include "server/cli/command.h"
#include "server/cli/import_one.h"
#include "server/cli/import_text.h"
#include "server/cli/interrupt.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REPORT_BYTES_MAX = 1 << 20 };

struct import_command {
    struct target_options target;
    struct import_options import;
    const char *symbol;
    bool json;
};

/* clang-format off */
static const struct option options[] = {
    {.name = "symbol", .kind = OPTION_TEXT, .offset = offsetof(struct import_command, symbol), .value = "S",
     .help = "whose bars they are; a zip says it itself"},
    IMPORT_OPTION_ROWS(struct import_command, import.),
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct import_command, json),
     .help = "print the ImportReport of openapi.yaml, a line for each file"},
    TARGET_OPTION_ROWS(struct import_command, target.),
};
/* clang-format on */

static const struct command_frame frame = {
    .name = "import",
    .synopsis = "--symbol S [options] FILE... | [options] FILE.zip...",
    .summary = "Import bars of a symbol from CSV files, plain or gzip; - is standard input.\n"
               "A zip of LEAN's market data (trades and quotes of shares and options) holds many\n"
               "symbols and takes only --mode and --dry-run.\n"
               "A file is imported as a whole or not at all; the first one refused is the last.",
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .example = "    bracketd import --symbol NIFTY --calendar XNSE --timezone Asia/Kolkata "
               "nifty.csv.gz\n"
               "    bracketd import 20151224_quote_american.zip",
};

static bool is_named_zip(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcasecmp(path + length - 4, ".zip") == 0;
}

/* Whether nothing was said that only CSV can be asked. */
static bool suits_zip(const struct import_command *o)
{
    const struct import_options *i = &o->import;
    return !o->symbol && !i->timeframe && !i->timezone && !i->label && !i->calendar &&
           !i->outside && !i->bad_rows && !i->duplicates && !i->sort && !i->ignore_columns &&
           i->price_scale == 1;
}

/* What the file turned out to be, beside what was asked. */
static enum err check_kind(const struct import_command *o, const struct import_file *file,
                           struct error *e)
{
    if (file->zip && !suits_zip(o))
        return error_set(e, ERR_INVALID,
                         "%s is a zip: it takes no --symbol, and of the options only --mode and "
                         "--dry-run",
                         file->name);
    if (!file->zip && !o->symbol)
        return error_set(e, ERR_INVALID, "%s is no zip: --symbol is needed", file->name);
    return ERR_OK;
}

static int import_file(struct target *target, const struct import_command *o,
                       const struct import_order *order, const char *path)
{
    struct import_file file;
    struct import_refusal refusal;
    struct strbuf report;
    struct error e;
    if (import_file_open(&file, path, &e))
        return cli_fail(CLI_FAILED, &e);
    if (check_kind(o, &file, &e)) {
        import_file_close(&file);
        return cli_fail(CLI_USAGE, &e);
    }
    strbuf_init(&report, REPORT_BYTES_MAX);
    enum err err = import_one(target, order, &file, &report, &refusal, &e);
    int code = CLI_FAILED;
    if (err == ERR_CANCELED) {
        code = answer_fail(&e);
    } else if (err) {
        import_text_refuse(file.name, &refusal, &e);
    } else {
        if (!o->json)
            printf("%s\n", file.name);
        code = answer_print(strbuf_text(&report), report.length, o->json,
                            file.zip ? import_text_print_zip : import_text_print);
    }
    strbuf_release(&report);
    import_file_close(&file);
    return code;
}

static int run(const struct import_command *o, const struct import_settings *settings,
               const struct option_arguments *files)
{
    struct target target;
    struct error e;
    struct import_order order = {.symbol = o->symbol,
                                 .options = &o->import,
                                 .settings = settings,
                                 .cancel = interrupt_flag()};
    if (target_open(&o->target, TARGET_CREATE, &target, &e))
        return target_fail(&frame, &e);
    int code = CLI_OK;
    for (size_t i = 0; i < files->count && code == CLI_OK; i++)
        code = import_file(&target, o, &order, files->items[i]);
    target_close(&target);
    return code;
}

static int settle_and_run(const void *given, const struct option_arguments *files,
                          struct arena *arena)
{
    const struct import_command *o = given;
    (void)arena;
    struct import_settings settings;
    struct error e;
    if (files->count == 0)
        return command_usage(&frame, "a file is needed; - is standard input");
    for (size_t i = 0; i < files->count && !o->symbol; i++)
        if (!is_named_zip(files->items[i]))
            return command_usage(&frame, "--symbol is needed");
    if ((o->symbol && series_check_symbol(o->symbol, &e)) ||
        import_options_settle(&o->import, &settings, &e))
        return command_usage(&frame, "%s", e.message);
    return run(o, &settings, files);
}

int cli_import(int argc, char **argv)
{
    struct import_command o = {0};
    import_options_init(&o.import);
    return command_run(&frame, argc, argv, &o, settle_and_run);
}
