#include "server/alpaca/alpaca_lookup.h"

#include "server/alpaca/alpaca_id.h"
#include "server/app.h"

#include <string.h>

static enum err fold(void *context, const struct stored_order *stored, struct error *e)
{
    struct alpaca_found *found = context;
    return alpaca_group_fold(stored, &found->group, &found->state, e);
}

enum err alpaca_load(struct app *app, const struct uuid *bracket, struct alpaca_found *ret,
                     struct error *e)
{
    struct order_store *store = app->order_store;
    enum err err = store->operations->load(store, bracket, fold, ret, e);
    ret->order = &ret->group.orders[0];
    return err;
}

static enum err not_found(const char *id, struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "order not found for %s", id);
}

static enum err find(struct app *app, const char *text, struct alpaca_found *ret, struct error *e)
{
    struct uuid id, bracket;
    if (!uuid_parse(text, strlen(text), &id))
        return error_set(e, ERR_INVALID, "'%.60s' is no order id", text);
    enum err err =
        alpaca_bracket_of(&id, &bracket) ? alpaca_load(app, &bracket, ret, e) : ERR_NOT_FOUND;
    if (!err)
        ret->order = alpaca_group_find(&ret->group, &id);
    if (err == ERR_NOT_FOUND || (!err && !ret->order))
        return not_found(text, e);
    return err;
}

enum err alpaca_path_order(const struct http_request *r, struct alpaca_found *ret, struct error *e)
{
    return find(r->app, http_param(r, "id"), ret, e);
}

enum err alpaca_find_client_order_id(struct app *app, const char *client_order_id,
                                     struct alpaca_found *ret, struct error *e)
{
    struct order_store *store = app->order_store;
    struct uuid id;
    enum err err = store->operations->find(store, client_order_id, &id, e);
    if (!err)
        return alpaca_load(app, &id, ret, e);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!uuid_parse(client_order_id, strlen(client_order_id), &id))
        return not_found(client_order_id, e);
    return find(app, client_order_id, ret, e);
}
