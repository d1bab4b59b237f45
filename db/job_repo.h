/* Jobs (backtests, later sweeps) in bracketd.db: what was asked, how far it is, what came out. */
#ifndef DB_JOB_REPO_H
#define DB_JOB_REPO_H

#include "base/arena.h"
#include "base/digest.h"
#include "db/sqlite.h"

#define JOB_STATUS_TABLE(X)                                                                        \
    X(QUEUED, "queued")                                                                            \
    X(RUNNING, "running")                                                                          \
    X(SUCCEEDED, "succeeded")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(CANCELED, "canceled")

enum job_status {
#define X(name, text) JOB_##name,
    JOB_STATUS_TABLE(X)
#undef X
        JOB_STATUS_COUNT
};
const char *job_status_name(enum job_status s);
bool job_status_parse(const char *text, enum job_status *ret);
bool job_status_is_final(enum job_status s);

struct job_progress {
    int64_t shards_done, shards_total;
    int64_t shards_cached; /* of those done: the result was there already */
    int64_t bars_done, bars_total;
};

/* Strings live in the caller's arena; those marked "or NULL" may be absent. */
struct job_row {
    struct uuid id;   /* time-ordered: the order of the list */
    const char *kind; /* "backtest" */
    enum job_status status;
    const char *name, *notes;                             /* or NULL */
    struct uuid key_id;                                   /* who asked; zero = the command line */
    const char *request;                                  /* JSON in normal form */
    int64_t created_at_ns, started_at_ns, finished_at_ns; /* 0 = not yet */
    struct job_progress progress;
    int64_t cost;       /* as estimated at acceptance (study_cost.h); 0 = unknown */
    const char *result; /* JSON, or NULL; job_repo_list leaves it out */
    const char *error;  /* or NULL */
    const char *engine_version;
    unsigned char data_hash[DATA_HASH_BYTES]; /* zero until planned */
    int64_t rev;                              /* grows with each change */
};

struct job_rows {
    struct job_row *items;
    size_t count;
    bool more; /* the next page begins after the last item's id */
};

struct job_filter {
    const char *kind;          /* NULL = any */
    const struct uuid *before; /* cursor: only ids below; NULL = from the newest */
    uint32_t statuses;         /* bits 1u << enum job_status; 0 = any */
    const char *name;          /* in the name, in either case; NULL = any */
    int64_t limit;             /* 1..LIMIT_PAGE_ITEMS */
};

/* What a user calls a job: those that are set are stored, NULL removes. */
struct job_label {
    bool sets_name, sets_notes;
    const char *name, *notes;
};

/* Stores a new job as the row says (rev 1). ERR_CONFLICT when the id is taken. */
enum err job_repo_create(struct db_write *w, const struct job_row *job, struct error *e);
/* ERR_NOT_FOUND. */
enum err job_repo_find(const struct db_read *r, const struct uuid *id, struct arena *arena,
                       struct job_row *ret, struct error *e);
/* The same without the result. */
enum err job_repo_find_summary(const struct db_read *r, const struct uuid *id, struct arena *arena,
                               struct job_row *ret, struct error *e);
/* Its status alone. ERR_NOT_FOUND. */
enum err job_repo_status(const struct db_read *r, const struct uuid *id, enum job_status *ret,
                         struct error *e);
/* Newest first, without results. */
enum err job_repo_list(const struct db_read *r, const struct job_filter *filter,
                       struct arena *arena, struct job_rows *ret, struct error *e);
/* Queued and running jobs, oldest first, without results: what a start has to take up again. */
enum err job_repo_unfinished(const struct db_read *r, struct arena *arena, struct job_rows *ret,
                             struct error *e);

/* Each of these raises rev and answers ERR_NOT_FOUND when there is no such job, and ERR_CONFLICT
 * when it has ended already (a final status never changes). */

/* queued -> running, with the plan's data hash and totals. started_at keeps its first value on a
 * resume. */
enum err job_repo_start(struct db_write *w, const struct uuid *id, int64_t now_ns,
                        const unsigned char data_hash[DATA_HASH_BYTES],
                        const struct job_progress *progress, struct error *e);
enum err job_repo_set_progress(struct db_write *w, const struct uuid *id,
                               const struct job_progress *progress, struct error *e);
/* To a final status; result and error may be NULL. */
enum err job_repo_finish(struct db_write *w, const struct uuid *id, enum job_status status,
                         int64_t now_ns, const struct job_progress *progress, const char *result,
                         const char *error, struct error *e);
/* Of a job in any state; raises rev. ERR_NOT_FOUND. */
enum err job_repo_label(struct db_write *w, const struct uuid *id, const struct job_label *label,
                        struct error *e);
/* Removes the job with its shards. ERR_NOT_FOUND; ERR_CONFLICT while it is queued or running. */
enum err job_repo_delete(struct db_write *w, const struct uuid *id, struct error *e);

#endif
