#include "tests/orders/paper/memory_paper_store.h"

#include "base/mutex.h"
#include "base/thread.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct memory_paper_store {
    struct paper_store store; /* first */
    struct mutex mutex;
    struct condition changed;
    struct thread thread;
    /* behind the mutex */
    bool stopping, held;
    enum err failing;
    int busy;
    const struct paper_event *coming; /* borrowed; one at a time, as the broker sends them */
    size_t coming_count;
    paper_store_done *done;
    void *context;
    struct paper_event *events;
    size_t count, capacity, commits;
    bool has_account;
    int64_t cash;
};

static struct memory_paper_store *self(struct paper_store *store)
{
    return (struct memory_paper_store *)store;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void keep(struct memory_paper_store *m, const struct paper_event *events, size_t count)
{
    if (m->count + count > m->capacity) {
        m->capacity = 2 * (m->count + count);
        m->events = realloc(m->events, m->capacity * sizeof *m->events);
        assert_non_null(m->events);
    }
    memcpy(m->events + m->count, events, count * sizeof *events);
    m->count += count;
    m->cash = events[count - 1].cash;
    m->commits++;
}

static void *run(void *context)
{
    struct memory_paper_store *m = context;
    mutex_lock(&m->mutex);
    while (!m->stopping) {
        if (!m->coming || m->held) {
            condition_wait(&m->changed, &m->mutex);
            continue;
        }
        enum err code = m->failing;
        if (code == ERR_OK)
            keep(m, m->coming, m->coming_count);
        m->coming = NULL;
        paper_store_done *done = m->done;
        void *done_context = m->context;
        mutex_unlock(&m->mutex);
        done(done_context, code, &(struct error){.code = code});
        mutex_lock(&m->mutex);
    }
    mutex_unlock(&m->mutex);
    return NULL;
}

/* ---- the store ------------------------------------------------------------------------------- */

static enum err submit(struct paper_store *store, const struct paper_event *events, size_t count,
                       paper_store_done *done, void *context, struct error *e)
{
    struct memory_paper_store *m = self(store);
    mutex_lock(&m->mutex);
    bool busy = m->busy > 0 || m->coming;
    m->busy -= m->busy > 0;
    if (!busy) {
        m->coming = events;
        m->coming_count = count;
        m->done = done;
        m->context = context;
        condition_broadcast(&m->changed);
    }
    mutex_unlock(&m->mutex);
    return busy ? error_set(e, ERR_BUSY, "busy") : ERR_OK;
}

/* The order as of its last event, or NULL; the caller holds the mutex. */
static const struct paper_order_row *row_of(const struct memory_paper_store *m, int64_t id)
{
    for (size_t i = m->count; i-- > 0;)
        if (m->events[i].order.id == id)
            return &m->events[i].order;
    return NULL;
}

static const struct position *position_of(const struct memory_paper_store *m, size_t before,
                                          const char *symbol)
{
    for (size_t i = before; i-- > 0;)
        if (strcmp(m->events[i].position.contract.symbol, symbol) == 0)
            return &m->events[i].position;
    return NULL;
}

static enum err load(struct paper_store *store, int64_t cash, struct paper_account_row *ret,
                     paper_position_fn *position, paper_order_fn *order, void *context,
                     struct error *e)
{
    struct memory_paper_store *m = self(store);
    enum err err = ERR_OK;
    if (!m->has_account)
        m->cash = cash;
    m->has_account = true;
    *ret = (struct paper_account_row){.cash = m->cash, .last_seq = (int64_t)m->count};
    for (size_t i = 0; err == ERR_OK && i < m->count; i++) {
        const struct paper_event *event = &m->events[i];
        const char *symbol = event->position.contract.symbol;
        if (symbol[0] && !position_of(m, i, symbol))
            err = position(context, position_of(m, m->count, symbol), e);
    }
    for (size_t i = 0; err == ERR_OK && i < m->count; i++) {
        if (m->events[i].kind != PAPER_EVENT_SUBMITTED)
            continue;
        const struct paper_order_row *row = row_of(m, m->events[i].order.id);
        ret->last_order_id = row->id;
        if (row->ended_ns > ret->last_ended_ns)
            ret->last_ended_ns = row->ended_ns;
        if (!row->ended_ns)
            err = order(context, row, e);
    }
    return err;
}

static enum err find(struct paper_store *store, const char *client_id, bool *ret_found,
                     struct paper_order_row *ret, struct error *e)
{
    struct memory_paper_store *m = self(store);
    (void)e;
    *ret_found = false;
    mutex_lock(&m->mutex);
    for (size_t i = m->count; i-- > 0 && !*ret_found;) {
        *ret_found = strcmp(m->events[i].order.client_id, client_id) == 0;
        if (*ret_found)
            *ret = m->events[i].order;
    }
    mutex_unlock(&m->mutex);
    return ERR_OK;
}

/* A copy, so that visitors run without the lock. */
static struct paper_event *copy(struct memory_paper_store *m, size_t *ret_count)
{
    mutex_lock(&m->mutex);
    struct paper_event *events = calloc(m->count + 1, sizeof *events);
    assert_non_null(events);
    if (m->count)
        memcpy(events, m->events, m->count * sizeof *events);
    *ret_count = m->count;
    mutex_unlock(&m->mutex);
    return events;
}

static enum err ended(struct paper_store *store, int64_t since_ns, int64_t until_ns,
                      paper_order_fn *visit, void *context, struct error *e)
{
    size_t count;
    enum err err = ERR_OK;
    struct paper_event *events = copy(self(store), &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        int64_t ended_ns = events[i].order.ended_ns;
        if (ended_ns && ended_ns >= since_ns && ended_ns <= until_ns)
            err = visit(context, &events[i].order, e);
    }
    free(events);
    return err;
}

static enum err executions(struct paper_store *store, int64_t since_ns, paper_execution_fn *visit,
                           void *context, struct error *e)
{
    size_t count;
    bool more = true;
    struct paper_event *events = copy(self(store), &count);
    (void)e;
    for (size_t i = 0; more && i < count; i++) {
        const struct paper_event *event = &events[i];
        if (event->kind != PAPER_EVENT_FILLED || event->at_ns < since_ns)
            continue;
        struct paper_execution x = {.seq = event->seq,
                                    .quantity = event->quantity,
                                    .price = event->price,
                                    .at_ns = event->at_ns};
        memcpy(x.client_id, event->order.client_id, sizeof x.client_id);
        more = visit(context, &x);
    }
    free(events);
    return ERR_OK;
}

/* ---- for tests ------------------------------------------------------------------------------- */

struct memory_paper_store *memory_paper_store_create(void)
{
    static const struct paper_store_operations operations = {
        .submit = submit,
        .load = load,
        .find = find,
        .ended = ended,
        .executions = executions,
    };
    struct memory_paper_store *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->store.operations = &operations;
    mutex_init(&m->mutex, MUTEX_WRITER);
    condition_init(&m->changed);
    const struct thread_options thread = {.name = "store"};
    assert_int_equal(thread_start(&m->thread, &thread, run, m, NULL), ERR_OK);
    return m;
}

void memory_paper_store_free(struct memory_paper_store *m)
{
    mutex_lock(&m->mutex);
    m->stopping = true;
    condition_broadcast(&m->changed);
    mutex_unlock(&m->mutex);
    thread_join(&m->thread);
    condition_release(&m->changed);
    mutex_release(&m->mutex);
    free(m->events);
    free(m);
}

struct paper_store *memory_paper_store_face(struct memory_paper_store *m)
{
    return &m->store;
}

void memory_paper_store_hold(struct memory_paper_store *m, bool hold)
{
    mutex_lock(&m->mutex);
    m->held = hold;
    condition_broadcast(&m->changed);
    mutex_unlock(&m->mutex);
}

void memory_paper_store_be_busy(struct memory_paper_store *m, int count)
{
    mutex_lock(&m->mutex);
    m->busy = count;
    mutex_unlock(&m->mutex);
}

void memory_paper_store_fail(struct memory_paper_store *m, enum err code)
{
    mutex_lock(&m->mutex);
    m->failing = code;
    mutex_unlock(&m->mutex);
}

size_t memory_paper_store_events(struct memory_paper_store *m)
{
    mutex_lock(&m->mutex);
    size_t count = m->count;
    mutex_unlock(&m->mutex);
    return count;
}

size_t memory_paper_store_commits(struct memory_paper_store *m)
{
    mutex_lock(&m->mutex);
    size_t commits = m->commits;
    mutex_unlock(&m->mutex);
    return commits;
}

int memory_paper_store_count(struct memory_paper_store *m, const char *client_id)
{
    int found = 0;
    mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->count; i++)
        found += m->events[i].kind == PAPER_EVENT_SUBMITTED &&
                 strcmp(m->events[i].order.client_id, client_id) == 0;
    mutex_unlock(&m->mutex);
    return found;
}

void memory_paper_store_each(struct memory_paper_store *m,
                             void (*visit)(void *context, const struct paper_event *event),
                             void *context)
{
    size_t count;
    struct paper_event *events = copy(m, &count);
    for (size_t i = 0; i < count; i++)
        visit(context, &events[i]);
    free(events);
}
