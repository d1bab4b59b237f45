#include "orders/desk/gateway.h"

#include "base/mutex.h"
#include "base/parker.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How long what has ended stays in the listings: trackers poll far more often than that. */
#define ENDED_FOR_NS (10 * NS_PER_MINUTE)
/* After a start the listings go back to the oldest bracket for that long. */
#define CATCH_UP_NS (2 * NS_PER_MINUTE)

enum {
    POSITIONS_EVERY = 4, /* listings, where calls are counted */
    LATE_INTERVALS = 6,
};

struct gateway {
    struct gateway_options options;
    struct mutex mutex;
    struct condition tokens;
    /* behind the mutex */
    struct rate_gate gate;
    struct snapshot *newest;
    bool stopping;

    _Atomic bool hurry, account_ok, ended;
    _Atomic int64_t snapshots, calls, unknown;
    /* the thread's own */
    struct parker parker;
    struct thread thread;
    int64_t since_ns, started_ns, listings;
};

static int64_t now_ns(const struct gateway *g)
{
    return clock_monotonic_ns(g->options.clock);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* false when the gateway was stopped, or no token came until then (monotonic). */
static bool acquire_until(struct gateway *g, enum call_priority priority, int64_t deadline_ns)
{
    bool taken = false;
    mutex_lock(&g->mutex);
    g->gate.waiting[priority]++;
    while (!g->stopping && !taken) {
        int64_t at_ns = now_ns(g);
        int64_t wait_ns = rate_gate_take(&g->gate, priority, at_ns);
        taken = wait_ns == 0;
        if (!taken && at_ns >= deadline_ns)
            break;
        if (!taken)
            condition_wait_until(&g->tokens, &g->mutex, g->options.clock,
                                 at_ns + wait_ns < deadline_ns ? at_ns + wait_ns : deadline_ns);
    }
    g->gate.waiting[priority]--;
    taken &= !g->stopping;
    mutex_unlock(&g->mutex);
    return taken;
}

static bool acquire(struct gateway *g, enum call_priority priority)
{
    return acquire_until(g, priority, INT64_MAX);
}

static enum outcome count(struct gateway *g, enum outcome outcome)
{
    atomic_fetch_add(&g->calls, 1);
    if (outcome == OUTCOME_UNKNOWN)
        atomic_fetch_add(&g->unknown, 1);
    return outcome;
}

/* ---- calls ----------------------------------------------------------------------------------- */

enum outcome gateway_submit(struct gateway *g, const struct broker_submit *submit,
                            bool *ret_reported, struct broker_report *ret_report,
                            struct broker_refusal *ret_refusal)
{
    struct broker *b = g->options.broker;
    if (!acquire(g, submit->opens ? CALL_SUBMIT : CALL_PROTECT))
        return OUTCOME_NOT_SENT;
    return count(g, b->operations->submit(b, submit, ret_reported, ret_report, ret_refusal));
}

enum outcome gateway_cancel(struct gateway *g, bool protects, const char *client_id,
                            const char *broker_order_id, struct broker_refusal *ret_refusal)
{
    struct broker *b = g->options.broker;
    if (!acquire(g, protects ? CALL_PROTECT : CALL_CANCEL))
        return OUTCOME_NOT_SENT;
    return count(g, b->operations->cancel(b, client_id, broker_order_id, ret_refusal));
}

enum outcome gateway_find(struct gateway *g, bool awaited, const char *client_id, bool *ret_found,
                          struct broker_report *ret_report)
{
    struct broker *b = g->options.broker;
    enum call_priority priority = awaited ? CALL_CANCEL : CALL_QUERY;
    if (!acquire_until(g, priority, now_ns(g) + LIMIT_QUESTION_WAIT_MS * NS_PER_MS))
        return OUTCOME_NOT_SENT;
    return count(g, b->operations->find(b, client_id, ret_found, ret_report));
}

enum outcome gateway_quote(struct gateway *g, const struct contract *contract,
                           struct order_quote *ret, int64_t *ret_age_ns)
{
    struct broker *b = g->options.broker;
    if (!b->operations->quote || !acquire_until(g, CALL_QUOTE, 0))
        return OUTCOME_NOT_SENT;
    return count(g, b->operations->quote(b, contract, ret, ret_age_ns));
}

/* ---- snapshots ------------------------------------------------------------------------------- */

struct snapshot *gateway_snapshot(struct gateway *g)
{
    mutex_lock(&g->mutex);
    struct snapshot *s = g->newest ? snapshot_ref(g->newest) : NULL;
    mutex_unlock(&g->mutex);
    return s;
}

bool gateway_listing_is_late(struct gateway *g)
{
    int64_t bound_ns = LIMIT_LISTING_LATE_MS * NS_PER_MS;
    if (bound_ns < LATE_INTERVALS * g->options.interval_ns)
        bound_ns = LATE_INTERVALS * g->options.interval_ns;
    mutex_lock(&g->mutex);
    int64_t asked_ns = g->newest ? g->newest->asked_monotonic_ns : g->started_ns;
    mutex_unlock(&g->mutex);
    return now_ns(g) - asked_ns > bound_ns;
}

void gateway_hurry(struct gateway *g)
{
    if (!atomic_exchange(&g->hurry, true))
        parker_wake(&g->parker);
}

struct filter {
    struct snapshot *snapshot;
    const char *prefix;
};

static bool add_ours(void *context, const struct broker_report *report)
{
    struct filter *f = context;
    struct client_id id;
    if (strncmp(report->client_id, f->prefix, strlen(f->prefix)) != 0 ||
        !client_id_parse(report->client_id, strlen(report->client_id), &id))
        return true;
    return snapshot_add_report(f->snapshot, &id, report);
}

static int64_t list_since_ns(const struct gateway *g)
{
    int64_t recent_ns = clock_realtime_ns(g->options.clock) - ENDED_FOR_NS;
    bool catching_up = now_ns(g) - g->started_ns < CATCH_UP_NS;
    return catching_up && g->since_ns < recent_ns ? g->since_ns : recent_ns;
}

static bool fill_in(struct gateway *g, struct snapshot *s)
{
    struct broker *b = g->options.broker;
    bool counted = b->operations->capabilities(b)->calls_per_minute > 0;
    if (b->operations->positions && (!counted || g->listings % POSITIONS_EVERY == 0)) {
        if (!acquire(g, CALL_LIST))
            return false;
        s->has_positions =
            count(g, b->operations->positions(b, snapshot_add_position, s)) == OUTCOME_OK;
    }
    if (!acquire(g, CALL_LIST))
        return false;
    s->asked_monotonic_ns = now_ns(g);
    struct filter filter = {s, g->options.prefix};
    return count(g, b->operations->list(b, list_since_ns(g), add_ours, &filter)) == OUTCOME_OK;
}

/* `newest` is written by this thread alone, so it reads it without the lock. */
static void refresh(struct gateway *g)
{
    if (!broker_can(g->options.broker, BROKER_CAN_BULK_LIST))
        return;
    struct snapshot *s = snapshot_create(now_ns(g)), *before = g->newest;
    g->listings++;
    if (!s || !fill_in(g, s) || !snapshot_seal(s, before)) {
        snapshot_unref(s);
        return;
    }
    mutex_lock(&g->mutex);
    g->newest = s;
    mutex_unlock(&g->mutex);
    snapshot_unref(before);
    atomic_fetch_add(&g->snapshots, 1);
    g->options.listed(g->options.context, s);
}

static void check_account(struct gateway *g)
{
    struct broker *b = g->options.broker;
    struct broker_account account = {.cash = 0};
    if (atomic_load(&g->account_ok))
        return;
    bool ok = !b->operations->account;
    if (!ok && acquire(g, CALL_QUERY))
        ok = count(g, b->operations->account(b, &account)) == OUTCOME_OK && !account.blocked;
    atomic_store(&g->account_ok, ok);
}

static bool stopping(struct gateway *g)
{
    mutex_lock(&g->mutex);
    bool stopping = g->stopping;
    mutex_unlock(&g->mutex);
    return stopping;
}

static void *run(void *context)
{
    struct gateway *g = context;
    while (!stopping(g)) {
        bool hurried = atomic_exchange(&g->hurry, false);
        check_account(g);
        if (g->options.chore(g->options.context) || hurried)
            refresh(g);
        parker_wait(&g->parker, g->options.clock, now_ns(g) + g->options.interval_ns);
    }
    atomic_store(&g->ended, true);
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum err gateway_create(const struct gateway_options *options, struct gateway **ret,
                        struct error *e)
{
    struct gateway *g = calloc(1, sizeof *g);
    if (!g)
        return error_set(e, ERR_NO_MEMORY, "no memory for the gateway");
    g->options = *options;
    mutex_init(&g->mutex, MUTEX_GATEWAY);
    condition_init(&g->tokens);
    parker_init(&g->parker);
    atomic_init(&g->ended, true);
    rate_gate_init(&g->gate,
                   options->broker->operations->capabilities(options->broker)->calls_per_minute,
                   clock_monotonic_ns(options->clock));
    *ret = g;
    return ERR_OK;
}

enum err gateway_start(struct gateway *g, int64_t since_ns, struct error *e)
{
    g->since_ns = since_ns;
    g->started_ns = now_ns(g);
    atomic_store(&g->ended, false);
    enum err err = thread_start(&g->thread, &(struct thread_options){.name = "gateway"}, run, g, e);
    if (err != ERR_OK)
        atomic_store(&g->ended, true);
    return err;
}

void gateway_stop(struct gateway *g)
{
    mutex_lock(&g->mutex);
    g->stopping = true;
    condition_broadcast(&g->tokens);
    mutex_unlock(&g->mutex);
    parker_wake(&g->parker);
}

bool gateway_ended(struct gateway *g)
{
    return atomic_load(&g->ended);
}

void gateway_free(struct gateway *g)
{
    if (!g)
        return;
    thread_join(&g->thread);
    snapshot_unref(g->newest);
    parker_release(&g->parker);
    condition_release(&g->tokens);
    mutex_release(&g->mutex);
    free(g);
}

bool gateway_account_ok(struct gateway *g)
{
    return atomic_load(&g->account_ok);
}

void gateway_stats(struct gateway *g, struct gateway_stats *ret)
{
    struct snapshot *s = gateway_snapshot(g);
    *ret = (struct gateway_stats){
        .snapshots = atomic_load(&g->snapshots),
        .calls = atomic_load(&g->calls),
        .unknown = atomic_load(&g->unknown),
        .snapshot_age_ns = s ? now_ns(g) - s->asked_monotonic_ns : INT64_MAX,
    };
    snapshot_unref(s);
}
