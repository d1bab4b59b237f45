/* One block of memory holds the times and all columns, each aligned to a cache line; publishing
 * adds the table of sessions and turns the whole into an immutable, counted object. Finding the
 * sessions is two searches a session and one sequential pass that checks the order: it runs at
 * memory speed, because every load of stored bars comes through here.
 */
#include "engine/bars/bars.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT_BYTES = 64,
    HUGE_PAGE_BYTES = 2 * 1024 * 1024,
};

struct bars_owner {
    struct bars bars;
    _Atomic int64_t references;
    void *block;
    int64_t size_bytes;
};

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

enum err bars_builder_init(struct bars_builder *b, int64_t count, uint32_t column_mask,
                           struct error *e)
{
    assert(count >= 0 && (column_mask & ~BAR_ALL_COLUMNS) == 0);
    memset(b, 0, sizeof(*b));
    size_t arrays = 1 + (size_t)__builtin_popcount(column_mask);
    if ((uint64_t)count > SIZE_MAX / 16 / sizeof(double))
        return error_set(e, ERR_NO_MEMORY, "no memory for %lld bars", (long long)count);
    /* The extra line keeps columns of a round number of bars off the same cache sets. */
    size_t stride = round_up((size_t)count * sizeof(double), ALIGNMENT_BYTES) + ALIGNMENT_BYTES;
    size_t size = stride * arrays;
    size_t alignment = size >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : ALIGNMENT_BYTES;
    char *block = aligned_alloc(alignment, round_up(size, alignment));
    if (!block)
        return error_set(e, ERR_NO_MEMORY, "no memory for %lld bars", (long long)count);
    if (alignment == HUGE_PAGE_BYTES) /* advice only: first touch of big series costs a tenth */
        madvise(block, round_up(size, alignment), MADV_HUGEPAGE);
    b->count = count;
    b->time_ns = (int64_t *)block;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        if (column_mask & BAR_COLUMN_BIT(c))
            b->column[c] = (double *)(block += stride);
    return ERR_OK;
}

void bars_builder_release(struct bars_builder *b)
{
    free(b->time_ns);
    memset(b, 0, sizeof(*b));
}

/* The first index in [from, count) whose time is >= t: doubling steps, then halving. */
static int64_t lower_bound_from(const int64_t *time_ns, int64_t from, int64_t count, int64_t t)
{
    int64_t step = 1, low = from, high = from;
    while (high < count && time_ns[high] < t) {
        low = high + 1;
        high = high + step;
        step *= 2;
    }
    if (high > count)
        high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (time_ns[middle] < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first index whose time does not exceed the one before; count when all do. */
static int64_t first_out_of_order(const int64_t *time_ns, int64_t count)
{
    enum { RUN = 1024 };
    int64_t i = 1;
    for (; i + RUN <= count; i += RUN) {
        int64_t bad = 0;
        for (int64_t j = i; j < i + RUN; j++)
            bad |= time_ns[j] <= time_ns[j - 1];
        if (bad)
            break;
    }
    while (i < count && time_ns[i] > time_ns[i - 1])
        i++;
    return i < count ? i : count;
}

/* Fills `sessions` (room for `room`, NULL to count only). */
static enum err find_sessions(const struct bars_builder *b, const struct calendar *calendar,
                              struct bars_session *sessions, int64_t *ret_count, struct error *e)
{
    int64_t found = 0;
    for (int64_t i = 0; i < b->count; found++) {
        struct session s;
        if (!calendar_session_at(calendar, b->time_ns[i], &s))
            return error_at(e, ERR_DATA, i + 1, 0, "bar %lld is outside every session of %s",
                            (long long)i + 1, calendar_name(calendar));
        int64_t end = lower_bound_from(b->time_ns, i, b->count, s.close_ns);
        if (sessions)
            sessions[found] = (struct bars_session){s.day, i, end, s.open_ns, s.close_ns};
        i = end;
    }
    *ret_count = found;
    return ERR_OK;
}

/* |k| <= 2^53 and p is the double nearest to k / scale. p * scale is at most a unit or so off k,
 * which rounding repairs unless k is next to 2^53: then the answer may be a needless false, never a
 * wrong true.
 */
static bool is_decimal(double p, double scale)
{
    double k = nearbyint(p * scale);
    return fabs(k) <= 9007199254740992.0 && k / scale == p;
}

static const double power_of_ten[7] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
enum { MOST_DECIMALS = 6 };

/* The fewest decimals of all prices before decimal_end. What is decimal with the most is so with
 * the fewest that suffice, since its k only shrinks. */
static int32_t fewest_decimals(const struct bars *b)
{
    int32_t decimals = 0;
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c++)
        for (int64_t i = 0; b->column[c] && i < b->decimal_end && decimals < MOST_DECIMALS; i++)
            while (decimals < MOST_DECIMALS && !is_decimal(b->column[c][i], power_of_ten[decimals]))
                decimals++;
    return decimals;
}

static void find_decimals(struct bars *b)
{
    b->decimal_end = b->count;
    for (int c = BAR_OPEN; c <= BAR_CLOSE; c++)
        for (int64_t i = 0; b->column[c] && i < b->decimal_end; i++)
            if (!is_decimal(b->column[c][i], power_of_ten[MOST_DECIMALS]))
                b->decimal_end = i;
    b->price_decimals = b->decimal_end > 0 ? fewest_decimals(b) : -1;
}

static void set_decimals(struct bars *b, int32_t price_decimals)
{
    b->price_decimals = price_decimals;
    b->decimal_end = price_decimals >= 0 ? b->count : 0;
    if (price_decimals < -1)
        find_decimals(b);
}

enum err bars_publish_sessions(struct bars_builder *b, const struct calendar *calendar,
                               struct timeframe timeframe, int32_t price_decimals,
                               struct bars_session *sessions, int64_t session_count,
                               const struct bars **ret, struct error *e)
{
    assert(b->time_ns && price_decimals <= 6);
    assert(session_count > 0 ? sessions[session_count - 1].end == b->count : b->count == 0);
    struct bars_owner *owner = calloc(1, sizeof(*owner));
    if (!owner)
        return error_set(e, ERR_NO_MEMORY, "no memory for %lld bars", (long long)b->count);
    int64_t arrays = 1;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        owner->bars.column[c] = b->column[c];
        arrays += b->column[c] != NULL;
    }
    owner->bars.count = b->count;
    owner->bars.time_ns = b->time_ns;
    set_decimals(&owner->bars, price_decimals);
    owner->bars.session_count = session_count;
    owner->bars.sessions = sessions;
    owner->bars.calendar = calendar;
    owner->bars.timeframe = timeframe;
    owner->bars.owner = owner;
    owner->block = b->time_ns;
    owner->size_bytes = (int64_t)sizeof(*owner) + arrays * b->count * (int64_t)sizeof(double) +
                        session_count * (int64_t)sizeof(*sessions);
    atomic_init(&owner->references, 1);
    memset(b, 0, sizeof(*b));
    *ret = &owner->bars;
    return ERR_OK;
}

