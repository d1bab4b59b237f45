/* One thread, one connection, one transaction per group.
 *
 * What a commit costs is the fsync, so whatever queued up during one commit shares the next. There
 * is no waiting for a group to fill: with one client a group is one item, with many it grows by
 * itself. Only what nobody waits for is kept back for a moment, as a commit of its own would stand
 * before the next item of somebody who does.
 *
 * A group runs without savepoints first: inside one SQLite copies each page before its first
 * change, which is a third of what an item costs. When an item fails, the whole group is rolled
 * back and run again with a savepoint around each, so that only its own changes are undone; as are
 * the next groups, for who sends one request that is refused tends to send more. Checkpoints run
 * between groups, after the `done`s of the last, and so never inside somebody's commit.
 *
 * On a full disk the group is rolled back whole, and so may be run again: after the ballast was
 * given up, and after a checkpoint, which lets the WAL start over in the room that it has.
 */
#include "db/writer.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "db/disk_guard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Pages in the WAL that start a checkpoint: 16 MiB. */
enum { CHECKPOINT_PAGES = 4096 };
/* Groups that are run apart after one in which an item failed. */
enum { GROUPS_APART = 16 };
#define PATIENCE_NS NS_PER_MS

struct item {
    writer_work *work;
    writer_done *done;
    void *context; /* borrowed until done */
    bool patient;
};

struct writer {
    struct mutex mutex;
    struct condition not_empty;
    struct condition not_full;
    /* behind the mutex */
    struct item queue[LIMIT_WRITER_QUEUE]; /* ring */
    size_t head, count;
    size_t pressing;          /* of `count`, those that are not patient */
    int64_t patient_until_ns; /* of the oldest, while none presses; monotonic */
    bool closed;
    bool has_failed;
    struct writer_stats stats;

    struct writer_options options;

    /* the writer thread's own */
    struct db_connection *connection;
    int64_t wal_pages_tried; /* size of the WAL at the last checkpoint */
    int32_t groups_apart;    /* so many more are run apart at once */
    struct item group[LIMIT_WRITER_GROUP];
    enum err codes[LIMIT_WRITER_GROUP];
    struct error errors[LIMIT_WRITER_GROUP]; /* [i] is valid when codes[i] is not ERR_OK */
    struct error failure;                    /* what broke the connection; ERR_OK = nothing did */

    struct thread thread;
};

static const struct error no_error = {.code = ERR_OK};
static _Thread_local const struct writer *writer_of_this_thread;

static void wait_for_items(struct writer *w) REQUIRES(&w->mutex)
{
    while (w->count == 0 && !w->closed)
        condition_wait(&w->not_empty, &w->mutex);
    bool in_time = true;
    while (w->pressing == 0 && w->count < LIMIT_WRITER_GROUP && !w->closed && in_time)
        in_time = condition_wait_until(&w->not_empty, &w->mutex, clock_real(), w->patient_until_ns);
}

/* Waits for items and takes a group; 0 when closed and drained. */
static size_t take_group(struct writer *w)
{
    mutex_lock(&w->mutex);
    wait_for_items(w);
    size_t taken = w->count < LIMIT_WRITER_GROUP ? w->count : LIMIT_WRITER_GROUP;
    for (size_t i = 0; i < taken; i++) {
        w->group[i] = w->queue[(w->head + i) % LIMIT_WRITER_QUEUE];
        w->pressing -= !w->group[i].patient;
    }
    w->head = (w->head + taken) % LIMIT_WRITER_QUEUE;
    w->count -= taken;
    if (taken > 0)
        condition_broadcast(&w->not_full);
    mutex_unlock(&w->mutex);
    return taken;
}

/* The group shares one fate: every item that had not failed on its own gets this error. */
static void fail_group(struct writer *w, size_t count, const struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        if (w->codes[i] != ERR_OK)
            continue;
        w->codes[i] = e->code;
        w->errors[i] = *e;
    }
}

/* Runs one item, isolated from the rest when `apart`. An error returned here (as opposed to
 * codes[i]) means that the transaction is beyond use. */
