/* One file of bars, on a folder or through a server: the same report either way. */
#ifndef SERVER_CLI_IMPORT_ONE_H
#define SERVER_CLI_IMPORT_ONE_H

#include "server/api/import_options.h"
#include "server/cli/import_file.h"
#include "server/cli/problem.h"
#include "server/cli/target.h"

struct import_order {
    const char *symbol; /* of CSV; NULL for a zip, which names its symbols itself */
    const struct import_options *options;
    const struct import_settings *settings; /* the same options, settled */
    const _Atomic bool *cancel;
};

/* The rows for which a file was refused. */
struct import_refusal {
    size_t count;
    int64_t total; /* 0 = not known */
    struct problem_place places[LIMIT_IMPORT_ERRORS];
};

/* Appends the ImportReport of openapi.yaml, of a zip the ZipImportReport, to *ret_report. On an
 * error *ret_refusal lists the rows that are to blame; none when it is not about rows. ERR_CANCELED
 * leaves everything as it was. */
enum err import_one(struct target *target, const struct import_order *order,
                    const struct import_file *file, struct strbuf *ret_report,
                    struct import_refusal *ret_refusal, struct error *e);

#endif
