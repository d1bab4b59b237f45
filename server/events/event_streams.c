/* Who reads the hub's events: each stream with its own place, served from what is in memory, or out
 * of the log when that no longer goes back so far. */
#include "server/events/event_hub_private.h"
#include "server/events/event_text.h"

#include <utlist.h>

enum { READ_BYTES = 32 * 1024 }; /* copied under the lock */

enum err event_hub_subscribe(struct event_hub *hub, struct event_subscriber *s,
                             struct event_place *ret_place, struct error *e)
{
    bool full;
    mutex_lock(&hub->mutex);
    full = hub->stats.streams >= LIMIT_EVENT_STREAMS;
    if (!full) {
        int64_t told = atomic_load(&hub->told);
        if (s->filter.orders && hub->order_streams++ == 0)
            event_ring_reset(&hub->ring, told); /* nobody followed the log meanwhile */
        hub->job_streams += s->filter.jobs;
        hub->stats.streams++;
        DL_APPEND(hub->subscribers, s);
        *ret_place = (struct event_place){.sequence = told, .job_change = -1};
    }
    mutex_unlock(&hub->mutex);
    return full ? error_set(e, ERR_BUSY, "%d streams of events are open, no more are allowed",
                            LIMIT_EVENT_STREAMS)
                : ERR_OK;
}

void event_hub_unsubscribe(struct event_hub *hub, struct event_subscriber *s)
{
    mutex_lock(&hub->mutex);
    hub->order_streams -= s->filter.orders;
    hub->job_streams -= s->filter.jobs;
    hub->stats.streams--;
    DL_DELETE(hub->subscribers, s);
    mutex_unlock(&hub->mutex);
}

void event_streams_wake(struct event_hub *hub)
{
    struct event_subscriber *s;
    DL_FOREACH(hub->subscribers, s)
    {
        s->wake(s);
    }
}

void event_hub_wake(struct event_hub *hub)
{
    mutex_lock(&hub->mutex);
    event_streams_wake(hub);
    mutex_unlock(&hub->mutex);
}

static const struct uuid *only_order(const struct event_filter *filter)
{
    return filter->has_order_id ? &filter->order_id : NULL;
}

enum event_read event_hub_read(struct event_hub *hub, const struct event_filter *filter,
                               struct event_place *place, struct strbuf *out)
{
    enum event_read read = EVENT_READ_ALL;
    mutex_lock(&hub->mutex);
    if (filter->jobs)
        job_notes_read(&hub->notes, &place->job_change, out);
    if (filter->orders && place->sequence < hub->ring.floor)
        read = EVENT_READ_BEHIND;
    else if (filter->orders &&
             event_ring_read(&hub->ring, only_order(filter), READ_BYTES, &place->sequence, out))
        read = EVENT_READ_MORE;
    mutex_unlock(&hub->mutex);
    return read;
}

struct appending {
    struct strbuf *out;
    int64_t newest;
};

static void append(void *context, int64_t sequence, const struct uuid *order_id,
                   const struct strbuf *text)
{
    struct appending *a = context;
    (void)order_id;
    a->newest = sequence;
    strbuf_add(a->out, text->data, text->length);
}

enum err event_hub_read_log(struct event_hub *hub, const struct event_filter *filter,
                            struct event_place *place, struct strbuf *out, struct error *e)
{
    int64_t told = atomic_load(&hub->told);
    struct appending a = {.out = out, .newest = place->sequence};
    size_t count = 0;
    enum err err = event_text_read(hub->store, hub->desk, only_order(filter), place->sequence,
                                   append, &a, &count, e);
    if (err != ERR_OK)
        return err;
    place->sequence = a.newest;
    if (count < EVENT_PAGE && told > place->sequence)
        place->sequence = told;
    mutex_lock(&hub->mutex);
    hub->stats.log_reads++;
    mutex_unlock(&hub->mutex);
    return ERR_OK;
}
