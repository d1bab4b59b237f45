/* Calls go through to the system's own VFS at once, so that what is read is what was written.
 * Beside it each write and truncation is noted with what was there before, until the file is
 * synced: settling takes them back, newest first, and for a torn end puts some of their sectors
 * down again.
 */
#include "tests/db/fault_vfs.h"

#include "base/random.h"
#include "db/sqlite.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR_BYTES = 512 };

/* A change that was not synced. */
struct change {
    struct change *older;
    int64_t offset;
    int64_t size_before; /* of the file */
    size_t count, count_before;
    unsigned char *bytes;  /* [count]; NULL = a truncation to `offset` */
    unsigned char *before; /* [count_before] from `offset` on */
};

struct tracked {
    struct tracked *next;
    char *path;
    struct change *newest;
    bool distrusted; /* an fsync failed: a later one that succeeds means nothing */
};

struct fault_file {
    sqlite3_file base;
    struct tracked *tracked; /* NULL = a temporary file: not watched */
    sqlite3_file *real;      /* right behind this struct */
};

static sqlite3_vfs *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault_plan plan;
static int64_t calls;
static bool stopped;
static int last_errno;
static struct tracked *files;

/* ---- the plan -------------------------------------------------------------------------------- */

enum call { CALL_WRITE, CALL_SYNC, CALL_TRUNCATE, CALL_DELETE, CALL_OPEN, CALL_SHM };

static const int failures[] = {
    [CALL_WRITE] = SQLITE_IOERR_WRITE,       [CALL_SYNC] = SQLITE_IOERR_FSYNC,
    [CALL_TRUNCATE] = SQLITE_IOERR_TRUNCATE, [CALL_DELETE] = SQLITE_IOERR_DELETE,
    [CALL_OPEN] = SQLITE_CANTOPEN,           [CALL_SHM] = SQLITE_IOERR_SHMSIZE,
};

/* Whether the call fails: with which code, and whether half of it happens first. */
static int fault_at(enum call call, bool *ret_half)
{
    int code = failures[call];
    pthread_mutex_lock(&lock);
    calls++;
    bool due = plan.kind != FAULT_NONE && (calls == plan.at || (plan.for_good && calls > plan.at));
    bool fails = stopped || due;
    *ret_half = due && !stopped && (plan.kind == FAULT_SHORT || plan.kind == FAULT_STOP);
    stopped |= due && plan.kind == FAULT_STOP;
    if (fails)
        last_errno = plan.kind == FAULT_SPACE ? ENOSPC : EIO;
    if (plan.kind == FAULT_SPACE && call == CALL_WRITE)
        code = SQLITE_FULL; /* as the real one tells it */
    if (plan.kind == FAULT_SPACE && call == CALL_DELETE)
        fails = false;
    pthread_mutex_unlock(&lock);
    return fails ? code : SQLITE_OK;
}

static int relay(int code)
{
    if (code != SQLITE_OK)
        last_errno = errno;
    return code;
}

/* ---- changes --------------------------------------------------------------------------------- */

static struct tracked *track(const char *path)
{
    pthread_mutex_lock(&lock);
    struct tracked *t = files;
    while (t && strcmp(t->path, path) != 0)
        t = t->next;
    if (!t) {
        t = calloc(1, sizeof *t);
        assert_non_null(t);
        t->path = strdup(path);
        t->next = files;
        files = t;
    }
    pthread_mutex_unlock(&lock);
    return t;
}

static void forget_changes(struct tracked *t)
{
    pthread_mutex_lock(&lock);
    struct change *older;
    for (struct change *c = t->newest; c; c = older) {
        older = c->older;
        free(c->bytes);
        free(c->before);
        free(c);
    }
    t->newest = NULL;
    pthread_mutex_unlock(&lock);
}

/* `bytes` NULL = a truncation at `offset`. */
static void note(struct fault_file *f, const void *bytes, size_t count, int64_t offset)
{
    struct change *c = calloc(1, sizeof *c);
    sqlite3_int64 size = 0;
    assert_non_null(c);
    assert_int_equal(f->real->pMethods->xFileSize(f->real, &size), SQLITE_OK);
    *c = (struct change){.offset = offset, .size_before = size, .count = count};
    int64_t end = bytes ? offset + (int64_t)count : size;
    c->count_before = offset < size ? (size_t)((end < size ? end : size) - offset) : 0;
    c->before = malloc(c->count_before + 1);
    assert_int_equal(f->real->pMethods->xRead(f->real, c->before, (int)c->count_before, offset),
                     SQLITE_OK);
    if (bytes) {
        c->bytes = malloc(count + 1);
        memcpy(c->bytes, bytes, count);
    }
    pthread_mutex_lock(&lock);
    c->older = f->tracked->newest;
    f->tracked->newest = c;
    pthread_mutex_unlock(&lock);
}

