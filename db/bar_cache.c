/* A hash table of entries by series and timeframe, and a list of them by last use.
 *
 * Loading runs outside the lock. The entry that is being loaded is marked; whoever needs what it
 * will bring waits for the mark to go, and then looks again from the start (the load may have
 * failed, or been for fewer columns). A request that is served by what the entry already has does
 * not wait. Nor does a request of a worker (without a pool) wait for a load that runs on the pool's
 * workers, which may need just that worker: it loads bars of its own, past the cache.
 *
 * An entry never changes its bars in place: more columns or a newer version make new bars, and the
 * old ones live on for those who still hold them. Columns that are in memory already are copied,
 * not decoded again.
 */
#include "db/bar_cache.h"

#include "base/mutex.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
/* Out of memory is an answer, not the end. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* Bars that one task of a parallel load takes: 2 MiB a column. Smaller pieces would have several
 * workers touch the same huge page of new memory for the first time, and each then clears a page of
 * its own of which only one is used. */
enum { BARS_PER_TASK = 2 * 1024 * 1024 / sizeof(double) };
/* How often an import may get in the way of one load before we give up. */
enum { LOAD_ATTEMPTS = 5 };

struct entry {
    int64_t key; /* the stored series and the entry's timeframe */
    UT_hash_handle hh;
    struct entry *prev, *next; /* list by last use, newest first */
    bool loading;
    bool loading_on_pool;    /* with `loading`: the load may wait for any worker */
    const struct bars *bars; /* one reference; NULL until the first load */
    uint32_t columns;
    struct series_row series; /* at the version of `bars` */
};

struct bar_cache {
    struct mutex mutex;
    struct condition loaded;
    struct readers *readers; /* borrowed */
    int64_t max_bytes;
    /* behind the mutex */
    struct entry *by_key;
    struct entry *by_use;
    struct bar_cache_stats stats;
};

/* What a request is for, once its stored series is known. */
struct request {
    struct bar_cache *cache;
    struct worker_pool *pool; /* or NULL */
    struct series_row series; /* the stored one */
    struct timeframe timeframe;
    uint32_t columns;
};

enum err bar_cache_create(struct readers *readers, int64_t max_bytes, struct bar_cache **ret,
                          struct error *e)
{
    struct bar_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory making the cache of bars");
    c->readers = readers;
    c->max_bytes = max_bytes > 0 ? max_bytes : LIMIT_BAR_CACHE_BYTES;
    mutex_init(&c->mutex, MUTEX_BAR_CACHE);
    condition_init(&c->loaded);
    *ret = c;
    return ERR_OK;
}

static void entry_free(struct entry *entry)
{
    bars_unref(entry->bars);
    free(entry);
}

