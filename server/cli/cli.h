/* The sub-commands: one file each, one row each in main.c. A command gets its arguments without the
 * program and its own name, and returns the exit code.
 */
#ifndef SERVER_CLI_CLI_H
#define SERVER_CLI_CLI_H

#include "base/error.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,        /* what was asked could not be done; standard error says why */
    CLI_USAGE = 2,         /* the command line or the configuration is wrong */
    CLI_HELD = 3,          /* another server holds the data folder */
    CLI_INTERRUPTED = 130, /* SIGINT or SIGTERM, as shells have it */
};

int cli_serve(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_backtest(int argc, char **argv);
int cli_orders(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_version(int argc, char **argv);

/* "bracketd: message" on standard error. Returns `code`. */
int cli_fail(enum cli_exit code, const struct error *e);

#endif
