/* A hash table by id and a list by last use, under one lock that is held for a look-up at most:
 * rendering happens outside. Two threads that miss at once both render; the later one is kept.
 *
 * A rendering of a live order is good for its revision, and for a second. Once the order has left
 * the desk nothing about it changes unless late news of the broker bring it back, which is rare: so
 * what was rendered from the store stays good until any order has come back. What was rendered
 * while it lived may be older than its end, and is not good. */
#include "server/orders/order_bodies.h"

#include "base/limits.h"
#include "base/mutex.h"
#include "base/number.h"
#include "server/orders/order_json.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { LIVE_FOR_S = 1 };

struct entry {
    struct uuid id;
    int64_t rev;
    int64_t rendered_ns; /* monotonic */
    bool ended;          /* final, and not live any more */
    int64_t returns;     /* desk_returns() before it was looked at */
    struct http_body *body;
    size_t size_bytes;
    UT_hash_handle by_id;
};

struct order_bodies {
    struct desk *desk;
    const struct clock *clock;
    size_t limit_bytes;
    struct mutex mutex; /* guards what follows */
    struct entry *table;
    size_t size_bytes;
};

/* ---- tags ------------------------------------------------------------------------------------ */

void order_etag(int64_t rev, char out[HTTP_ETAG_MAX])
{
    size_t length = 1 + integer_format(rev, out + 1);
    out[0] = out[length] = '"';
    out[length + 1] = '\0';
}

