#include "server/cli/keys_work.h"

#include "server/cli/answer.h"
#include "server/key_json.h"

#include <stdio.h>
#include <string.h>

enum {
    REQUEST_TIMEOUT_MS = 60 * 1000,
    REQUEST_BYTES_MAX = 4 << 10,
    /* Names and rows of all keys, those revoked long ago included. */
    ROWS_ARENA_BYTES = 256 << 20,
    CURSOR_BYTES = 256,
};

/* ---- on a folder ---- */

static enum err create_here(struct storage *storage, const struct key_terms *terms,
                            struct strbuf *ret, struct error *e)
{
    struct arena arena;
    struct keys *keys = NULL;
    struct key_row key;
    char text[KEY_TEXT];
    arena_init(&arena, REQUEST_BYTES_MAX);
    enum err err = keys_create(storage, clock_real(), &keys, e);
    if (!err)
        err = keys_add(keys, terms, &arena, &key, text, e);
    if (!err) {
        struct json_writer w;
        json_writer_init(&w, ret);
        json_begin_object(&w);
        key_json_members(&w, &key);
        json_member_string(&w, "key", text);
        json_end_object(&w);
    }
    keys_free(keys);
    arena_release(&arena);
    return err;
}

static enum err write_rows(const struct db_read *reader, struct json_writer *w, struct error *e)
{
    struct arena arena;
    struct key_rows rows;
    arena_init(&arena, ROWS_ARENA_BYTES);
    enum err err = key_repo_list(reader, true, &arena, &rows, e);
    for (size_t i = 0; !err && i < rows.count; i++) {
        json_begin_object(w);
        key_json_members(w, &rows.items[i]);
        json_end_object(w);
    }
    arena_release(&arena);
    return err;
}

static enum err list_here(struct storage *storage, struct json_writer *w, struct error *e)
{
    struct db_read reader = {0};
    enum err err = readers_lease(storage->readers, &reader, e);
    if (!err)
        err = write_rows(&reader, w, e);
    readers_return(storage->readers, &reader);
    return err;
}

static enum err revoke_here(struct storage *storage, const char *id, struct error *e)
{
    struct keys *keys = NULL;
    struct uuid uuid;
    if (!uuid_parse(id, strlen(id), &uuid))
        return error_set(e, ERR_INVALID, "'%s' is no id", id);
    enum err err = keys_create(storage, clock_real(), &keys, e);
    if (!err)
        err = keys_revoke(keys, &uuid, e);
    keys_free(keys);
    return err;
}

/* ---- through a server ---- */

static void write_limit(struct json_writer *w, const char *name, int64_t limit)
{
    if (limit == 0)
        return;
    json_key(w, name);
    json_decimal(w, limit);
}

static enum err create_there(struct api_client *client, const struct key_terms *terms,
                             struct strbuf *ret, struct error *e)
{
    struct strbuf body;
    struct json_writer w;
    struct api_response response;
    strbuf_init(&body, REQUEST_BYTES_MAX);
    json_writer_init(&w, &body);
    json_begin_object(&w);
    json_member_string(&w, "name", terms->name);
    json_key(&w, "scopes");
    json_begin_array(&w);
    for (size_t i = 0; key_scope_names[i]; i++)
        if (terms->scopes & (1u << i))
            json_string(&w, key_scope_names[i]);
    json_end_array(&w);
    write_limit(&w, "max_order_notional", terms->limits.max_order_notional);
    write_limit(&w, "max_open_notional", terms->limits.max_open_notional);
    json_end_object(&w);
    struct answer_request request = {.method = "POST",
                                     .target = "/v1/keys",
                                     .body = strbuf_text(&body),
                                     .timeout_ms = REQUEST_TIMEOUT_MS};
    enum err err = answer_ask(client, &request, &response, e);
    if (!err)
        strbuf_add(ret, response.body.data, response.body.length);
    api_response_release(&response);
    strbuf_release(&body);
    return err;
}

