/* No lock: the ballast is there or not (one atomic), whoever turns it to "not there" removes the
 * file, and only the guard's own thread makes it. It is made under another name and renamed, so
 * that a file of the right name has its whole size.
 */
#include "db/disk_guard.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/parker.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A ballast that could not be made, for whatever reason, is tried again after that. */
enum { MAKE_AGAIN_SECONDS = 30 };

struct disk_guard {
    struct disk_guard_options options;
    char *folder, *path, *new_path;
    struct thread thread;
    struct parker parker;
    int64_t make_not_before_ns; /* the guard's thread's own */
    _Atomic bool stopping;
    _Atomic bool below;
    _Atomic bool held; /* the ballast file is there */
    _Atomic bool full; /* a write found the disk full since the last look */
    _Atomic int64_t free_bytes;
    _Atomic int64_t given_up;
};

static bool measure_folder(void *context, int64_t *ret_free_bytes)
{
    const struct disk_guard *g = context;
    struct statvfs fs;
    if (statvfs(g->folder, &fs) != 0)
        return false;
    double free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
    *ret_free_bytes = free_bytes < 9e18 ? (int64_t)free_bytes : INT64_MAX;
    return true;
}

/* ---- the ballast ----------------------------------------------------------------------------- */

static bool give_up(struct disk_guard *g)
{
    if (!atomic_exchange(&g->held, false))
        return false;
    if (unlink(g->path) != 0)
        log_event(LOG_ERROR, "ballast_not_removed", LOG_INT("errno", errno));
    atomic_fetch_add(&g->given_up, 1);
    log_event(LOG_WARN, "ballast_given_up", LOG_INT("bytes", g->options.ballast_bytes));
    return true;
}

/* Whether an earlier run left one of this size; one of another size goes. */
static bool is_left(const struct disk_guard *g)
{
    struct stat info;
    if (stat(g->path, &info) != 0)
        return false;
    bool whole = g->options.ballast_bytes > 0 && info.st_size == g->options.ballast_bytes &&
                 (int64_t)info.st_blocks * 512 >= info.st_size;
    if (!whole)
        (void)unlink(g->path);
    return whole;
}

