#include "orders/desk/desk_private.h"

#include "base/log.h"
#include "base/spare_threads.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For so long after the last bracket has left, listings may bring news of one. */
#define LATE_NEWS_NS (10 * NS_PER_MINUTE)

enum { TRACKER_STACK_BYTES = 32 * 1024, DEFAULT_LINGER_S = 10 };

/* ---- small things ---------------------------------------------------------------------------- */

struct order_clock desk_clock(const struct desk *d)
{
    const struct clock *clock = d->options.clock;
    return (struct order_clock){.wall_ns = clock_realtime_ns(clock),
                                .steady_ns = clock_monotonic_ns(clock) + d->steady_offset_ns};
}

int64_t desk_monotonic(const struct desk *d, int64_t steady_ns)
{
    return steady_ns == INT64_MAX ? INT64_MAX : steady_ns - d->steady_offset_ns;
}

struct client_id desk_name_of(const struct desk *d, const struct uuid *id)
{
    struct client_id name = {.incarnation = d->options.incarnation, .bracket = *id};
    memcpy(name.instance, d->options.instance, sizeof name.instance);
    return name;
}

void desk_client_id(struct desk *d, const struct uuid *id, enum leg leg, int32_t generation,
                    char out[CLIENT_ID_TEXT])
{
    struct client_id name = desk_name_of(d, id);
    name.leg = leg;
    name.generation = generation;
    bool formatted = client_id_format(&name, out);
    assert(formatted);
    (void)formatted;
}

void desk_fail(struct desk *d, const struct error *e)
{
    if (atomic_exchange(&d->failed, true))
        return;
    desk_wake_all(d);
    if (d->options.listener.failed)
        d->options.listener.failed(d->options.listener.context, e);
}

/* ---- the gateway's chore ----------------------------------------------------------------------
 */

bool desk_chore(void *desk)
{
    struct desk *d = desk;
    desk_join_ended(d);
    draft_pool_trim(&d->drafts);
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    mutex_lock(&d->mutex);
    if (d->live > 0 || !d->last_live_ns)
        d->last_live_ns = now_ns;
    bool recent = now_ns - d->last_live_ns < LATE_NEWS_NS;
    mutex_unlock(&d->mutex);
    return recent;
}

/* At a start each bracket waits for the first listing, to be sure of where its orders are. What is
 * to come back waits for the threads of those that are there: until then the book stays as it is.
 */
static void listed(void *desk, const struct snapshot *s)
{
    struct desk *d = desk;
    if (!d->listed)
        desk_wake_all(d);
    d->listed = true;
    if (atomic_load(&d->started))
        desk_take_up(d, s);
}

