#include "base/json_writer.h"
#include "orders/desk/desk.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/version.h"

#include <string.h>

static enum err get_health(struct http_request *r, struct http_response *out, struct error *e)
{
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_string(&w, "status", "ok");
    json_member_string(&w, "version", BRACKETD_VERSION);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

/* ---- readiness: each check is "ok", or says in a word or two what is wrong ---- */

static const char *check_readers(struct readers *readers)
{
    struct db_read reader = {0};
    int64_t version;
    enum err err = readers_lease(readers, &reader, NULL);
    if (!err)
        err = db_query_int(&reader, "PRAGMA schema_version", &version, NULL);
    readers_return(readers, &reader);
    return err ? err_slug(err) : "ok";
}

static const char *check_database(struct app *app)
{
    const char *main = check_readers(app->storage.readers);
    if (strcmp(main, "ok") != 0)
        return main;
    if (writer_stats(app->storage.writer).queued >= LIMIT_WRITER_QUEUE)
        return "the writer's queue is full";
    if (bar_store_is_broken(app->storage.bar_store))
        return "a write to bars.db failed: restart";
    return check_readers(app->storage.bar_readers);
}

static const char *check_workers(int phase)
{
    return phase == APP_STARTING ? "starting" : phase == APP_STOPPING ? "stopping" : "ok";
}

static const char *check_disk(const struct app *app)
{
    struct disk_guard_stats s;
    disk_guard_stats(app->storage.disk, &s);
    if (!s.below)
        return "ok";
    return s.ballast_bytes < s.ballast_max_bytes ? "below the reserve, the ballast given up"
                                                 : "below the reserve";
}

/* New orders wait until nothing is in doubt; reads and cancels do not. */
static const char *check_orders(struct app *app)
{
    const char *why;
    return desk_ready(app->desk, &why) ? "ok" : why;
}

static enum err get_readiness(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    int phase = app->phase;
    const struct {
        const char *name, *state;
    } checks[] = {
        {"database", check_database(app)},
        {"workers", check_workers(phase)},
        {"disk", check_disk(app)},
        {"orders", check_orders(app)},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        ok = ok && strcmp(checks[i].state, "ok") == 0;

    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_string(&w, "status",
                       phase == APP_STARTING   ? "starting"
                       : phase == APP_STOPPING ? "stopping"
                       : ok                    ? "ready"
                                               : "degraded");
    json_key(&w, "checks");
    json_begin_object(&w);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        json_member_string(&w, checks[i].name, checks[i].state);
    json_end_object(&w);
    json_end_object(&w);
    return http_respond_json(out, ok ? 200 : 503, e);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/healthz",
     .handler = get_health,
     .flags = HTTP_ROUTE_OPEN | HTTP_ROUTE_INLINE,
     .operation_id = "getHealth"},
    {.method = HTTP_GET,
     .pattern = "/readyz",
     .handler = get_readiness,
     .flags = HTTP_ROUTE_OPEN,
     .operation_id = "getReadiness"},
};
const struct http_route_table health_routes = {routes, sizeof routes / sizeof routes[0]};
