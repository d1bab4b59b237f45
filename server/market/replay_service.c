/* The thread takes what is due of every replay into one batch under the lock, and hands it on
 * without. What the market refuses because too much waits there is offered again a little later,
 * and no replay goes on before that: so one at full speed runs as fast as the market takes it.
 *
 * Behind a quote on which a bracket acts, or at which one of its orders fills, the thread waits
 * until that has had all its effects: a market that runs at many times its speed would otherwise be
 * gone before the bracket's thread has looked at it. Quotes on which nobody acts wait for nobody.
 */
#include "server/market/replay_service.h"

#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

enum {
    REPLAYS_MAX = LIMIT_REPLAYS_LIVE + LIMIT_REPLAYS_KEPT,
    TURN_QUOTES = LIMIT_QUOTES_BATCH / LIMIT_REPLAYS_LIVE, /* of one replay */
};
#define RETRY_NS (2 * NS_PER_MS)
#define SETTLE_NS NS_PER_SECOND
#define LOOK_NS (50 * NS_PER_US)
#define TURN_NS                                                                                    \
    NS_PER_MS /* between turns while nothing hurries: what is due meanwhile goes together */

struct replay_service {
    struct market_feed *feed;
    const struct clock *clock;
    struct thread thread;
    struct mutex mutex;
    struct condition changed;
    bool stopping GUARDED_BY(mutex);
    struct replay *replays[REPLAYS_MAX] GUARDED_BY(mutex); /* oldest first; owned */
    size_t count GUARDED_BY(mutex);
    /* of the thread */
    struct market_quote batch[LIMIT_QUOTES_BATCH];
    size_t batch_count, handed; /* quotes in it; of them, how many are handed on */
};

/* ---- the thread ------------------------------------------------------------------------------ */

/* The bars are given back: nothing of them is needed any more. */
static void note_end(struct replay_service *s, struct replay *r, enum replay_status status)
{
    r->status = status;
    r->ended_at_ns = clock_realtime_ns(s->clock);
    for (size_t i = 0; i < r->source_count; i++)
        for (int32_t lane = 0; lane < BAR_PATH_LANES; lane++) {
            bars_unref(r->sources[i].bars[lane]);
            r->sources[i].bars[lane] = NULL;
            r->sources[i].next[lane] = r->sources[i].end[lane] = 0;
        }
}

/* What is due of all, and when to look again. */
static size_t collect(struct replay_service *s, int64_t now_ns, int64_t *ret_wake_ns)
{
    size_t count = 0;
    *ret_wake_ns = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        struct replay *r = s->replays[i];
        int64_t wake_ns;
        count += replay_advance(r, now_ns, &s->batch[count], TURN_QUOTES, &wake_ns);
        if (r->status == REPLAY_FINISHED && !r->ended_at_ns)
            note_end(s, r, REPLAY_FINISHED);
        if (wake_ns < *ret_wake_ns)
            *ret_wake_ns = wake_ns;
    }
    return count;
}

/* Until the quotes of the symbol have had their effects, or for SETTLE_NS: a bracket that has
 * trouble of its own holds up no market for longer. */
static void await_settled(struct replay_service *s, const char *symbol)
{
    int64_t deadline_ns = clock_monotonic_ns(s->clock) + SETTLE_NS;
    bool stopping = false;
    while (!stopping && !market_feed_settled(s->feed, symbol)) {
        int64_t now_ns = clock_monotonic_ns(s->clock);
        if (now_ns >= deadline_ns)
            return;
        mutex_lock(&s->mutex);
        condition_wait_until(&s->changed, &s->mutex, s->clock, now_ns + LOOK_NS);
        stopping = s->stopping;
        mutex_unlock(&s->mutex);
    }
}

/* What may go together of what is left. Without the lock. false when the market has too much
 * waiting. */
static bool hand_on_some(struct replay_service *s)
{
    const struct market_quote *quotes = &s->batch[s->handed];
    bool acts;
    size_t count = market_feed_until_act(s->feed, quotes, s->batch_count - s->handed, &acts);
    struct error e;
    enum err err = market_feed_quotes(s->feed, quotes, count, NULL, &e);
    if (err == ERR_BUSY)
        return false;
    if (err)
        log_event(LOG_WARN, "replay_quotes_lost", LOG_INT("quotes", (int64_t)count),
                  LOG_TEXT("error", e.message));
    s->handed += count;
    if (acts)
        await_settled(s, quotes[count - 1].symbol);
    return true;
}

