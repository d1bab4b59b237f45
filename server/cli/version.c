#include "server/version.h"
#include "server/cli/cli.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("bracketd " BRACKETD_VERSION);
    return CLI_OK;
}
