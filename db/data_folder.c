/* The lock is an open file description lock: unlike a POSIX record lock it is not lost when some
 * other descriptor of the file is closed, it keeps two openings in one process apart, and it can be
 * asked about without being taken. It does not tell its holder, so the holder writes its pid into
 * the file.
 */
#include "db/data_folder.h"

#include "base/mutex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct data_folder {
    int lock_fd;
    char *path, *main_path, *bars_path, *cache_path;
};

static const char LOCK_FILE[] = "bracketd.lock";

static char *join(const char *folder, const char *file)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, file) < 0 ? NULL : path;
}

/* A new folder's name is in its parent: on disk only once the parent is. Else a power cut could
 * take away a folder whose database has acknowledged things. */
static bool sync_parent(const char *path)
{
    char *parent = join(path, "..");
    int fd = parent == NULL ? -1 : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(parent);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0)
        return sync_parent(path);
    return errno == EEXIST;
}

/* Makes the folder and its parents; what is there already stays as it is. */
static enum err make_folders(const char *path, struct error *e)
{
    char *part = strdup(path);
    if (part == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
    enum err err = ERR_OK;
    for (char *slash = part; err == ERR_OK && slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (!make_folder(part))
            err = error_errno(e, ERR_IO, "cannot make the data folder '%s'", path);
        if (slash != NULL)
            *slash = '/';
    }
    free(part);
    struct stat info;
    if (err == ERR_OK && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        err = error_set(e, ERR_IO, "'%s' is not a folder", path);
    return err;
}

static pid_t read_pid(int fd)
{
    char text[24] = {0};
    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 0;
    long pid = strtol(text, NULL, 10);
    return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static void write_pid(int fd)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    /* For people only: the lock holds without it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
        return;
}

static enum err take_lock(struct data_folder *f, const char *lock_path, struct error *e)
{
    f->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock_fd < 0)
        return error_errno(e, ERR_IO, "cannot open '%s'", lock_path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(f->lock_fd, F_OFD_SETLK, &lock) == 0) {
        write_pid(f->lock_fd);
        return ERR_OK;
    }
    if (errno != EAGAIN && errno != EACCES)
        return error_errno(e, ERR_IO, "cannot lock '%s'", lock_path);
    pid_t pid = read_pid(f->lock_fd);
    if (pid > 0)
        return error_set(e, ERR_CONFLICT, "the data folder '%s' is held by pid %d", f->path,
                         (int)pid);
    return error_set(e, ERR_CONFLICT, "the data folder '%s' is held by another process", f->path);
}

enum err data_folder_open(const char *path, struct data_folder **ret, struct error *e)
{
    may_block("data_folder_open");
    if (path[0] == '\0')
        return error_set(e, ERR_INVALID, "the data folder has no name");
    struct data_folder *f = calloc(1, sizeof *f);
    char *lock_path = join(path, LOCK_FILE);
    enum err err = ERR_OK;
    if (f != NULL) {
        f->lock_fd = -1;
        f->path = strdup(path);
        f->main_path = join(path, "bracketd.db");
        f->bars_path = join(path, "bars.db");
        f->cache_path = join(path, "cache.db");
    }
    if (f == NULL || lock_path == NULL || f->path == NULL || f->main_path == NULL ||
        f->bars_path == NULL || f->cache_path == NULL) {
        err = error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
        goto out;
    }
    err = make_folders(path, e);
    if (err == ERR_OK)
        err = take_lock(f, lock_path, e);
out:
    free(lock_path);
    if (err == ERR_OK)
        *ret = f;
    else
        data_folder_close(f);
    return err;
}

void data_folder_close(struct data_folder *f)
{
    if (f == NULL)
        return;
    if (f->lock_fd >= 0)
        close(f->lock_fd); /* and so gives up the lock */
    free(f->path);
    free(f->main_path);
    free(f->bars_path);
    free(f->cache_path);
    free(f);
}

const char *data_folder_path(const struct data_folder *f)
{
    return f->path;
}

const char *data_folder_main_path(const struct data_folder *f)
{
    return f->main_path;
}

const char *data_folder_bars_path(const struct data_folder *f)
{
    return f->bars_path;
}

const char *data_folder_cache_path(const struct data_folder *f)
{
    return f->cache_path;
}

enum err data_folder_main_identity(const struct data_folder *f, char out[DATA_FILE_IDENTITY],
                                   struct error *e)
{
    struct statx st;
    if (statx(AT_FDCWD, f->main_path, 0, STATX_INO | STATX_BTIME, &st) != 0)
        return error_errno(e, ERR_IO, "cannot look at '%s'", f->main_path);
    bool born = (st.stx_mask & STATX_BTIME) != 0; /* not every file system knows */
    snprintf(out, DATA_FILE_IDENTITY, "%llu-%lld.%09u", (unsigned long long)st.stx_ino,
             born ? (long long)st.stx_btime.tv_sec : 0, born ? st.stx_btime.tv_nsec : 0);
    return ERR_OK;
}

bool data_folder_is_held(const char *path, pid_t *ret_pid)
{
    char *lock_path = join(path, LOCK_FILE);
    int fd = lock_path == NULL ? -1 : open(lock_path, O_RDWR | O_CLOEXEC);
    free(lock_path);
    if (fd < 0)
        return false;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (held && ret_pid != NULL)
        *ret_pid = read_pid(fd);
    close(fd);
    return held;
}