static void wait_until(struct replay_service *s, int64_t wake_ns)
{
    mutex_assert_held(&s->mutex);
    if (s->stopping)
        return;
    if (wake_ns == INT64_MAX)
        condition_wait(&s->changed, &s->mutex);
    else
        condition_wait_until(&s->changed, &s->mutex, s->clock, wake_ns);
}

static void *run(void *context)
{
    struct replay_service *s = context;
    int64_t wake_ns = 0;
    mutex_lock(&s->mutex);
    while (!s->stopping) {
        int64_t now_ns = clock_monotonic_ns(s->clock);
        if (s->handed == s->batch_count) {
            s->handed = 0;
            s->batch_count = collect(s, now_ns, &wake_ns);
        }
        if (s->handed < s->batch_count) {
            mutex_unlock(&s->mutex);
            bool taken = hand_on_some(s);
            mutex_lock(&s->mutex);
            if (!taken)
                wake_ns = now_ns + RETRY_NS;
            else if (s->handed < s->batch_count)
                continue;
        }
        if (wake_ns > now_ns)
            wait_until(s, wake_ns < now_ns + TURN_NS ? now_ns + TURN_NS : wake_ns);
    }
    mutex_unlock(&s->mutex);
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum err replay_service_create(struct market_feed *feed, const struct clock *clock,
                               struct replay_service **ret, struct error *e)
{
    struct replay_service *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "out of memory for replays");
    s->feed = feed;
    s->clock = clock;
    mutex_init(&s->mutex, MUTEX_REPLAYS);
    condition_init(&s->changed);
    const struct thread_options options = {.name = "replay"};
    enum err err = thread_start(&s->thread, &options, run, s, e);
    if (err) {
        replay_service_free(s);
        return err;
    }
    *ret = s;
    return ERR_OK;
}

void replay_service_free(struct replay_service *s)
{
    if (!s)
        return;
    mutex_lock(&s->mutex);
    s->stopping = true;
    condition_signal(&s->changed);
    mutex_unlock(&s->mutex);
    thread_join(&s->thread);
    for (size_t i = 0; i < s->count; i++)
        replay_free(s->replays[i]);
    condition_release(&s->changed);
    mutex_release(&s->mutex);
    free(s);
}

/* ---- the table, all under the mutex ---------------------------------------------------------- */

static struct replay *find(struct replay_service *s, const struct uuid *id, size_t *ret_index)
{
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(&s->replays[i]->id, id, sizeof *id) == 0) {
            *ret_index = i;
            return s->replays[i];
        }
    return NULL;
}

static void take_out(struct replay_service *s, size_t index)
{
    s->count--;
    memmove(&s->replays[index], &s->replays[index + 1], (s->count - index) * sizeof(s->replays[0]));
}

static size_t count_live(const struct replay_service *s)
{
    size_t live = 0;
    for (size_t i = 0; i < s->count; i++)
        live += !replay_status_is_final(s->replays[i]->status);
    return live;
}

/* The symbol that both quote, or NULL. */
static const char *shared_symbol(const struct replay *a, const struct replay *b)
{
    for (size_t i = 0; i < a->source_count; i++)
        for (size_t k = 0; k < b->source_count; k++)
            if (strcmp(a->sources[i].as, b->sources[k].as) == 0)
                return a->sources[i].as;
    return NULL;
}

static enum err check_room(const struct replay_service *s, const struct replay *replay,
                           struct error *e)
{
    if (count_live(s) >= LIMIT_REPLAYS_LIVE)
        return error_set(e, ERR_BUSY, "%d replays are under way, as many as there may be",
                         LIMIT_REPLAYS_LIVE);
    for (size_t i = 0; i < s->count; i++) {
        const struct replay *other = s->replays[i];
        const char *symbol =
            replay_status_is_final(other->status) ? NULL : shared_symbol(replay, other);
        char id[UUID_TEXT];
        uuid_format(&other->id, id);
        if (symbol)
            return error_set(e, ERR_CONFLICT, "'%s' is quoted by replay %s already", symbol, id);
    }
    return ERR_OK;
}

/* The oldest ended one when there are too many; the caller frees it. */
static struct replay *oldest_to_forget(struct replay_service *s)
{
    if (s->count - count_live(s) <= LIMIT_REPLAYS_KEPT)
        return NULL;
    size_t i = 0;
    while (!replay_status_is_final(s->replays[i]->status))
        i++;
    struct replay *oldest = s->replays[i];
    take_out(s, i);
    return oldest;
}