void bar_cache_free(struct bar_cache *c)
{
    if (c == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER (hh, c->by_key, entry, next) {
        assert(!entry->loading);
        HASH_DEL(c->by_key, entry);
        entry_free(entry);
    }
    condition_release(&c->loaded);
    mutex_release(&c->mutex);
    free(c);
}

/* --- loading, outside the lock --- */

struct slices {
    struct readers *readers;
    const struct bar_plan *plan;
    struct bars_builder *into;
    bool times;
    uint32_t columns;
    int64_t days_per_task;
};

static enum err load_days(const struct slices *load, int64_t from, int64_t to, struct error *e)
{
    struct db_read r = {0};
    enum err err = readers_lease(load->readers, &r, e);
    if (err == ERR_OK)
        err = bar_load_slice(&r, load->plan, from, to, load->times, load->columns, load->into, e);
    readers_return(load->readers, &r);
    return err;
}

static enum err load_task(void *context, int64_t task, int32_t worker, struct error *e)
{
    (void)worker;
    const struct slices *load = context;
    int64_t from = task * load->days_per_task, to = from + load->days_per_task;
    return load_days(load, from, to < load->plan->day_count ? to : load->plan->day_count, e);
}

static enum err run_load(struct slices *load, struct worker_pool *pool, struct error *e)
{
    const struct bar_plan *plan = load->plan;
    int64_t tasks = plan->count / BARS_PER_TASK;
    if (pool == NULL || tasks < 2)
        return load_days(load, 0, plan->day_count, e);
    int64_t workers = worker_pool_size(pool);
    tasks = (tasks + workers - 1) / workers * workers; /* so that they end together */
    load->days_per_task = (plan->day_count + tasks - 1) / tasks;
    tasks = (plan->day_count + load->days_per_task - 1) / load->days_per_task;
    return worker_pool_run(pool, load_task, load, tasks, NULL, e);
}

/* Copies what `have` has of the columns into the builder; returns the columns that are still
 * missing. */
static uint32_t copy_columns(const struct bars *have, uint32_t columns, struct bars_builder *into)
{
    uint32_t missing = columns;
    size_t size_bytes = (size_t)have->count * sizeof(double);
    memcpy(into->time_ns, have->time_ns, size_bytes);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        if ((columns & BAR_COLUMN_BIT(c)) == 0 || have->column[c] == NULL)
            continue;
        memcpy(into->column[c], have->column[c], size_bytes);
        missing &= ~BAR_COLUMN_BIT(c);
    }
    return missing;
}

/* `have` (NULL allowed) are bars of the plan's version. */
static enum err load_plan(const struct request *q, const struct bar_plan *plan, uint32_t columns,
                          const struct bars *have, const struct bars **ret, struct error *e)
{
    struct bars_builder builder;
    enum err err = bars_builder_init(&builder, plan->count, columns, e);
    if (err != ERR_OK)
        return err;
    struct slices load = {.readers = q->cache->readers,
                          .plan = plan,
                          .into = &builder,
                          .times = have == NULL,
                          .columns = columns};
    if (have != NULL)
        load.columns = copy_columns(have, columns, &builder);
    err = run_load(&load, q->pool, e);
    if (err == ERR_OK)
        err = bar_plan_publish(plan, &builder, ret, e);
    bars_builder_release(&builder);
    return err;
}

static enum err make_plan(const struct request *q, struct bar_plan *ret, struct error *e)
{
    struct db_read r = {0};
    enum err err = readers_lease(q->cache->readers, &r, e);
    if (err == ERR_OK)
        err = bar_plan_init(&r, &q->series, INT32_MIN, INT32_MAX, ret, e);
    readers_return(q->cache->readers, &r);
    return err;
}

/* Stored bars. An import in the middle makes the slices refuse; then we begin again. */
static enum err load_stored(const struct request *q, const struct entry *old,
                            const struct bars **ret, struct series_row *ret_series, struct error *e)
{
    enum err err = ERR_CONFLICT;
    for (int attempt = 0; err == ERR_CONFLICT && attempt < LOAD_ATTEMPTS; attempt++) {
        struct bar_plan plan = {0};
        err = make_plan(q, &plan, e);
        if (err != ERR_OK)
            return err;
        bool same = old->bars != NULL && old->series.id == plan.series.id &&
                    old->series.version == plan.series.version;
        err = load_plan(q, &plan, q->columns, same ? old->bars : NULL, ret, e);
        if (err == ERR_OK)
            *ret_series = plan.series;
        bar_plan_release(&plan);
    }
    return err;
}

/* Bars of a longer timeframe, from the stored ones. */
static enum err load_resampled(const struct request *q, const struct bars **ret,
                               struct series_row *ret_series, struct error *e)
{
    const struct bars *source = NULL;
    enum err err = bar_cache_get(q->cache, q->pool, q->series.symbol, q->series.timeframe,
                                 q->columns, &source, ret_series, e);
    if (err == ERR_OK)
        err = bars_resample(source, q->timeframe, q->columns, ret, e);
    bars_unref(source);
    return err;
}

/* --- entries, under the lock --- */

