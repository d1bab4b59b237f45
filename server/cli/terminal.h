/* What the standard streams are: for people, or for programs. */
#ifndef SERVER_CLI_TERMINAL_H
#define SERVER_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *stream);
/* On a terminal, and never with NO_COLOR in the environment. */
bool terminal_has_colour(FILE *stream);
/* Columns of the terminal; 80 when it is none or does not say. */
int terminal_width(FILE *stream);
/* Whether text of this environment may hold more than ASCII. */
bool terminal_is_utf8(void);

#endif
