/* A list of turns, each a job that heads the list of its key's later jobs. Finding a key walks the
 * turns, of which there are at most as many as jobs may wait.
 */
#include "server/jobs/job_queue.h"

#include "server/jobs/job_table.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

static bool same_key(const struct job *a, const struct job *b)
{
    return memcmp(&a->row.key_id, &b->row.key_id, sizeof(a->row.key_id)) == 0;
}

/* The job whose turn is the key's. */
static struct job *turn_of(const struct job_queue *q, const struct job *job)
{
    struct job *turn;
    DL_FOREACH(q->turns, turn)
    if (same_key(turn, job))
        return turn;
    return NULL;
}

/* Takes a turn's job out; the next of its key, now the head of the rest, or NULL. */
static struct job *behead(struct job_queue *q, struct job *turn)
{
    struct job *rest = turn->followers, *next = rest;
    turn->followers = NULL;
    DL_DELETE(q->turns, turn);
    q->count--;
    if (next) {
        DL_DELETE(rest, next);
        next->followers = rest;
    }
    return next;
}

void job_queue_push(struct job_queue *q, struct job *job)
{
    struct job *turn = turn_of(q, job);
    job->followers = NULL;
    if (turn)
        DL_APPEND(turn->followers, job);
    else
        DL_APPEND(q->turns, job);
    q->count++;
}

struct job *job_queue_pop(struct job_queue *q, job_queue_may_run *may_run, void *context)
{
    struct job *turn;
    DL_FOREACH(q->turns, turn)
    if (may_run(context, &turn->row.key_id))
        break;
    if (!turn)
        return NULL;
    struct job *next = behead(q, turn);
    if (next)
        DL_APPEND(q->turns, next);
    return turn;
}

void job_queue_remove(struct job_queue *q, struct job *job)
{
    struct job *turn = turn_of(q, job);
    assert(turn);
    if (turn != job) {
        DL_DELETE(turn->followers, job);
        q->count--;
        return;
    }
    struct job *before = job == q->turns ? NULL : job->prev;
    struct job *next = behead(q, job);
    if (!next)
        return;
    if (before)
        DL_APPEND_ELEM(q->turns, before, next);
    else
        DL_PREPEND(q->turns, next);
}
