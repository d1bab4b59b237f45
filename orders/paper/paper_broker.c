#include "orders/paper/paper_broker.h"

#include "orders/paper/paper_private.h"
#include "orders/paper/paper_store.h"
#include "orders/paper/paper_terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_MAX_AGE_NS NS_PER_MINUTE
#define KEEP_NS (15 * NS_PER_MINUTE)
#define SETTLE_NS (2 * NS_PER_SECOND)

enum { LIST_AT_ONCE = 64 };

static struct paper_broker *self(struct broker *b)
{
    return (struct paper_broker *)b;
}

static const struct broker_capabilities *capabilities(const struct broker *b)
{
    static const struct broker_capabilities all = {
        .name = "paper",
        .abilities = BROKER_CAN_DEDUP | BROKER_CAN_FIND | BROKER_CAN_NATIVE_OCO |
                     BROKER_CAN_OPTION_STOPS | BROKER_CAN_EXECUTION_IDS | BROKER_CAN_BULK_LIST |
                     BROKER_CAN_OPTION_GTC,
    };
    (void)b;
    return &all;
}

/* ---- calls that change state ----------------------------------------------------------------- */

/* Of an id that is new for memory: OK when it is new for the store too. */
static enum outcome check_new(struct paper_broker *p, const char *client_id)
{
    bool known = false;
    if (!client_id || strnlen(client_id, CLIENT_ID_TEXT) > CLIENT_ID_MAX)
        return OUTCOME_OK; /* refused by its terms */
    if (!paper_look_up(p, client_id, &known, NULL))
        return OUTCOME_NOT_SENT;
    return known ? OUTCOME_UNKNOWN : OUTCOME_OK;
}

static bool is_known(struct paper_broker *p, const char *client_id) REQUIRES(&p->mutex)
{
    return client_id && paper_book_find(&p->book, client_id) != NULL;
}