static bool make(const struct disk_guard *g)
{
    int fd = open(g->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool made = posix_fallocate(fd, 0, g->options.ballast_bytes) == 0;
    made = close(fd) == 0 && made;
    made = made && rename(g->new_path, g->path) == 0;
    if (!made)
        (void)unlink(g->new_path);
    return made;
}

static void make_if_due(struct disk_guard *g)
{
    int64_t now_ns = clock_monotonic_ns(clock_real());
    if (now_ns < g->make_not_before_ns)
        return;
    if (make(g)) {
        atomic_store(&g->held, true);
        log_event(LOG_INFO, "ballast_made", LOG_INT("bytes", g->options.ballast_bytes));
        return;
    }
    g->make_not_before_ns = now_ns + MAKE_AGAIN_SECONDS * NS_PER_SECOND;
    log_event(LOG_WARN, "ballast_not_made", LOG_INT("bytes", g->options.ballast_bytes));
}

/* ---- looking --------------------------------------------------------------------------------- */

static int64_t lacking(const struct disk_guard *g)
{
    return atomic_load(&g->held) ? 0 : g->options.ballast_bytes;
}

static void set_below(struct disk_guard *g, bool below, int64_t free_bytes)
{
    if (atomic_exchange(&g->below, below) == below)
        return;
    log_event(below ? LOG_ERROR : LOG_INFO,
              below ? "disk_below_reserve" : "disk_above_reserve_again",
              LOG_INT("free_bytes", free_bytes), LOG_INT("reserve_bytes", g->options.reserve_bytes),
              LOG_BOOL("ballast", atomic_load(&g->held)));
}

static void look(struct disk_guard *g)
{
    int64_t free_bytes;
    /* Before the measure: a write that fails after it counts for the next look. */
    bool full = atomic_exchange(&g->full, false);
    if (!g->options.measure(g->options.context, &free_bytes))
        return;
    atomic_store(&g->free_bytes, free_bytes);
    if (free_bytes < LIMIT_DISK_FULL_BYTES)
        give_up(g);
    int64_t reserve = g->options.reserve_bytes, enough = reserve + reserve / 8;
    int64_t usable = free_bytes - lacking(g);
    bool was_below = atomic_load(&g->below);
    set_below(g, full || usable < (was_below ? enough : reserve), free_bytes);
    /* Made only where it would not be given up at once. */
    bool room = usable >= enough && usable >= 2 * LIMIT_DISK_FULL_BYTES;
    if (room && !full && lacking(g) > 0)
        make_if_due(g);
}

static void *guard_main(void *context)
{
    struct disk_guard *g = context;
    for (;;) {
        int64_t next_ns = clock_monotonic_ns(clock_real()) + g->options.look_ns;
        parker_wait(&g->parker, clock_real(), next_ns);
        if (atomic_load(&g->stopping))
            return NULL;
        look(g);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static enum err start(struct disk_guard *g, struct error *e)
{
    const struct thread_options thread = {.name = "disk-guard"};
    atomic_store(&g->held, is_left(g));
    (void)unlink(g->new_path);
    look(g);
    return thread_start(&g->thread, &thread, guard_main, g, e);
}

enum err disk_guard_create(const struct disk_guard_options *options, struct disk_guard **ret,
                           struct error *e)
{
    may_block("disk_guard_create");
    struct disk_guard *g = calloc(1, sizeof *g);
    if (!g)
        return error_set(e, ERR_NO_MEMORY, "no memory to guard '%s'", options->folder);
    g->options = *options;
    if (!g->options.measure) {
        g->options.measure = measure_folder;
        g->options.context = g;
    }
    if (!g->options.look_ns)
        g->options.look_ns = DISK_GUARD_LOOK_MS * NS_PER_MS;
    parker_init(&g->parker);
    enum err err = ERR_OK;
    if (asprintf(&g->folder, "%s", options->folder) < 0 ||
        asprintf(&g->path, "%s/bracketd.ballast", options->folder) < 0 ||
        asprintf(&g->new_path, "%s.new", g->path) < 0)
        err = error_set(e, ERR_NO_MEMORY, "no memory to guard '%s'", options->folder);
    if (err == ERR_OK)
        err = start(g, e);
    if (err == ERR_OK)
        *ret = g;
    else
        disk_guard_free(g);
    return err;
}

void disk_guard_free(struct disk_guard *g)
{
    if (!g)
        return;
    atomic_store(&g->stopping, true);
    parker_wake(&g->parker);
    thread_join(&g->thread);
    parker_release(&g->parker);
    free(g->folder);
    free(g->path);
    free(g->new_path);
    free(g);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static enum err refuse(const struct disk_guard *g, int64_t free_bytes, struct error *e)
{
    return error_set(e, ERR_DISK_FULL,
                     "%" PRId64 " MB are free on disk, %" PRId64 " MB stay in reserve",
                     free_bytes >> 20, (g->options.reserve_bytes + lacking(g)) >> 20);
}

enum err disk_guard_check(const struct disk_guard *g, struct error *e)
{
    return g && atomic_load(&g->below) ? refuse(g, atomic_load(&g->free_bytes), e) : ERR_OK;
}

enum err disk_guard_check_now(const struct disk_guard *g, struct error *e)
{
    int64_t free_bytes;
    enum err err = disk_guard_check(g, e);
    if (err != ERR_OK || !g)
        return err;
    may_block("disk_guard_check_now");
    if (!g->options.measure(g->options.context, &free_bytes))
        return error_errno(e, ERR_IO, "cannot tell the free space of '%s'", g->folder);
    return free_bytes - lacking(g) < g->options.reserve_bytes ? refuse(g, free_bytes, e) : ERR_OK;
}

bool disk_guard_make_room(struct disk_guard *g)
{
    atomic_store(&g->full, true);
    set_below(g, true, atomic_load(&g->free_bytes));
    bool made = give_up(g);
    parker_wake(&g->parker);
    return made;
}

void disk_guard_stats(const struct disk_guard *g, struct disk_guard_stats *ret)
{
    *ret = (struct disk_guard_stats){
        .free_bytes = atomic_load(&g->free_bytes),
        .reserve_bytes = g->options.reserve_bytes,
        .ballast_bytes = g->options.ballast_bytes - lacking(g),
        .ballast_max_bytes = g->options.ballast_bytes,
        .given_up = atomic_load(&g->given_up),
        .below = atomic_load(&g->below),
    };
}