enum err bars_publish(struct bars_builder *b, const struct calendar *calendar,
                      struct timeframe timeframe, int32_t price_decimals, const struct bars **ret,
                      struct error *e)
{
    int64_t wrong = first_out_of_order(b->time_ns, b->count);
    if (wrong < b->count)
        return error_at(e, ERR_DATA, wrong + 1, 0, "bar %lld is not later than the one before it",
                        (long long)wrong + 1);
    int64_t session_count = 0;
    enum err err = find_sessions(b, calendar, NULL, &session_count, e);
    if (err != ERR_OK)
        return err;
    struct bars_session *sessions = calloc((size_t)session_count + 1, sizeof(*sessions));
    if (!sessions)
        return error_set(e, ERR_NO_MEMORY, "no memory for %lld sessions", (long long)session_count);
    err = find_sessions(b, calendar, sessions, &session_count, e);
    assert(err == ERR_OK);
    err = bars_publish_sessions(b, calendar, timeframe, price_decimals, sessions, session_count,
                                ret, e);
    if (err != ERR_OK)
        free(sessions);
    return err;
}

const struct bars *bars_ref(const struct bars *b)
{
    int64_t before = atomic_fetch_add_explicit(&b->owner->references, 1, memory_order_relaxed);
    assert(before > 0);
    return b;
}

void bars_unref(const struct bars *b)
{
    if (!b)
        return;
    struct bars_owner *owner = b->owner;
    int64_t before = atomic_fetch_sub_explicit(&owner->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    free(owner->block);
    free((void *)owner->bars.sessions);
    free(owner);
}

const char *bar_column_name(enum bar_column c)
{
    static const char *const names[BAR_COLUMN_COUNT] = {"open", "high", "low", "close", "volume"};
    return names[c];
}

int64_t bars_size_bytes(const struct bars *b)
{
    return b->owner->size_bytes;
}

int64_t bars_lower_bound(const struct bars *b, int64_t time_ns)
{
    int64_t low = 0, high = b->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (b->time_ns[middle] < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t bars_session_of(const struct bars *b, int64_t i)
{
    assert(i >= 0 && i < b->count);
    int64_t low = 0, high = b->session_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (b->sessions[middle].end <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t bars_session_lower_bound(const struct bars *b, int32_t day)
{
    int64_t low = 0, high = b->session_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (b->sessions[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