static void write_key(struct json_writer *w, const struct json_value *key)
{
    static const char *const texts[] = {"max_order_notional", "max_open_notional", "created_at",
                                        "revoked_at"};
    json_begin_object(w);
    json_member_string(w, "id", json_value_member_text(key, "id"));
    json_member_string(w, "name", json_value_member_text(key, "name"));
    json_key(w, "scopes");
    json_begin_array(w);
    const struct json_value *scope = json_value_first(json_value_member(key, "scopes"));
    for (; scope; scope = json_value_next(scope))
        json_string(w, json_value_text(scope));
    json_end_array(w);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        json_member_string(w, texts[i], json_value_member_text(key, texts[i]));
    json_end_object(w);
}

/* One page; cursor "" asks for the first, and is "" again after the last. */
static enum err list_page(struct api_client *client, char cursor[CURSOR_BYTES],
                          struct json_writer *w, struct error *e)
{
    struct strbuf target;
    struct api_response response;
    struct json_value *page = NULL;
    strbuf_init(&target, REQUEST_BYTES_MAX);
    strbuf_add_string(&target, "/v1/keys?limit=1000");
    if (*cursor)
        url_add_query(&target, "cursor", cursor);
    struct answer_request request = {
        .method = "GET", .target = strbuf_text(&target), .timeout_ms = REQUEST_TIMEOUT_MS};
    enum err err = answer_ask(client, &request, &response, e);
    if (!err)
        err = json_value_parse(strbuf_text(&response.body), response.body.length, &page, e);
    if (!err) {
        const struct json_value *key = json_value_first(json_value_member(page, "items"));
        for (; key; key = json_value_next(key))
            write_key(w, key);
        const char *next = json_value_member_text(page, "next_cursor");
        snprintf(cursor, CURSOR_BYTES, "%s", next ? next : "");
    }
    json_value_free(page);
    api_response_release(&response);
    strbuf_release(&target);
    return err;
}

static enum err list_there(struct api_client *client, struct json_writer *w, struct error *e)
{
    char cursor[CURSOR_BYTES] = "";
    enum err err;
    do {
        err = list_page(client, cursor, w, e);
    } while (!err && *cursor);
    return err;
}

static enum err revoke_there(struct api_client *client, const char *id, struct error *e)
{
    struct strbuf target;
    struct api_response response;
    strbuf_init(&target, REQUEST_BYTES_MAX);
    strbuf_add_string(&target, "/v1/keys/");
    url_add_escaped(&target, id);
    struct answer_request request = {
        .method = "DELETE", .target = strbuf_text(&target), .timeout_ms = REQUEST_TIMEOUT_MS};
    enum err err = answer_ask(client, &request, &response, e);
    api_response_release(&response);
    strbuf_release(&target);
    return err;
}

/* ---- either way ---- */

enum err keys_work_create(struct target *t, const struct key_terms *terms, struct strbuf *ret,
                          struct error *e)
{
    return t->client ? create_there(t->client, terms, ret, e)
                     : create_here(&t->storage, terms, ret, e);
}

enum err keys_work_list(struct target *t, struct strbuf *ret, struct error *e)
{
    struct json_writer w;
    json_writer_init(&w, ret);
    json_begin_object(&w);
    json_key(&w, "items");
    json_begin_array(&w);
    enum err err = t->client ? list_there(t->client, &w, e) : list_here(&t->storage, &w, e);
    if (err)
        return err;
    json_end_array(&w);
    json_member_string(&w, "next_cursor", NULL);
    json_end_object(&w);
    return strbuf_failed(ret) ? error_set(e, ERR_TOO_LARGE, "too many keys to list") : ERR_OK;
}

enum err keys_work_revoke(struct target *t, const char *id, struct error *e)
{
    return t->client ? revoke_there(t->client, id, e) : revoke_here(&t->storage, id, e);
}
