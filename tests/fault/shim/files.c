/* Calls on files and sockets. A data file is a regular file or a folder below FAULT_DATA; calls on
 * anything else go through untouched. Names ending in 64 are the same calls to glibc on this
 * machine, and SQLite uses both.
 */
#include "tests/fault/shim/page.h"
#include "tests/fault/shim/power.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum target { TARGET_OTHER, TARGET_FILE, TARGET_SOCKET };

static bool is_data_path(const char *path)
{
    const char *folder = getenv("FAULT_DATA");
    size_t length = folder ? strlen(folder) : 0;
    return length > 0 && strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static enum target target_of(int fd)
{
    struct stat s;
    if (!fault_page() || fstat(fd, &s) != 0)
        return TARGET_OTHER;
    if (S_ISSOCK(s.st_mode))
        return TARGET_SOCKET;
    if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
        return TARGET_OTHER;
    char link[64], path[512];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    return is_data_path(path) ? TARGET_FILE : TARGET_OTHER;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* One call that moves bytes, in the form that all of them can be made in. */
struct transfer {
    int fd;
    off_t offset; /* -1 = where the file is */
    int flags;    /* of a send */
    ssize_t (*run)(const struct transfer *t, const struct iovec *parts, int count);
    const struct msghdr *message; /* NULL = none */
};

static ssize_t total_bytes(const struct iovec *parts, int count)
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++)
        total += (ssize_t)parts[i].iov_len;
    return total;
}

/* The first half of the bytes, really written, as a kill in the middle of a call leaves them. */
static void run_half(const struct transfer *t, const struct iovec *parts, int count)
{
    ssize_t rest = total_bytes(parts, count) / 2;
    for (int i = 0; i < count && rest > 0; i++) {
        struct iovec part = parts[i];
        if ((ssize_t)part.iov_len > rest)
            part.iov_len = (size_t)rest;
        struct transfer next = *t;
        next.offset = t->offset < 0 ? t->offset : t->offset + total_bytes(parts, i);
        if (next.run(&next, &part, 1) < 0)
            return;
        rest -= (ssize_t)part.iov_len;
    }
}

static void keep_for_power(const struct transfer *t, ssize_t length)
{
    off_t offset = t->offset;
    if (offset < 0)
        offset = (fcntl(t->fd, F_GETFL) & O_APPEND) != 0 ? lseek(t->fd, 0, SEEK_END)
                                                         : lseek(t->fd, 0, SEEK_CUR);
    fault_power_keep(t->fd, offset, length);
}

static ssize_t move_counted(enum fault_class class, const struct transfer *t,
                            const struct iovec *parts, int count)
{
    int error = EIO;
    enum fault_how how = fault_count(class, &error);
    if (how == FAULT_ERROR) {
        errno = error;
        return -1;
    }
    if (how == FAULT_KILL_BEFORE)
        fault_kill();
    if (class == FAULT_WRITE)
        keep_for_power(t, total_bytes(parts, count));
    if (how == FAULT_KILL_HALF)
        run_half(t, parts, count);
    ssize_t done = how == FAULT_KILL_HALF ? 0 : t->run(t, parts, count);
    if (how != FAULT_NOTHING)
        fault_kill();
    return done;
}

static ssize_t move_bytes(const struct transfer *t, const struct iovec *parts, int count)
{
    enum target target = target_of(t->fd);
    if (target == TARGET_OTHER)
        return t->run(t, parts, count);
    if (target == TARGET_SOCKET)
        return move_counted(FAULT_SEND, t, parts, count);
    int64_t begin_ns = fault_now_ns();
    fault_power_lock();
    ssize_t done = move_counted(FAULT_WRITE, t, parts, count);
    int error = errno;
    fault_power_unlock();
    fault_took_since(begin_ns);
    errno = error;
    return done;
}

static ssize_t run_write(const struct transfer *t, const struct iovec *parts, int count)
{
    if (t->offset >= 0)
        return FAULT_NEXT(pwritev)(t->fd, parts, count, t->offset);
    return FAULT_NEXT(writev)(t->fd, parts, count);
}

