#include "server/cli/order_ask.h"

#include <stdio.h>
#include <string.h>

enum err order_ask_get(struct api_client *client, const char *target, struct strbuf *out,
                       struct error *e)
{
    struct api_response response;
    struct answer_request request = {
        .method = "GET", .target = target, .timeout_ms = ORDER_TIMEOUT_MS};
    enum err err = answer_ask(client, &request, &response, e);
    strbuf_clear(out);
    if (!err)
        strbuf_add(out, response.body.data, response.body.length);
    api_response_release(&response);
    return err;
}

enum err order_ask_id(struct api_client *client, const char *name, char ret[UUID_TEXT],
                      struct error *e)
{
    struct strbuf target, text;
    struct json_value *page = NULL;
    struct uuid id;
    if (uuid_parse(name, strlen(name), &id)) {
        uuid_format(&id, ret);
        return ERR_OK;
    }
    strbuf_init(&target, ORDER_TARGET_BYTES);
    strbuf_init(&text, 1 << 20);
    strbuf_add_string(&target, "/v1/orders");
    url_add_query(&target, "client_order_id", name);
    enum err err = order_ask_get(client, strbuf_text(&target), &text, e);
    if (!err)
        err = json_value_parse(strbuf_text(&text), text.length, &page, e);
    const char *found =
        json_value_member_text(json_value_first(json_value_member(page, "items")), "id");
    if (!err && !found)
        err = error_set(e, ERR_NOT_FOUND, "no order has the id or the client order id '%s'", name);
    if (!err)
        snprintf(ret, UUID_TEXT, "%s", found);
    json_value_free(page);
    strbuf_release(&text);
    strbuf_release(&target);
    return err;
}