static enum err run_item(struct writer *w, struct db_write *tx, size_t i, bool apart,
                         struct error *e)
{
    enum err err = apart ? db_savepoint(tx, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    struct error *own = &w->errors[i];
    memset(own, 0, sizeof *own);
    enum err code = w->group[i].work(tx, w->group[i].context, own);
    if (code != ERR_OK && own->code != code)
        error_set(own, code, "%s", err_title(code));
    if (!db_is_writing(tx) || (code != ERR_OK && db_is_broken(w->connection))) {
        *e = code != ERR_OK ? *own : (struct error){0};
        return code != ERR_OK ? code : error_set(e, ERR_IO, "the transaction was rolled back");
    }
    w->codes[i] = code;
    if (!apart)
        return ERR_OK;
    return code == ERR_OK ? db_savepoint_keep(tx, e) : db_savepoint_undo(tx, e);
}

/* One transaction over the group; fills codes and errors. What is returned is the whole group's;
 * *ret_committed tells whether there was anything to commit. Not `apart`, it ends with the first
 * item that fails, *ret_failed, and nothing is stored. */
static enum err run_group(struct writer *w, size_t count, bool apart, bool *ret_committed,
                          bool *ret_failed, struct error *e)
{
    struct db_write tx;
    *ret_committed = *ret_failed = false;
    for (size_t i = 0; i < count; i++)
        w->codes[i] = ERR_OK;
    enum err err = db_begin(w->connection, &tx, e);
    if (err != ERR_OK)
        return err;
    size_t good = 0;
    for (size_t i = 0; err == ERR_OK && !*ret_failed && i < count; i++) {
        err = run_item(w, &tx, i, apart, e);
        good += err == ERR_OK && w->codes[i] == ERR_OK;
        *ret_failed = !apart && w->codes[i] != ERR_OK;
    }
    if (err != ERR_OK || *ret_failed || good == 0) {
        db_rollback(&tx);
        return err;
    }
    err = db_commit(&tx, e);
    *ret_committed = err == ERR_OK;
    return err;
}

/* Runs the group together, and apart when an item fails; one that failed alone has failed. */
static enum err run_either_way(struct writer *w, size_t count, bool *ret_committed, struct error *e)
{
    bool failed, apart = count > 1 && w->groups_apart > 0;
    w->groups_apart -= apart;
    enum err err = run_group(w, count, apart, ret_committed, &failed, e);
    if (err != ERR_OK || !failed || count == 1)
        return err;
    w->groups_apart = GROUPS_APART;
    return run_group(w, count, true, ret_committed, &failed, e);
}

/* Whether there may be room now for what found none. */
static bool make_room(struct writer *w)
{
    int64_t left = 1;
    bool room = w->options.disk != NULL && disk_guard_make_room(w->options.disk);
    bool copied = db_checkpoint(w->connection, false, &left, NULL) == ERR_OK && left == 0;
    return room || copied;
}

/* Runs the group, a second time when the disk was full. Returns true when there was a commit. */
static bool carry_out(struct writer *w, size_t count)
{
    bool committed;
    struct error e = {0};
    enum err err = run_either_way(w, count, &committed, &e);
    if (err == ERR_DISK_FULL && make_room(w))
        err = run_either_way(w, count, &committed, &e);
    if (err != ERR_OK)
        fail_group(w, count, &e);
    if (db_is_broken(w->connection))
        w->failure = e;
    return committed;
}

/* A reader's snapshot may keep pages from being copied; then we try again when the WAL has grown by
 * as much again, not after every group. */
static bool checkpoint_if_due(struct writer *w)
{
    int64_t pages = db_wal_pages(w->connection);
    if (pages < w->wal_pages_tried)
        w->wal_pages_tried = 0; /* the WAL began anew */
    if (pages - w->wal_pages_tried < CHECKPOINT_PAGES)
        return false;
    struct error e = {0};
    enum err err = db_checkpoint(w->connection, false, NULL, &e);
    /* An error is no item's: the data is safe in the WAL. One that may pass (a full disk) is met
     * again after the next group; a failed fsync is the end. */
    if (db_is_broken(w->connection))
        w->failure = e;
    if (err == ERR_OK)
        w->wal_pages_tried = pages;
    return err == ERR_OK;
}

/* Whatever still waits, or comes, is not begun. */
static void refuse_from_now_on(struct writer *w)
{
    mutex_lock(&w->mutex);
    w->has_failed = true;
    condition_broadcast(&w->not_full);
    mutex_unlock(&w->mutex);
    if (w->options.failed != NULL)
        w->options.failed(w->options.context, &w->failure);
}

static void *writer_main(void *context)
{
    struct writer *w = context;
    writer_of_this_thread = w;
    size_t count;
    while ((count = take_group(w)) > 0) {
        bool was_well = w->failure.code == ERR_OK;
        bool committed = carry_out(w, count);
        mutex_lock(&w->mutex);
        w->stats.items += (int64_t)count;
        w->stats.commits += committed;
        if (w->stats.largest_group < (int64_t)count)
            w->stats.largest_group = (int64_t)count;
        mutex_unlock(&w->mutex);
        for (size_t i = 0; i < count; i++)
            w->group[i].done(w->group[i].context, w->codes[i],
                             w->codes[i] == ERR_OK ? &no_error : &w->errors[i]);
        if (w->failure.code == ERR_OK && checkpoint_if_due(w)) {
            mutex_lock(&w->mutex);
            w->stats.checkpoints++;
            mutex_unlock(&w->mutex);
        }
        if (was_well && w->failure.code != ERR_OK)
            refuse_from_now_on(w);
    }
    return NULL;
}

enum err writer_create(const char *path, const struct writer_options *options, struct writer **ret,
                       struct error *e)
{
    const struct db_options opening = {
        .mode = DB_READ_WRITE, .cache_bytes = 32 << 20, .sync_full = true};
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory opening '%s'", path);
    mutex_init(&w->mutex, MUTEX_WRITER);
    condition_init(&w->not_empty);
    condition_init(&w->not_full);
    if (options != NULL)
        w->options = *options;
    if (!w->options.patience_ns)
        w->options.patience_ns = PATIENCE_NS;
    enum err err = db_open(path, &opening, &w->connection, e);
    if (err == ERR_OK) {
        const struct thread_options thread = {.name = "db-writer"};
        err = thread_start(&w->thread, &thread, writer_main, w, e);
    }
    if (err == ERR_OK)
        *ret = w;
    else
        writer_free(w);
    return err;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    mutex_lock(&w->mutex);
    w->closed = true;
    condition_broadcast(&w->not_empty);
    condition_broadcast(&w->not_full);
    mutex_unlock(&w->mutex);
    thread_join(&w->thread);
    db_close(w->connection);
    condition_release(&w->not_full);
    condition_release(&w->not_empty);
    mutex_release(&w->mutex);
    free(w);
}

/* The caller holds the mutex and has seen that there is room. */
static void put(struct writer *w, struct item item) REQUIRES(&w->mutex)
{
    w->queue[(w->head + w->count) % LIMIT_WRITER_QUEUE] = item;
    w->count++;
    w->pressing += !item.patient;
    if (w->count == 1)
        w->patient_until_ns = clock_monotonic_ns(clock_real()) + w->options.patience_ns;
    if (w->count == 1 || (w->pressing == 1 && !item.patient) || w->count == LIMIT_WRITER_GROUP)
        condition_signal(&w->not_empty);
}

static enum err refuse(bool closed, struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "%s",
                     closed ? "the server is stopping"
                            : "a write to the database failed, the server has to start again");
}

