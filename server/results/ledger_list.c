#include "server/results/ledger_list.h"

enum err ledger_list_totals(const struct job_results *job, const struct db_read *reader,
                            struct ledger_totals *ret, struct error *e)
{
    enum err err = ledger_repo_find(reader, &job->id, ret, e);
    if (err != ERR_NOT_FOUND)
        return err;
    return error_set(e, ERR_NOT_FOUND,
                     "the backtest has no trades and no equity: it was made without a strategy");
}

static enum err visit(void *context, const struct ledger_chunk *chunk, bool *stop, struct error *e)
{
    struct ledger_list *l = context;
    int64_t i = l->list.place.major - chunk->first;
    if (i < 0 || chunk->size_bytes != (size_t)chunk->count * l->record_bytes)
        return error_set(e, ERR_DATA, "the stored trades of the backtest are damaged");
    for (; i < chunk->count; i++) {
        if (listing_is_full(&l->list)) {
            l->more = *stop = true;
            break;
        }
        if (l->write(l, (const char *)chunk->data + (size_t)i * l->record_bytes))
            listing_row_done(&l->list);
    }
    l->list.place.major = chunk->first + i;
    return ERR_OK;
}

enum err ledger_list_read(struct listing *list, const struct db_read *reader, bool *ret_more,
                          struct error *e)
{
    struct ledger_list *l = (struct ledger_list *)list;
    struct ledger_totals totals;
    l->more = false;
    enum err err = ledger_list_totals(list->job, reader, &totals, e);
    int64_t total = l->series == LEDGER_TRADES ? totals.trades : totals.points;
    if (!err && list->place.major < total)
        err = ledger_repo_each(reader, &list->job->id, l->series, list->place.major, visit, l, e);
    *ret_more = l->more;
    return err;
}
