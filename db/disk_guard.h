/* Room on the disk: a reserve below which nothing new is taken, and a ballast file that is given up
 * when the disk is full, so that what was accepted can still be carried through.
 *
 * Its thread `disk-guard` looks at the folder's file system each DISK_GUARD_LOOK_MS:
 *
 *   free for new things = what the file system has free - what the ballast lacks of its size
 *
 * Below the reserve disk_guard_check refuses; it lets in again an eighth above (else it would
 * flutter). With less than LIMIT_DISK_FULL_BYTES free, or when a write found the disk full
 * (disk_guard_make_room), the ballast file is removed: fills, exits and cancels go on in its room.
 * It is made again once there is room for it above the reserve.
 *
 * Every change is logged. Any thread may call. What blocks says so; make_room takes as long as
 * removing a file.
 */
#ifndef DB_DISK_GUARD_H
#define DB_DISK_GUARD_H

#include "base/error.h"

enum { DISK_GUARD_LOOK_MS = 500 };

struct disk_guard;

struct disk_guard_options {
    const char *folder;    /* borrowed for the call */
    int64_t reserve_bytes; /* 0 = none */
    int64_t ballast_bytes; /* 0 = none; one that was left by an earlier run is removed */
    int64_t look_ns;       /* between two looks; 0 = DISK_GUARD_LOOK_MS */
    /* How much is free; false = it cannot be told (errno), and what was known stays. NULL = ask the
     * file system. On any thread. */
    bool (*measure)(void *context, int64_t *ret_free_bytes);
    void *context;
};

struct disk_guard_stats {
    int64_t free_bytes; /* at the newest look */
    int64_t reserve_bytes;
    int64_t ballast_bytes;     /* of the file now: 0 = given up, or not made yet */
    int64_t ballast_max_bytes; /* as asked for */
    int64_t given_up;          /* how often, ever */
    bool below;                /* nothing new is taken */
};

/* Looks once, before anything is written to the folder: a ballast from an earlier run makes room
 * for the start on a disk that is full. A ballast that cannot be made is no error. */
enum err disk_guard_create(const struct disk_guard_options *options, struct disk_guard **ret,
                           struct error *e);
/* The ballast file stays. NULL is fine. */
void disk_guard_free(struct disk_guard *g);

/* Whether something new may be taken: ERR_DISK_FULL below the reserve. One load from memory. NULL
 * guards nothing. */
enum err disk_guard_check(const struct disk_guard *g, struct error *e);
/* The same and asks the file system itself, for what writes much between two looks: imports. IO
 * when it does not tell. Blocks. */
enum err disk_guard_check_now(const struct disk_guard *g, struct error *e);
/* A write found the disk full: nothing new is taken until the guard has looked again, and the
 * ballast is given up. true when it was there, so that the write may be tried again. */
bool disk_guard_make_room(struct disk_guard *g);

void disk_guard_stats(const struct disk_guard *g, struct disk_guard_stats *ret);

#endif
