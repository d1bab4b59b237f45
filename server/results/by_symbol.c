/* Each symbol's part of the result, a row a symbol in the order of the request: for universes of
 * hundreds, to be sorted by whoever reads it. */
#include "server/api/rows.h"
#include "server/results/results.h"
#include "server/results/stored_result.h"

static const char *const counts[] = {"fires", "bars", "bars_in_window"};
static const char *const values[] = {"mean", "hit_rate", "difference"};
/* Of the symbol's trades; with a strategy. */
static const char *const trade_counts[] = {"count", "wins", "losses"};
static const char *const trade_money[] = {"pnl", "commission"};
static const char *const trade_numbers[] = {"win_rate", "profit_factor", "average_trade"};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum err name_columns(const struct job_results *job, struct stored_columns *c,
                             struct arena *arena, struct error *e)
{
    enum err err = ERR_OK;
    stored_columns_add(c, "symbol");
    for (size_t i = 0; i < COUNT(counts); i++)
        stored_columns_add(c, counts[i]);
    for (size_t i = 0; !err && i < COUNT(values); i++)
        err = stored_columns_add_horizons(c, job, values[i], arena, e);
    if (err || !job->spec.has_strategy)
        return err;
    stored_columns_add(c, "trades");
    for (size_t i = 1; i < COUNT(trade_counts); i++)
        stored_columns_add(c, trade_counts[i]);
    for (size_t i = 0; i < COUNT(trade_money); i++)
        stored_columns_add(c, trade_money[i]);
    for (size_t i = 0; i < COUNT(trade_numbers); i++)
        stored_columns_add(c, trade_numbers[i]);
    return ERR_OK;
}

static void write_horizons(struct rows *w, const struct json_value *symbol, size_t horizon_count)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        const struct json_value *horizon = json_value_first(json_value_member(symbol, "horizons"));
        for (size_t h = 0; h < horizon_count; h++, horizon = json_value_next(horizon))
            rows_number(w, json_value_member_number(horizon, values[i]));
    }
}

static void write_trades(struct rows *w, const struct json_value *trades)
{
    for (size_t i = 0; i < COUNT(trade_counts); i++)
        rows_int(w, json_value_member_int(trades, trade_counts[i]));
    for (size_t i = 0; i < COUNT(trade_money); i++) {
        const char *text = json_value_member_text(trades, trade_money[i]);
        rows_string(w, text ? text : "");
    }
    for (size_t i = 0; i < COUNT(trade_numbers); i++)
        rows_number(w, json_value_member_number(trades, trade_numbers[i]));
}

static void write_symbol(struct rows *w, const struct job_results *job,
                         const struct json_value *symbol)
{
    const char *name = json_value_member_text(symbol, "symbol");
    rows_row(w);
    rows_string(w, name ? name : "");
    for (size_t i = 0; i < COUNT(counts); i++)
        rows_int(w, json_value_member_int(symbol, counts[i]));
    write_horizons(w, symbol, job->horizon_count);
    if (job->spec.has_strategy)
        write_trades(w, json_value_member(symbol, "trades"));
    rows_row_end(w);
}

enum err results_by_symbol(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"format", NULL};
    struct job_results *job;
    struct json_value *symbols = NULL;
    struct stored_columns columns = {0};
    struct rows w;
    enum rows_format format;
    enum err err;
    if ((err = http_query_only(r, names, e)) || (err = rows_negotiate(r, &format, e)) ||
        (err = job_results_finished(r, &job, e)) ||
        (err = name_columns(job, &columns, r->arena, e)) ||
        (err = stored_result_read(job, NULL, "symbols", &symbols, e)))
        return err;
    rows_begin(&w, out, format, columns.names, columns.count);
    const struct json_value *symbol = json_value_first(symbols);
    for (; symbol; symbol = json_value_next(symbol))
        write_symbol(&w, job, symbol);
    json_value_free(symbols);
    return rows_respond(&w, r, out, NULL, e);
}
