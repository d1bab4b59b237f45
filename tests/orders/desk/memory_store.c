#include "tests/orders/desk/memory_store.h"

#include "base/mutex.h"
#include "base/thread.h"
#include "orders/event_chain.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct kept {
    struct order_header header;
    struct order_record *records;
    size_t count;
    struct order_intent *intents;
    size_t intent_count;
};

struct kept_key {
    struct order_idempotency row;
    char key[64], response[4096];
    struct uuid id;
};

struct item {
    const struct order_batch *batch;
    order_store_done *done;
    void *context;
    struct item *next;
};

struct memory_store {
    struct order_store store;
    struct mutex mutex;
    struct condition changed;
    struct item *first, **end;
    bool closed, paused, held;
    int waiting;
    struct kept *orders;
    size_t count;
    struct order_fill *fills;
    size_t fill_count;
    struct kept_key *keys;
    size_t key_count;
    int64_t sequence, batches;
    enum order_commit_outcome failing;
    int fail_count;
    bool refuse_pause;
    struct thread thread;
};

static struct memory_store *of(struct order_store *store)
{
    return (struct memory_store *)store;
}

static struct kept *kept_of(struct memory_store *s, const struct uuid *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (!memcmp(&s->orders[i].header.id, id, sizeof *id))
            return &s->orders[i];
    return NULL;
}

static void append_records(struct memory_store *s, struct kept *k, const struct order_batch *b)
{
    k->records = reallocarray(k->records, k->count + b->record_count, sizeof *k->records);
    for (size_t i = 0; i < b->record_count; i++) {
        struct order_record *r = &k->records[k->count++];
        *r = b->records[i];
        r->sequence = ++s->sequence;
        unsigned char *body = malloc(r->body_bytes);
        memcpy(body, b->records[i].body, r->body_bytes);
        r->body = body;
    }
}

static void put_intents(struct kept *k, const struct order_batch *b)
{
    for (size_t i = 0; i < b->intent_count; i++) {
        const struct order_intent *intent = &b->intents[i];
        struct order_intent *found = NULL;
        for (size_t j = 0; j < k->intent_count && !found; j++)
            if (k->intents[j].leg == intent->leg && k->intents[j].generation == intent->generation)
                found = &k->intents[j];
        /* An order is intended once, and before anything else is told of it. */
        assert_true(intent->creates == !found);
        if (!found) {
            k->intents = reallocarray(k->intents, k->intent_count + 1, sizeof *k->intents);
            found = &k->intents[k->intent_count++];
        }
        *found = *intent;
    }
}

static struct kept_key *key_of(struct memory_store *s, const struct order_idempotency *row)
{
    for (size_t i = 0; i < s->key_count; i++)
        if (!strcmp(s->keys[i].key, row->key))
            return &s->keys[i];
    return NULL;
}

static void put_key(struct memory_store *s, const struct order_batch *b)
{
    if (!b->idempotency)
        return;
    s->keys = reallocarray(s->keys, s->key_count + 1, sizeof *s->keys);
    struct kept_key *k = &s->keys[s->key_count++];
    k->row = *b->idempotency;
    k->id = b->header.id;
    snprintf(k->key, sizeof k->key, "%s", b->idempotency->key);
    snprintf(k->response, sizeof k->response, "%s", b->idempotency->response);
}

static struct order_commit refused(enum err code, const char *why, struct error *e)
{
    error_set(e, code, "%s", why);
    return (struct order_commit){.outcome = COMMIT_REFUSED, .code = code, .error = e};
}

static bool taken(struct memory_store *s, const struct order_batch *b)
{
    for (size_t i = 0; i < s->count; i++)
        if (b->header.client_order_id[0] &&
            !strcmp(s->orders[i].header.client_order_id, b->header.client_order_id))
            return true;
    return false;
}

static struct order_commit write_batch(struct memory_store *s, const struct order_batch *b,
                                       struct error *e)
{
    struct kept *k = kept_of(s, &b->header.id);
    if (b->creates) {
        s->orders = reallocarray(s->orders, s->count + 1, sizeof *s->orders);
        k = &s->orders[s->count++];
        memset(k, 0, sizeof *k);
    } else if (!k || k->header.rev + (int64_t)b->record_count != b->header.rev) {
        return refused(ERR_CONFLICT, "not at this revision", e);
    }
    k->header = b->header;
    append_records(s, k, b);
    put_intents(k, b);
    s->fills = reallocarray(s->fills, s->fill_count + b->fill_count + 1, sizeof *s->fills);
    for (size_t i = 0; i < b->fill_count; i++)
        s->fills[s->fill_count++] = b->fills[i];
    put_key(s, b);
    return (struct order_commit){.outcome = COMMIT_STORED, .sequence = s->sequence};
}