static enum outcome submit(struct broker *broker, const struct broker_submit *s, bool *ret_reported,
                           struct broker_report *ret_report, struct broker_refusal *ret_refusal)
{
    struct paper_broker *p = self(broker);
    struct paper_order *o = NULL;
    struct paper_wait wait;
    may_block("a submit to the paper broker");
    *ret_refusal = (struct broker_refusal){.reject = REJECT_NONE};
    enum outcome outcome = check_new(p, s->client_id);
    if (outcome == OUTCOME_OK && s->oco_client_id)
        outcome = check_new(p, s->oco_client_id);
    if (outcome != OUTCOME_OK)
        return outcome;
    mutex_lock(&p->mutex);
    if (p->failed || p->outbox.waiting > LIMIT_PAPER_BATCHES)
        outcome = OUTCOME_NOT_SENT;
    else if (is_known(p, s->client_id) || is_known(p, s->oco_client_id))
        outcome = OUTCOME_UNKNOWN;
    else
        outcome = paper_book_submit(&p->book, s, paper_now(p), &o, ret_refusal);
    bool first_due = outcome == OUTCOME_OK && p->book.arriving == o;
    if (outcome == OUTCOME_OK) {
        paper_order_report(&o->row, ret_report);
        paper_wait_begin(p, &wait, o->batch);
        paper_pump(p);
    }
    mutex_unlock(&p->mutex);
    if (outcome != OUTCOME_OK)
        return outcome;
    *ret_reported = true;
    if (first_due)
        parker_wake(&p->parker);
    return paper_wait_end(p, &wait) ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

static enum outcome cancel(struct broker *broker, const char *client_id,
                           const char *broker_order_id, struct broker_refusal *ret_refusal)
{
    struct paper_broker *p = self(broker);
    struct paper_wait wait;
    enum outcome outcome = OUTCOME_NOT_SENT;
    (void)broker_order_id;
    may_block("a cancel at the paper broker");
    *ret_refusal = (struct broker_refusal){.reject = REJECT_NONE};
    mutex_lock(&p->mutex);
    struct paper_order *o = p->failed ? NULL : paper_book_find(&p->book, client_id);
    bool gone = !p->failed && (!o || order_status_dead(o->row.status));
    if (gone) {
        outcome = OUTCOME_REJECTED;
        ret_refusal->reject = REJECT_GONE;
        snprintf(ret_refusal->message, sizeof ret_refusal->message, "it is not live");
    } else if (o) {
        outcome = paper_book_cancel(&p->book, o, paper_now(p));
    }
    bool first_due = o && p->book.cancels == o;
    if (o) {
        paper_wait_begin(p, &wait, o->batch);
        paper_pump(p);
    }
    mutex_unlock(&p->mutex);
    if (first_due)
        parker_wake(&p->parker);
    return !o || paper_wait_end(p, &wait) ? outcome : OUTCOME_UNKNOWN;
}

/* ---- questions ------------------------------------------------------------------------------- */

static enum outcome find(struct broker *broker, const char *client_id, bool *ret_found,
                         struct broker_report *ret_report)
{
    struct paper_broker *p = self(broker);
    struct paper_order_row row;
    struct paper_wait wait;
    may_block("a look-up at the paper broker");
    mutex_lock(&p->mutex);
    bool failed = p->failed;
    struct paper_order *o = paper_book_find(&p->book, client_id);
    if (o) {
        row = o->row;
        paper_wait_begin(p, &wait, o->batch);
    }
    mutex_unlock(&p->mutex);
    if (o && !paper_wait_end(p, &wait))
        return OUTCOME_UNKNOWN;
    bool known = o != NULL;
    if (failed || (!o && !paper_look_up(p, client_id, &known, &row)))
        return OUTCOME_UNKNOWN;
    *ret_found = known;
    if (known)
        paper_order_report(&row, ret_report);
    return OUTCOME_OK;
}

/* A listing goes through memory in parts, so that it never holds the lock for long. */
struct listing {
    struct paper_broker *broker;
    int64_t since_ns;
    broker_report_fn *tell;
    void *context;
    struct paper_order *next; /* kept in memory by broker->listing */
    bool ended;
};

/* The next part of the live orders and those that ended; false when the listing has failed. */
static bool list_part(struct listing *l)
{
    struct paper_broker *p = l->broker;
    struct broker_report reports[LIST_AT_ONCE];
    struct paper_wait wait;
    int64_t batch = 0;
    size_t count = 0;
    mutex_lock(&p->mutex);
    for (int32_t seen = 0; l->next && seen < 4 * LIST_AT_ONCE && count < LIST_AT_ONCE; seen++) {
        const struct paper_order *o = l->next;
        l->next = o->all_next;
        if (order_status_dead(o->row.status) && o->row.ended_ns < l->since_ns)
            continue;
        paper_order_report(&o->row, &reports[count++]);
        batch = o->batch > batch ? o->batch : batch;
    }
    l->ended = !l->next;
    paper_wait_begin(p, &wait, batch);
    mutex_unlock(&p->mutex);
    bool good = paper_wait_end(p, &wait);
    for (size_t i = 0; good && i < count; i++)
        good = l->tell(l->context, &reports[i]);
    return good;
}

static enum err list_stored(void *context, const struct paper_order_row *row, struct error *e)
{
    struct listing *l = context;
    struct broker_report report;
    mutex_lock(&l->broker->mutex);
    bool told = paper_book_find(&l->broker->book, row->client_id) != NULL;
    mutex_unlock(&l->broker->mutex);
    paper_order_report(row, &report);
    if (told || l->tell(l->context, &report))
        return ERR_OK;
    return error_set(e, ERR_CANCELED, "the listing was ended");
}

static enum outcome list(struct broker *broker, int64_t since_ns, broker_report_fn *tell,
                         void *context)
{
    struct paper_broker *p = self(broker);
    struct paper_store *store = p->options.store;
    struct listing l = {.broker = p, .since_ns = since_ns, .tell = tell, .context = context};
    may_block("a listing of the paper broker");
    mutex_lock(&p->mutex);
    p->listing++;
    l.next = p->book.all;
    l.ended = !l.next;
    int64_t until_ns = p->book.evicted_until_ns;
    bool good = !p->failed;
    mutex_unlock(&p->mutex);
    while (good && !l.ended)
        good = list_part(&l);
    if (good && until_ns >= since_ns)
        good = store->operations->ended(store, since_ns, until_ns, list_stored, &l, NULL) == ERR_OK;
    mutex_lock(&p->mutex);
    p->listing--;
    mutex_unlock(&p->mutex);
    return good ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

struct fills {
    broker_fill_fn *tell;
    void *context;
    bool ended;
};

static bool tell_fill(void *context, const struct paper_execution *x)
{
    struct fills *f = context;
    struct broker_fill fill = {.quantity = x->quantity, .price = x->price, .at_ns = x->at_ns};
    memcpy(fill.client_id, x->client_id, sizeof fill.client_id);
    snprintf(fill.execution_id, sizeof fill.execution_id, "paper-%lld", (long long)x->seq);
    f->ended = !f->tell(f->context, &fill);
    return !f->ended;
}

static enum outcome fills(struct broker *broker, int64_t since_ns, broker_fill_fn *tell,
                          void *context)
{
    struct paper_broker *p = self(broker);
    struct paper_store *store = p->options.store;
    struct fills f = {.tell = tell, .context = context};
    struct paper_wait wait;
    may_block("executions of the paper broker");
    mutex_lock(&p->mutex);
    paper_wait_begin(p, &wait, p->outbox.number);
    mutex_unlock(&p->mutex);
    if (!paper_wait_end(p, &wait))
        return OUTCOME_UNKNOWN;
    enum err err = store->operations->executions(store, since_ns, tell_fill, &f, NULL);
    return err == ERR_OK && !f.ended ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

static size_t count_positions(const struct paper_book *b)
{
    size_t count = 0;
    for (const struct paper_market *m = b->positions; m; m = m->position_next)
        count++;
    return count;
}

/* All positions, or NULL for want of memory. */
static struct broker_position *copy_positions(const struct paper_book *b, size_t *ret_count)
{
    size_t count = count_positions(b);
    struct broker_position *all = calloc(count + 1, sizeof *all);
    struct broker_position *position = all;
    for (const struct paper_market *m = b->positions; all && m; m = m->position_next) {
        const struct position *p = &m->position;
        memcpy(position->symbol, p->contract.symbol, sizeof position->symbol);
        position->quantity = p->quantity;
        position->average_price = position_average_price(p);
        position++;
    }
    *ret_count = count;
    return all;
}

static enum outcome positions(struct broker *broker, broker_position_fn *tell, void *context)
{
    struct paper_broker *p = self(broker);
    struct paper_wait wait;
    size_t count = 0;
    may_block("positions of the paper broker");
    mutex_lock(&p->mutex);
    struct broker_position *all = copy_positions(&p->book, &count);
    paper_wait_begin(p, &wait, p->outbox.number);
    mutex_unlock(&p->mutex);
    bool good = paper_wait_end(p, &wait) && all;
    for (size_t i = 0; good && i < count; i++)
        good = tell(context, &all[i]);
    free(all);
    return good ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

static enum outcome account(struct broker *broker, struct broker_account *ret)
{
    struct paper_broker *p = self(broker);
    struct paper_wait wait;
    may_block("the account of the paper broker");
    mutex_lock(&p->mutex);
    struct broker_account account = {
        .id = "paper",
        .cash = p->book.cash,
        .equity = paper_book_equity(&p->book),
        .buying_power = paper_book_buying_power(&p->book),
    };
    paper_wait_begin(p, &wait, p->outbox.number);
    mutex_unlock(&p->mutex);
    if (!paper_wait_end(p, &wait))
        return OUTCOME_UNKNOWN;
    *ret = account;
    return OUTCOME_OK;
}

static enum outcome quote(struct broker *broker, const struct contract *contract,
                          struct order_quote *ret, int64_t *ret_age_ns)
{
    struct paper_broker *p = self(broker);
    mutex_lock(&p->mutex);
    const struct paper_market *m = paper_book_market(&p->book, contract->symbol);
    bool known = m && m->at_ns;
    if (known) {
        *ret = (struct order_quote){.bid = m->bid, .ask = m->ask, .halted = m->halted};
        *ret_age_ns = clock_monotonic_ns(p->options.clock) - m->at_steady_ns;
    }
    mutex_unlock(&p->mutex);
    return known ? OUTCOME_OK : OUTCOME_REJECTED;
}

static void listen(struct broker *broker, broker_hint_fn *hint, void *context)
{
    struct paper_broker *p = self(broker);
    mutex_lock(&p->hint_mutex);
    p->hint = hint;
    p->hint_context = context;
    mutex_unlock(&p->hint_mutex);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Until the store has everything that it will have, and is done with us. A disk that stays full
 * ends it: nobody was told of what is lost then. */
static void settle_with_store(struct paper_broker *p)
{
    struct parker parker;
    bool left = true;
    int64_t deadline_ns = clock_monotonic_ns(clock_real()) + SETTLE_NS;
    parker_init(&parker);
    while (left) {
        mutex_lock(&p->mutex);
        paper_pump(p);
        left = !p->failed && (p->outbox.under_way || paper_outbox_waits(&p->outbox));
        mutex_unlock(&p->mutex);
        left |= atomic_load(&p->storing) > 0;
        if (left)
            parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS / 4);
        left &= clock_monotonic_ns(clock_real()) < deadline_ns || atomic_load(&p->storing) > 0;
    }
    parker_release(&parker);
}

static void release(struct broker *broker)
{
    struct paper_broker *p = self(broker);
    if (!p)
        return;
    atomic_store(&p->stopping, true);
    parker_wake(&p->parker);
    if (p->thread.started) {
        thread_join(&p->thread);
        settle_with_store(p);
    }
    paper_book_release(&p->book);
    paper_outbox_release(&p->outbox);
    paper_quotes_release(&p->quotes);
    parker_release(&p->parker);
    mutex_release(&p->hint_mutex);
    mutex_release(&p->mutex);
    free(p);
}

static enum err load_position(void *context, const struct position *position, struct error *e)
{
    return paper_book_load_position(context, position, e);
}

static enum err load_order(void *context, const struct paper_order_row *row, struct error *e)
{
    return paper_book_load_order(context, row, e);
}

static enum err load(struct paper_broker *p, struct error *e)
{
    struct paper_store *store = p->options.store;
    struct paper_account_row account = {.cash = 0};
    enum err err = store->operations->load(store, p->options.cash, &account, load_position,
                                           load_order, &p->book, e);
    if (err != ERR_OK)
        return err;
    paper_book_load_account(&p->book, &account);
    atomic_store(&p->history, account.last_order_id > p->book.live);
    return ERR_OK;
}

enum err paper_broker_create(const struct paper_options *options, struct broker **ret,
                             struct error *e)
{
    static const struct broker_operations operations = {
        .capabilities = capabilities,
        .submit = submit,
        .cancel = cancel,
        .find = find,
        .list = list,
        .fills = fills,
        .positions = positions,
        .account = account,
        .quote = quote,
        .listen = listen,
        .free = release,
    };
    struct paper_broker *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(e, ERR_NO_MEMORY, "no memory for the paper broker");
    p->broker.operations = &operations;
    p->options = *options;
    mutex_init(&p->mutex, MUTEX_PAPER);
    mutex_init(&p->hint_mutex, MUTEX_PAPER_HINT);
    parker_init(&p->parker);
    const struct paper_book_options book = {
        .calendar = options->calendar,
        .latency_ns = options->latency_ns,
        .quote_max_age_ns =
            options->quote_max_age_ns ? options->quote_max_age_ns : QUOTE_MAX_AGE_NS,
        .keep_ns = options->keep_ns ? options->keep_ns : KEEP_NS,
    };
    paper_outbox_init(&p->outbox);
    paper_book_init(&p->book, &book, &p->outbox);
    enum err err = paper_quotes_init(&p->quotes, e);
    if (err == ERR_OK)
        err = load(p, e);
    if (err == ERR_OK)
        err = thread_start(&p->thread, &(struct thread_options){.name = "paper"}, paper_market_main,
                           p, e);
    if (err == ERR_OK)
        *ret = &p->broker;
    else
        release(&p->broker);
    return err;
}

enum err paper_broker_quotes(struct broker *broker, const struct market_quote *quotes, size_t count,
                             struct error *e)
{
    struct paper_broker *p = self(broker);
    enum err err = paper_quotes_put(&p->quotes, quotes, count, e);
    if (err == ERR_OK)
        parker_wake(&p->parker);
    return err;
}

void paper_broker_stats(struct broker *broker, struct paper_stats *ret)
{
    struct paper_broker *p = self(broker);
    const struct paper_book *b = &p->book;
    int64_t quotes_waiting = (int64_t)paper_quotes_count(&p->quotes);
    mutex_lock(&p->mutex);
    *ret = (struct paper_stats){
        .live = b->live,
        .markets = b->market_count,
        .positions = (int64_t)count_positions(b),
        .quotes_waiting = quotes_waiting,
        .batches_waiting = p->outbox.waiting,
        .quotes = b->quotes,
        .quotes_ignored = b->quotes_ignored,
        .accepted = b->accepted,
        .refused = b->refused,
        .fills = b->fills,
    };
    mutex_unlock(&p->mutex);
}