/* A bracket whose thread is yet to start finds the hint in its first turn. */
static void hint(void *context, const char *client_id)
{
    struct desk *d = context;
    struct client_id id;
    struct desk_order *o;
    if (!client_id_parse(client_id, strlen(client_id), &id))
        return;
    mutex_lock(&d->mutex);
    HASH_FIND(by_id, d->book, &id.bracket, sizeof id.bracket, o);
    if (o)
        atomic_store(&desk_ref(o)->hinted, true);
    mutex_unlock(&d->mutex);
    int phase = o ? atomic_load(&o->phase) : ORDER_ENDED;
    if (phase == ORDER_LIVE)
        desk_wake(o);
    else if (phase != ORDER_PARKED)
        gateway_hurry(d->gateway); /* the listing tells whether it is to come back */
    desk_unref(o);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void set_defaults(struct desk_options *o)
{
    if (!o->poll_interval_ns)
        o->poll_interval_ns = NS_PER_SECOND;
    if (!o->linger_ns)
        o->linger_ns = DEFAULT_LINGER_S * NS_PER_SECOND;
    if (!o->orders_max)
        o->orders_max = LIMIT_ORDERS_LIVE;
    if (!o->threads_max)
        o->threads_max = o->orders_max;
    if (!o->stack_bytes)
        o->stack_bytes = TRACKER_STACK_BYTES;
}

/* What all our client ids begin with; false when instance or incarnation are not allowed. */
static bool make_prefix(struct desk *d)
{
    char text[CLIENT_ID_TEXT];
    struct client_id id = {.incarnation = d->options.incarnation, .generation = 1};
    memcpy(id.instance, d->options.instance, sizeof id.instance);
    if (!client_id_format(&id, text))
        return false;
    snprintf(d->prefix, sizeof d->prefix, "%.*s", (int)(strchr(text, '-') - text) + 1, text);
    return true;
}

enum err desk_create(const struct desk_options *options, struct desk **ret, struct error *e)
{
    struct desk *d = calloc(1, sizeof *d);
    if (!d)
        return error_set(e, ERR_NO_MEMORY, "no memory for the desk");
    d->options = *options;
    set_defaults(&d->options);
    d->names = (struct draft_names){
        .instance = d->options.instance,
        .incarnation = options->incarnation,
        .broker = options->broker->operations->capabilities(options->broker)->name};
    d->steady_offset_ns = 1;
    atomic_init(&d->shared_ended, true);
    atomic_init(&d->watch_ended, true);
    enum err err = ERR_OK;
    if (!make_prefix(d))
        err = error_set(e, ERR_INVALID, "the instance is 1 to %d of a-z and 0-9",
                        CLIENT_ID_INSTANCE_MAX);
    const struct gateway_options gateway = {.broker = options->broker,
                                            .clock = options->clock,
                                            .interval_ns = d->options.poll_interval_ns / 2,
                                            .prefix = d->prefix,
                                            .chore = desk_chore,
                                            .listed = listed,
                                            .context = d};
    if (err == ERR_OK)
        err = stacks_create(d->options.stack_bytes, &d->stacks, e);
    if (err == ERR_OK)
        err = gateway_create(&gateway, &d->gateway, e);
    if (err != ERR_OK) {
        stacks_free(d->stacks);
        free(d);
        return err;
    }
    draft_pool_init(&d->drafts);
    mutex_init(&d->mutex, MUTEX_DESK);
    condition_init(&d->all_ended);
    parker_init(&d->shared_parker);
    parker_init(&d->watch_parker);
    *ret = d;
    return ERR_OK;
}

/* Anew, as what is unprotected goes by the clock, which is only known once all are loaded. No
 * thread runs yet. */
static void account_all(struct desk *d)
{
    struct desk_order *o, *next;
    struct bracket_state state;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        desk_state(o, &state);
        desk_account(d, o, &state);
    }
    mutex_unlock(&d->mutex);
}

/* PARKED until all are started: until then none ends, and the book stays as it is. */
static void start_trackers(struct desk *d)
{
    struct desk_order *o, *next;
    HASH_ITER (by_id, d->book, o, next)
        desk_start_thread(o, true, NULL);
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        atomic_store(&o->phase, ORDER_LIVE);
        parker_wake(o->wakes);
    }
    mutex_unlock(&d->mutex);
}

static enum err start_shared(struct desk *d, struct error *e)
{
    atomic_store(&d->shared_ended, false);
    enum err err = thread_start(&d->shared_thread, &(struct thread_options){.name = "trk-shared"},
                                tracker_run_shared, d, e);
    if (err != ERR_OK)
        atomic_store(&d->shared_ended, true);
    return err;
}

static enum err start_watch(struct desk *d, struct error *e)
{
    atomic_store(&d->watch_ended, false);
    enum err err = thread_start(&d->watch_thread, &(struct thread_options){.name = "desk-watch"},
                                desk_watch_run, d, e);
    if (err != ERR_OK)
        atomic_store(&d->watch_ended, true);
    return err;
}

/* Brackets may take all the threads that the system has left, but for the shared loop's, which is
 * started before it is known whether it has anything to do, and those that others want later. */
static enum err start_threads(struct desk *d, struct error *e)
{
    struct spare_threads *spare = NULL;
    if (!d->book)
        return ERR_OK;
    enum err err = spare_threads_create(d->options.spare_threads, &spare, e);
    if (err == ERR_OK)
        err = start_shared(d, e);
    if (err == ERR_OK)
        start_trackers(d);
    spare_threads_free(spare);
    atomic_store(&d->shared_may_run, true);
    parker_wake(&d->shared_parker);
    return err;
}

/* `told`: our function, or NULL. */
static void listen_for_hints(struct desk *d, broker_hint_fn *told)
{
    struct broker *broker = d->options.broker;
    if (broker->operations->listen)
        broker->operations->listen(broker, told, told ? d : NULL);
}