static struct order_commit store_batch(struct memory_store *s, const struct order_batch *b,
                                       struct error *e)
{
    s->batches++;
    if (s->fail_count > 0) {
        s->fail_count--;
        struct order_commit commit = refused(ERR_DISK_FULL, "made to fail", e);
        commit.outcome = s->failing;
        return commit;
    }
    struct kept_key *key = b->idempotency ? key_of(s, b->idempotency) : NULL;
    if (key && memcmp(key->row.body_sha256, b->idempotency->body_sha256, SHA256_BYTES) != 0)
        return refused(ERR_IDEMPOTENCY, "another body", e);
    if (key)
        return (struct order_commit){.outcome = COMMIT_REPLAYED,
                                     .order_id = key->id,
                                     .status = key->row.status,
                                     .response = key->response};
    if (b->creates && taken(s, b))
        return refused(ERR_CONFLICT, "taken", e);
    return write_batch(s, b, e);
}

static void *run(void *context)
{
    struct memory_store *s = context;
    for (;;) {
        mutex_lock(&s->mutex);
        while ((!s->first || s->held) && !s->closed)
            condition_wait(&s->changed, &s->mutex);
        struct item *item = s->first;
        struct error e;
        struct order_commit commit = {.outcome = COMMIT_STORED};
        if (item) {
            s->first = item->next;
            s->waiting--;
            if (!s->first)
                s->end = &s->first;
            commit = store_batch(s, item->batch, &e);
        }
        mutex_unlock(&s->mutex);
        if (!item)
            return NULL;
        item->done(item->context, &commit);
        free(item);
    }
}

static enum err submit(struct order_store *store, const struct order_batch *batch,
                       order_store_done *done, void *context, struct error *e)
{
    (void)e;
    struct memory_store *s = of(store);
    struct item *item = malloc(sizeof *item);
    *item = (struct item){.batch = batch, .done = done, .context = context};
    mutex_lock(&s->mutex);
    *s->end = item;
    s->end = &item->next;
    s->waiting++;
    condition_signal(&s->changed);
    mutex_unlock(&s->mutex);
    return ERR_OK;
}

static struct stored_order stored_of(const struct kept *k)
{
    return (struct stored_order){.header = k->header,
                                 .records = k->records,
                                 .record_count = k->count,
                                 .intents = k->intents,
                                 .intent_count = k->intent_count};
}

/* Nothing writes while a test's desk starts, so no lock is held over the visit. */
static enum err load_unfinished(struct order_store *store, stored_order_fn *visit, void *context,
                                struct error *e)
{
    struct memory_store *s = of(store);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < s->count; i++) {
        struct stored_order order = stored_of(&s->orders[i]);
        if (!bracket_status_final(order.header.status))
            err = visit(context, &order, e);
    }
    return err;
}

static enum err load(struct order_store *store, const struct uuid *id, stored_order_fn *visit,
                     void *context, struct error *e)
{
    struct memory_store *s = of(store);
    mutex_lock(&s->mutex);
    struct kept *k = kept_of(s, id);
    struct stored_order order = k ? stored_of(k) : (struct stored_order){.records = NULL};
    enum err err = k ? visit(context, &order, e) : error_set(e, ERR_NOT_FOUND, "no such order");
    mutex_unlock(&s->mutex);
    return err;
}

/* The record after `since`, or NULL; the caller holds the lock. */
static const struct order_record *record_after(const struct memory_store *s, int64_t since,
                                               const struct kept **ret_of)
{
    const struct order_record *next = NULL;
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->orders[i].count; j++) {
            const struct order_record *r = &s->orders[i].records[j];
            if (r->sequence <= since || (next && r->sequence > next->sequence))
                continue;
            next = r;
            *ret_of = &s->orders[i];
        }
    return next;
}

