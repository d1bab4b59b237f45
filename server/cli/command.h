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

/* Parses argv into *out. True when the command goes on; otherwise --help was printed or the mistake
 * was told, and *ret_code is what to return. From here on SIGPIPE is ignored. */
bool command_begin(const struct command_frame *c, int argc, char **argv, struct arena *arena,
                   void *out, struct option_arguments *ret_arguments, int *ret_code);
/* A mistake in the command line that no table knows of: told on standard error. CLI_USAGE. */
int command_usage(const struct command_frame *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Flushes standard output: `code`, or CLI_FAILED when it took not all. A reader that went away is
 * no news. */
int command_end(int code);

#endif
