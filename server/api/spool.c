#include "server/api/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For file systems without O_TMPFILE. */
static int open_and_unlink(const char *folder)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/upload-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

enum err spool_open(const char *folder, int *ret_fd, struct error *e)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_and_unlink(folder);
    if (fd < 0)
        return error_errno(e, ERR_IO, "cannot make a file in '%s'", folder);
    *ret_fd = fd;
    return ERR_OK;
}

enum err spool_write(int fd, const void *bytes, size_t size_bytes, struct error *e)
{
    const char *p = bytes;
    while (size_bytes > 0) {
        ssize_t n = write(fd, p, size_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                               "cannot keep the upload");
        p += n;
        size_bytes -= (size_t)n;
    }
    return ERR_OK;
}
