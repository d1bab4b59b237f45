#include "orders/paper/paper_broker.h"

#include "orders/paper/paper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_MAX_AGE_NS NS_PER_MINUTE
#define KEEP_NS (15 * NS_PER_MINUTE)
#define SETTLE_NS (2 * NS_PER_SECOND)

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
    struct paper_broker *p = paper_self(broker);
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
    struct paper_broker *p = paper_self(broker);
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

static void listen(struct broker *broker, broker_hint_fn *hint, void *context)
{
    struct paper_broker *p = paper_self(broker);
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
    struct paper_broker *p = paper_self(broker);
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
        .find = paper_find,
        .list = paper_list,
        .fills = paper_fills,
        .positions = paper_positions,
        .account = paper_account,
        .quote = paper_quote,
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
    struct paper_broker *p = paper_self(broker);
    enum err err = paper_quotes_put(&p->quotes, quotes, count, e);
    if (err == ERR_OK)
        parker_wake(&p->parker);
    return err;
}

/* What the market's thread takes from one place it brings to the next before it rests, so the
 * places are looked at in that order. */
bool paper_broker_idle(struct broker *broker)
{
    struct paper_broker *p = paper_self(broker);
    if (paper_quotes_count(&p->quotes) > 0 || atomic_load(&p->at_work))
        return false;
    mutex_lock(&p->mutex);
    bool idle =
        p->failed || (!p->book.arriving && !p->book.cancels && paper_outbox_empty(&p->outbox));
    mutex_unlock(&p->mutex);
    return idle && !atomic_load(&p->at_work);
}
