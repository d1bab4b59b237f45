/* /v1/replays: stored bars as quotes of now. Beginning one loads its bars, on an api thread; the
 * rest is a look into memory, on the loop. */
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/market/replay_json.h"
#include "server/market/replay_load.h"

#include <string.h>

static enum err respond(struct http_request *r, struct http_response *out, int status,
                        const struct replay_view *view, struct error *e)
{
    const struct app *app = r->app;
    struct json_writer w;
    json_writer_init(&w, &out->body);
    replay_json_write(&w, view, app->hours, clock_realtime_ns(r->clock));
    return http_respond_json(out, status, e);
}

static enum err read_id(const struct http_request *r, struct uuid *ret, struct error *e)
{
    const char *text = http_param(r, "id");
    if (!uuid_parse(text, strlen(text), ret))
        return error_set(e, ERR_NOT_FOUND, "there is no replay '%.40s'", text);
    return ERR_OK;
}

/* ---- begin, change, end ---------------------------------------------------------------------- */

static enum err create(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct replay_spec spec;
    struct replay *replay;
    struct replay_view view;
    char id[UUID_TEXT];
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err = replay_spec_decode(r->body, r->body_bytes, r->arena, &spec, e)) ||
        (err = replay_load(&app->storage, app->pool, r->clock, &spec, &replay, e)) ||
        (err = replay_service_add(app->replays, replay, r->arena, &view, e)))
        return err;
    uuid_format(&view.id, id);
    http_add_header(r, out, "Location", "/v1/replays/%s", id);
    return respond(r, out, 201, &view, e);
}

static enum err change(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct replay_change asked;
    struct replay_view view;
    struct uuid id;
    enum err err;
    if ((err = api_no_parameters(r, e)) || (err = read_id(r, &id, e)) ||
        (err = replay_change_decode(r->body, r->body_bytes, r->arena, &asked, e)) ||
        (err = replay_service_change(app->replays, &id, &asked, r->arena, &view, e)))
        return err;
    return respond(r, out, 200, &view, e);
}

static enum err stop_or_remove(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct replay_view view;
    struct uuid id;
    bool removed;
    enum err err;
    if ((err = api_no_parameters(r, e)) || (err = read_id(r, &id, e)) ||
        (err = replay_service_stop_or_remove(app->replays, &id, r->arena, &view, &removed, e)))
        return err;
    if (!removed)
        return respond(r, out, 200, &view, e);
    http_respond_empty(out, 204);
    return ERR_OK;
}

/* ---- look ------------------------------------------------------------------------------------ */

static enum err get(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct replay_view view;
    struct uuid id;
    enum err err;
    if ((err = api_no_parameters(r, e)) || (err = read_id(r, &id, e)) ||
        (err = replay_service_get(app->replays, &id, r->arena, &view, e)))
        return err;
    return respond(r, out, 200, &view, e);
}

/* The cursor holds the id of the last item. */
static enum err read_place(const struct http_request *r, struct uuid *id, bool *ret_given,
                           struct error *e)
{
    char place[CURSOR_PLACE];
    enum err err = cursor_read(r, "replays", place, e);
    if (err)
        return err;
    *ret_given = *place != '\0';
    return !*ret_given || uuid_parse(place, strlen(place), id) ? ERR_OK : cursor_refuse(e);
}

static enum err list(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", NULL};
    struct app *app = r->app;
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT;
    struct replay_view *views;
    struct uuid after;
    size_t count;
    bool given, more;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = read_place(r, &after, &given, e)) ||
        (err = replay_service_list(app->replays, given ? &after : NULL, (size_t)limit, r->arena,
                                   &views, &count, &more, e)))
        return err;
    struct json_writer w;
    char cursor[CURSOR_TEXT], id[UUID_TEXT];
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        replay_json_write(&w, &views[i], app->hours, clock_realtime_ns(r->clock));
    json_end_array(&w);
    if (more) {
        uuid_format(&views[count - 1].id, id);
        cursor_write(cursor, "replays", "%s", id);
    }
    json_member_string(&w, "next_cursor", more ? cursor : NULL);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* clang-format off */
static const struct http_route routes[] = {
    {.method = HTTP_POST, .pattern = "/v1/replays", .handler = create, .scope = KEY_SCOPE_TRADE,
     .max_body_bytes = LIMIT_BODY_BYTES, .content_types = "application/json", .operation_id = "createReplay"},
    {.method = HTTP_GET, .pattern = "/v1/replays", .handler = list, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "listReplays"},
    {.method = HTTP_GET, .pattern = "/v1/replays/{id}", .handler = get, .scope = KEY_SCOPE_READ,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "getReplay"},
    {.method = HTTP_PATCH, .pattern = "/v1/replays/{id}", .handler = change, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .max_body_bytes = LIMIT_BODY_BYTES, .content_types = "application/json",
     .operation_id = "changeReplay"},
    {.method = HTTP_DELETE, .pattern = "/v1/replays/{id}", .handler = stop_or_remove, .scope = KEY_SCOPE_TRADE,
     .flags = HTTP_ROUTE_INLINE, .operation_id = "deleteReplay"},
};
/* clang-format on */
const struct http_route_table replays_routes = HTTP_ROUTE_TABLE(routes);
