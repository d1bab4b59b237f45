#include "server/jobs/ledger_store.h"

#include "db/ledger_repo.h"
#include "server/jobs/equity_record.h"

#include <stdatomic.h>

/* A chunk is what a page has to read at least: 176 KiB of trades, 160 KiB of points. A transaction
 * is a dozen of them. */
enum { CHUNK_TRADES = 1024, CHUNK_POINTS = 4096, CHUNK_BYTES_MAX = 256 << 10, BATCH_CHUNKS = 12 };

struct ledger_storing {
    const struct uuid *job_id;
    const struct ledger *ledger;
    const struct stored_contract *contracts;
    struct strbuf chunk;
    /* A transaction moves `done` from `stored`, where it begins each time that it runs. */
    struct ledger_place {
        size_t trades, points;
        int64_t peak; /* of the points */
    } stored, done;
    bool left; /* an earlier attempt's chunks are not all gone */
};

static bool is_done(const struct ledger_storing *s)
{
    return s->done.trades == (size_t)s->ledger->counts.trades &&
           s->done.points == s->ledger->point_count;
}

static enum err remove_work(struct db_write *w, void *context, struct error *e)
{
    struct ledger_storing *s = context;
    return ledger_repo_delete(w, s->job_id, BATCH_CHUNKS, &s->left, e);
}

static enum err put_chunk(struct db_write *w, struct ledger_storing *s, enum ledger_series series,
                          size_t first, size_t count, struct error *e)
{
    if (strbuf_failed(&s->chunk))
        return error_set(e, ERR_NO_MEMORY, "out of memory for the trades of the job");
    const struct ledger_chunk chunk = {.first = (int64_t)first,
                                       .count = (int64_t)count,
                                       .data = s->chunk.data,
                                       .size_bytes = s->chunk.length};
    return ledger_repo_put(w, s->job_id, series, &chunk, e);
}

static size_t at_most(size_t count, size_t limit)
{
    return count < limit ? count : limit;
}

static enum err put_trades(struct db_write *w, struct ledger_storing *s, struct error *e)
{
    size_t first = s->done.trades;
    size_t count = at_most((size_t)s->ledger->counts.trades - first, CHUNK_TRADES);
    strbuf_clear(&s->chunk);
    for (size_t i = first; i < first + count; i++)
        trade_record_write(&s->chunk, &s->ledger->trades[i],
                           s->contracts ? &s->contracts[i] : NULL);
    enum err err = put_chunk(w, s, LEDGER_TRADES, first, count, e);
    if (!err)
        s->done.trades += count;
    return err;
}

static enum err put_points(struct db_write *w, struct ledger_storing *s, struct error *e)
{
    size_t first = s->done.points;
    size_t count = at_most(s->ledger->point_count - first, CHUNK_POINTS);
    int64_t peak = s->done.peak;
    strbuf_clear(&s->chunk);
    for (size_t i = first; i < first + count; i++) {
        const struct equity_point *point = &s->ledger->points[i];
        peak = i == 0 || point->equity > peak ? point->equity : peak;
        equity_record_write(&s->chunk, &(struct equity_record){.point = *point, .peak = peak});
    }
    enum err err = put_chunk(w, s, LEDGER_EQUITY, first, count, e);
    if (!err) {
        s->done.points += count;
        s->done.peak = peak;
    }
    return err;
}

/* One transaction: some chunks, and after the last of them the seal. */
static enum err batch_work(struct db_write *w, void *context, struct error *e)
{
    struct ledger_storing *s = context;
    const struct ledger_totals totals = {.trades = s->ledger->counts.trades,
                                         .points = (int64_t)s->ledger->point_count};
    enum err err = ERR_OK;
    s->done = s->stored;
    for (int i = 0; !err && i < BATCH_CHUNKS && !is_done(s); i++)
        err = s->done.trades < (size_t)totals.trades ? put_trades(w, s, e) : put_points(w, s, e);
    if (!err && is_done(s))
        err = ledger_repo_seal(w, s->job_id, &totals, e);
    return err;
}

static enum err check_cancel(const _Atomic bool *cancel, struct error *e)
{
    if (cancel && atomic_load(cancel))
        return error_set(e, ERR_CANCELED, "canceled");
    return ERR_OK;
}

enum err ledger_store(struct writer *writer, const struct uuid *job_id, const struct ledger *ledger,
                      const struct stored_contract *contracts, const _Atomic bool *cancel,
                      struct error *e)
{
    struct ledger_storing s = {
        .job_id = job_id, .ledger = ledger, .contracts = contracts, .left = true};
    enum err err = ERR_OK;
    strbuf_init(&s.chunk, CHUNK_BYTES_MAX);
    while (!err && s.left)
        if (!(err = check_cancel(cancel, e)))
            err = writer_call(writer, remove_work, &s, e);
    bool sealed = false;
    while (!err && !sealed) {
        if (!(err = check_cancel(cancel, e)) && !(err = writer_call(writer, batch_work, &s, e))) {
            s.stored = s.done;
            sealed = is_done(&s);
        }
    }
    strbuf_release(&s.chunk);
    return err;
}