static ssize_t run_send(const struct transfer *t, const struct iovec *parts, int count)
{
    struct msghdr message = t->message ? *t->message : (struct msghdr){0};
    message.msg_iov = (struct iovec *)parts;
    message.msg_iovlen = (size_t)count;
    return FAULT_NEXT(sendmsg)(t->fd, &message, t->flags);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    struct iovec part = {(void *)bytes, length};
    return move_bytes(&(struct transfer){.fd = fd, .offset = -1, .run = run_write}, &part, 1);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return move_bytes(&(struct transfer){.fd = fd, .offset = -1, .run = run_write}, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    struct iovec part = {(void *)bytes, length};
    return move_bytes(&(struct transfer){.fd = fd, .offset = offset, .run = run_write}, &part, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
    __attribute__((alias("pwrite")));

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    struct iovec part = {(void *)bytes, length};
    struct transfer t = {.fd = fd, .offset = -1, .run = run_send, .flags = flags};
    return move_bytes(&t, &part, 1);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct transfer t = {
        .fd = fd, .offset = -1, .run = run_send, .flags = flags, .message = message};
    return move_bytes(&t, message->msg_iov, (int)message->msg_iovlen);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* After this the call is to be made unless false is returned, which is errno's. */
static bool begin_call(enum fault_class class, enum fault_how *ret_how)
{
    int error = EIO;
    *ret_how = fault_count(class, &error);
    if (*ret_how == FAULT_KILL_BEFORE || *ret_how == FAULT_KILL_HALF)
        fault_kill();
    if (*ret_how == FAULT_ERROR)
        errno = error;
    return *ret_how != FAULT_ERROR;
}

static int sync_file(int fd, int (*run)(int))
{
    enum fault_how how;
    if (target_of(fd) != TARGET_FILE)
        return run(fd);
    poll(NULL, 0, (int)fault_page()->sync_delay_ms);
    int64_t begin_ns = fault_now_ns();
    fault_power_lock();
    int result = begin_call(FAULT_SYNC, &how) ? run(fd) : -1;
    int error = errno;
    if (result == 0)
        fault_power_synced(fd);
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    fault_power_unlock();
    fault_took_since(begin_ns);
    errno = error;
    return result;
}

int fsync(int fd)
{
    return sync_file(fd, FAULT_NEXT(fsync));
}

int fdatasync(int fd)
{
    return sync_file(fd, FAULT_NEXT(fdatasync));
}

int ftruncate(int fd, off_t length)
{
    enum fault_how how = FAULT_NOTHING;
    if (target_of(fd) != TARGET_FILE)
        return FAULT_NEXT(ftruncate)(fd, length);
    fault_power_lock();
    int result = -1;
    if (begin_call(FAULT_TRUNCATE, &how)) {
        fault_power_keep(fd, length, -1);
        result = FAULT_NEXT(ftruncate)(fd, length);
    }
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    int error = errno;
    fault_power_unlock();
    errno = error;
    return result;
}

int ftruncate64(int fd, off64_t length) __attribute__((alias("ftruncate")));

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    enum fault_how how = FAULT_NOTHING;
    if (target_of(fd) == TARGET_FILE && !begin_call(FAULT_TRUNCATE, &how))
        return -1;
    int result = FAULT_NEXT(fallocate)(fd, mode, offset, length);
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    return result;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length)
    __attribute__((alias("fallocate")));

/* This one returns its error. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
    enum fault_how how = FAULT_NOTHING;
    if (target_of(fd) == TARGET_FILE && !begin_call(FAULT_TRUNCATE, &how))
        return errno;
    int result = FAULT_NEXT(posix_fallocate)(fd, offset, length);
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    return result;
}

int posix_fallocate64(int fd, off64_t offset, off64_t length)
    __attribute__((alias("posix_fallocate")));

int unlink(const char *path)
{
    enum fault_how how = FAULT_NOTHING;
    if (fault_page() && is_data_path(path) && !begin_call(FAULT_NAME, &how))
        return -1;
    int result = FAULT_NEXT(unlink)(path);
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    return result;
}

int rename(const char *from, const char *to)
{
    enum fault_how how = FAULT_NOTHING;
    if (fault_page() && is_data_path(to) && !begin_call(FAULT_NAME, &how))
        return -1;
    int result = FAULT_NEXT(rename)(from, to);
    if (how == FAULT_KILL_AFTER)
        fault_kill();
    return result;
}