/* ---- methods of a file ----------------------------------------------------------------------- */

static struct fault_file *fault_of(sqlite3_file *file)
{
    return (struct fault_file *)(void *)file;
}

#define REAL(file) (fault_of(file)->real)
#define FORWARD(file, method, ...) (REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__))

static int on_close(sqlite3_file *file)
{
    return FORWARD(file, xClose);
}

static int on_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return relay(FORWARD(file, xRead, bytes, count, offset));
}

static int write_through(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    struct fault_file *f = fault_of(file);
    if (f->tracked)
        note(f, bytes, (size_t)count, offset);
    return relay(FORWARD(file, xWrite, bytes, count, offset));
}

static int on_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    bool half = false;
    int code = fault_of(file)->tracked ? fault_at(CALL_WRITE, &half) : SQLITE_OK;
    if (code == SQLITE_OK)
        return write_through(file, bytes, count, offset);
    if (half)
        (void)write_through(file, bytes, count / 2, offset);
    return code;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct fault_file *f = fault_of(file);
    bool half;
    int code = f->tracked ? fault_at(CALL_TRUNCATE, &half) : SQLITE_OK;
    if (code != SQLITE_OK)
        return code;
    if (f->tracked)
        note(f, NULL, 0, size);
    return relay(FORWARD(file, xTruncate, size));
}

static int on_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct fault_file *f = fault_of(file);
    bool half;
    int code = f->tracked ? fault_at(CALL_SYNC, &half) : SQLITE_OK;
    if (!f->tracked)
        return code;
    f->tracked->distrusted |= code != SQLITE_OK;
    if (!f->tracked->distrusted)
        forget_changes(f->tracked);
    return code;
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return FORWARD(file, xFileSize, ret);
}

static int on_lock(sqlite3_file *file, int level)
{
    return FORWARD(file, xLock, level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return FORWARD(file, xUnlock, level);
}

static int on_check_reserved(sqlite3_file *file, int *ret)
{
    return FORWARD(file, xCheckReservedLock, ret);
}

static int on_control(sqlite3_file *file, int what, void *argument)
{
    return FORWARD(file, xFileControl, what, argument);
}

static int on_sector_size(sqlite3_file *file)
{
    return FORWARD(file, xSectorSize);
}

static int on_characteristics(sqlite3_file *file)
{
    return FORWARD(file, xDeviceCharacteristics);
}

static int on_shm_map(sqlite3_file *file, int page, int page_bytes, int extend, void volatile **ret)
{
    bool half;
    int code = extend ? fault_at(CALL_SHM, &half) : SQLITE_OK;
    return code != SQLITE_OK ? code : relay(FORWARD(file, xShmMap, page, page_bytes, extend, ret));
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return FORWARD(file, xShmLock, offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    FORWARD(file, xShmBarrier);
}

static int on_shm_unmap(sqlite3_file *file, int delete)
{
    return FORWARD(file, xShmUnmap, delete);
}

static int on_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **ret)
{
    return FORWARD(file, xFetch, offset, count, ret);
}

static int on_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *bytes)
{
    return FORWARD(file, xUnfetch, offset, bytes);
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
    .xFetch = on_fetch,
    .xUnfetch = on_unfetch,
};

/* ---- the file system ------------------------------------------------------------------------- */

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                   int *ret_flags)
{
    (void)vfs;
    struct fault_file *f = fault_of(file);
    bool half;
    bool watched = name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL));
    *f = (struct fault_file){.real = (sqlite3_file *)(void *)(f + 1)};
    int code = watched ? fault_at(CALL_OPEN, &half) : SQLITE_OK;
    if (code != SQLITE_OK)
        return code;
    code = relay(real_vfs->xOpen(real_vfs, name, f->real, flags, ret_flags));
    if (code != SQLITE_OK)
        return code;
    f->base.pMethods = &methods;
    f->tracked = watched ? track(name) : NULL;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    bool half;
    int code = fault_at(CALL_DELETE, &half);
    if (code != SQLITE_OK)
        return code;
    forget_changes(track(name));
    return relay(real_vfs->xDelete(real_vfs, name, sync_folder));
}

