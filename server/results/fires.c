/* Fires are stored by shard, as records of fixed size (fire_record.h): a page begins in the middle
 * of a shard's row and is read from there. A place is the shard's ordinal and the index within it.
 * The request, kept with the job, says which horizons the records have. */
#include "db/fire_repo.h"
#include "server/jobs/fire_record.h"
#include "server/results/listing.h"
#include "server/results/results.h"

enum { FIRE_COLUMNS = 10 };

struct fire_list {
    struct listing list; /* first */
    const char *columns[FIRE_COLUMNS + LIMIT_HORIZONS];
    bool more;
};

static void write_fire(struct listing *l, const char *record)
{
    const struct job_results *job = l->job;
    struct study_fire fire;
    double forward[LIMIT_HORIZONS];
    struct rows *w = &l->rows;
    fire_record_read(record, job->horizon_count, &fire, forward);
    rows_row(w);
    rows_time(w, fire.at_ns);
    rows_string(w, job->spec.symbols.items[fire.symbol]);
    rows_price(w, fire.close);
    rows_group(w, "bar");
    rows_price(w, fire.open);
    rows_price(w, fire.high);
    rows_price(w, fire.low);
    rows_price(w, fire.close);
    rows_price(w, fire.volume);
    rows_group_end(w);
    rows_group(w, "forward");
    for (size_t i = 0; i < job->horizon_count; i++)
        rows_number(w, forward[i]);
    rows_group_end(w);
    rows_number(w, fire.mfe);
    rows_number(w, fire.mae);
    rows_row_end(w);
}

static enum err visit(void *context, const struct fire_chunk *chunk, bool *stop, struct error *e)
{
    (void)e;
    struct fire_list *f = context;
    struct listing *l = &f->list;
    size_t record_bytes = fire_record_bytes(l->job->horizon_count);
    int64_t i = chunk->ordinal == l->place.major ? l->place.minor : 0;
    for (; i < chunk->count && !*stop; i++) {
        if (listing_is_full(l)) {
            f->more = *stop = true;
            break;
        }
        write_fire(l, (const char *)chunk->data + (size_t)i * record_bytes);
        listing_row_done(l);
    }
    l->place.major = chunk->ordinal;
    l->place.minor = i;
    return ERR_OK;
}

static enum err read_fires(struct listing *l, const struct db_read *reader, bool *ret_more,
                           struct error *e)
{
    struct fire_list *f = (struct fire_list *)l;
    f->more = false;
    enum err err = fire_repo_each(reader, &l->job->id, l->place.major, visit, f, e);
    *ret_more = f->more;
    return err;
}

static void name_columns(struct fire_list *f)
{
    static const char *const before[] = {"at",   "symbol", "price", "open",
                                         "high", "low",    "close", "volume"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        f->columns[count++] = before[i];
    for (size_t i = 0; i < f->list.job->horizon_count; i++)
        f->columns[count++] = f->list.job->horizons[i].name;
    f->columns[count++] = "mfe";
    f->columns[count++] = "mae";
    f->list.columns = f->columns;
    f->list.column_count = count;
}

enum err results_fires(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {LISTING_PARAMETERS, NULL};
    struct fire_list *f = arena_alloc(r->arena, sizeof(*f));
    enum err err;
    if (!f)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the fires");
    f->list = (struct listing){.kind = "fire", .read = read_fires};
    if ((err = http_query_only(r, names, e)) || (err = listing_query(r, &f->list, e)) ||
        (err = job_results_finished(r, &f->list.job, e)))
        return err;
    name_columns(f);
    return listing_respond(r, out, &f->list, e);
}
