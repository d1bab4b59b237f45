/* The one thread that writes bracketd.db, with group commit.
 *
 * Work is submitted as a function. The thread takes what has queued up (at most
 * LIMIT_WRITER_GROUP), runs it in one transaction, each item isolated from the others, commits once
 * with fsync, and then calls every item's `done`. It never lingers for more, but with items of
 * which all are patient. So an item's `done` with ERR_OK means: on disk.
 *
 * The function runs on the writer thread and must only use the database (no waiting, no network).
 * When it returns an error its own changes are undone, the other items' are not. It may run again
 * after its changes were undone, because another item of the group failed, or the disk was full and
 * room could be made: what it leaves in its context must not differ the next time. `done` runs on
 * the writer thread too, outside locks and outside the transaction, and must not block; submitting
 * more from it is fine.
 *
 * An error means that nothing of the item is stored, whatever it is, except for one:
 * ERR_OUTCOME_UNKNOWN. Then the COMMIT failed in a way that leaves open what is on disk. After
 * that, and after any other write or fsync that failed (sqlite.h: a broken connection), the writer
 * takes nothing more: what is queued and what comes gets ERR_UNAVAILABLE, and `failed` is called,
 * for the process to end. The next start reads what is true.
 */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include "db/sqlite.h"

struct disk_guard;
struct writer;

/* The work. Reports its own refusals (ERR_NOT_FOUND, ERR_CONFLICT...) as it likes. */
typedef enum err writer_work(struct db_write *w, void *context, struct error *e);
/* The end: called exactly once per accepted item. `e` is valid during the call; e->code == code. */
typedef void writer_done(void *context, enum err code, const struct error *e);

struct writer_stats {
    int64_t items; /* done, in any way */
    int64_t commits;
    int64_t checkpoints;
    int64_t largest_group;
    int64_t queued; /* waiting now */
};

struct writer_options {
    struct disk_guard *disk; /* borrowed; gives up its ballast for a full disk; NULL = none */
    /* Once, on the writer thread, after the `done` of those whom the failure concerns: see above.
     * Must not block. NULL = not wanted. */
    void (*failed)(void *context, const struct error *e);
    void *context;
    int64_t patience_ns; /* how long patient items wait for company; 0 = a millisecond */
};

/* Opens the database at `path` (already migrated) and starts the thread `db-writer`. options may be
 * NULL. */
enum err writer_create(const char *path, const struct writer_options *options, struct writer **ret,
                       struct error *e);
/* Refuses new items, finishes those queued, ends the thread, closes. NULL is fine. */
void writer_free(struct writer *w);

/* From any thread, never waits. ERR_BUSY when LIMIT_WRITER_QUEUE items wait, ERR_UNAVAILABLE while
 * stopping and after a failure; then `done` is not called. `context` is borrowed until `done`. */
enum err writer_submit(struct writer *w, writer_work *work, writer_done *done, void *context,
                       struct error *e);
/* The same for what nobody waits for: it may wait a moment for others, to share their commit.
 */
enum err writer_submit_patiently(struct writer *w, writer_work *work, writer_done *done,
                                 void *context, struct error *e);
/* Somebody waits for patient items after all. */
void writer_hurry(struct writer *w);
/* As writer_submit, and waits, for room in the queue and for the end: what the work or the commit
 * returned. Not from the writer thread; blocks, so no mutex may be held. */
enum err writer_call(struct writer *w, writer_work *work, void *context, struct error *e);

struct writer_stats writer_stats(struct writer *w);

#endif
