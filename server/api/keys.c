#include "server/keys.h"

#include "base/json_fields.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/app.h"
#include "server/events/event_hub.h"
#include "server/key_json.h"

#include <string.h>

/* ---- POST /v1/keys ---- */

static const struct json_field request_fields[] = {
    JSON_FIELD(struct key_terms, name, "name", JSON_TEXT, .required = true, .min = 1,
               .max = LIMIT_KEY_NAME_BYTES),
    JSON_FIELD(struct key_terms, scopes, "scopes", JSON_FLAGS, .required = true, .min = 1, .max = 4,
               .choices = key_scope_names),
    JSON_FIELD(struct key_terms, limits.max_order_notional, "max_order_notional", JSON_DECIMAL,
               .min = 1, .max = LIMIT_ORDER_NOTIONAL),
    JSON_FIELD(struct key_terms, limits.max_open_notional, "max_open_notional", JSON_DECIMAL,
               .min = 1, .max = LIMIT_ORDER_NOTIONAL),
};

static enum err create_key(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    struct key_terms terms = {0};
    struct key_row key;
    char text[KEY_TEXT], id[UUID_TEXT];
    enum err err;
    if ((err = api_no_parameters(r, e)) ||
        (err =
             json_decode(r->body, r->body_bytes, request_fields,
                         sizeof request_fields / sizeof request_fields[0], &terms, r->arena, e)) ||
        (err = keys_add(app->keys, &terms, r->arena, &key, text, e)))
        return err;
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    key_json_members(&w, &key);
    json_member_string(&w, "key", text);
    json_end_object(&w);
    uuid_format(&key.id, id);
    http_add_header(r, out, "Location", "/v1/keys/%s", id);
    return http_respond_json(out, 201, e);
}

/* ---- GET /v1/keys ---- */

/* The index of the first key after the one the cursor names (newest first). */
static enum err first_after(const struct key_rows *keys, const char *place, size_t *ret,
                            struct error *e)
{
    struct uuid last;
    size_t first = 0;
    if (*place) {
        if (!uuid_parse(place, strlen(place), &last))
            return cursor_refuse(e);
        while (first < keys->count && memcmp(&keys->items[first].id, &last, sizeof last) >= 0)
            first++;
    }
    *ret = first;
    return ERR_OK;
}

static enum err respond_page(struct http_response *out, const struct key_rows *keys, size_t first,
                             size_t limit, struct error *e)
{
    struct json_writer w;
    size_t end = keys->count - first > limit ? first + limit : keys->count;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    for (size_t i = first; i < end; i++) {
        json_begin_object(&w);
        key_json_members(&w, &keys->items[i]);
        json_end_object(&w);
    }
    json_end_array(&w);
    char cursor[CURSOR_TEXT], id[UUID_TEXT];
    if (end < keys->count) {
        uuid_format(&keys->items[end - 1].id, id);
        cursor_write(cursor, "keys", "%s", id);
    }
    json_member_string(&w, "next_cursor", end < keys->count ? cursor : NULL);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static enum err list_keys(struct http_request *r, struct http_response *out, struct error *e)
{
    static const char *const names[] = {"limit", "cursor", NULL};
    struct app *app = r->app;
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT;
    char place[CURSOR_PLACE];
    struct db_read reader = {0};
    struct key_rows keys;
    size_t first = 0;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = cursor_read(r, "keys", place, e)) ||
        (err = readers_lease(app->storage.readers, &reader, e)))
        return err;
    err = key_repo_list(&reader, true, r->arena, &keys, e);
    readers_return(app->storage.readers, &reader);
    if (err || (err = first_after(&keys, place, &first, e)))
        return err;
    return respond_page(out, &keys, first, (size_t)limit, e);
}

/* ---- DELETE /v1/keys/{id} ---- */

static enum err revoke_key(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    const char *text = http_param(r, "id");
    struct uuid id;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    if (!uuid_parse(text, strlen(text), &id))
        return error_set(e, ERR_INVALID, "'%.40s' is no id", text);
    err = keys_revoke(app->keys, &id, e);
    if (err)
        return err;
    event_hub_wake(app->events);
    http_respond_empty(out, 204);
    return ERR_OK;
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/v1/keys",
     .handler = create_key,
     .scope = KEY_SCOPE_ADMIN,
     .max_body_bytes = LIMIT_BODY_BYTES,
     .content_types = "application/json",
     .operation_id = "createKey"},
    {.method = HTTP_GET,
     .pattern = "/v1/keys",
     .handler = list_keys,
     .scope = KEY_SCOPE_ADMIN,
     .operation_id = "listKeys"},
    {.method = HTTP_DELETE,
     .pattern = "/v1/keys/{id}",
     .handler = revoke_key,
     .scope = KEY_SCOPE_ADMIN,
     .operation_id = "revokeKey"},
};
const struct http_route_table keys_routes = {routes, sizeof routes / sizeof routes[0]};