/* Minutes are under 2^8 and ids, being in rowids of bars, under 2^43. */
static int64_t key_of(const struct request *q)
{
    return q->series.id * 256 + q->timeframe.minutes;
}

static bool serves(const struct entry *entry, const struct request *q)
{
    return entry != NULL && entry->bars != NULL && entry->series.version >= q->series.version &&
           (q->columns & ~entry->columns) == 0;
}

static struct entry *find(struct bar_cache *c, const struct request *q) REQUIRES(&c->mutex)
{
    int64_t key = key_of(q);
    struct entry *entry = NULL;
    HASH_FIND(hh, c->by_key, &key, sizeof key, entry);
    return entry;
}

static struct entry *add(struct bar_cache *c, const struct request *q) REQUIRES(&c->mutex)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->key = key_of(q);
    HASH_ADD(hh, c->by_key, key, sizeof entry->key, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NULL;
    }
    DL_PREPEND(c->by_use, entry);
    c->stats.entries++;
    return entry;
}

/* Out of the cache; the caller frees it after unlocking. */
static void take_out(struct bar_cache *c, struct entry *entry) REQUIRES(&c->mutex)
{
    HASH_DEL(c->by_key, entry);
    DL_DELETE(c->by_use, entry);
    c->stats.entries--;
    if (entry->bars != NULL)
        c->stats.size_bytes -= bars_size_bytes(entry->bars);
}

static void touch(struct bar_cache *c, struct entry *entry) REQUIRES(&c->mutex)
{
    DL_DELETE(c->by_use, entry);
    DL_PREPEND(c->by_use, entry);
}

/* Takes out what was used longest ago until the rest fits; returns it as a list. An entry that is
 * being loaded stays: its loader points at it. */
static struct entry *evict(struct bar_cache *c) REQUIRES(&c->mutex)
{
    struct entry *evicted = NULL;
    struct entry *entry = c->by_use == NULL ? NULL : c->by_use->prev; /* the tail */
    while (entry != NULL && c->stats.size_bytes > c->max_bytes) {
        struct entry *newer = entry == c->by_use ? NULL : entry->prev;
        if (!entry->loading) {
            take_out(c, entry);
            c->stats.evictions++;
            DL_PREPEND(evicted, entry);
        }
        entry = newer;
    }
    return evicted;
}

static void free_all(struct entry *list)
{
    while (list != NULL) {
        struct entry *next = list->next;
        entry_free(list);
        list = next;
    }
}

/* --- requests --- */

/* Is the entry's load one that this thread has to wait for? */
static bool must_wait(const struct request *q, const struct entry *entry)
{
    return entry != NULL && entry->loading && !serves(entry, q) &&
           !(entry->loading_on_pool && q->pool == NULL);
}

/* A reference to cached bars that serve the request; or NULL. Then this thread loads: into
 * *ret_entry, which is marked as loading (NULL when out of memory), or, when *ret_alone, past the
 * cache. */
static const struct bars *take_or_mark(const struct request *q, struct entry **ret_entry,
                                       bool *ret_alone, struct series_row *ret_series)
{
    struct bar_cache *c = q->cache;
    const struct bars *bars = NULL;
    mutex_lock(&c->mutex);
    struct entry *entry = find(c, q);
    while (must_wait(q, entry)) {
        condition_wait(&c->loaded, &c->mutex);
        entry = find(c, q);
    }
    *ret_alone = false;
    if (serves(entry, q)) {
        c->stats.hits++;
        touch(c, entry);
        bars = bars_ref(entry->bars);
        *ret_series = entry->series;
    } else if (entry != NULL && entry->loading) {
        *ret_alone = true;
        c->stats.loads++;
    } else {
        if (entry == NULL)
            entry = add(c, q);
        if (entry != NULL) {
            entry->loading = true;
            entry->loading_on_pool = q->pool != NULL;
        }
    }
    mutex_unlock(&c->mutex);
    *ret_entry = entry;
    return bars;
}

