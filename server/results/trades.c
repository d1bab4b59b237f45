#include "server/jobs/trade_record.h"
#include "server/results/ledger_list.h"
#include "server/results/results.h"

#include <math.h>
#include <string.h>

struct trade_filter {
    int32_t symbol; /* -1 = any */
    int reason;     /* enum exit_reason; -1 = any */
    bool has_ambiguous, ambiguous;
};

static const char *const columns[] = {
    "symbol",  "side",       "occ_symbol", "modelled",    "entry_at",   "entry_price",
    "exit_at", "exit_price", "quantity",   "entry_value", "exit_value", "pnl",
    "return",  "r",          "commission", "exit_reason", "ambiguous",  "bars_held"};

static bool is_wanted(const struct trade_filter *f, const struct trade *t)
{
    return (f->symbol < 0 || t->symbol == f->symbol) &&
           (f->reason < 0 || (int)t->exit_reason == f->reason) &&
           (!f->has_ambiguous || t->ambiguous == f->ambiguous);
}

static void write_row(struct rows *w, const struct study_spec *spec, const struct trade *t,
                      const struct stored_contract *contract)
{
    rows_row(w);
    rows_string(w, spec->symbols.items[t->symbol]);
    rows_string(w, trade_side_name(spec->strategy.strategy.side));
    if (contract->occ_symbol[0])
        rows_string(w, contract->occ_symbol);
    else
        rows_null(w);
    rows_bool(w, contract->modelled);
    rows_time(w, t->entry_at.at_ns);
    rows_decimal(w, t->entry_price);
    rows_time(w, t->exit_at.at_ns);
    rows_decimal(w, t->exit_price);
    rows_decimal(w, t->quantity);
    rows_decimal(w, t->entry_value);
    rows_decimal(w, t->exit_value);
    rows_decimal(w, t->pnl);
    rows_number(w, t->return_on_value);
    rows_number(w, t->risk > 0 ? (double)t->pnl / (double)t->risk : NAN);
    rows_decimal(w, t->commission);
    rows_string(w, exit_reason_name(t->exit_reason));
    rows_bool(w, t->ambiguous);
    rows_int(w, t->bars_held);
    rows_row_end(w);
}

static bool write_trade(struct ledger_list *l, const void *record)
{
    struct trade trade;
    struct stored_contract contract;
    trade_record_read(record, &trade, &contract);
    if (!is_wanted(l->context, &trade))
        return false;
    write_row(&l->list.rows, &l->list.job->spec, &trade, &contract);
    return true;
}

static enum err symbol_filter(const struct http_request *r, const struct study_spec *spec,
                              int32_t *ret, struct error *e)
{
    const char *text = NULL;
    *ret = -1;
    enum err err = http_query_text(r, "symbol", LIMIT_SYMBOL_BYTES, &text, e);
    for (size_t i = 0; text && i < spec->symbols.count; i++)
        if (strcmp(text, spec->symbols.items[i]) == 0)
            *ret = (int32_t)i;
    if (!err && text && *ret < 0)
        return error_field(e, ERR_INVALID, "?symbol", "'%s' is not a symbol of this backtest",
                           text);
    return err;
}

static enum err read_filter(const struct http_request *r, const struct study_spec *spec,
                            struct trade_filter *f, struct error *e)
{
    const char *reasons[EXIT_REASON_COUNT + 1] = {0};
    for (int i = 0; i < EXIT_REASON_COUNT; i++)
        reasons[i] = exit_reason_name((enum exit_reason)i);
    f->reason = -1;
    f->has_ambiguous = http_query(r, "ambiguous") != NULL;
    enum err err;
    if ((err = symbol_filter(r, spec, &f->symbol, e)) ||
        (err = http_query_enum(r, "exit_reason", reasons, &f->reason, e)))
        return err;
    return http_query_bool(r, "ambiguous", &f->ambiguous, e);
}

enum err results_trades(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {LISTING_PARAMETERS, "symbol", "exit_reason", "ambiguous",
                                        NULL};
    struct ledger_list *l = arena_alloc(r->arena, sizeof(*l));
    struct trade_filter *filter = arena_alloc(r->arena, sizeof(*filter));
    enum err err;
    if (!l || !filter)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the trades");
    *l = (struct ledger_list){.list = {.kind = "trade",
                                       .read = ledger_list_read,
                                       .columns = columns,
                                       .column_count = sizeof(columns) / sizeof(columns[0])},
                              .series = LEDGER_TRADES,
                              .record_bytes = TRADE_RECORD_BYTES,
                              .write = write_trade,
                              .context = filter};
    if ((err = http_query_only(r, names, e)) || (err = listing_query(r, &l->list, e)) ||
        (err = job_results_finished(r, &l->list.job, e)) ||
        (err = read_filter(r, &l->list.job->spec, filter, e)))
        return err;
    return listing_respond(r, out, &l->list, e);
}
