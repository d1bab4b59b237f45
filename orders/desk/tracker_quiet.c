/* Polls that bring nothing, which is nearly all of them: thirty thousand brackets at a poll a
 * second leave 10 us for each, most of which the kernel takes to wake a thread.
 *
 * After each turn the thread notes until when the machine brings nothing by itself, and whether
 * anything waits for an answer of the broker's. While neither is so, nobody has woken the bracket,
 * and the newest snapshot tells of it what the last one told, a turn would change nothing; so none
 * is taken. Whatever is not as it was, or not known, makes a turn: a wrong guess costs time alone.
 *
 * Such a poll takes no lock but the gateway's for the snapshot, allocates nothing, and stays on the
 * highest pages of the stack; what turns have touched below is given back at the first of them.
 */
#include "orders/desk/desk_private.h"

#include <string.h>

/* Polls are on a grid, so that one interrupt of a timer wakes many threads. */
#define POLL_GRID_NS (NS_PER_MS / 2)
/* By more than that the clock on the wall was set. */
#define CLOCK_STEP_NS (50 * NS_PER_MS)

enum { FINAL_SLOWER = 4, NEAR_FASTER = 4 };

int64_t tracker_next_poll_ns(struct desk_order *o, int64_t now_ns)
{
    int64_t interval_ns = o->desk->options.poll_interval_ns;
    if (bracket_status_final(o->header.status))
        interval_ns *= FINAL_SLOWER;
    else if (desk_near_trigger(o))
        interval_ns /= NEAR_FASTER;
    /* A tenth of jitter, by id and number of the poll, so that polls which fell in step part. */
    uint64_t mixed = (o->header.id.bytes[15] + (uint64_t)o->tracker.polls) * 0x9e3779b97f4a7c15u;
    int64_t next_ns = now_ns + interval_ns + (int64_t)(mixed >> 40) % (interval_ns / 10 + 1);
    return next_ns + POLL_GRID_NS - next_ns % POLL_GRID_NS;
}

void tracker_count_poll(struct desk_order *o, int64_t now_ns)
{
    o->tracker.polls++;
    atomic_fetch_add_explicit(&o->desk->polls, 1, memory_order_relaxed);
    atomic_store_explicit(&o->figures.polls, o->tracker.polls, memory_order_relaxed);
    atomic_store_explicit(&o->figures.last_poll_ns, now_ns, memory_order_relaxed);
}

static int64_t clocks_apart_ns(const struct clock *clock)
{
    return clock_realtime_ns(clock) - clock_monotonic_ns(clock);
}

/* The next instant at which the machine brings something by itself. */
static int64_t due_steady_ns(const struct desk_order *o, const struct bracket_state *s)
{
    struct order_clock now = desk_clock(o->desk);
    struct order_quote quote = desk_quote_of(o);
    int64_t next_ns = bracket_next_steady_ns(s, now);
    int64_t sight_ns = bracket_sight_changes_ns(s, &quote, now);
    if (s->blind && desk_quote_is_due(o, o->desk->options.poll_interval_ns))
        sight_ns = now.steady_ns; /* to ask for one */
    return sight_ns < next_ns ? sight_ns : next_ns;
}

void tracker_note_calm(struct desk_order *o, const struct bracket_state *s, bool well)
{
    struct tracker *t = &o->tracker;
    const struct desk *d = o->desk;
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    t->calm = well && atomic_load(&o->resolved) && t->confirmed && !t->restarted &&
              !t->must_query && !t->must_reconcile && !t->incomplete && !t->final_since_ns &&
              broker_can(d->options.broker, BROKER_CAN_BULK_LIST);
    t->opened = sums.open != 0;
    t->due_ns = desk_monotonic(d, due_steady_ns(o, s));
    t->session_end_ns = d->options.calendar ? s->session_close_ns : INT64_MAX;
    t->clocks_apart_ns = clocks_apart_ns(d->options.clock);
    t->deep = true;
}

/* Its reports: where they were the last time, or looked for. */
static const struct snapshot_report *own_reports(struct desk_order *o, const struct snapshot *s,
                                                 size_t *ret_count)
{
    const struct uuid *id = &o->header.id;
    size_t at = o->tracker.place, count = o->tracker.place_count;
    bool there = count > 0 && at + count <= s->count;
    for (size_t i = at; there && i < at + count; i++)
        there = !memcmp(&s->reports[i].bracket, id, sizeof *id);
    if (there && at + count < s->count)
        there = memcmp(&s->reports[at + count].bracket, id, sizeof *id) != 0;
    if (there) {
        *ret_count = count;
        return &s->reports[at];
    }
    const struct snapshot_report *r = snapshot_of(s, id, ret_count);
    o->tracker.place = (size_t)(r - s->reports);
    return r;
}

/* The snapshot tells of the bracket what the one before the last that was told did: then the last
 * one has shown already that nothing moves. */
static bool is_old_news(struct desk_order *o, const struct snapshot *s)
{
    const struct tracker *t = &o->tracker;
    size_t count;
    const struct snapshot_report *r = own_reports(o, s, &count);
    bool old = count == t->place_count;
    for (size_t i = 0; i < count && old; i++)
        old = r[i].since < t->applied_number;
    return old &&
           (!t->opened || !s->has_positions || snapshot_position(s, o->market->symbol) == t->held);
}

static bool snapshot_brings_nothing(struct desk_order *o, int64_t now_ns)
{
    struct snapshot *s = gateway_snapshot(o->desk->gateway);
    bool nothing = s && is_old_news(o, s) && !gateway_listing_is_late(o->desk->gateway);
    if (nothing)
        atomic_store_explicit(&o->figures.snapshot_age_ns, now_ns - s->asked_monotonic_ns,
                              memory_order_relaxed);
    snapshot_unref(s);
    return nothing;
}

/* Nothing but the time of a poll has come. */
static bool undisturbed(const struct desk_order *o, int64_t now_ns)
{
    const struct tracker *t = &o->tracker;
    const struct clock *clock = o->desk->options.clock;
    int64_t moved_ns = clocks_apart_ns(clock) - t->clocks_apart_ns;
    return t->calm && now_ns < t->due_ns && !atomic_load(&o->attention) &&
           moved_ns > -CLOCK_STEP_NS && moved_ns < CLOCK_STEP_NS &&
           clock_realtime_ns(clock) < t->session_end_ns;
}

bool tracker_poll_quietly(struct desk_order *o, int64_t *ret_next_ns)
{
    struct tracker *t = &o->tracker;
    const struct desk_options *options = &o->desk->options;
    int64_t now_ns = clock_monotonic_ns(options->clock);
    if (!undisturbed(o, now_ns))
        return false;
    if (now_ns >= t->next_poll_ns) {
        if (desk_quote_is_due(o, options->poll_interval_ns) || !snapshot_brings_nothing(o, now_ns))
            return false;
        tracker_count_poll(o, now_ns);
        t->next_poll_ns = tracker_next_poll_ns(o, now_ns);
        if (t->deep && o->stack)
            stack_trim(o->stack, stacks_bytes(o->desk->stacks));
        t->deep = false;
    }
    *ret_next_ns = t->next_poll_ns < t->due_ns ? t->next_poll_ns : t->due_ns;
    atomic_store_explicit(&o->figures.next_wake_ns, *ret_next_ns, memory_order_relaxed);
    return true;
}