enum err desk_start(struct desk *d, struct error *e)
{
    struct order_store *store = d->options.store;
    struct desk_loading loading = {.desk = d, .oldest_ns = clock_realtime_ns(d->options.clock)};
    bool paused = false;
    parker_prepare_process();
    enum err err = store->operations->get_paused(store, &paused, e);
    if (err == ERR_OK)
        err = store->operations->load_unfinished(store, desk_load_open, &loading, e);
    if (err == ERR_OK)
        err = desk_load_clock(&loading, e);
    if (err == ERR_OK)
        err = desk_fold_positions(d, &d->positions, e);
    if (err != ERR_OK)
        return err;
    atomic_store(&d->paused, paused);
    int64_t now_ns = clock_monotonic_ns(d->options.clock);
    d->started_ns = now_ns;
    d->steady_offset_ns = loading.newest_steady_ns + NS_PER_MS - now_ns;
    if (d->steady_offset_ns < 1 && now_ns + d->steady_offset_ns < 1)
        d->steady_offset_ns = 1 - now_ns;
    account_all(d);
    listen_for_hints(d, hint); /* before the first listing: what it does not tell comes later */
    err = gateway_start(d->gateway, loading.oldest_ns, e);
    if (err == ERR_OK)
        err = start_watch(d, e);
    if (err == ERR_OK)
        err = start_threads(d, e);
    if (err != ERR_OK)
        listen_for_hints(d, NULL);
    atomic_store(&d->started, err == ERR_OK);
    gateway_hurry(d->gateway); /* what was listed meanwhile may tell of a bracket to come back */
    return err;
}

bool desk_ready(struct desk *d, const char **ret_why)
{
    const char *why = "";
    if (atomic_load(&d->failed))
        why = "a commit failed: restart";
    else if (!atomic_load(&d->started) || atomic_load(&d->stopping))
        why = "the desk is not running";
    else if (!gateway_account_ok(d->gateway))
        why = "the broker has not confirmed the account";
    else if (atomic_load(&d->unresolved) > 0)
        why = "orders are in doubt until the broker has told of them";
    if (ret_why)
        *ret_why = why;
    return !*why;
}

/* ---- stop ------------------------------------------------------------------------------------ */

static bool wait_until_ended(struct desk *d, int64_t deadline_ns)
{
    bool in_time = true;
    mutex_lock(&d->mutex);
    while (d->live > 0 && in_time)
        in_time = condition_wait_until(&d->all_ended, &d->mutex, clock_real(), deadline_ns);
    bool ended = d->live == 0;
    mutex_unlock(&d->mutex);
    return ended;
}

static bool wait_for(bool (*ended)(struct desk *), struct desk *d, int64_t deadline_ns)
{
    struct parker parker;
    parker_init(&parker);
    while (!ended(d) && clock_monotonic_ns(clock_real()) < deadline_ns)
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS);
    parker_release(&parker);
    return ended(d);
}

static bool helpers_ended(struct desk *d)
{
    return gateway_ended(d->gateway) && atomic_load(&d->shared_ended) &&
           atomic_load(&d->watch_ended) && !atomic_load(&d->batches);
}

/* Brackets that were loaded, but whose threads never came to be. */
static void drop_book(struct desk *d)
{
    struct desk_order *o, *next;
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        if (o->thread.started)
            continue;
        desk_leave(d, o);
        desk_unref(o);
    }
    mutex_unlock(&d->mutex);
}

enum err desk_stop(struct desk *d, int64_t timeout_ns, struct error *e)
{
    may_block("desk_stop");
    int64_t deadline_ns =
        clock_monotonic_ns(clock_real()) + (timeout_ns ? timeout_ns : NS_PER_SECOND);
    if (atomic_load(&d->started))
        listen_for_hints(d, NULL);
    atomic_store(&d->stopping, true);
    gateway_stop(d->gateway);
    desk_wake_all(d);
    parker_wake(&d->watch_parker);
    if (!atomic_load(&d->started))
        drop_book(d);
    bool ended = wait_until_ended(d, deadline_ns);
    ended &= wait_for(helpers_ended, d, deadline_ns);
    desk_join_ended(d);
    if (!ended)
        return error_set(e, ERR_TIMEOUT, "a tracking thread is still inside a call of the broker");
    thread_join(&d->shared_thread);
    thread_join(&d->watch_thread);
    return ERR_OK;
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    gateway_free(d->gateway);
    thread_join(&d->shared_thread);
    thread_join(&d->watch_thread);
    struct market *market, *next;
    HASH_ITER (by_symbol, d->markets, market, next) {
        HASH_DELETE(by_symbol, d->markets, market);
        free(market);
    }
    draft_pool_release(&d->drafts);
    stacks_free(d->stacks);
    desk_free_positions(d->positions);
    desk_free_key_uses(d);
    parker_release(&d->shared_parker);
    parker_release(&d->watch_parker);
    condition_release(&d->all_ended);
    mutex_release(&d->mutex);
    free(d);
}
