/* A study's answer for people: what fired, what came after, when, and the latest ones.
 *
 * It reads the JSON that --json would print, so that it is one text for what was found on a folder
 * and for what a server answered.
 */
#ifndef SERVER_CLI_STUDY_TEXT_H
#define SERVER_CLI_STUDY_TEXT_H

#include "base/json_value.h"

#include <stdio.h>

/* A CheckAnswer, or a Job (or what study_local.h makes of one) with its result. */
void study_text_print(FILE *out, const struct json_value *answer);

#endif
