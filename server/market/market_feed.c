#include "server/market/market_feed.h"

#include "base/mutex.h"
#include "orders/desk/desk.h"
#include "orders/past_contracts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct symbol {
    struct market_quote newest; /* at_ns 0 = none yet */
    int64_t received_ns;        /* monotonic, less the age that it came with */
    int64_t judged_ns;          /* at_ns of the newest, that of a batch under way included */
    UT_hash_handle hh;
};

struct market_feed {
    struct market_feed_options options;
    struct mutex mutex;
    struct symbol *by_name GUARDED_BY(mutex);
    struct symbol **symbols GUARDED_BY(mutex); /* in order of arrival; owned */
    size_t count, capacity GUARDED_BY(mutex);
    struct past_sweep sweep GUARDED_BY(mutex);
    struct market_feed_stats stats GUARDED_BY(mutex);                /* but for `symbols` */
    struct market_quote batch[LIMIT_QUOTES_BATCH] GUARDED_BY(mutex); /* what is handed on */
    struct symbol *batch_symbols[LIMIT_QUOTES_BATCH] GUARDED_BY(mutex);
};

enum err market_feed_create(const struct market_feed_options *options, struct market_feed **ret,
                            struct error *e)
{
    assert(options->watcher_count <= MARKET_WATCHERS_MAX);
    struct market_feed *f = calloc(1, sizeof *f);
    if (!f)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the market's quotes");
    f->options = *options;
    mutex_init(&f->mutex, MUTEX_MARKET);
    *ret = f;
    return ERR_OK;
}

void market_feed_free(struct market_feed *f)
{
    if (!f)
        return;
    HASH_CLEAR(hh, f->by_name);
    for (size_t i = 0; i < f->count; i++)
        free(f->symbols[i]);
    free(f->symbols);
    mutex_release(&f->mutex);
    free(f);
}

/* ---- symbols --------------------------------------------------------------------------------- */

static struct symbol *find(struct market_feed *f, const char *name)
{
    struct symbol *s;
    HASH_FIND_STR(f->by_name, name, s);
    return s;
}

static bool grow(struct market_feed *f)
{
    enum { FIRST_SYMBOLS = 64 };
    size_t capacity = f->capacity ? f->capacity * 2 : FIRST_SYMBOLS;
    struct symbol **grown = realloc(f->symbols, capacity * sizeof(*grown));
    if (!grown)
        return false;
    f->symbols = grown;
    f->capacity = capacity;
    return true;
}

static enum err make(struct market_feed *f, const char *name, struct symbol **ret, struct error *e)
{
    if (f->count == LIMIT_MARKET_SYMBOLS)
        return error_set(e, ERR_TOO_LARGE, "quotes of %d symbols are held, as many as there may be",
                         LIMIT_MARKET_SYMBOLS);
    struct symbol *s = calloc(1, sizeof *s);
    bool added = s && (f->count < f->capacity || grow(f));
    if (added) {
        memcpy(s->newest.symbol, name, strlen(name));
        HASH_ADD_KEYPTR(hh, f->by_name, s->newest.symbol, strlen(name), s);
        added = s->hh.tbl != NULL;
    }
    if (!added) {
        free(s);
        return error_set(e, ERR_NO_MEMORY, "out of memory for a symbol's quotes");
    }
    f->symbols[f->count++] = s;
    *ret = s;
    return ERR_OK;
}

/* Contracts that are over, as the table grows. Between batches: one points into the table. */
static void sweep(struct market_feed *f, int64_t now_ns)
{
    int64_t steady_ns = clock_monotonic_ns(f->options.clock);
    size_t kept = 0;
    if (!past_sweep_due(&f->sweep, f->count, steady_ns))
        return;
    for (size_t i = 0; i < f->count; i++) {
        struct symbol *s = f->symbols[i];
        if (past_contract(s->newest.symbol, steady_ns - s->received_ns, now_ns)) {
            HASH_DEL(f->by_name, s);
            free(s);
        } else {
            f->symbols[kept++] = s;
        }
    }
    f->count = kept;
    past_sweep_done(&f->sweep, kept, LIMIT_MARKET_SYMBOLS, steady_ns);
}

/* ---- a batch --------------------------------------------------------------------------------- */

/* Puts what is not older than the newest into the batch, whose count grows. A quote without a time
 * is always the newest, also when the clock was set back. */
static enum err judge(struct market_feed *f, const struct market_quote *quotes, size_t count,
                      int64_t now_ns, size_t *batch, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        struct symbol *s = find(f, quotes[i].symbol);
        enum err err = s ? ERR_OK : make(f, quotes[i].symbol, &s, e);
        if (err)
            return err;
        int64_t at_ns = quotes[i].at_ns;
        if (!at_ns)
            at_ns = now_ns > s->judged_ns ? now_ns : s->judged_ns;
        if (at_ns < s->judged_ns)
            continue;
        s->judged_ns = at_ns;
        f->batch[*batch] = quotes[i];
        f->batch[*batch].at_ns = at_ns;
        f->batch_symbols[(*batch)++] = s;
    }
    return ERR_OK;
}

/* What a refused batch had moved. */
static void forget(struct market_feed *f, size_t batch)
{
    for (size_t i = 0; i < batch; i++)
        f->batch_symbols[i]->judged_ns = f->batch_symbols[i]->newest.at_ns;
}

