#include "server/events/event_hub_private.h"

#include "base/log.h"
#include "server/events/event_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The thread that commits orders must not be held up by those who watch: it takes one short lock,
 * and signals only a thread that rests. That thread works in rounds of EVENT_ROUND_MS, so however
 * many commits come, a stream is woken 200 times a second at most, and what came in between is one
 * read of the log and one rendering for all streams. */

enum {
    STACK_BYTES = 512 * 1024,
    UNDER_WAY_MAX = LIMIT_EVENT_JOBS,
    ROUND_PAGES = 16, /* of the log, so that polls do not wait for a long way behind */
};

static int64_t now_ns(void)
{
    return clock_monotonic_ns(clock_real());
}

void event_hub_nudge(struct event_hub *hub)
{
    if (!hub->idle)
        return;
    hub->idle = false;
    condition_signal(&hub->changed);
}

/* ---- being told ------------------------------------------------------------------------------ */

void event_hub_order(struct event_hub *hub, const struct desk_news *news)
{
    mutex_lock(&hub->mutex);
    if (news->sequence > atomic_load(&hub->told))
        atomic_store(&hub->told, news->sequence);
    hub->stats.told++;
    event_waits_note(hub, news->id);
    if (hub->order_streams > 0)
        event_hub_nudge(hub);
    mutex_unlock(&hub->mutex);
}

void event_hub_job(void *context, const struct job_news *news)
{
    struct event_hub *hub = context;
    mutex_lock(&hub->mutex);
    job_notes_put(&hub->notes, news);
    if (hub->job_streams > 0)
        event_hub_nudge(hub);
    mutex_unlock(&hub->mutex);
}

