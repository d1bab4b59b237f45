/* What every sub-command does first and last: options and help in, a flushed standard output out.
 */
#ifndef SERVER_CLI_COMMAND_H
#define SERVER_CLI_COMMAND_H

#include "base/arena.h"
#include "server/cli/cli.h"
#include "server/options.h"

struct command_frame {
    const char *name;     /* "check" */
    const char *synopsis; /* what follows the name in the usage line: "--symbol S [options] RULE" */
    const char *summary;  /* one or more lines */
    const struct option *options;
    size_t option_count;
    const char *example; /* one or more lines, indented by four */
};

/* The command itself, once its options are read: `given` are those that command_run was given,
 * `rest` is what no option took. The arena, in which texts live, ends with it. Returns the exit
 * code. */
typedef int command_fn(const void *given, const struct option_arguments *rest, struct arena *arena);

/* Parses argv into *options, which has the defaults, and runs the command; unless --help was asked
 * for, or a mistake was told. From here on SIGPIPE is ignored. Returns the exit code. */
int command_run(const struct command_frame *c, int argc, char **argv, void *options,
                command_fn *run);
/* A mistake in the command line that no table knows of: told on standard error. CLI_USAGE. */
int command_usage(const struct command_frame *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Flushes standard output: `code`, or CLI_FAILED when it took not all. A reader that went away is
 * no news. */
int command_end(int code);

#endif
