/* What the paper broker tells: orders, executions, positions, cash. Each answer waits until the
 * batch with what it says is on disk.
 */
#include "orders/paper/paper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_AT_ONCE = 64 };

enum outcome paper_find(struct broker *broker, const char *client_id, bool *ret_found,
                        struct broker_report *ret_report)
{
    struct paper_broker *p = paper_self(broker);
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

enum outcome paper_list(struct broker *broker, int64_t since_ns, broker_report_fn *tell,
                        void *context)
{
    struct paper_broker *p = paper_self(broker);
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

enum outcome paper_fills(struct broker *broker, int64_t since_ns, broker_fill_fn *tell,
                         void *context)
{
    struct paper_broker *p = paper_self(broker);
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

enum outcome paper_positions(struct broker *broker, broker_position_fn *tell, void *context)
{
    struct paper_broker *p = paper_self(broker);
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

enum outcome paper_account(struct broker *broker, struct broker_account *ret)
{
    struct paper_broker *p = paper_self(broker);
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

enum outcome paper_quote(struct broker *broker, const struct contract *contract,
                         struct order_quote *ret, int64_t *ret_age_ns)
{
    struct paper_broker *p = paper_self(broker);
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

void paper_broker_stats(struct broker *broker, struct paper_stats *ret)
{
    struct paper_broker *p = paper_self(broker);
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
