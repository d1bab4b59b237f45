#include "server/cli/cli.h"

#include <stdio.h>

int cli_fail(enum cli_exit code, const struct error *e)
{
    fprintf(stderr, "bracketd: %s\n", e->message);
    return code;
}
