#include "server/app.h"

#include "base/log.h"
#include "engine/bars/calendar.h"
#include "server/alpaca/alpaca_auth.h"
#include "server/alpaca/alpaca_error.h"
#include "server/api/api.h"
#include "server/app_orders.h"
#include "server/demo_data.h"
#include "server/events/event_hub.h"
#include "server/jobs/job_service.h"
#include "server/local_access.h"
#include "server/market/replay_service.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ABANDON_SECONDS = 2 };

static enum err authenticate(void *context, const struct http_request *r, const char *token,
                             struct http_identity *ret_identity, struct error *e)
{
    struct app *app = context;
    if (r->error_style == &alpaca_error_style)
        return alpaca_authenticate(app->keys, r, token, ret_identity, e);
    return keys_authenticate_again(app->keys, r->memo, token, ret_identity, e);
}

/* The very first start makes the key that all others are made with. */
static enum err make_first_key(struct app *app, struct error *e)
{
    if (keys_count(app->keys) > 0)
        return ERR_OK;
    struct arena arena;
    struct key_row key;
    arena_init(&arena, 4096);
    const struct key_terms terms = {.name = "admin", .scopes = KEY_SCOPE_ADMIN};
    enum err err = keys_add(app->keys, &terms, &arena, &key, app->first_key, e);
    arena_release(&arena);
    return err;
}

static enum err start_http(struct app *app, struct error *e)
{
    struct http_config http;
    struct http_route_table tables[API_TABLE_COUNT];
    http_config_defaults(&http);
    http.host = app->config->address;
    http.port = app->config->port;
    http.loop_count = (int)app->config->http_threads;
    http.api_thread_count = (int)app->config->api_threads;
    http.host_names = app->config->hosts.items;
    http.host_name_count = app->config->hosts.count;
    http.error_style = &alpaca_error_style;
    http.authenticate = authenticate;
    http.scope_names = key_scope_names;
    http.scope_name_count = 4;
    http.app = app;
    http.clock = app->clock;
    http.access_log = app->config->log_level == LOG_DEBUG;
    api_tables(tables);
    enum err err = http_server_create(&http, tables, API_TABLE_COUNT, &app->http, e);
    return err ? err : http_server_start(app->http, e);
}

static enum err open_local_access(struct app *app, struct error *e)
{
    struct local_access access;
    bool v6 = strchr(app->config->address, ':') != NULL;
    key_text_make(access.key);
    snprintf(access.url, sizeof(access.url), "http://%s%s%s:%u", v6 ? "[" : "",
             app->config->address, v6 ? "]" : "", http_server_port(app->http));
    enum err err = keys_set_local(app->keys, access.key, e);
    return err ? err : local_access_write(data_folder_path(app->storage.folder), &access, e);
}

static enum err start_jobs(struct app *app, struct error *e)
{
    const struct job_service_options options = {
        .threads = (int32_t)app->config->job_threads,
        .listener = {.context = app->events, .changed = event_hub_job}};
    return job_service_create(&app->storage, app->pool, app->clock, &options, &app->jobs, e);
}

enum err app_start(struct app *app, const struct config *config, const struct clock *clock,
                   struct error *e)
{
    memset(app, 0, sizeof(*app));
    app->config = config;
    app->clock = clock;
    struct storage_options options = {.bar_cache_bytes = config->cache_mb << 20,
                                      .shard_cache_bytes = config->shard_cache_mb << 20,
                                      .guard_disk = true,
                                      .disk_reserve_bytes = config->disk_reserve_mb << 20,
                                      .ballast_bytes = config->ballast_mb << 20,
                                      .failed = app_fail,
                                      .context = app};
    enum err err = calendar_find(config->market_hours, &app->hours, e);
    if (!err)
        err = storage_open(config->data, &options, &app->storage, e);
    if (err)
        return err;
    if ((err = keys_create(&app->storage, clock, &app->keys, e)) ||
        (err = make_first_key(app, e)) ||
        (err = config->demo ? demo_data_fill(&app->storage, clock, &app->demo_made, e) : ERR_OK) ||
        (err = worker_pool_create((int32_t)config->workers, true, &app->pool, e)) ||
        (err = app_orders_create(app, e)) || (err = start_jobs(app, e)) ||
        (err = app_orders_start(app, e)) ||
        (err = replay_service_create(app->market, app->clock, &app->replays, e)) ||
        (err = start_http(app, e)) || (err = open_local_access(app, e))) {
        app_stop(app);
        return err;
    }
    app_orders_await(app);
    app->phase = APP_READY;
    return ERR_OK;
}

void app_stop(struct app *app)
{
    app->phase = APP_STOPPING;
    app->stop_checks = true;
    if (app->pool)
        worker_pool_notice_cancel(app->pool);
    if (app->storage.folder)
        local_access_remove(data_folder_path(app->storage.folder));
    if (app->http)
        http_server_stop(app->http);
    replay_service_free(app->replays);
    if (!app_orders_stop(app))
        _exit(1); /* what is acknowledged is on disk */
    job_service_free(app->jobs);
    if (app->pool)
        worker_pool_free(app->pool);
    http_server_free(app->http);
    app_orders_free(app);
    keys_free(app->keys);
    storage_close(&app->storage);
}

/* `main` waits for this signal; what it does then is app_abandon. */
void app_fail(void *context, const struct error *e)
{
    struct app *app = context;
    if (atomic_exchange(&app->failed, true))
        return;
    log_event(LOG_ERROR, "storage_failed", LOG_TEXT("error", e->message),
              LOG_TEXT("next", "the process ends; start it again, it reads what is on disk"));
    kill(getpid(), SIGTERM);
}

/* The alarm's signal ends the process when the answers take too long. */
void app_abandon(struct app *app)
{
    app->phase = APP_STOPPING;
    app->stop_checks = true;
    alarm(ABANDON_SECONDS);
    worker_pool_notice_cancel(app->pool);
    if (app->http)
        http_server_stop(app->http);
    log_event(LOG_ERROR, "abandoned");
    _exit(1);
}
