/* GET /v2/assets: what can be traded. There is no register of securities here: any well-formed
 * symbol is one that the broker may know, and the list has those with stored bars. */
#include "db/series_repo.h"
#include "orders/contract.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_holdings.h"
#include "server/alpaca/alpaca_id.h"
#include "server/app.h"

#include <string.h>

enum { PAGE_SERIES = 1000 };

/* As a contract; false for what cannot be traded. */
static bool contract_of(const char *symbol, struct contract *ret)
{
    struct occ_symbol occ;
    size_t length = strlen(symbol);
    if (occ_symbol_parse(symbol, length, &occ, NULL) == ERR_OK)
        return contract_option(&occ, -1, ret, NULL) == ERR_OK;
    return contract_share(symbol, length, ret, NULL) == ERR_OK;
}

static void write_asset(struct json_writer *w, const struct contract *c, bool active)
{
    struct uuid asset = alpaca_named_id("asset", c->symbol);
    char id[UUID_TEXT];
    uuid_format(&asset, id);
    json_begin_object(w);
    json_member_string(w, "id", id);
    json_member_string(w, "class", c->kind == CONTRACT_OPTION ? "us_option" : "us_equity");
    json_member_string(w, "exchange", "");
    json_member_string(w, "symbol", c->symbol);
    json_member_string(w, "name", c->symbol);
    json_member_string(w, "status", active ? "active" : "inactive");
    json_member_bool(w, "tradable", active);
    json_member_bool(w, "marginable", false);
    json_member_bool(w, "shortable", active);
    json_member_bool(w, "easy_to_borrow", active);
    json_member_bool(w, "fractionable", false);
    json_key(w, "attributes");
    json_begin_array(w);
    json_end_array(w);
    json_end_object(w);
}

static bool is_active(const struct http_request *r, const struct contract *c)
{
    return !c->end_ns || clock_realtime_ns(r->clock) < c->end_ns;
}

/* ---- those with bars ------------------------------------------------------------------------- */

/* false ends the walk. */
typedef bool asset_fn(void *context, const struct contract *contract);

/* Each symbol once. */
static enum err each_asset(const struct http_request *r, asset_fn *visit, void *context,
                           struct error *e)
{
    struct app *app = r->app;
    struct db_read reader = {0};
    struct series_rows page = {.more = true};
    struct contract contract;
    char last[LIMIT_SYMBOL_BYTES + 1] = "";
    struct timeframe timeframe = {0};
    bool more = true;
    enum err err = readers_lease(app->storage.bar_readers, &reader, e);
    while (!err && more && page.more) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        err = series_repo_list(&reader, *last ? last : NULL, timeframe, PAGE_SERIES, &arena, &page,
                               e);
        for (size_t i = 0; !err && more && i < page.count; i++) {
            const struct series_row *s = &page.items[i];
            if (strcmp(s->symbol, last) != 0 && contract_of(s->symbol, &contract))
                more = visit(context, &contract);
            snprintf(last, sizeof last, "%s", s->symbol);
            timeframe = s->timeframe;
        }
        arena_release(&arena);
    }
    readers_return(app->storage.bar_readers, &reader);
    return err;
}

struct asset_filter {
    struct http_request *request;
    struct json_writer *w;
    int status, kind; /* 0 = any, else 1 + the index in the names below */
};

static const char *const any_status[] = {"all", "active", "inactive", NULL};
static const char *const any_class[] = {"all", "us_equity", "us_option", NULL};

static bool write_if_asked(void *context, const struct contract *c)
{
    struct asset_filter *f = context;
    bool active = is_active(f->request, c);
    int kind = c->kind == CONTRACT_OPTION ? 2 : 1;
    if ((f->status == 0 || f->status == (active ? 1 : 2)) && (f->kind == 0 || f->kind == kind))
        write_asset(f->w, c, active);
    return true;
}

static enum err list_assets(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"status", "asset_class", NULL};
    struct json_writer w;
    struct asset_filter filter = {.request = r, .w = &w, .kind = 1};
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_enum(r, "status", any_status, &filter.status, e)) ||
        (err = http_query_enum(r, "asset_class", any_class, &filter.kind, e)))
        return err;
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    err = each_asset(r, write_if_asked, &filter, e);
    json_end_array(&w);
    return err ? err : http_respond_json(out, 200, e);
}

/* ---- one ------------------------------------------------------------------------------------- */

struct asset_search {
    struct uuid id;
    struct contract contract;
    bool found;
};

static bool compare(void *context, const struct contract *c)
{
    struct asset_search *search = context;
    struct uuid id = alpaca_named_id("asset", c->symbol);
    search->found = memcmp(&id, &search->id, sizeof id) == 0;
    if (search->found)
        search->contract = *c;
    return !search->found;
}

/* Among those with bars and those that are held. */
static enum err find_by_id(struct http_request *r, const char *id, struct asset_search *search,
                           struct error *e)
{
    struct alpaca_holdings holdings;
    enum err err = each_asset(r, compare, search, e);
    if (err || search->found || (err = alpaca_holdings_read(r->app, r->arena, id, &holdings, e)))
        return err;
    search->found = holdings.count > 0;
    if (search->found)
        search->contract = holdings.items[0].position.contract;
    return ERR_OK;
}

static enum err get_asset(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const none[] = {NULL};
    const char *name = http_param(r, "symbol");
    struct asset_search search = {.found = false};
    struct json_writer w;
    enum err err = http_query_only(r, none, e);
    if (!err && uuid_parse(name, strlen(name), &search.id))
        err = find_by_id(r, name, &search, e);
    else if (!err)
        search.found = contract_of(name, &search.contract);
    if (!err && !search.found)
        err = error_set(e, ERR_NOT_FOUND, "asset not found for %.60s", name);
    if (err)
        return err;
    json_writer_init(&w, &out->body);
    write_asset(&w, &search.contract, is_active(r, &search.contract));
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v2/assets", .handler = list_assets, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaListAssets"},
    {.method = HTTP_GET, .pattern = "/v2/assets/{symbol}", .handler = get_asset, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaGetAsset"},
};
/* clang-format on */
const struct http_route_table alpaca_asset_routes = HTTP_ROUTE_TABLE(routes);
