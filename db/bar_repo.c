/* Reading is the hot path. A row's blob handle is moved from day to day (no SQL runs), the wanted
 * parts of the blob are copied into one small buffer that stays in the first-level caches, and each
 * column is decoded from there straight to its place in the caller's columns.
 */
#include "db/bar_repo.h"

#include "base/digest.h"
#include "engine/bars/bar_codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_PER_SERIES (INT64_C(1) << 20)
#define DAY_OFFSET (INT64_C(1) << 19)
/* 2^53 at 1e-6, rounded down. */
#define HIGHEST_EXACT_PRICE 9e9

static const char SQL_DAYS[] =
    "SELECT id, count, price_decimals, hash FROM bars"
    " INDEXED BY bars_directory WHERE id BETWEEN :from AND :to ORDER BY id";
static const char SQL_DATA[] = "SELECT data FROM bars"
                               " WHERE id BETWEEN :from AND :to AND last_ns >= :from_ns"
                               " AND first_ns < :to_ns ORDER BY id";
static const char SQL_DAY[] = "SELECT data FROM bars WHERE id = :id";
static const char SQL_VERSION[] = "SELECT version FROM series WHERE id = :id";
static const char SQL_PUT[] =
    "INSERT OR REPLACE INTO bars(id, count, first_ns, last_ns, price_decimals, hash, data)"
    " VALUES(:id, :count, :first_ns, :last_ns, :decimals, :hash, :data)";
static const char SQL_DELETE[] = "DELETE FROM bars WHERE id BETWEEN :from AND :to";
static const char SQL_SUMMARY[] =
    "SELECT count(*) AS days, coalesce(sum(count), 0) AS bars, coalesce(min(first_ns), 0) AS first,"
    " coalesce(max(last_ns), 0) AS last FROM bars WHERE id BETWEEN :from AND :to";

/* --- ids --- */

static int64_t id_of(int64_t series_id, int32_t day)
{
    int64_t place = day + DAY_OFFSET;
    if (place < 0)
        place = 0;
    if (place >= DAYS_PER_SERIES)
        place = DAYS_PER_SERIES - 1;
    return series_id * DAYS_PER_SERIES + place;
}

static int32_t day_of(int64_t id)
{
    return (int32_t)(id % DAYS_PER_SERIES - DAY_OFFSET);
}

static void bind_days(struct statement *s, int64_t series_id, int32_t from_day, int32_t to_day)
{
    statement_bind_int(s, ":from", id_of(series_id, from_day));
    statement_bind_int(s, ":to", id_of(series_id, to_day));
}

/* --- plans --- */

static enum err damaged(const struct series_row *series, struct error *e)
{
    return error_set(e, ERR_DATA, "the stored bars of '%s' do not fit their series: damaged",
                     series->symbol);
}

/* The next day of the plan; false when the row does not fit the series or its calendar. */
static bool add_day(struct bar_plan *plan, int32_t day, int64_t count, int32_t price_decimals,
                    const void *hash)
{
    struct session session;
    if (plan->day_count == plan->series.days || count < 1 || count > LIMIT_SESSION_BARS ||
        !calendar_session(plan->series.calendar, day, &session))
        return false;
    struct bar_day *added = &plan->days[plan->day_count++];
    *added = (struct bar_day){.day = day,
                              .price_decimals = price_decimals,
                              .count = count,
                              .first = plan->count,
                              .open_ns = session.open_ns,
                              .close_ns = session.close_ns};
    memcpy(added->hash, hash, DATA_HASH_BYTES);
    plan->count += count;
    if (price_decimals < 0 || plan->price_decimals < 0)
        plan->price_decimals = -1;
    else if (price_decimals > plan->price_decimals)
        plan->price_decimals = price_decimals;
    return true;
}

