/* A file system between SQLite and the real one, for tests of what happens when it fails.
 *
 * It counts what SQLite asks of the files of the databases (write, fsync, truncate, delete, open,
 * growing the WAL's index) and makes one of these calls fail, once or from then on; or stops the
 * world there, after which nothing reaches the disk any more, as with a kill or a power cut. It
 * remembers what was not synced, so that a power cut can take it away, in part and in any order.
 * fsync itself is left out: what counts is that it was asked for.
 *
 *   fault_vfs_install();                   once per process, before the first connection
 *   fault_vfs_arm(&plan);                  counting begins at 1
 *   ... connections are used, and closed again ...
 *   fault_vfs_settle(folder, FAULT_DROPPED, seed);  files as the next start finds them; disarms
 *
 * After an fsync that failed no later one of that file counts: the system may have let go of what
 * it could not write.
 *
 * Not modelled: that a deleted file comes back, and that a created one is gone with its folder.
 */
#ifndef TESTS_DB_FAULT_VFS_H
#define TESTS_DB_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
    FAULT_NONE,  /* counts only */
    FAULT_IO,    /* EIO */
    FAULT_SPACE, /* ENOSPC: a write finds no room, as do an fsync and the WAL's index */
    FAULT_SHORT, /* half of a write, then EIO; other calls as FAULT_IO */
    FAULT_STOP,  /* half of a write, and nothing of what comes after it */
};

struct fault_plan {
    enum fault_kind kind;
    int64_t at;    /* the number of the call, from 1 */
    bool for_good; /* every call from there on; FAULT_STOP always is */
};

/* What of the writes that were not synced is there after the end. */
enum fault_end {
    FAULT_KEPT,    /* all: the process was killed, the system lives */
    FAULT_DROPPED, /* nothing: the power went */
    FAULT_TORN,    /* some sectors, by the seed */
};

void fault_vfs_install(void);
void fault_vfs_arm(const struct fault_plan *plan);
/* Calls since fault_vfs_arm. */
int64_t fault_vfs_calls(void);
/* All connections must be closed. `folder`: whose *-shm files go, as no process has them open. */
void fault_vfs_settle(const char *folder, enum fault_end end, uint64_t seed);

/* The n-th allocation of SQLite from now on fails, and every one after it when for_good; 0 = none.
 * fault_memory_install before fault_vfs_install. */
void fault_memory_install(void);
void fault_memory_arm(int64_t at, bool for_good);
int64_t fault_memory_calls(void);

#endif
