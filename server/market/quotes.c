/* /v1/quotes: what the market shows, posted by whoever knows it, and the newest of each symbol. All
 * from memory: a small batch is taken on the loop, a large one on an api thread, because reading it
 * takes milliseconds. */
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/market/market_symbol.h"
#include "server/market/quote_json.h"

#include <stdlib.h>
#include <string.h>

enum { INLINE_BODY_BYTES = 16 * 1024 };

/* ---- POST ------------------------------------------------------------------------------------ */

static enum err respond_counts(struct http_response *out, size_t accepted, size_t ignored,
                               struct error *e)
{
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_int(&w, "accepted", (int64_t)accepted);
    json_member_int(&w, "ignored", (int64_t)ignored);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static enum err post_quotes(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct quote_batch batch;
    size_t accepted = 0;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    if (r->body_bytes > INLINE_BODY_BYTES && !http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    bool lines = strcmp(r->content_type, "application/x-ndjson") == 0;
    err = quote_batch_decode(r->body, r->body_bytes, lines ? QUOTE_NDJSON : QUOTE_JSON,
                             clock_realtime_ns(r->clock), r->arena, &batch, e);
    if (err && batch.problem_count > 0) {
        http_respond_problem(r, out, e, batch.problems, batch.problem_count);
        return ERR_OK;
    }
    if (err)
        return err;
    if ((err = market_feed_quotes(app->market, batch.items, batch.count, &accepted, e)))
        return err;
    return respond_counts(out, accepted, batch.count - accepted, e);
}

/* ---- GET one --------------------------------------------------------------------------------- */

static enum err get_quote(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct market_last last;
    char symbol[LIMIT_SYMBOL_BYTES];
    struct json_writer w;
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = market_symbol_parse(http_param(r, "symbol"), symbol, e)))
        return err;
    if (!market_feed_last(app->market, symbol, &last))
        return error_set(e, ERR_NOT_FOUND, "no quote of '%s' has come yet", symbol);
    json_writer_init(&w, &out->body);
    quote_json_write(&w, &last);
    return http_respond_json(out, 200, e);
}

/* ---- GET several ----------------------------------------------------------------------------- */

/* The symbols of "A,B,C", those that have a quote, in that order. */
static enum err look_up(const struct http_request *r, const char *names, struct market_last *out,
                        size_t *ret_count, struct error *e)
{
    struct app *app = r->app;
    size_t asked = 0, count = 0;
    for (const char *name = names; name;) {
        const char *comma = strchr(name, ',');
        size_t length = comma ? (size_t)(comma - name) : strlen(name);
        char symbol[LIMIT_SYMBOL_BYTES];
        struct error inner;
        const char *text = arena_strndup(r->arena, name, length);
        if (!text)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the symbols");
        if (asked++ == LIMIT_QUOTES_LISTED)
            return error_field(e, ERR_INVALID, "?symbols", "more than %d symbols",
                               LIMIT_QUOTES_LISTED);
        if (market_symbol_parse(text, symbol, &inner))
            return error_field(e, ERR_INVALID, "?symbols", "'%s': %s", text, inner.message);
        count += market_feed_last(app->market, symbol, &out[count]);
        name = comma ? comma + 1 : NULL;
    }
    *ret_count = count;
    return ERR_OK;
}

/* The cursor holds how many symbols came before; they are never forgotten nor put in order anew. */
static enum err read_place(const struct http_request *r, size_t *ret, struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, "quotes", place, e);
    if (err)
        return err;
    unsigned long long value = *place ? strtoull(place, &end, 10) : 0;
    if (*place && (*end || value > LIMIT_MARKET_SYMBOLS))
        return cursor_refuse(e);
    *ret = (size_t)value;
    return ERR_OK;
}

static enum err list_quotes(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"symbols", "limit", "cursor", NULL};
    struct app *app = r->app;
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT;
    size_t place = 0, count = 0;
    bool more = false;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = read_place(r, &place, e)))
        return err;
    const char *symbols = http_query(r, "symbols");
    size_t room = symbols ? LIMIT_QUOTES_LISTED : (size_t)limit;
    struct market_last *items = arena_alloc_array(r->arena, room, sizeof *items);
    if (!items)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the quotes");
    if (!symbols)
        count = market_feed_list(app->market, &place, room, items, &more);
    else if ((err = look_up(r, symbols, items, &count, e)))
        return err;

    struct json_writer w;
    char cursor[CURSOR_TEXT];
    if (more)
        cursor_write(cursor, "quotes", "%zu", place);
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        quote_json_write(&w, &items[i]);
    json_end_array(&w);
    json_member_string(&w, "next_cursor", more ? cursor : NULL);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v1/quotes", .handler = post_quotes, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json, application/x-ndjson", .operation_id = "postQuotes"},
    {.method = HTTP_GET, .pattern = "/v1/quotes", .handler = list_quotes, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "listQuotes"},
    {.method = HTTP_GET, .pattern = "/v1/quotes/{symbol}", .handler = get_quote, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "getQuote"},
};
/* clang-format on */
const struct http_route_table quotes_routes = HTTP_ROUTE_TABLE(routes);