/* plan->series is of the snapshot we are in, so its count of days is a bound. */
static enum err read_days(const struct db_read *r, int32_t from_day, int32_t to_day,
                          struct bar_plan *plan, struct error *e)
{
    bool good = true;
    struct statement *s = db_prepare(r, SQL_DAYS);
    bind_days(s, plan->series.id, from_day, to_day);
    int id = -1, count = -1, decimals = -1, hash = -1;
    while (good && statement_next(s)) {
        if (id < 0) {
            id = statement_column(s, "id");
            count = statement_column(s, "count");
            decimals = statement_column(s, "price_decimals");
            hash = statement_column(s, "hash");
        }
        size_t hash_bytes;
        const void *hash_is = statement_blob_at(s, hash, &hash_bytes);
        good = hash_bytes == DATA_HASH_BYTES &&
               add_day(plan, day_of(statement_int_at(s, id)), statement_int_at(s, count),
                       (int32_t)statement_int_at(s, decimals), hash_is);
    }
    enum err err = statement_finish(s, e);
    return err == ERR_OK && !good ? damaged(&plan->series, e) : err;
}

enum err bar_plan_init(const struct db_read *r, const struct series_row *series, int32_t from_day,
                       int32_t to_day, struct bar_plan *ret, struct error *e)
{
    struct bar_plan plan = {0};
    enum err err = db_read_begin(r, e);
    if (err == ERR_OK)
        err = series_repo_find(r, series->symbol, series->timeframe, &plan.series, e);
    if (err == ERR_OK) {
        plan.days = calloc((size_t)plan.series.days + 1, sizeof *plan.days);
        err = plan.days == NULL ? error_set(e, ERR_NO_MEMORY, "out of memory planning a load")
                                : read_days(r, from_day, to_day, &plan, e);
    }
    db_read_end(r);
    if (err == ERR_OK)
        *ret = plan;
    else
        bar_plan_release(&plan);
    return err;
}

void bar_plan_release(struct bar_plan *p)
{
    free(p->days);
    *p = (struct bar_plan){0};
}

void bar_plan_hash(const struct bar_plan *p, unsigned char ret[DATA_HASH_BYTES])
{
    struct sha256 state;
    unsigned char whole[SHA256_BYTES];
    sha256_init(&state);
    sha256_add_u64(&state, (uint64_t)p->series.timeframe.minutes);
    sha256_add_string(&state, calendar_name(p->series.calendar));
    for (int64_t i = 0; i < p->day_count; i++) {
        sha256_add_u64(&state, (uint64_t)p->days[i].day);
        sha256_add(&state, p->days[i].hash, sizeof p->days[i].hash);
    }
    sha256_finish(&state, whole);
    memcpy(ret, whole, DATA_HASH_BYTES);
}

/* --- loading --- */

/* Fetches parts of a day's blob into a buffer, at the place that they have in the blob. */
struct fetcher {
    struct db_blob *blob;
    char *bytes; /* owned */
    size_t capacity;
};