static enum err submit(struct writer *w, struct item item, struct error *e)
{
    mutex_lock(&w->mutex);
    bool closed = w->closed, failed = w->has_failed, full = w->count == LIMIT_WRITER_QUEUE;
    if (!closed && !failed && !full)
        put(w, item);
    mutex_unlock(&w->mutex);
    if (closed || failed)
        return refuse(closed, e);
    if (full)
        return error_set(e, ERR_BUSY, "%d writes are waiting already", LIMIT_WRITER_QUEUE);
    return ERR_OK;
}

enum err writer_submit(struct writer *w, writer_work *work, writer_done *done, void *context,
                       struct error *e)
{
    return submit(w, (struct item){.work = work, .done = done, .context = context}, e);
}

enum err writer_submit_patiently(struct writer *w, writer_work *work, writer_done *done,
                                 void *context, struct error *e)
{
    const struct item item = {.work = work, .done = done, .context = context, .patient = true};
    return submit(w, item, e);
}

void writer_hurry(struct writer *w)
{
    mutex_lock(&w->mutex);
    w->patient_until_ns = 0;
    condition_signal(&w->not_empty);
    mutex_unlock(&w->mutex);
}

struct call {
    struct writer *writer;
    writer_work *work;
    void *context;
    struct condition ended;
    bool has_ended; /* under the writer's mutex */
    enum err code;
    struct error error;
};

static enum err call_work(struct db_write *tx, void *context, struct error *e)
{
    struct call *call = context;
    return call->work(tx, call->context, e);
}

static void call_done(void *context, enum err code, const struct error *e)
{
    struct call *call = context;
    struct writer *w = call->writer;
    mutex_lock(&w->mutex);
    call->code = code;
    call->error = *e;
    call->has_ended = true;
    condition_signal(&call->ended);
    mutex_unlock(&w->mutex);
}

enum err writer_call(struct writer *w, writer_work *work, void *context, struct error *e)
{
    may_block("writer_call");
    assert(writer_of_this_thread != w); /* it would wait for itself */
    struct call call = {.writer = w, .work = work, .context = context};
    condition_init(&call.ended);
    mutex_lock(&w->mutex);
    while (w->count == LIMIT_WRITER_QUEUE && !w->closed && !w->has_failed)
        condition_wait(&w->not_full, &w->mutex);
    bool closed = w->closed, failed = w->has_failed;
    if (!closed && !failed) {
        put(w, (struct item){.work = call_work, .done = call_done, .context = &call});
        while (!call.has_ended)
            condition_wait(&call.ended, &w->mutex);
    }
    mutex_unlock(&w->mutex);
    condition_release(&call.ended);
    if (closed || failed)
        return refuse(closed, e);
    if (call.code != ERR_OK && e != NULL)
        *e = call.error;
    return call.code;
}

struct writer_stats writer_stats(struct writer *w)
{
    mutex_lock(&w->mutex);
    struct writer_stats stats = w->stats;
    stats.queued = (int64_t)w->count;
    mutex_unlock(&w->mutex);
    return stats;
}
