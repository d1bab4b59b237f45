#include "db/sqlite_wal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own VFS takes less than 128 KiB at a time. */
enum { BUFFER_BYTES = 120 * 1024 };

/* Behind it in memory: the file of the VFS below. */
struct wal_file {
    sqlite3_file file; /* what SQLite sees */
    sqlite3_file *below;
    unsigned char *buffer;
    int used;           /* bytes in the buffer */
    sqlite3_int64 from; /* where they belong */
};

static sqlite3_vfs vfs;
static sqlite3_vfs *below;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_registered;

static struct wal_file *self(sqlite3_file *file)
{
    return (struct wal_file *)file;
}

/* What was gathered is gone, whatever becomes of it: after a failure nobody commits. */
static int hand_on(struct wal_file *w)
{
    int used = w->used;
    w->used = 0;
    return used ? w->below->pMethods->xWrite(w->below, w->buffer, used, w->from) : SQLITE_OK;
}

static int write_file(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct wal_file *w = self(file);
    int code = SQLITE_OK;
    if (at != w->from + w->used || size > BUFFER_BYTES - w->used)
        code = hand_on(w);
    if (code != SQLITE_OK)
        return code;
    if (size > BUFFER_BYTES)
        return w->below->pMethods->xWrite(w->below, bytes, size, at);
    if (!w->used)
        w->from = at;
    memcpy(w->buffer + w->used, bytes, (size_t)size);
    w->used += size;
    return SQLITE_OK;
}

static int read_file(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    struct wal_file *w = self(file);
    int code = hand_on(w);
    return code == SQLITE_OK ? w->below->pMethods->xRead(w->below, bytes, size, at) : code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    struct wal_file *w = self(file);
    int code = hand_on(w);
    return code == SQLITE_OK ? w->below->pMethods->xTruncate(w->below, size) : code;
}

static int sync_file(sqlite3_file *file, int flags)
{
    struct wal_file *w = self(file);
    int code = hand_on(w);
    return code == SQLITE_OK ? w->below->pMethods->xSync(w->below, flags) : code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    struct wal_file *w = self(file);
    int code = hand_on(w);
    return code == SQLITE_OK ? w->below->pMethods->xFileSize(w->below, ret) : code;
}

/* What is still gathered was never committed. */
static int close_file(sqlite3_file *file)
{
    struct wal_file *w = self(file);
    free(w->buffer);
    return w->below->pMethods->xClose(w->below);
}

static int control(sqlite3_file *file, int what, void *argument)
{
    struct wal_file *w = self(file);
    return w->below->pMethods->xFileControl(w->below, what, argument);
}

static int sector_size(sqlite3_file *file)
{
    struct wal_file *w = self(file);
    return w->below->pMethods->xSectorSize(w->below);
}

static int characteristics(sqlite3_file *file)
{
    struct wal_file *w = self(file);
    return w->below->pMethods->xDeviceCharacteristics(w->below);
}

/* Without locks: SQLite locks databases, not their WALs. */
static int open_wal(const char *name, struct wal_file *w, int flags, int *ret_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = close_file,
        .xRead = read_file,
        .xWrite = write_file,
        .xTruncate = truncate_file,
        .xSync = sync_file,
        .xFileSize = file_size,
        .xFileControl = control,
        .xSectorSize = sector_size,
        .xDeviceCharacteristics = characteristics,
    };
    *w = (struct wal_file){.below = (sqlite3_file *)(w + 1), .buffer = malloc(BUFFER_BYTES)};
    if (!w->buffer)
        return SQLITE_NOMEM;
    int code = below->xOpen(below, name, w->below, flags, ret_flags);
    if (w->below->pMethods)
        w->file.pMethods = &methods;
    else
        free(w->buffer);
    return code;
}

static int open_file(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)v;
    if (flags & SQLITE_OPEN_WAL)
        return open_wal(name, (struct wal_file *)file, flags, ret_flags);
    return below->xOpen(below, name, file, flags, ret_flags);
}

static void set_up(void)
{
    below = sqlite3_vfs_find(NULL);
    if (!below)
        return;
    vfs = *below;
    vfs.zName = "gathered-wal";
    vfs.pNext = NULL;
    vfs.szOsFile += (int)sizeof(struct wal_file);
    vfs.xOpen = open_file;
    is_registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
}

const char *sqlite_wal_vfs(void)
{
    pthread_once(&once, set_up);
    return is_registered ? vfs.zName : NULL;
}
