#include "tests/fault/shim/power.h"

#include "tests/fault/shim/page.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A change of a file that is not on disk yet, and what was there before: zeros behind its end. */
struct unsynced {
    struct unsynced *older;
    dev_t device;
    ino_t inode;
    off_t offset;
    off_t size_before; /* of the file */
    ssize_t length;
    char path[256];
    unsigned char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct unsynced *newest;

static bool power_may_go(void)
{
    return fault_page() && fault_page()->power != FAULT_POWER_STAYS;
}

void fault_power_lock(void)
{
    if (power_may_go())
        pthread_mutex_lock(&lock);
}

void fault_power_unlock(void)
{
    if (power_may_go())
        pthread_mutex_unlock(&lock);
}

void fault_power_keep(int fd, off_t offset, ssize_t length)
{
    struct stat s;
    if (!power_may_go() || fstat(fd, &s) != 0)
        return;
    if (length < 0)
        length = s.st_size > offset ? s.st_size - offset : 0;
    struct unsynced *u = calloc(1, sizeof(*u) + (size_t)length);
    if (!u)
        abort();
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (readlink(link, u->path, sizeof(u->path) - 1) < 0)
        abort();
    /* Through the caller's own: closing another one would end the process's locks on the file. */
    if (pread(fd, u->bytes, (size_t)length, offset) < 0 && errno != EBADF)
        abort();
    u->length = length;
    u->device = s.st_dev;
    u->inode = s.st_ino;
    u->offset = offset;
    u->size_before = s.st_size;
    u->older = newest;
    newest = u;
}

void fault_power_synced(int fd)
{
    struct stat s;
    if (!power_may_go() || fstat(fd, &s) != 0)
        return;
    for (struct unsynced **link = &newest; *link;) {
        struct unsynced *u = *link;
        if (u->device != s.st_dev || u->inode != s.st_ino) {
            link = &u->older;
            continue;
        }
        *link = u->older;
        free(u);
    }
}

/* SplitMix64 (Vigna): the page's seed is its state. */
static uint64_t next_random(void)
{
    uint64_t x = (uint64_t)(fault_page()->power_seed += INT64_C(-0x61c8864680b583eb));
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

enum loss { LOST_NOTHING, LOST_HALF, LOST_ALL };

static enum loss draw_loss(void)
{
    if (fault_page()->power == FAULT_POWER_LOSES_ALL)
        return LOST_ALL;
    uint64_t chance = next_random() % 4;
    return chance == 0 ? LOST_HALF : chance == 1 ? LOST_ALL : LOST_NOTHING;
}

static void put_back(const struct unsynced *u)
{
    enum loss loss = draw_loss();
    struct stat s;
    int fd = loss == LOST_NOTHING ? -1 : open(u->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t kept = loss == LOST_HALF ? u->length / 2 : 0;
    if (fstat(fd, &s) == 0 && s.st_ino == u->inode && s.st_dev == u->device) {
        if (u->length > kept && FAULT_NEXT(pwrite)(fd, u->bytes + kept, (size_t)(u->length - kept),
                                                   u->offset + kept) < 0)
            abort();
        bool at_the_end = u->offset + u->length >= s.st_size;
        if (loss == LOST_ALL && at_the_end && FAULT_NEXT(ftruncate)(fd, u->size_before) != 0)
            abort();
        fault_page()->lost_writes++;
    }
    close(fd);
}

void fault_power_cut(void)
{
    if (!power_may_go())
        return;
    for (const struct unsynced *u = newest; u; u = u->older)
        put_back(u);
}
