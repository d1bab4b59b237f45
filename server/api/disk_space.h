/* The reserve of free disk that the server keeps: what writes much asks here first. */
#ifndef SERVER_API_DISK_SPACE_H
#define SERVER_API_DISK_SPACE_H

#include "base/error.h"

/* ERR_DISK_FULL when the folder's file system has less than reserve_mb free. */
enum err disk_space_check(const char *folder, int64_t reserve_mb, struct error *e);

#endif
