/* An upload on its way in: a file without a name in the data folder, gone with its descriptor. */
#ifndef SERVER_API_SPOOL_H
#define SERVER_API_SPOOL_H

#include "base/error.h"

#include <stddef.h>

/* *ret_fd is the caller's to close. */
enum err spool_open(const char *folder, int *ret_fd, struct error *e);
/* Appends; ERR_DISK_FULL. */
enum err spool_write(int fd, const void *bytes, size_t size_bytes, struct error *e);

#endif
