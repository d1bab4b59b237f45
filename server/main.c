/* The program: picks the sub-command. What each does is in server/cli/. */
#include "base/text.h"
#include "server/cli/cli.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"serve", cli_serve, "serve a data folder over HTTP"},
    {"import", cli_import, "import bars from CSV files"},
    {"check", cli_check, "would this rule have fired?"},
    {"backtest", cli_backtest, "study a rule over symbols and years"},
    {"orders", cli_orders, "place, list, watch and cancel bracket orders"},
    {"keys", cli_keys, "make, list and revoke API keys"},
    {"version", cli_version, "print the version"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *out)
{
    fputs("Usage: bracketd COMMAND [options]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\nbracketd COMMAND --help says more.\n", out);
}

static int unknown(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *near = text_nearest(name, strlen(name), names, COMMAND_COUNT);
    fprintf(stderr, "bracketd: unknown command '%s'%s%s%s\n", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cli_version(0, NULL);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    return unknown(argv[1]);
}
