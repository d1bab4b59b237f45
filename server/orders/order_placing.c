/* What is refused at once might be a request that was accepted before and is only asked again: its
 * terms may be out of time by now, or the limits used up by itself. So with an Idempotency-Key a
 * refusal sends the request to an api thread, where it first looks for that key in the database;
 * what is accepted needs no look, for the store finds the key in the same transaction. */
#include "server/orders/order_placing.h"

#include "base/digest.h"
#include "base/json_slice.h"
#include "db/idempotency_repo.h"
#include "server/app.h"
#include "server/orders/order_bodies.h"
#include "server/orders/order_limits.h"

#include <stdlib.h>
#include <string.h>

/* What most answers stay within. */
enum { ANSWER_BYTES = 2000 };

enum err order_idempotency_key(const struct http_request *r, const char **ret, struct error *e)
{
    const char *key = http_header(r, "Idempotency-Key");
    if (key && (*key == '\0' || strlen(key) > LIMIT_IDEMPOTENCY_KEY_BYTES))
        return error_set(e, ERR_INVALID, "an Idempotency-Key has 1 to %d bytes",
                         LIMIT_IDEMPOTENCY_KEY_BYTES);
    *ret = key;
    return ERR_OK;
}

/* ---- answering ------------------------------------------------------------------------------- */

static const struct order_style *style_of(const struct order_wait *w)
{
    return order_wait_of(w)->context;
}

static bool describe(void *context, const struct desk_view *view, struct strbuf *out)
{
    struct json_writer w;
    strbuf_reserve(out, ANSWER_BYTES);
    json_writer_init(&w, out);
    style_of(context)->write(view, &w);
    return !strbuf_failed(out);
}

static void add_location(struct http_request *r, struct http_response *out,
                         const struct order_style *style, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    if (style->location)
        http_add_header(r, out, "Location", "%s%s", style->location, text);
}

static void respond(struct http_response *out, int status, const char *response)
{
    out->status = status;
    out->content_type = "application/json";
    strbuf_add_string(&out->body, response);
}

/* As it was answered then, with the tag of the revision that the body tells of: whoever changes the
 * order by what they read here is held to that one. */
static void respond_again(struct http_request *r, struct http_response *out,
                          const struct order_style *style, const struct uuid *id, int status,
                          const char *response)
{
    add_location(r, out, style, id);
    http_add_header(r, out, "Idempotency-Replayed", "true");
    struct json_slice rev = json_slice_member(json_slice_of(response), "rev");
    if (style->location && rev.text)
        order_etag(strtoll(rev.text, NULL, 10), out->etag);
    respond(out, status, response);
}

static void answer(struct http_request *r, const struct order_style *style,
                   const struct desk_result *result)
{
    struct http_response *out = http_request_response(r);
    struct error e;
    switch (result->outcome) {
    case DESK_DONE:
        add_location(r, out, style, &result->id);
        if (style->location)
            order_etag(result->rev, out->etag);
        respond(out, style->status, result->response);
        http_request_complete(r);
        return;
    case DESK_REPLAYED:
        respond_again(r, out, style, &result->id, result->status, result->response);
        http_request_complete(r);
        return;
    case DESK_REFUSED:
        order_wait_refuse(r, style->refuse, result->error);
        return;
    default:
        order_outcome_unknown(&e, result->error->message);
        order_wait_refuse(r, style->refuse, &e);
    }
}

/* On the store's thread. */
static void placed(void *context, const struct desk_result *result)
{
    struct order_wait *w = context;
    const struct order_style *style = style_of(w);
    struct http_request *r = order_wait_take(w);
    if (r)
        answer(r, style, result);
}

/* ---- the key in the database ----------------------------------------------------------------- */

static enum err find_replay(struct http_request *r, const struct desk_placement *placement,
                            const struct order_style *style, bool *ret_found, struct error *e)
{
    struct app *app = r->app;
    struct db_read reader = {0};
    struct idempotency_row row;
    *ret_found = false;
    enum err err = readers_lease(app->storage.readers, &reader, e);
    if (!err)
        err = idempotency_repo_find(&reader, &placement->key_id, placement->idempotency_key,
                                    placement->body_sha256, r->arena, ret_found, &row, e);
    readers_return(app->storage.readers, &reader);
    if (err || !*ret_found)
        return err;
    respond_again(r, http_request_response(r), style, &row.resource_id, row.status, row.response);
    return ERR_OK;
}

/* ---- placing --------------------------------------------------------------------------------- */

static enum err place(struct http_request *r, const struct order_request *request,
                      const struct desk_placement *asked, const struct order_style *style,
                      struct error *e)
{
    struct app *app = r->app;
    struct desk_placement placement = *asked;
    struct bracket_spec spec;
    enum err err = order_request_settle(request, app->broker->operations->capabilities(app->broker),
                                        app->hours, clock_realtime_ns(r->clock), &spec, e);
    if (!err)
        err = disk_guard_check(app->storage.disk, e);
    if (err)
        return err;
    /* `context` is only read: what the desk hands back is the wait. */
    const struct order_waiting waiting = {
        .refuse = style->refuse, .patient = true, .context = (void *)style};
    struct order_wait *wait;
    placement.spec = &spec;
    placement.describe = describe;
    err = order_wait_begin(r, &waiting, &wait, e);
    if (err)
        return err;
    err = desk_place(app->desk, &placement, placed, wait, e);
    if (err)
        order_wait_drop(wait);
    return err;
}

enum err order_place(struct http_request *r, const struct order_request *request,
                     const char *idempotency_key, const struct order_style *style, struct error *e)
{
    struct desk_placement placement = {.client_order_id = request->client_order_id,
                                       .idempotency_key = idempotency_key,
                                       .key_limits = order_key_limits(r)};
    enum err err;
    bool replayed;
    uuid_parse(r->identity.id, strlen(r->identity.id), &placement.key_id);
    sha256_of(r->body, r->body_bytes, placement.body_sha256);
    if (idempotency_key && http_request_on_api(r) &&
        ((err = find_replay(r, &placement, style, &replayed, e)) || replayed))
        return err;
    err = place(r, request, &placement, style, e);
    if (err && idempotency_key && !http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    return err;
}
