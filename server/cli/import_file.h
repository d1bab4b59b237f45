/* A file named on the command line, as what an import reads: open, regular, of known size. Standard
 * input ("-") and pipes are copied to a nameless file first, since an import is all or nothing and
 * wants the whole text.
 */
#ifndef SERVER_CLI_IMPORT_FILE_H
#define SERVER_CLI_IMPORT_FILE_H

#include "base/error.h"

struct import_file {
    const char *name; /* for messages: as given, or "standard input" */
    int fd;
    int64_t size_bytes;
    bool gzip, zip; /* told by their magic */
};

/* ERR_IO; ERR_DISK_FULL while copying; ERR_INVALID for a folder. */
enum err import_file_open(struct import_file *f, const char *path, struct error *e);
void import_file_close(struct import_file *f);

#endif