/* Of all brackets alone: of one, nobody asks here. */
static enum err events(struct order_store *store, const struct uuid *id, int64_t since,
                       int32_t limit, order_record_fn *visit, void *context, struct error *e)
{
    (void)e;
    assert_null(id);
    struct memory_store *s = of(store);
    const struct kept *k = NULL;
    mutex_lock(&s->mutex);
    for (const struct order_record *r = record_after(s, since, &k); r && limit > 0;
         r = record_after(s, r->sequence, &k), limit--)
        if (!visit(context, &k->header.id, r))
            break;
    mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err newest(struct order_store *store, int64_t *ret_sequence, struct error *e)
{
    (void)e;
    *ret_sequence = memory_store_events(of(store));
    return ERR_OK;
}

static enum err fills(struct order_store *store, order_fill_fn *visit, void *context,
                      struct error *e)
{
    (void)e;
    struct memory_store *s = of(store);
    mutex_lock(&s->mutex);
    for (size_t i = 0; i < s->fill_count; i++)
        if (!visit(context, &s->fills[i]))
            break;
    mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err set_paused(struct order_store *store, bool paused, struct error *e)
{
    struct memory_store *s = of(store);
    mutex_lock(&s->mutex);
    bool fails = s->refuse_pause;
    s->paused = fails ? s->paused : paused;
    mutex_unlock(&s->mutex);
    return fails ? error_set(e, ERR_DISK_FULL, "made to fail") : ERR_OK;
}

static enum err get_paused(struct order_store *store, bool *ret, struct error *e)
{
    (void)e;
    *ret = of(store)->paused;
    return ERR_OK;
}

struct memory_store *memory_store_create(void)
{
    static const struct order_store_operations operations = {
        .submit = submit,
        .load_unfinished = load_unfinished,
        .load = load,
        .events = events,
        .newest = newest,
        .fills = fills,
        .set_paused = set_paused,
        .get_paused = get_paused,
    };
    struct memory_store *s = calloc(1, sizeof *s);
    s->store.operations = &operations;
    s->end = &s->first;
    mutex_init(&s->mutex, MUTEX_WRITER);
    condition_init(&s->changed);
    assert_int_equal(
        thread_start(&s->thread, &(struct thread_options){.name = "store"}, run, s, NULL), ERR_OK);
    return s;
}

void memory_store_free(struct memory_store *s)
{
    mutex_lock(&s->mutex);
    s->closed = true;
    condition_signal(&s->changed);
    mutex_unlock(&s->mutex);
    thread_join(&s->thread);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->orders[i].count; j++)
            free((void *)s->orders[i].records[j].body);
        free(s->orders[i].records);
        free(s->orders[i].intents);
    }
    free(s->orders);
    free(s->fills);
    free(s->keys);
    condition_release(&s->changed);
    mutex_release(&s->mutex);
    free(s);
}

struct order_store *memory_store_of(struct memory_store *s)
{
    return &s->store;
}

void memory_store_hold(struct memory_store *s, bool held)
{
    mutex_lock(&s->mutex);
    s->held = held;
    condition_signal(&s->changed);
    mutex_unlock(&s->mutex);
}

int memory_store_waiting(struct memory_store *s)
{
    mutex_lock(&s->mutex);
    int waiting = s->waiting;
    mutex_unlock(&s->mutex);
    return waiting;
}

void memory_store_refuse_pause(struct memory_store *s, bool refuse)
{
    mutex_lock(&s->mutex);
    s->refuse_pause = refuse;
    mutex_unlock(&s->mutex);
}

void memory_store_fail(struct memory_store *s, enum order_commit_outcome outcome, int count)
{
    mutex_lock(&s->mutex);
    s->failing = outcome;
    s->fail_count = count;
    mutex_unlock(&s->mutex);
}

int64_t memory_store_events(struct memory_store *s)
{
    mutex_lock(&s->mutex);
    int64_t events = s->sequence;
    mutex_unlock(&s->mutex);
    return events;
}

int64_t memory_store_batches(struct memory_store *s)
{
    mutex_lock(&s->mutex);
    int64_t batches = s->batches;
    mutex_unlock(&s->mutex);
    return batches;
}

void memory_store_tamper(struct memory_store *s)
{
    struct kept *k = &s->orders[0];
    unsigned char *body = (unsigned char *)k->records[k->count - 1].body;
    body[k->records[k->count - 1].body_bytes / 2] ^= 1;
}

bool memory_store_fold(struct memory_store *s, const struct uuid *id, struct bracket_state *ret)
{
    mutex_lock(&s->mutex);
    struct kept *k = kept_of(s, id);
    struct stored_order order = k ? stored_of(k) : (struct stored_order){.records = NULL};
    bool folds = k && event_chain_fold(&order, ret, NULL, NULL) == ERR_OK;
    mutex_unlock(&s->mutex);
    return folds;
}