static int on_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    return last_errno;
}

void fault_vfs_install(void)
{
    static sqlite3_vfs vfs;
    if (real_vfs)
        return;
    /* Sets SQLite up, which must come before the first look at a VFS; there is no such file. */
    assert_int_equal(db_open("", &(struct db_options){.mode = DB_READ_ONLY}, NULL, NULL),
                     ERR_NOT_FOUND);
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; /* what is not replaced does not look at the vfs it is given */
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    vfs.xGetLastError = on_last_error;
    vfs.pNext = NULL;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

void fault_vfs_arm(const struct fault_plan *new_plan)
{
    pthread_mutex_lock(&lock);
    plan = *new_plan;
    calls = 0;
    stopped = false;
    pthread_mutex_unlock(&lock);
}

int64_t fault_vfs_calls(void)
{
    pthread_mutex_lock(&lock);
    int64_t count = calls;
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void put(int fd, const unsigned char *bytes, size_t count, int64_t offset)
{
    assert_int_equal(pwrite(fd, bytes, count, offset), count);
}

static void take_back(int fd, const struct change *c)
{
    put(fd, c->before, c->count_before, c->offset);
    assert_int_equal(ftruncate(fd, c->size_before), 0);
}

/* Oldest first. */
static void tear(int fd, const struct change *c, struct random *random)
{
    if (!c)
        return;
    tear(fd, c->older, random);
    if (!c->bytes && random_below(random, 2))
        assert_int_equal(ftruncate(fd, c->offset), 0);
    for (size_t at = 0; c->bytes && at < c->count; at += SECTOR_BYTES) {
        size_t left = c->count - at;
        if (random_below(random, 2))
            put(fd, c->bytes + at, left < SECTOR_BYTES ? left : SECTOR_BYTES,
                c->offset + (int64_t)at);
    }
}

static void settle_file(struct tracked *t, enum fault_end end, struct random *random)
{
    int fd = open(t->path, O_RDWR | O_CLOEXEC);
    for (const struct change *c = t->newest; fd >= 0 && end != FAULT_KEPT && c; c = c->older)
        take_back(fd, c);
    if (fd >= 0 && end == FAULT_TORN)
        tear(fd, t->newest, random);
    if (fd >= 0)
        close(fd);
    forget_changes(t);
}

static void remove_indexes(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    struct dirent *item;
    while ((item = readdir(dir)) != NULL) {
        size_t length = strlen(item->d_name);
        if (length > 4 && strcmp(item->d_name + length - 4, "-shm") == 0)
            unlinkat(dirfd(dir), item->d_name, 0);
    }
    closedir(dir);
}

void fault_vfs_settle(const char *folder, enum fault_end end, uint64_t seed)
{
    const struct fault_plan none = {.kind = FAULT_NONE};
    struct random random;
    random_seed(&random, seed);
    while (files) {
        struct tracked *t = files;
        files = t->next;
        settle_file(t, end, &random);
        free(t->path);
        free(t);
    }
    remove_indexes(folder);
    fault_vfs_arm(&none);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static sqlite3_mem_methods real_memory;
static _Atomic int64_t allocations, fails_at;
static _Atomic bool fails_for_good;

static bool allocation_fails(void)
{
    int64_t number = atomic_fetch_add(&allocations, 1) + 1, at = atomic_load(&fails_at);
    return at > 0 && (number == at || (number > at && atomic_load(&fails_for_good)));
}

static void *failing_malloc(int size)
{
    return allocation_fails() ? NULL : real_memory.xMalloc(size);
}

static void *failing_realloc(void *old, int size)
{
    return allocation_fails() ? NULL : real_memory.xRealloc(old, size);
}

void fault_memory_install(void)
{
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    sqlite3_mem_methods failing = real_memory;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
}

void fault_memory_arm(int64_t at, bool for_good)
{
    atomic_store(&fails_for_good, for_good);
    atomic_store(&allocations, 0);
    atomic_store(&fails_at, at);
}

int64_t fault_memory_calls(void)
{
    return atomic_load(&allocations);
}