int64_t event_hub_sequence(struct event_hub *hub)
{
    return atomic_load(&hub->told);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What a page of the log brought. */
struct batch {
    struct ring_event events[EVENT_PAGE];
    size_t count;
    bool failed;
};

static void keep(void *context, int64_t sequence, const struct uuid *order_id,
                 const struct strbuf *text)
{
    struct batch *b = context;
    char *copy = malloc(text->length);
    if (!copy) {
        b->failed = true;
        return;
    }
    memcpy(copy, text->data, text->length);
    b->events[b->count++] = (struct ring_event){
        .sequence = sequence, .order_id = *order_id, .text = copy, .length = text->length};
}

static bool concerns(const struct event_filter *filter, const struct batch *b)
{
    if (!filter->orders)
        return false;
    bool does = !filter->has_order_id && b->count > 0;
    for (size_t i = 0; i < b->count && !does; i++)
        does = memcmp(&b->events[i].order_id, &filter->order_id, sizeof filter->order_id) == 0;
    return does;
}

static void wake_order_streams(struct event_hub *hub, const struct batch *b)
{
    struct event_subscriber *s;
    DL_FOREACH(hub->subscribers, s)
    {
        if (concerns(&s->filter, b))
            s->wake(s);
    }
}

/* Under the lock: what was read behind `from` goes into the ring, unless that began anew meanwhile.
 */
static void publish(struct event_hub *hub, struct batch *b, int64_t from, int64_t told)
{
    if (hub->ring.newest != from) {
        for (size_t i = 0; i < b->count; i++)
            free(b->events[i].text);
        return;
    }
    wake_order_streams(hub, b);
    for (size_t i = 0; i < b->count; i++)
        event_ring_add(&hub->ring, &b->events[i]);
    if (b->count < EVENT_PAGE)
        event_ring_advance(&hub->ring, told);
}

/* The streams find for themselves what the log says, or that it cannot be read. */
static void give_up(struct event_hub *hub, struct batch *b, const struct error *e)
{
    log_event(LOG_ERROR, "events_not_read", LOG_TEXT("detail", e->message));
    for (size_t i = 0; i < b->count; i++)
        free(b->events[i].text);
    mutex_lock(&hub->mutex);
    event_ring_reset(&hub->ring, atomic_load(&hub->told));
    event_streams_wake(hub);
    mutex_unlock(&hub->mutex);
}

/* Follows the log by a page. True when there is more. */
static bool follow_log(struct event_hub *hub)
{
    struct batch b = {.count = 0};
    struct error e = {0};
    size_t count = 0;
    mutex_lock(&hub->mutex);
    int64_t from = hub->ring.newest, told = atomic_load(&hub->told);
    bool wanted = hub->order_streams > 0 && from < told;
    mutex_unlock(&hub->mutex);
    if (!wanted)
        return false;
    enum err err = event_text_read(hub->store, hub->desk, NULL, from, keep, &b, &count, &e);
    if (err == ERR_OK && b.failed)
        err = error_set(&e, ERR_NO_MEMORY, "no memory for the newest events");
    if (err != ERR_OK) {
        give_up(hub, &b, &e);
        return false;
    }
    mutex_lock(&hub->mutex);
    publish(hub, &b, from, told);
    mutex_unlock(&hub->mutex);
    return count == EVENT_PAGE;
}

static void note_progress(struct event_hub *hub, int64_t now)
{
    struct job_news *jobs = calloc(UNDER_WAY_MAX, sizeof *jobs);
    size_t count = jobs && hub->jobs ? job_service_under_way(hub->jobs, jobs, UNDER_WAY_MAX) : 0;
    mutex_lock(&hub->mutex);
    for (size_t i = 0; i < count; i++)
        job_notes_put(&hub->notes, &jobs[i]);
    hub->next_progress_ns = now + EVENT_PROGRESS_MS * NS_PER_MS;
    mutex_unlock(&hub->mutex);
    free(jobs);
}

static void wake_job_streams(struct event_hub *hub)
{
    struct event_subscriber *s;
    mutex_lock(&hub->mutex);
    if (hub->notes_woken != hub->notes.changes)
        DL_FOREACH(hub->subscribers, s)
        {
            if (s->filter.jobs)
                s->wake(s);
        }
    hub->notes_woken = hub->notes.changes;
    mutex_unlock(&hub->mutex);
}

static void follow_jobs(struct event_hub *hub, int64_t now)
{
    mutex_lock(&hub->mutex);
    bool wanted = hub->job_streams > 0, due = now >= hub->next_progress_ns;
    mutex_unlock(&hub->mutex);
    if (wanted && due)
        note_progress(hub, now);
    if (wanted)
        wake_job_streams(hub);
}

/* Under the lock: until when there is nothing to do, if nobody tells anything. 0 = there is now. */
static int64_t next_deadline(struct event_hub *hub)
{
    int64_t deadline = event_waits_deadline(hub);
    if (hub->order_streams > 0 && hub->ring.newest < atomic_load(&hub->told))
        return 0;
    if (hub->job_streams > 0 && hub->notes_woken != hub->notes.changes)
        return 0;
    if (hub->job_streams > 0 && hub->next_progress_ns < deadline)
        deadline = hub->next_progress_ns;
    return deadline;
}

/* Rests until there is something to do, at least until `rest_ns`. False when the hub stops. */
static bool wait_for_work(struct event_hub *hub, int64_t rest_ns)
{
    mutex_lock(&hub->mutex);
    for (;;) {
        int64_t now = now_ns(), deadline = next_deadline(hub);
        if (hub->stopping || (now >= rest_ns && now >= deadline))
            break;
        hub->idle = now >= rest_ns;
        if (!hub->idle)
            deadline = rest_ns;
        condition_wait_until(&hub->changed, &hub->mutex, clock_real(), deadline);
    }
    hub->idle = false;
    bool stopping = hub->stopping;
    mutex_unlock(&hub->mutex);
    return !stopping;
}

static void *run(void *context)
{
    struct event_hub *hub = context;
    int64_t rest_ns = 0;
    while (wait_for_work(hub, rest_ns)) {
        int64_t now = now_ns();
        mutex_lock(&hub->mutex);
        hub->stats.rounds++;
        struct event_wait *due = event_waits_take(hub, now);
        mutex_unlock(&hub->mutex);
        event_waits_call(due);
        for (int pages = 0; pages < ROUND_PAGES && follow_log(hub); pages++)
            ;
        follow_jobs(hub, now);
        rest_ns = now + EVENT_ROUND_MS * NS_PER_MS;
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum err event_hub_create(struct order_store *store, struct event_hub **ret, struct error *e)
{
    int64_t newest = 0;
    enum err err = store->operations->newest(store, &newest, e);
    if (err != ERR_OK)
        return err;
    struct event_hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        return error_set(e, ERR_NO_MEMORY, "no memory for the events");
    hub->store = store;
    atomic_init(&hub->told, newest);
    mutex_init(&hub->mutex, MUTEX_EVENTS);
    condition_init(&hub->changed);
    event_ring_reset(&hub->ring, newest);
    *ret = hub;
    return ERR_OK;
}

enum err event_hub_start(struct event_hub *hub, struct desk *desk, struct job_service *jobs,
                         struct error *e)
{
    assert(!hub->thread.started);
    hub->desk = desk;
    hub->jobs = jobs;
    note_progress(hub, now_ns());
    return thread_start(&hub->thread,
                        &(struct thread_options){.name = "events", .stack_bytes = STACK_BYTES}, run,
                        hub, e);
}

void event_hub_stop(struct event_hub *hub)
{
    if (!hub)
        return;
    mutex_lock(&hub->mutex);
    hub->stopping = true;
    condition_signal(&hub->changed);
    mutex_unlock(&hub->mutex);
    thread_join(&hub->thread);
}

void event_hub_free(struct event_hub *hub)
{
    if (!hub)
        return;
    assert(!hub->thread.started && !hub->subscribers && hub->waits.count == 0);
    event_ring_reset(&hub->ring, 0);
    condition_release(&hub->changed);
    mutex_release(&hub->mutex);
    free(hub);
}

void event_hub_stats(struct event_hub *hub, struct event_hub_stats *ret)
{
    mutex_lock(&hub->mutex);
    *ret = hub->stats;
    ret->waits = hub->waits.count;
    mutex_unlock(&hub->mutex);
}
