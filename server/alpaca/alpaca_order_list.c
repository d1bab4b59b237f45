/* GET /v2/orders. */
#include "orders/desk/desk.h"
#include "server/alpaca/alpaca.h"
#include "server/alpaca/alpaca_groups.h"
#include "server/alpaca/alpaca_query.h"
#include "server/app.h"

#include <string.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 500 };
enum list_status { LIST_OPEN, LIST_CLOSED, LIST_ALL };
enum { ANY_SIDE = -1 };

/* ---- the question ---------------------------------------------------------------------------- */

struct list_request {
    int status, ascending, side;
    bool nested, has_after, has_until;
    int64_t limit, after_ns, until_ns;
    const char *symbols; /* NULL = any */
};

static enum err read_request(const struct http_request *r, struct list_request *q, struct error *e)
{
    static const char *const names[] = {"status", "limit",   "after", "until", "direction",
                                        "nested", "symbols", "side",  NULL};
    static const char *const statuses[] = {"open", "closed", "all", NULL};
    static const char *const directions[] = {"desc", "asc", NULL};
    static const char *const sides[] = {"buy", "sell", NULL};
    *q = (struct list_request){.limit = LIMIT_DEFAULT, .side = ANY_SIDE};
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_enum(r, "status", statuses, &q->status, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_MAX, &q->limit, e)) ||
        (err = alpaca_query_time(r, "after", &q->has_after, &q->after_ns, e)) ||
        (err = alpaca_query_time(r, "until", &q->has_until, &q->until_ns, e)) ||
        (err = http_query_enum(r, "direction", directions, &q->ascending, e)) ||
        (err = alpaca_query_bool(r, "nested", &q->nested, e)) ||
        (err = alpaca_query_symbols(r, "symbols", &q->symbols, e)))
        return err;
    return http_query_enum(r, "side", sides, &q->side, e);
}

static struct order_query query_of(const struct list_request *q)
{
    bool one = q->symbols && !strchr(q->symbols, ',');
    return (struct order_query){
        .oldest_first = q->ascending,
        .symbol = one ? q->symbols : NULL,
        .has_from = q->has_after,
        .from_ns = q->after_ns + 1,
        .has_to = q->has_until,
        .to_ns = q->until_ns,
        .limit = LIMIT_MAX,
    };
}

/* ---- the answer ------------------------------------------------------------------------------ */

struct listing {
    struct app *app;
    const struct list_request *request;
    struct json_writer *w;
    int64_t written;
    struct alpaca_group group;
};

static bool status_fits(const struct list_request *q, bool open)
{
    return q->status == LIST_ALL || open == (q->status == LIST_OPEN);
}

static bool side_fits(const struct list_request *q, const struct alpaca_order *o)
{
    return q->side == ANY_SIDE || q->side == (int)o->side;
}

static void write_flat(struct listing *l, const struct alpaca_group *g,
                       const struct alpaca_order *o)
{
    if (l->written == l->request->limit || !side_fits(l->request, o) ||
        !status_fits(l->request, alpaca_status_open(o->status)))
        return;
    alpaca_order_write(g, o, false, l->w);
    l->written++;
}

/* With its legs, when any of them fits; a market exit is an order of its own. */
static void write_nested(struct listing *l, const struct alpaca_group *g)
{
    bool open = false;
    for (size_t i = 0; i <= g->leg_count; i++)
        open = open || alpaca_status_open(g->orders[i].status);
    if (status_fits(l->request, open) && side_fits(l->request, &g->orders[0])) {
        alpaca_order_write(g, &g->orders[0], true, l->w);
        l->written++;
    }
    for (size_t i = g->leg_count + 1; i < g->count; i++)
        write_flat(l, g, &g->orders[i]);
}

static bool bracket_fits(const struct list_request *q, const struct alpaca_group *g)
{
    int64_t created_ns = g->orders[0].created_ns;
    return alpaca_list_has(q->symbols, g->symbol) && !(q->has_after && created_ns <= q->after_ns) &&
           !(q->has_until && created_ns >= q->until_ns);
}