static enum err view(const struct replay *r, struct arena *arena, struct replay_view *ret,
                     struct error *e)
{
    *ret = (struct replay_view){
        .id = r->id,
        .request = arena_strndup(arena, r->request, r->request_bytes),
        .request_bytes = r->request_bytes,
        .status = r->status,
        .speed = r->speed,
        .bar_ns = r->bar_ns,
        .bars_done = r->bars_done,
        .bars_total = r->bars_total,
        .quotes = r->quotes,
        .eta_ns = replay_eta_ns(r),
        .created_at_ns = r->created_at_ns,
        .ended_at_ns = r->ended_at_ns,
    };
    memcpy(ret->expired, r->expired, sizeof ret->expired);
    return ret->request ? ERR_OK : error_set(e, ERR_NO_MEMORY, "out of memory for a replay");
}

static enum err not_found(struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "no such replay; a restart of the server forgets them");
}

/* ---- what is asked --------------------------------------------------------------------------- */

enum err replay_service_add(struct replay_service *s, struct replay *replay, struct arena *arena,
                            struct replay_view *ret, struct error *e)
{
    mutex_lock(&s->mutex);
    enum err err = check_room(s, replay, e);
    struct replay *gone = err ? replay : oldest_to_forget(s);
    if (!err) {
        replay->id = uuid_make(s->clock);
        replay_begin(replay, clock_monotonic_ns(s->clock));
        s->replays[s->count++] = replay;
        err = view(replay, arena, ret, e);
        condition_signal(&s->changed);
    }
    mutex_unlock(&s->mutex);
    replay_free(gone);
    return err;
}

enum err replay_service_get(struct replay_service *s, const struct uuid *id, struct arena *arena,
                            struct replay_view *ret, struct error *e)
{
    size_t index;
    mutex_lock(&s->mutex);
    const struct replay *r = find(s, id, &index);
    enum err err = r ? view(r, arena, ret, e) : not_found(e);
    mutex_unlock(&s->mutex);
    return err;
}

static enum err apply(struct replay_service *s, struct replay *r,
                      const struct replay_change *change, struct error *e)
{
    int64_t now_ns = clock_monotonic_ns(s->clock);
    if (replay_status_is_final(r->status))
        return error_set(e, ERR_CONFLICT, "the replay is %s: begin another one",
                         replay_status_name(r->status));
    if (change->speed > 0)
        replay_set_speed(r, change->speed, now_ns);
    if (change->wish == REPLAY_PAUSE)
        replay_pause(r);
    else if (change->wish == REPLAY_RUN)
        replay_resume(r, now_ns);
    condition_signal(&s->changed);
    return ERR_OK;
}

enum err replay_service_change(struct replay_service *s, const struct uuid *id,
                               const struct replay_change *change, struct arena *arena,
                               struct replay_view *ret, struct error *e)
{
    size_t index;
    mutex_lock(&s->mutex);
    struct replay *r = find(s, id, &index);
    enum err err = r ? apply(s, r, change, e) : not_found(e);
    if (!err)
        err = view(r, arena, ret, e);
    mutex_unlock(&s->mutex);
    return err;
}

enum err replay_service_stop_or_remove(struct replay_service *s, const struct uuid *id,
                                       struct arena *arena, struct replay_view *ret,
                                       bool *ret_removed, struct error *e)
{
    size_t index = 0;
    mutex_lock(&s->mutex);
    struct replay *r = find(s, id, &index);
    enum err err = r ? ERR_OK : not_found(e);
    bool remove = r && replay_status_is_final(r->status);
    if (remove) {
        take_out(s, index);
    } else if (r) {
        note_end(s, r, REPLAY_STOPPED);
        err = view(r, arena, ret, e);
    }
    mutex_unlock(&s->mutex);
    if (remove)
        replay_free(r);
    *ret_removed = remove;
    return err;
}

enum err replay_service_list(struct replay_service *s, const struct uuid *after, size_t limit,
                             struct arena *arena, struct replay_view **ret, size_t *ret_count,
                             bool *ret_more, struct error *e)
{
    struct replay_view *views = arena_alloc_array(arena, REPLAYS_MAX, sizeof *views);
    size_t count = 0;
    bool more = false;
    if (!views)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the replays");
    enum err err = ERR_OK;
    mutex_lock(&s->mutex);
    for (size_t i = s->count; !err && !more && i-- > 0;) {
        const struct replay *r = s->replays[i];
        if (after && memcmp(&r->id, after, sizeof *after) >= 0)
            continue;
        if (count == limit)
            more = true;
        else
            err = view(r, arena, &views[count++], e);
    }
    mutex_unlock(&s->mutex);
    *ret = views;
    *ret_count = count;
    *ret_more = more;
    return err;
}

size_t replay_service_live(struct replay_service *s)
{
    mutex_lock(&s->mutex);
    size_t live = count_live(s);
    mutex_unlock(&s->mutex);
    return live;
}
