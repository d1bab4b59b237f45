/* The market's thread, and how what happened gets to the store.
 *
 * The book is ahead of the disk: what was accepted or filled is in it at once, so that the next
 * order meets it. Nobody is told before the disk has it: whoever asks waits for the batch of what
 * he is told, and hints come from stored batches. One batch at a time is with the store, and
 * whatever happens meanwhile is the next; so the writer sees one item of us in each group, however
 * many threads call.
 */
#include "orders/paper/paper_private.h"

enum { QUOTES_AT_ONCE = 128 };

/* Looks at the clock again: it may have been set. */
#define LOOK_AGAIN_NS NS_PER_SECOND
/* The store was busy. */
#define PUMP_AGAIN_NS (2 * NS_PER_MS)
/* The disk was full. */
#define ROOM_AGAIN_NS (100 * NS_PER_MS)
/* Who waits longer is told `unknown`, and asks later. */
#define WAIT_NS (2 * NS_PER_SECOND)

/* ---- to the store ---------------------------------------------------------------------------- */

static struct paper_waiter *fail(struct paper_broker *p) REQUIRES(&p->mutex)
{
    p->failed = true;
    return paper_outbox_failed(&p->outbox);
}

static int64_t now_ns(void)
{
    return clock_monotonic_ns(clock_real());
}

/* Nothing of it is stored, for a reason that may pass. */
static bool may_try_again(enum err code)
{
    return code == ERR_DISK_FULL || code == ERR_NO_MEMORY || code == ERR_BUSY;
}

/* On the store's thread. */
static void stored(void *context, enum err code, const struct error *e)
{
    struct paper_broker *p = context;
    struct paper_waiter *waiters = NULL;
    bool again = may_try_again(code);
    mutex_lock(&p->mutex);
    if (again) {
        paper_outbox_put_back(&p->outbox);
        p->pump_ns = now_ns() + ROOM_AGAIN_NS;
    } else if (code == ERR_OK) {
        waiters = paper_outbox_stored(&p->outbox);
        paper_pump(p);
    } else {
        waiters = fail(p);
    }
    mutex_unlock(&p->mutex);
    paper_waiters_wake(waiters, code == ERR_OK);
    if (code != ERR_OK && !again && p->options.failed)
        p->options.failed(p->options.context, e);
    parker_wake(&p->parker);
    atomic_fetch_sub(&p->storing, 1); /* the last look at p */
}

void paper_pump(struct paper_broker *p)
{
    struct paper_store *store = p->options.store;
    bool may = !p->failed && (!p->pump_ns || now_ns() >= p->pump_ns);
    struct paper_batch *batch = may ? paper_outbox_take(&p->outbox) : NULL;
    if (!batch)
        return;
    p->pump_ns = 0;
    atomic_fetch_add(&p->storing, 1);
    enum err err = store->operations->submit(store, batch->events, batch->count, stored, p, NULL);
    if (err != ERR_OK)
        atomic_fetch_sub(&p->storing, 1);
    if (err == ERR_BUSY) { /* the market's thread tries again */
        paper_outbox_put_back(&p->outbox);
        parker_wake(&p->parker);
    } else if (err != ERR_OK) { /* the store has closed */
        paper_waiters_wake(fail(p), false);
    }
}

void paper_wait_begin(struct paper_broker *p, struct paper_wait *wait, int64_t batch)
{
    parker_init(&wait->waiter.parker);
    wait->waiter.stored = false;
    wait->lost = p->failed;
    wait->waits = !p->failed && paper_outbox_wait(&p->outbox, batch, &wait->waiter);
}

bool paper_wait_end(struct paper_broker *p, struct paper_wait *wait)
{
    struct paper_waiter *waiter = &wait->waiter;
    if (wait->waits && !parker_wait(&waiter->parker, clock_real(), now_ns() + WAIT_NS)) {
        mutex_lock(&p->mutex);
        bool gave_up = paper_outbox_give_up(&p->outbox, waiter);
        mutex_unlock(&p->mutex);
        if (!gave_up)
            parker_wait(&waiter->parker, clock_real(), INT64_MAX);
    }
    parker_release(&waiter->parker);
    return wait->waits ? waiter->stored : !wait->lost;
}

/* ---- hints ----------------------------------------------------------------------------------- */

