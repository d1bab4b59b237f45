/* A place is the ordinal of the next shard. */
#include "db/shard_repo.h"
#include "server/results/listing.h"
#include "server/results/results.h"

enum { SHARDS_AT_A_TIME = 500 };

static void write_shard(struct rows *w, const struct shard_row *s)
{
    rows_row(w);
    rows_int(w, s->ordinal);
    rows_string(w, s->symbol);
    rows_date(w, s->from_day);
    rows_date(w, s->to_day);
    rows_string(w, s->status == SHARD_SUCCEEDED ? "done" : "failed");
    rows_bool(w, s->cached);
    rows_int(w, s->attempts);
    rows_int(w, s->bars);
    rows_int(w, s->fires);
    rows_number(w, (double)s->elapsed_us / 1e3);
    rows_row_end(w);
}

/* Some shards, into an arena of their own: the request's would grow with each part. */
static enum err write_some(struct listing *l, const struct db_read *reader, struct arena *arena,
                           bool *ret_more, struct error *e)
{
    struct shard_rows shards = {0};
    enum err err = shard_repo_list(reader, &l->job->id, l->place.major - 1, SHARDS_AT_A_TIME, arena,
                                   &shards, e);
    if (err)
        return err;
    size_t i = 0;
    for (; i < shards.count && !listing_is_full(l); i++) {
        write_shard(&l->rows, &shards.items[i]);
        listing_row_done(l);
        l->place.major = shards.items[i].ordinal + 1;
    }
    *ret_more = i < shards.count || shards.more;
    return ERR_OK;
}

static enum err read_shards(struct listing *l, const struct db_read *reader, bool *ret_more,
                            struct error *e)
{
    struct arena arena;
    enum err err = ERR_OK;
    arena_init(&arena, 4 << 20);
    do {
        arena_clear(&arena);
        err = write_some(l, reader, &arena, ret_more, e);
    } while (!err && *ret_more && !listing_is_full(l));
    arena_release(&arena);
    return err;
}

enum err results_shards(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {LISTING_PARAMETERS, NULL};
    static const char *const columns[] = {"ordinal", "symbol",   "from", "to",    "status",
                                          "cached",  "attempts", "bars", "fires", "elapsed_ms"};
    struct listing *l = arena_alloc(r->arena, sizeof(*l));
    enum err err;
    if (!l)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the shards");
    *l = (struct listing){.kind = "shard",
                          .read = read_shards,
                          .columns = columns,
                          .column_count = sizeof(columns) / sizeof(columns[0])};
    if ((err = http_query_only(r, names, e)) || (err = listing_query(r, l, e)) ||
        (err = job_results_any(r, &l->job, e)))
        return err;
    return listing_respond(r, out, l, e);
}
