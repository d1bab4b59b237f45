/* bracketd orders: bracket orders from the command line, on a server. */
#include "server/cli/orders.h"

#include "base/text.h"
#include "server/cli/cli.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} actions[] = {
    {"place",  cli_orders_place,  "place a bracket order"},
    {"list",   cli_orders_list,   "orders, newest first"},
    {"show",   cli_orders_show,   "one order with its legs"},
    {"watch",  cli_orders_watch,  "tell each change as it happens"},
    {"cancel", cli_orders_cancel, "cancel orders, or close their positions"},
    {"events", cli_orders_events, "the log of one order"},
};
/* clang-format on */
enum { ACTION_COUNT = sizeof(actions) / sizeof(actions[0]) };

static void usage(FILE *out)
{
    fputs("Usage: bracketd orders ACTION [options]\n\n", out);
    for (size_t i = 0; i < ACTION_COUNT; i++)
        fprintf(out, "  %-8s %s\n", actions[i].name, actions[i].help);
    fputs("\nAll of them ask a server: the one that holds the data folder (--data), or --url.\n"
          "bracketd orders ACTION --help says more.\n",
          out);
}

int cli_orders(int argc, char **argv)
{
    const char *names[ACTION_COUNT];
    if (argc < 1) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        usage(stdout);
        return CLI_OK;
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (strcmp(actions[i].name, argv[0]) == 0)
            return actions[i].run(argc - 1, argv + 1);
        names[i] = actions[i].name;
    }
    const char *near = text_nearest(argv[0], strlen(argv[0]), names, ACTION_COUNT);
    fprintf(stderr, "bracketd orders: unknown action '%s'%s%s%s\n", argv[0],
            near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return CLI_USAGE;
}
