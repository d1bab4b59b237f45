/* The file that --report names. It is opened before the work, so that a path that can't be written
 * is told at once, and changed only when there is a report: what was there before stays when the
 * work fails, and nothing is left behind where nothing was.
 */
#ifndef SERVER_CLI_REPORT_FILE_H
#define SERVER_CLI_REPORT_FILE_H

#include "base/error.h"
#include "base/strbuf.h"

struct report_file {
    const char *path; /* borrowed */
    int fd;           /* -1 = none */
    bool is_new;      /* made by report_file_open, and without a report yet */
};

/* path NULL: no report is wanted, and the calls below do nothing. ERR_IO. */
enum err report_file_open(struct report_file *f, const char *path, struct error *e);
/* Replaces what the file holds. ERR_IO. */
enum err report_file_write(struct report_file *f, const struct strbuf *report, struct error *e);
void report_file_close(struct report_file *f);

#endif
