#include "server/api/disk_space.h"

#include <inttypes.h>
#include <sys/statvfs.h>

enum err disk_space_check(const char *folder, int64_t reserve_mb, struct error *e)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return error_errno(e, ERR_IO, "cannot tell the free space of '%s'", folder);
    int64_t free_mb = (int64_t)((double)fs.f_bavail * (double)fs.f_frsize / (1 << 20));
    if (free_mb < reserve_mb)
        return error_set(e, ERR_DISK_FULL,
                         "%" PRId64 " MB are free on disk, %" PRId64 " MB stay in reserve", free_mb,
                         reserve_mb);
    return ERR_OK;
}