static void publish(struct market_feed *f, size_t batch, int64_t now_ns)
{
    int64_t steady_ns = clock_monotonic_ns(f->options.clock);
    for (size_t i = 0; i < batch; i++) {
        struct symbol *s = f->batch_symbols[i];
        int64_t age_ns = now_ns - f->batch[i].at_ns;
        s->newest = f->batch[i];
        s->received_ns = age_ns > 0 ? steady_ns - age_ns : steady_ns;
    }
    for (size_t i = 0; i < f->options.watcher_count; i++) {
        const struct market_watcher *watcher = &f->options.watchers[i];
        watcher->quotes(watcher->context, f->batch, batch, now_ns);
    }
}

static void count_batch(struct market_feed *f, enum err err, size_t count, size_t batch)
{
    f->stats.refused += err ? (int64_t)count : 0;
    f->stats.accepted += err ? 0 : (int64_t)batch;
    f->stats.ignored += err ? 0 : (int64_t)(count - batch);
}

enum err market_feed_quotes(struct market_feed *f, const struct market_quote *quotes, size_t count,
                            size_t *ret_accepted, struct error *e)
{
    assert(count <= LIMIT_QUOTES_BATCH);
    const struct market_broker *broker = &f->options.broker;
    size_t batch = 0;
    mutex_lock(&f->mutex);
    int64_t now_ns = clock_realtime_ns(f->options.clock);
    sweep(f, now_ns);
    enum err err = judge(f, quotes, count, now_ns, &batch, e);
    if (!err && batch > 0 && broker->quotes)
        err = broker->quotes(broker->context, f->batch, batch, e);
    if (err)
        forget(f, batch);
    else if (batch > 0)
        publish(f, batch, now_ns);
    count_batch(f, err, count, batch);
    mutex_unlock(&f->mutex);
    if (!err && ret_accepted)
        *ret_accepted = batch;
    return err;
}

/* ---- keeping pace ---------------------------------------------------------------------------- */

size_t market_feed_until_act(struct market_feed *f, const struct market_quote *quotes, size_t count,
                             bool *ret_acts)
{
    *ret_acts = false;
    for (size_t i = 0; i < f->options.watcher_count; i++) {
        const struct market_watcher *watcher = &f->options.watchers[i];
        bool acts = false;
        if (watcher->until_act)
            count = watcher->until_act(watcher->context, quotes, count, &acts);
        *ret_acts |= acts;
    }
    return count;
}

static bool all_settled(const struct market_feed *f, const char *symbol)
{
    const struct market_broker *broker = &f->options.broker;
    for (size_t i = 0; i < f->options.watcher_count; i++) {
        const struct market_watcher *watcher = &f->options.watchers[i];
        if (watcher->settled && !watcher->settled(watcher->context, symbol))
            return false;
    }
    return !broker->settled || broker->settled(broker->context);
}

/* Whoever looks at one and then at the other may miss what passes between them meanwhile; the
 * second look finds it where it went. */
bool market_feed_settled(struct market_feed *f, const char *symbol)
{
    enum { LOOKS = 2 };
    for (int i = 0; i < LOOKS; i++)
        if (!all_settled(f, symbol))
            return false;
    return true;
}

/* ---- looking --------------------------------------------------------------------------------- */

static void copy(const struct market_feed *f, const struct symbol *s, struct market_last *ret)
{
    ret->quote = s->newest;
    ret->age_ns = clock_monotonic_ns(f->options.clock) - s->received_ns;
}

bool market_feed_last(struct market_feed *f, const char *symbol, struct market_last *ret)
{
    mutex_lock(&f->mutex);
    const struct symbol *s = find(f, symbol);
    bool known = s && s->newest.at_ns;
    if (known)
        copy(f, s, ret);
    mutex_unlock(&f->mutex);
    return known;
}

size_t market_feed_list(struct market_feed *f, size_t *place, size_t max, struct market_last *out,
                        bool *ret_more)
{
    size_t written = 0, i = *place;
    mutex_lock(&f->mutex);
    for (; i < f->count && written < max; i++) {
        const struct symbol *s = f->symbols[i];
        if (s->newest.at_ns)
            copy(f, s, &out[written++]);
    }
    *ret_more = i < f->count;
    mutex_unlock(&f->mutex);
    *place = i;
    return written;
}

struct market_feed_stats market_feed_stats(struct market_feed *f)
{
    mutex_lock(&f->mutex);
    struct market_feed_stats stats = f->stats;
    stats.symbols = (int64_t)f->count;
    mutex_unlock(&f->mutex);
    return stats;
}

/* ---- watchers -------------------------------------------------------------------------------- */

static void tell_desk(void *context, const struct market_quote *quotes, size_t count,
                      int64_t now_ns)
{
    for (size_t i = 0; i < count; i++) {
        const struct market_quote *q = &quotes[i];
        int64_t age_ns = now_ns - q->at_ns;
        desk_quote(context, q->symbol, q->bid, q->ask, q->halted, age_ns > 0 ? age_ns : 0);
    }
}

static size_t desk_until_act(void *context, const struct market_quote *quotes, size_t count,
                             bool *ret_acts)
{
    return desk_quotes_until_act(context, quotes, count, ret_acts);
}

static bool desk_has_settled(void *context, const char *symbol)
{
    return desk_settled(context, symbol);
}

struct market_watcher market_watcher_desk(struct desk *desk)
{
    return (struct market_watcher){.context = desk,
                                   .quotes = tell_desk,
                                   .until_act = desk_until_act,
                                   .settled = desk_has_settled};
}
