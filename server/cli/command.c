#include "server/cli/command.h"

#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

enum { HELP_BYTES_MAX = 1 << 16, ARENA_BYTES = 4 << 20 };

static int help(const struct command_frame *c)
{
    struct strbuf text;
    strbuf_init(&text, HELP_BYTES_MAX);
    strbuf_add_format(&text, "Usage: bracketd %s %s\n\n%s\n\nOptions:\n", c->name, c->synopsis,
                      c->summary);
    options_write_help(&text, c->options, c->option_count);
    strbuf_add_format(&text, "\nExample:\n\n%s\n", c->example);
    fputs(strbuf_text(&text), stdout);
    strbuf_release(&text);
    return command_end(CLI_OK);
}

int command_run(const struct command_frame *c, int argc, char **argv, void *options,
                command_fn *run)
{
    struct arena arena;
    struct option_arguments rest;
    struct error e;
    int code;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    arena_init(&arena, ARENA_BYTES);
    if (options_parse(argc, argv, c->options, c->option_count, &arena, options, &rest, &e))
        code = command_usage(c, "%s", e.message);
    else
        code = rest.help ? help(c) : run(options, &rest, &arena);
    arena_release(&arena);
    return code;
}

int command_usage(const struct command_frame *c, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "bracketd %s: ", c->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nbracketd %s --help says more.\n", c->name);
    return CLI_USAGE;
}

int command_end(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE && errno != 0) {
        struct error e;
        error_errno(&e, ERR_IO, "cannot write to standard output");
        cli_fail(CLI_FAILED, &e);
    }
    return code == CLI_OK ? CLI_FAILED : code;
}