bool order_etag_parse(const char *etag, int64_t *ret_rev)
{
    char *end;
    if (etag[0] != '"' || etag[1] < '1' || etag[1] > '9')
        return false;
    long long rev = strtoll(etag + 1, &end, 10);
    if (strcmp(end, "\"") != 0)
        return false;
    *ret_rev = rev;
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void drop(struct order_bodies *b, struct entry *entry) REQUIRES(b->mutex)
{
    HASH_DELETE(by_id, b->table, entry);
    b->size_bytes -= entry->size_bytes;
    http_body_unref(entry->body);
    free(entry);
}

/* The table is in the order of insertion: what was used longest ago is first. */
static void evict(struct order_bodies *b) REQUIRES(b->mutex)
{
    struct entry *entry, *next;
    HASH_ITER (by_id, b->table, entry, next) {
        if (b->size_bytes <= b->limit_bytes)
            return;
        drop(b, entry);
    }
}

/* NULL when there is none that is good. rev 0: of an order that is not live. */
static struct http_body *take(struct order_bodies *b, const struct uuid *id, int64_t rev)
{
    struct http_body *body = NULL;
    struct entry *entry;
    mutex_lock(&b->mutex);
    HASH_FIND(by_id, b->table, id, sizeof *id, entry);
    bool good =
        entry && (rev ? entry->rev == rev && clock_monotonic_ns(b->clock) <
                                                 entry->rendered_ns + LIVE_FOR_S * NS_PER_SECOND
                      : entry->ended && entry->returns == desk_returns(b->desk));
    if (good) {
        body = http_body_ref(entry->body);
        if (entry->by_id.next) { /* not the newest yet */
            HASH_DELETE(by_id, b->table, entry);
            HASH_ADD(by_id, b->table, id, sizeof entry->id, entry);
        }
    }
    mutex_unlock(&b->mutex);
    return body;
}

/* What cannot be kept is rendered again by who asks next. */
static void keep(struct order_bodies *b, const struct desk_view *view, int64_t returns,
                 struct http_body *body)
{
    struct entry *entry = calloc(1, sizeof *entry), *old;
    if (!entry)
        return;
    size_t text_bytes;
    http_body_text(body, &text_bytes);
    *entry = (struct entry){.id = view->header.id,
                            .rev = view->header.rev,
                            .rendered_ns = clock_monotonic_ns(b->clock),
                            .ended = !view->live && bracket_status_final(view->header.status),
                            .returns = returns,
                            .body = http_body_ref(body),
                            .size_bytes = text_bytes + 2 * sizeof *entry};
    mutex_lock(&b->mutex);
    HASH_FIND(by_id, b->table, &entry->id, sizeof entry->id, old);
    if (old)
        drop(b, old);
    HASH_ADD(by_id, b->table, id, sizeof entry->id, entry);
    b->size_bytes += entry->size_bytes;
    evict(b);
    mutex_unlock(&b->mutex);
}

/* ---- rendering ------------------------------------------------------------------------------- */

/* `returns`: desk_returns() before the view was made. */
static enum err render(struct order_bodies *b, const struct desk_view *view, int64_t returns,
                       struct http_body **ret, struct error *e)
{
    struct strbuf text;
    struct json_writer w;
    char etag[HTTP_ETAG_MAX];
    strbuf_init(&text, ORDER_JSON_BYTES);
    json_writer_init(&w, &text);
    order_json_write(view, &w);
    order_etag(view->header.rev, etag);
    struct http_body *body = http_body_create(&text, "application/json", etag);
    strbuf_release(&text);
    if (!body)
        return error_set(e, ERR_NO_MEMORY, "no memory to tell of an order");
    keep(b, view, returns, body);
    *ret = body;
    return ERR_OK;
}

static struct desk_view *view_create(struct error *e)
{
    struct desk_view *view = malloc(sizeof *view);
    if (!view)
        error_set(e, ERR_NO_MEMORY, "no memory to look at an order");
    return view;
}

enum err order_bodies_live(struct order_bodies *b, struct desk_order *order, struct http_body **ret,
                           struct error *e)
{
    struct uuid id = desk_order_id(order);
    *ret = take(b, &id, desk_rev(order));
    if (*ret)
        return ERR_OK;
    struct desk_view *view = view_create(e);
    if (!view)
        return ERR_NO_MEMORY;
    int64_t returns = desk_returns(b->desk);
    desk_view(order, view);
    enum err err = render(b, view, returns, ret, e);
    free(view);
    return err;
}

struct http_body *order_bodies_ended(struct order_bodies *b, const struct uuid *id)
{
    return take(b, id, 0);
}

/* Whether memory tells. */
static bool peek(struct order_bodies *b, const struct uuid *id, struct http_body **ret)
{
    struct desk_order *order = desk_find(b->desk, id);
    if (!order) {
        *ret = order_bodies_ended(b, id);
        return *ret != NULL;
    }
    enum err err = order_bodies_live(b, order, ret, NULL);
    desk_unref(order);
    return err == ERR_OK;
}

enum err order_bodies_get(struct order_bodies *b, const struct uuid *id, struct http_body **ret,
                          struct error *e)
{
    if (peek(b, id, ret))
        return ERR_OK;
    struct desk_view *view = view_create(e);
    if (!view)
        return ERR_NO_MEMORY;
    int64_t returns = desk_returns(b->desk);
    enum err err = desk_load(b->desk, id, view, e);
    if (err == ERR_OK)
        err = render(b, view, returns, ret, e);
    free(view);
    return err;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum err order_bodies_create(struct desk *desk, const struct clock *clock, size_t limit_bytes,
                             struct order_bodies **ret, struct error *e)
{
    struct order_bodies *b = calloc(1, sizeof *b);
    if (!b)
        return error_set(e, ERR_NO_MEMORY, "no memory for the renderings of orders");
    *b = (struct order_bodies){.desk = desk,
                               .clock = clock,
                               .limit_bytes = limit_bytes ? limit_bytes : LIMIT_ORDER_BODIES_BYTES};
    mutex_init(&b->mutex, MUTEX_ORDER_BODIES);
    *ret = b;
    return ERR_OK;
}

void order_bodies_free(struct order_bodies *b)
{
    if (!b)
        return;
    mutex_lock(&b->mutex);
    struct entry *entry, *next;
    HASH_ITER (by_id, b->table, entry, next)
        drop(b, entry);
    mutex_unlock(&b->mutex);
    mutex_release(&b->mutex);
    free(b);
}
