/* The newest state of each job that changed of late, in the order of their changes. Not thread
 * safe: the hub's lock covers it.
 */
#ifndef SERVER_EVENTS_JOB_NOTES_H
#define SERVER_EVENTS_JOB_NOTES_H

#include "base/limits.h"
#include "base/strbuf.h"
#include "server/jobs/job_service.h"

struct job_note {
    struct job_news news;
    int64_t change; /* its place: the number of the change */
};

/* Zero bytes are empty. */
struct job_notes {
    int64_t changes; /* ever */
    size_t count;
    struct job_note items[LIMIT_EVENT_JOBS]; /* `change` ascending; the oldest goes when full */
};

/* A state of a job; nothing when it is the one that is known. */
void job_notes_put(struct job_notes *n, const struct job_news *news);

/* Appends what changed behind *change as server-sent events and moves it on to the newest. Below 0:
 * the jobs that are under way, as they are. */
void job_notes_read(const struct job_notes *n, int64_t *change, struct strbuf *out);

#endif