static enum err write_bracket(struct listing *l, const struct uuid *id, int64_t rev,
                              struct error *e)
{
    struct alpaca_group *g = &l->group;
    if (l->written >= l->request->limit)
        return ERR_OK;
    enum err err = alpaca_groups_get(l->app->alpaca_groups, id, rev, g, e);
    if (err || !bracket_fits(l->request, g))
        return err;
    if (l->request->nested) {
        write_nested(l, g);
        return ERR_OK;
    }
    for (size_t i = 0; i < g->count; i++)
        write_flat(l, g, &g->orders[l->request->ascending ? i : g->count - 1 - i]);
    return ERR_OK;
}

/* ---- where they come from -------------------------------------------------------------------- */

struct listed {
    struct uuid id;
    int64_t rev;
};

struct ids {
    const char *symbols;
    struct listed *items;
    size_t count;
    struct uuid last; /* told, whether it fits or not */
    size_t told;
};

static bool add_id(void *context, const struct order_header *header)
{
    struct ids *ids = context;
    ids->told++;
    ids->last = header->id;
    if (alpaca_list_has(ids->symbols, header->symbol))
        ids->items[ids->count++] = (struct listed){header->id, header->rev};
    return true;
}

/* All that there ever were, out of the database. */
static enum err write_stored(struct listing *l, struct arena *arena, struct error *e)
{
    struct order_store *store = l->app->order_store;
    struct order_query query = query_of(l->request);
    struct ids page = {.symbols = l->request->symbols,
                       .items = arena_alloc_array(arena, LIMIT_MAX, sizeof *page.items)};
    enum err err = ERR_OK;
    if (!page.items)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders");
    do {
        page.count = page.told = 0;
        err = store->operations->list(store, &query, add_id, &page, e);
        for (size_t i = 0; !err && i < page.count; i++)
            err = write_bracket(l, &page.items[i].id, page.items[i].rev, e);
        query.has_before = true;
        query.before = page.last;
    } while (!err && page.told == LIMIT_MAX && l->written < l->request->limit);
    return err;
}

/* What is open is in the book, however many there ever were. */
static enum err write_open(struct listing *l, struct arena *arena, struct error *e)
{
    struct desk_stats stats;
    desk_stats(l->app->desk, &stats);
    size_t max = (size_t)stats.live;
    struct desk_order **orders = arena_alloc_array(arena, max, sizeof(struct desk_order *));
    enum err err = ERR_OK;
    if (!orders)
        return error_set(e, ERR_NO_MEMORY, "no memory for the orders");
    size_t count = desk_open(l->app->desk, NULL, orders, max);
    for (size_t i = 0; i < count; i++) {
        struct desk_order *order = orders[l->request->ascending ? count - 1 - i : i];
        struct uuid id = desk_order_id(order);
        if (!err)
            err = write_bracket(l, &id, desk_rev(order), e);
    }
    for (size_t i = 0; i < count; i++)
        desk_unref(orders[i]);
    return err;
}

static enum err list_orders(struct http_request *r, struct http_response *out, struct error *e)
{
    struct list_request request;
    struct json_writer w;
    enum err err = read_request(r, &request, e);
    if (err)
        return err;
    struct listing listing = {.app = r->app, .request = &request, .w = &w};
    json_writer_init(&w, &out->body);
    json_begin_array(&w);
    err = request.status == LIST_OPEN ? write_open(&listing, r->arena, e)
                                      : write_stored(&listing, r->arena, e);
    json_end_array(&w);
    return err ? err : http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/v2/orders", .handler = list_orders, .scope = KEY_SCOPE_READ,
     .operation_id = "alpacaListOrders"},
};
/* clang-format on */
const struct http_route_table alpaca_list_routes = HTTP_ROUTE_TABLE(routes);