static enum err fetcher_reserve(struct fetcher *f, size_t size_bytes, struct error *e)
{
    if (size_bytes <= f->capacity)
        return ERR_OK;
    char *grown = realloc(f->bytes, size_bytes);
    if (grown == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory reading a day of bars");
    f->bytes = grown;
    f->capacity = size_bytes;
    return ERR_OK;
}

static enum err fetch(struct fetcher *f, size_t from, size_t to, struct error *e)
{
    return from == to ? ERR_OK : db_blob_read(f->blob, f->bytes + from, to - from, from, e);
}

/* The sections of the mask, neighbours in one read. They follow each other in the blob, times last.
 */
static enum err fetch_sections(struct fetcher *f, const struct bar_blob_info *info, bool times,
                               uint32_t column_mask, struct error *e)
{
    enum err err = ERR_OK;
    size_t from = 0, to = 0;
    for (int c = 0; err == ERR_OK && c <= BAR_COLUMN_COUNT; c++) {
        bool wanted = c < BAR_COLUMN_COUNT ? (column_mask & BAR_COLUMN_BIT(c)) != 0 : times;
        const struct bar_blob_section *section =
            c < BAR_COLUMN_COUNT ? &info->column[c] : &info->time;
        if (!wanted)
            continue;
        if (section->offset != to) {
            err = fetch(f, from, to, e);
            from = section->offset;
        }
        to = section->offset + section->size_bytes;
    }
    return err == ERR_OK ? fetch(f, from, to, e) : err;
}

/* With most columns wanted one read of everything is cheaper than several. */
static bool wants_most(bool times, uint32_t column_mask)
{
    return __builtin_popcount(column_mask) + times >= 4;
}

/* Brings the header and the wanted sections into the buffer. */
static enum err fetch_day(struct fetcher *f, bool times, uint32_t column_mask,
                          struct bar_blob_info *ret, struct error *e)
{
    size_t size_bytes = db_blob_size(f->blob);
    bool whole = wants_most(times, column_mask) || size_bytes < BAR_BLOB_HEADER_BYTES;
    enum err err = fetcher_reserve(f, size_bytes, e);
    if (err == ERR_OK)
        err = fetch(f, 0, whole ? size_bytes : BAR_BLOB_HEADER_BYTES, e);
    if (err == ERR_OK)
        err = bar_blob_info(f->bytes, size_bytes, ret, e);
    if (err == ERR_OK && ret->size_bytes != size_bytes)
        err = error_set(e, ERR_DATA, "a stored day of bars is cut off");
    return err != ERR_OK || whole ? err : fetch_sections(f, ret, times, column_mask, e);
}

/* Decodes what was fetched to its place in the builder. */
static enum err decode_day(const struct fetcher *f, const struct bar_blob_info *info, int64_t first,
                           bool times, uint32_t column_mask, struct bars_builder *into,
                           struct error *e)
{
    enum err err = ERR_OK;
    if (times)
        err = bar_blob_decode_time(info, f->bytes + info->time.offset, into->time_ns + first, e);
    for (int c = 0; err == ERR_OK && c < BAR_COLUMN_COUNT; c++)
        if (column_mask & BAR_COLUMN_BIT(c))
            err =
                bar_blob_decode_column(info, (enum bar_column)c, f->bytes + info->column[c].offset,
                                       into->column[c] + first, e);
    return err;
}

/* That times increase was checked when the day was stored, and the check sums say that it still is
 * that day; its session is of the calendar that this program has. */
static bool fits(const struct bar_day *day, const struct bar_blob_info *info)
{
    return info->count == day->count && info->first_ns >= day->open_ns &&
           info->last_ns < day->close_ns;
}

static enum err check_version(const struct db_read *r, const struct bar_plan *plan, struct error *e)
{
    struct statement *s = db_prepare(r, SQL_VERSION);
    statement_bind_int(s, ":id", plan->series.id);
    bool same = statement_next(s) && statement_int(s, "version") == plan->series.version;
    enum err err = statement_finish(s, e);
    if (err == ERR_OK && !same)
        return error_set(e, ERR_CONFLICT, "the bars of '%s' were changed meanwhile",
                         plan->series.symbol);
    return err;
}

enum err bar_load_slice(const struct db_read *r, const struct bar_plan *plan, int64_t from_index,
                        int64_t to_index, bool times, uint32_t column_mask,
                        struct bars_builder *into, struct error *e)
{
    assert(from_index >= 0 && to_index <= plan->day_count && into->count == plan->count);
    if (from_index >= to_index)
        return ERR_OK;
    struct fetcher f = {0};
    enum err err = db_read_begin(r, e);
    if (err == ERR_OK)
        err = check_version(r, plan, e);
    for (int64_t i = from_index; err == ERR_OK && i < to_index; i++) {
        const struct bar_day *day = &plan->days[i];
        int64_t id = id_of(plan->series.id, day->day);
        struct bar_blob_info info;
        err = f.blob == NULL ? db_blob_open(r, "bars", "data", id, &f.blob, e)
                             : db_blob_move(f.blob, id, e);
        if (err == ERR_OK)
            err = fetch_day(&f, times, column_mask, &info, e);
        if (err == ERR_OK && !fits(day, &info))
            err = damaged(&plan->series, e);
        if (err == ERR_OK)
            err = decode_day(&f, &info, day->first, times, column_mask, into, e);
    }
    db_blob_close(f.blob);
    free(f.bytes);
    db_read_end(r);
    return err;
}

enum err bar_plan_publish(const struct bar_plan *plan, struct bars_builder *b,
                          const struct bars **ret, struct error *e)
{
    struct bars_session *sessions = malloc((size_t)(plan->day_count + 1) * sizeof *sessions);
    if (sessions == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory loading bars");
    for (int64_t i = 0; i < plan->day_count; i++) {
        const struct bar_day *day = &plan->days[i];
        sessions[i] = (struct bars_session){.day = day->day,
                                            .first = day->first,
                                            .end = day->first + day->count,
                                            .open_ns = day->open_ns,
                                            .close_ns = day->close_ns};
    }
    int32_t decimals = plan->price_decimals >= 0 ? plan->price_decimals : -2; /* -2: find where */
    enum err err = bars_publish_sessions(b, plan->series.calendar, plan->series.timeframe, decimals,
                                         sessions, plan->day_count, ret, e);
    if (err != ERR_OK)
        free(sessions);
    return err;
}

/* --- pages --- */

/* One day decoded, with room for the longest. */
struct day_buffer {
    int64_t time_ns[LIMIT_SESSION_BARS];
    double values[BAR_COLUMN_COUNT][LIMIT_SESSION_BARS];
};

static enum err decode_into(const void *blob, size_t size_bytes, int64_t *time_ns,
                            double *const column[BAR_COLUMN_COUNT], int64_t *ret_count,
                            struct error *e)
{
    struct bar_blob_info info;
    enum err err = bar_blob_info(blob, size_bytes, &info, e);
    if (err == ERR_OK && info.count > LIMIT_SESSION_BARS)
        err = error_set(e, ERR_DATA, "a stored day has %lld bars", (long long)info.count);
    if (err == ERR_OK)
        err = bar_blob_decode(blob, size_bytes, BAR_ALL_COLUMNS, time_ns, column, e);
    if (err == ERR_OK)
        *ret_count = info.count;
    return err;
}

/* Appends the day's bars of the range to the page, until `limit`. */
static void append_range(const struct day_buffer *day, int64_t count, int64_t from_ns,
                         int64_t to_ns, int64_t limit, struct bar_page *page)
{
    int64_t from = 0, to = count;
    while (from < to && day->time_ns[from] < from_ns)
        from++;
    while (from < to && day->time_ns[to - 1] >= to_ns)
        to--;
    int64_t room = limit - page->count;
    page->more = to - from > room;
    int64_t taken = page->more ? room : to - from;
    if (taken == 0)
        return;
    memcpy(page->time_ns + page->count, day->time_ns + from, (size_t)taken * sizeof(int64_t));
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        memcpy(page->column[c] + page->count, day->values[c] + from,
               (size_t)taken * sizeof(double));
    page->count += taken;
}

static enum err read_page(const struct db_read *r, const struct series_row *series, int64_t from_ns,
                          int64_t to_ns, int64_t limit, struct bar_page *page, struct error *e)
{
    struct day_buffer *day = malloc(sizeof *day);
    if (day == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory reading bars");
    double *column[BAR_COLUMN_COUNT];
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        column[c] = day->values[c];

    /* A session belongs to one local day, but may reach over the end of it. */
    enum err read = ERR_OK;
    struct statement *s = db_prepare(r, SQL_DATA);
    bind_days(s, series->id, calendar_day_at(series->calendar, from_ns) - 1,
              calendar_day_at(series->calendar, to_ns) + 1);
    statement_bind_int(s, ":from_ns", from_ns);
    statement_bind_int(s, ":to_ns", to_ns);
    while (read == ERR_OK && !page->more && statement_next(s)) {
        size_t size_bytes;
        int64_t count = 0;
        const void *blob = statement_blob_at(s, 0, &size_bytes);
        read = decode_into(blob, size_bytes, day->time_ns, column, &count, e);
        if (read == ERR_OK)
            append_range(day, count, from_ns, to_ns, limit, page);
    }
    enum err err = statement_finish(s, read == ERR_OK ? e : NULL);
    free(day);
    return read != ERR_OK ? read : err;
}

enum err bar_page_init(const struct db_read *r, const struct series_row *series, int64_t from_ns,
                       int64_t to_ns, int64_t limit, struct bar_page *ret, struct error *e)
{
    assert(limit >= 1);
    struct bar_page page = {0};
    /* Nothing lies outside, and days far away would not fit into int32. */
    if (from_ns < series->first_ns)
        from_ns = series->first_ns;
    if (to_ns > series->last_ns)
        to_ns = series->last_ns + 1;
    if (from_ns >= to_ns || series->bars == 0) {
        *ret = page;
        return ERR_OK;
    }
    /* The series may have grown since *series was read: its count is no bound for the page. */
    size_t rows = (size_t)limit;
    page.memory = malloc(rows * (sizeof(int64_t) + BAR_COLUMN_COUNT * sizeof(double)));
    if (page.memory == NULL)
        return error_set(e, ERR_NO_MEMORY, "out of memory reading bars");
    page.time_ns = page.memory;
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        page.column[c] = (double *)(page.time_ns + rows) + (size_t)c * rows;
    enum err err = read_page(r, series, from_ns, to_ns, limit, &page, e);
    if (err == ERR_OK)
        *ret = page;
    else
        bar_page_release(&page);
    return err;
}

void bar_page_release(struct bar_page *p)
{
    free(p->memory);
    *p = (struct bar_page){0};
}

/* --- one day --- */

enum err bar_repo_put_day(struct db_write *w, int64_t series_id, int32_t day, const void *blob,
                          size_t size_bytes, double highest, struct error *e)
{
    struct bar_blob_info info;
    enum err err = bar_blob_info(blob, size_bytes, &info, e);
    if (err != ERR_OK)
        return err;
    bool exact = highest <= HIGHEST_EXACT_PRICE;
    unsigned char hash[DATA_HASH_BYTES];
    data_hash_of(blob, size_bytes, hash);
    struct statement *s = db_prepare(&w->read, SQL_PUT);
    statement_bind_int(s, ":id", id_of(series_id, day));
    statement_bind_int(s, ":count", info.count);
    statement_bind_int(s, ":first_ns", info.first_ns);
    statement_bind_int(s, ":last_ns", info.last_ns);
    statement_bind_int(s, ":decimals", exact ? info.price_decimals : -1);
    statement_bind_blob(s, ":hash", hash, sizeof hash);
    statement_bind_blob(s, ":data", blob, size_bytes);
    return statement_run(s, NULL, e);
}

enum err bar_repo_get_day(const struct db_read *r, int64_t series_id, int32_t day, int64_t *time_ns,
                          double *const column[BAR_COLUMN_COUNT], int64_t *ret_count,
                          struct error *e)
{
    int64_t count = 0;
    enum err read = ERR_OK;
    struct statement *s = db_prepare(r, SQL_DAY);
    statement_bind_int(s, ":id", id_of(series_id, day));
    if (statement_next(s)) {
        size_t size_bytes;
        const void *blob = statement_blob_at(s, 0, &size_bytes);
        read = decode_into(blob, size_bytes, time_ns, column, &count, e);
    }
    enum err err = statement_finish(s, read == ERR_OK ? e : NULL);
    if (read != ERR_OK)
        return read;
    if (err == ERR_OK)
        *ret_count = count;
    return err;
}

enum err bar_repo_delete_days(struct db_write *w, int64_t series_id, int32_t from_day,
                              int32_t to_day, struct error *e)
{
    struct statement *s = db_prepare(&w->read, SQL_DELETE);
    bind_days(s, series_id, from_day, to_day);
    return statement_run(s, NULL, e);
}

enum err bar_repo_summarise(const struct db_read *r, struct series_row *series, struct error *e)
{
    struct series_row sums = *series;
    struct statement *s = db_prepare(r, SQL_SUMMARY);
    bind_days(s, series->id, INT32_MIN, INT32_MAX);
    if (statement_next(s)) {
        sums.days = statement_int(s, "days");
        sums.bars = statement_int(s, "bars");
        sums.first_ns = statement_int(s, "first");
        sums.last_ns = statement_int(s, "last");
    }
    enum err err = statement_finish(s, e);
    if (err == ERR_OK)
        *series = sums;
    return err;
}
