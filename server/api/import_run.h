/* One import from an open file to durable bars and a report: for the server and for the command
 * line alike.
 */
#ifndef SERVER_API_IMPORT_RUN_H
#define SERVER_API_IMPORT_RUN_H

#include "base/json_writer.h"
#include "db/storage.h"
#include "server/api/import_options.h"

struct import_report {
    char symbol[LIMIT_SYMBOL_BYTES + 1];
    struct timeframe timeframe;
    const struct calendar *calendar;
    bool dry_run;
    struct csv_report csv;
    struct bar_import_result stored;
    int64_t elapsed_ns; /* the caller's to fill in */
};

/* Reads `fd` (a regular file, plain or gzip; stays the caller's), checks every row and stores the
 * bars: all or nothing. Errors are those of csv_source_open_fd, csv_import and bar_store_import;
 * stamps that need a zone are ERR_INVALID with the pointer "?timezone". After ERR_DATA,
 * ret->csv.errors lists the refused rows (error_count 0: the file itself is at fault). Blocks on
 * disk and while another import runs; large files take seconds. */
enum err import_run(struct storage *storage, const struct import_settings *settings, int fd,
                    struct import_report *ret, struct error *e);

/* The answer of POST /v1/bars/{symbol}, as one object. */
void import_report_write(struct json_writer *w, const struct import_report *report);

#endif