static bool is_news(const struct paper_event *event)
{
    return event->kind != PAPER_EVENT_SUBMITTED && event->kind != PAPER_EVENT_CANCEL_ASKED &&
           event->kind != PAPER_EVENT_SETTLED;
}

static void tell_hints(struct paper_broker *p)
{
    mutex_lock(&p->mutex);
    struct paper_batch *batches = paper_outbox_news(&p->outbox);
    mutex_unlock(&p->mutex);
    if (!batches)
        return;
    mutex_lock(&p->hint_mutex);
    for (struct paper_batch *batch = batches; p->hint && batch; batch = batch->next)
        for (size_t i = 0; i < batch->count; i++)
            if (is_news(&batch->events[i]))
                p->hint(p->hint_context, batch->events[i].order.client_id);
    mutex_unlock(&p->hint_mutex);
    mutex_lock(&p->mutex);
    paper_outbox_recycle(&p->outbox, batches);
    mutex_unlock(&p->mutex);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool paper_look_up(struct paper_broker *p, const char *client_id, bool *ret_known,
                   struct paper_order_row *ret)
{
    struct paper_question q = {.client_id = client_id};
    *ret_known = false;
    if (!atomic_load(&p->history))
        return true;
    parker_init(&q.parker);
    mutex_lock(&p->mutex);
    q.next = p->questions;
    /* It is off the list before it is answered. */
    // cppcheck-suppress autoVariables
    p->questions = &q;
    mutex_unlock(&p->mutex);
    parker_wake(&p->parker);
    parker_wait(&q.parker, clock_real(), INT64_MAX);
    parker_release(&q.parker);
    *ret_known = q.known;
    if (q.known && ret)
        *ret = q.row;
    return q.good;
}

static void answer_questions(struct paper_broker *p)
{
    struct paper_store *store = p->options.store;
    mutex_lock(&p->mutex);
    struct paper_question *q = p->questions;
    p->questions = NULL;
    mutex_unlock(&p->mutex);
    while (q) {
        struct paper_question *next = q->next; /* q may be gone as soon as it is answered */
        q->good = store->operations->find(store, q->client_id, &q->known, &q->row, NULL) == ERR_OK;
        parker_wake(&q->parker);
        q = next;
    }
}

/* ---- the market ------------------------------------------------------------------------------ */

/* What is due; returns when to look again, monotonic. */
static int64_t advance(struct paper_broker *p)
{
    struct order_clock now = paper_now(p);
    mutex_lock(&p->mutex);
    int64_t next_ns = p->failed ? INT64_MAX : paper_book_advance(&p->book, now, p->listing > 0);
    if (p->book.evicted_until_ns > INT64_MIN)
        atomic_store(&p->history, true);
    paper_pump(p);
    bool waits = !p->failed && paper_outbox_waits(&p->outbox);
    mutex_unlock(&p->mutex);
    int64_t again_ns = now.steady_ns + (waits ? PUMP_AGAIN_NS : LOOK_AGAIN_NS);
    return next_ns < again_ns ? next_ns : again_ns;
}

/* false when none waited, or the store has to catch up first. */
static bool take_quotes(struct paper_broker *p)
{
    struct market_quote quotes[QUOTES_AT_ONCE];
    mutex_lock(&p->mutex);
    bool room = p->outbox.waiting < LIMIT_PAPER_BATCHES;
    mutex_unlock(&p->mutex);
    size_t count = room ? paper_quotes_take(&p->quotes, quotes, QUOTES_AT_ONCE) : 0;
    if (count == 0)
        return false;
    struct order_clock now = paper_now(p);
    mutex_lock(&p->mutex);
    for (size_t i = 0; i < count && !p->failed; i++)
        paper_book_quote(&p->book, &quotes[i], now);
    paper_pump(p);
    mutex_unlock(&p->mutex);
    return true;
}

void *paper_market_main(void *context)
{
    struct paper_broker *p = context;
    while (!atomic_load(&p->stopping)) {
        atomic_store(&p->at_work, true);
        int64_t next_ns = advance(p);
        bool busy = take_quotes(p);
        answer_questions(p);
        tell_hints(p);
        atomic_store(&p->at_work, busy);
        if (!busy)
            parker_wait(&p->parker, p->options.clock, next_ns);
    }
    return NULL;
}
