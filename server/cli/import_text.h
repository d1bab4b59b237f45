/* What an import found, for people. */
#ifndef SERVER_CLI_IMPORT_TEXT_H
#define SERVER_CLI_IMPORT_TEXT_H

#include "base/json_value.h"
#include "server/cli/import_one.h"

#include <stdio.h>

/* An ImportReport of openapi.yaml. */
void import_text_print(FILE *out, const struct json_value *report);
/* A ZipImportReport of it. */
void import_text_print_zip(FILE *out, const struct json_value *report);
/* A refused file on standard error: "FILE:LINE:COLUMN: message" for each row that is to blame, or
 * one line about the file. */
void import_text_refuse(const char *file, const struct import_refusal *refusal,
                        const struct error *e);

#endif
