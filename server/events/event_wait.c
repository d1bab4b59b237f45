#include "server/events/event_hub_private.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

/* Where a wait is. RUNNING: in no list; `due` is being called, or it was never waiting. */
enum { RUNNING, WAITING, DUE };

static struct event_wait **list_of(struct event_hub *hub, const struct event_wait *w)
{
    if (w->state == DUE)
        return &hub->waits.due;
    if (!w->has_order_id)
        return &hub->waits.any;
    const unsigned char *id = w->order_id.bytes;
    return &hub->waits.by_order[(id[15] | (unsigned)id[14] << 8) % WAIT_BUCKETS];
}

static void put(struct event_hub *hub, struct event_wait *w, int state)
{
    w->state = state;
    DL_APPEND(*list_of(hub, w), w);
    hub->waits.count++;
}

static void take_out(struct event_hub *hub, struct event_wait *w)
{
    DL_DELETE(*list_of(hub, w), w);
    hub->waits.count--;
    w->state = RUNNING;
}

static void make_due(struct event_hub *hub, struct event_wait *w)
{
    take_out(hub, w);
    put(hub, w, DUE);
    event_hub_nudge(hub);
}

static bool any_is_due(const struct event_hub *hub)
{
    const struct event_wait *w;
    int64_t told = atomic_load(&hub->told);
    DL_FOREACH(hub->waits.any, w)
    {
        if (w->since < told)
            return true;
    }
    return false;
}

/* Those of any order are left to the thread, which looks at them now and then. */
static void notice_any(struct event_hub *hub)
{
    if (hub->waits.any_noticed || !any_is_due(hub))
        return;
    hub->waits.any_noticed = true;
    event_hub_nudge(hub);
}

void event_hub_wait(struct event_hub *hub, struct event_wait *w)
{
    mutex_lock(&hub->mutex);
    assert(w->state == RUNNING);
    put(hub, w, WAITING);
    if (w->late)
        make_due(hub, w);
    else if (!w->has_order_id)
        notice_any(hub);
    mutex_unlock(&hub->mutex);
}

bool event_hub_unwait(struct event_hub *hub, struct event_wait *w)
{
    mutex_lock(&hub->mutex);
    bool waiting = w->state != RUNNING;
    if (waiting)
        take_out(hub, w);
    mutex_unlock(&hub->mutex);
    return waiting;
}

void event_hub_expire(struct event_hub *hub, struct event_wait *w)
{
    mutex_lock(&hub->mutex);
    w->late = true;
    if (w->state == WAITING)
        make_due(hub, w);
    mutex_unlock(&hub->mutex);
}

/* ---- for the hub ----------------------------------------------------------------------------- */

void event_waits_note(struct event_hub *hub, const struct uuid *order_id)
{
    const struct event_wait probe = {.has_order_id = true, .order_id = *order_id, .state = WAITING};
    struct event_wait *w, *next;
    DL_FOREACH_SAFE(*list_of(hub, &probe), w, next)
    {
        if (memcmp(&w->order_id, order_id, sizeof *order_id) == 0)
            make_due(hub, w);
    }
    notice_any(hub);
}

static void take_any(struct event_hub *hub, int64_t now_ns)
{
    struct event_wait *w, *next;
    int64_t told = atomic_load(&hub->told);
    if (!hub->waits.any_noticed || now_ns < hub->waits.next_any_ns)
        return;
    hub->waits.any_noticed = false;
    hub->waits.next_any_ns = now_ns + EVENT_ANY_WAIT_MS * NS_PER_MS;
    DL_FOREACH_SAFE(hub->waits.any, w, next)
    {
        if (w->since < told)
            make_due(hub, w);
    }
}

struct event_wait *event_waits_take(struct event_hub *hub, int64_t now_ns)
{
    struct event_wait *w;
    take_any(hub, now_ns);
    struct event_wait *taken = hub->waits.due;
    hub->waits.due = NULL;
    DL_FOREACH(taken, w)
    {
        hub->waits.count--;
        w->state = RUNNING;
        w->expired = w->late;
    }
    return taken;
}

int64_t event_waits_deadline(struct event_hub *hub)
{
    if (hub->waits.due)
        return 0;
    return hub->waits.any_noticed ? hub->waits.next_any_ns : INT64_MAX;
}

void event_waits_call(struct event_wait *taken)
{
    struct event_wait *w, *next;
    DL_FOREACH_SAFE(taken, w, next)
    {
        DL_DELETE(taken, w);
        w->due(w); /* its memory may be gone now */
    }
}