/* Ends a load: puts the new bars (NULL after an error) in, with a reference of their own. */
static void unmark(const struct request *q, struct entry *entry, const struct bars *bars,
                   const struct series_row *series)
{
    struct bar_cache *c = q->cache;
    struct entry *leaving = NULL;
    const struct bars *old = NULL;
    mutex_lock(&c->mutex);
    entry->loading = false;
    if (bars != NULL) {
        old = entry->bars;
        c->stats.loads++;
        c->stats.size_bytes += bars_size_bytes(bars) - (old != NULL ? bars_size_bytes(old) : 0);
        entry->bars = bars_ref(bars);
        entry->columns = q->columns;
        entry->series = *series;
        touch(c, entry);
        leaving = evict(c);
    } else if (entry->bars == NULL) {
        take_out(c, entry);
        DL_PREPEND(leaving, entry);
    }
    condition_broadcast(&c->loaded);
    mutex_unlock(&c->mutex);
    bars_unref(old);
    free_all(leaving);
}

/* `old` is the entry that the bars are for, or an empty one. */
static enum err load(const struct request *q, const struct entry *old, const struct bars **ret,
                     struct series_row *ret_series, struct error *e)
{
    bool stored = q->timeframe.minutes == q->series.timeframe.minutes;
    *ret_series = q->series;
    return stored ? load_stored(q, old, ret, ret_series, e) : load_resampled(q, ret, ret_series, e);
}

static enum err get(struct request *q, const struct bars **ret, struct series_row *ret_series,
                    struct error *e)
{
    static const struct entry none = {0};
    struct entry *entry = NULL;
    bool alone;
    const struct bars *bars = take_or_mark(q, &entry, &alone, ret_series);
    if (bars != NULL) {
        *ret = bars;
        return ERR_OK;
    }
    if (alone)
        return load(q, &none, ret, ret_series, e);
    if (entry == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory caching bars");
    /* While it is marked, only this thread changes the entry, so it may be read without the lock.
     */
    q->columns |= entry->columns;
    struct series_row series;
    enum err err = load(q, entry, &bars, &series, e);
    unmark(q, entry, bars, &series);
    if (err != ERR_OK)
        return err;
    *ret = bars;
    *ret_series = series;
    return ERR_OK;
}

/* The series as stored, or the 1m series that the timeframe is made from. */
static enum err find_series(struct bar_cache *c, const char *symbol, struct timeframe timeframe,
                            struct series_row *ret, struct error *e)
{
    static const struct timeframe minute = {.minutes = 1};
    struct db_read r = {0};
    enum err err = readers_lease(c->readers, &r, e);
    if (err != ERR_OK)
        return err;
    err = timeframe_is_stored(timeframe) ? series_repo_find(&r, symbol, timeframe, ret, e)
                                         : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND && timeframe.minutes != minute.minutes)
        err = series_repo_find(&r, symbol, minute, ret, e);
    readers_return(c->readers, &r);
    return err;
}

enum err bar_cache_get(struct bar_cache *c, struct worker_pool *pool, const char *symbol,
                       struct timeframe timeframe, uint32_t column_mask, const struct bars **ret,
                       struct series_row *ret_series, struct error *e)
{
    may_block("bar_cache_get");
    struct request q = {.cache = c, .pool = pool, .timeframe = timeframe, .columns = column_mask};
    enum err err = find_series(c, symbol, timeframe, &q.series, e);
    if (err != ERR_OK)
        return err;
    struct series_row series;
    err = get(&q, ret, &series, e);
    if (err == ERR_OK && ret_series != NULL)
        *ret_series = series;
    return err;
}

struct bar_cache_stats bar_cache_stats(struct bar_cache *c)
{
    mutex_lock(&c->mutex);
    struct bar_cache_stats stats = c->stats;
    mutex_unlock(&c->mutex);
    return stats;
}
