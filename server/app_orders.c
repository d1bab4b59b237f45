#include "server/app_orders.h"
#include "server/alpaca/alpaca_groups.h"

#include "base/decimal.h"
#include "base/log.h"
#include "base/parker.h"
#include "db/instance_repo.h"
#include "db/order_store.h"
#include "db/paper_store.h"
#include "engine/bars/calendar.h"
#include "orders/desk/desk.h"
#include "orders/paper/paper_broker.h"
#include "server/events/event_hub.h"
#include "server/market/market_feed.h"
#include "server/orders/order_bodies.h"
#include "server/orders/order_pages.h"

#include <string.h>

enum {
    STOP_SECONDS = 10, /* a call of the broker's may take so long */
    /* Started after the desk, beside HTTP's: events, replays, and some that have just ended. */
    OTHER_THREADS = 8,
};

/* ---- what the desk tells, on the store's thread ---------------------------------------------- */

static void log_alert(const struct desk_news *news, const char *alert)
{
    char id[UUID_TEXT];
    uuid_format(news->id, id);
    log_event(LOG_ERROR, "order_alert", LOG_TEXT("alert", alert), LOG_TEXT("order", id),
              LOG_TEXT("status", bracket_status_name(news->status)), LOG_INT("rev", news->rev),
              LOG_INT("sequence", news->sequence));
}

/* The one alert that has a reason, and an end that is told too. */
static void log_protection(const struct desk_news *news)
{
    bool begins = (news->alerts & ALERT_UNPROTECTED) != 0;
    if (!begins && !(news->alerts & ALERT_PROTECTED))
        return;
    char id[UUID_TEXT];
    uuid_format(news->id, id);
    log_event(begins ? LOG_ERROR : LOG_WARN, "order_alert",
              LOG_TEXT("alert", begins ? "unprotected" : "unprotected_over"), LOG_TEXT("order", id),
              LOG_TEXT("reason", exposure_reason_name(news->reason)),
              LOG_TEXT("status", bracket_status_name(news->status)), LOG_INT("rev", news->rev),
              LOG_INT("sequence", news->sequence));
}

static void committed(void *context, const struct desk_news *news)
{
    static const struct {
        enum bracket_alert bit;
        const char *name;
    } alerts[] = {
        {ALERT_REVIEW, "needs_review"},       {ALERT_LATE_FILL, "late_fill"},
        {ALERT_REOPENED, "reopened"},         {ALERT_BUST, "bust"},
        {ALERT_EXIT_REFUSED, "exit_refused"}, {ALERT_EXIT_LOST, "exit_lost"},
    };
    struct app *app = context;
    event_hub_order(app->events, news);
    log_protection(news);
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
        if (news->alerts & alerts[i].bit)
            log_alert(news, alerts[i].name);
}

static void exposed(void *context, const struct desk_news *news)
{
    (void)context;
    log_protection(news);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* NULL: never closed. */
static const struct calendar *market_hours(const struct app *app)
{
    return strcmp(calendar_name(app->hours), "24x7") == 0 ? NULL : app->hours;
}

struct naming {
    char file[DATA_FILE_IDENTITY];
    struct instance instance;
};

static enum err take_instance(struct db_write *w, void *context, struct error *e)
{
    struct naming *naming = context;
    return instance_repo_take(w, naming->file, &naming->instance, e);
}

static enum err find_name(struct app *app, struct instance *ret, struct error *e)
{
    struct naming naming;
    enum err err = data_folder_main_identity(app->storage.folder, naming.file, e);
    if (!err)
        err = writer_call(app->storage.writer, take_instance, &naming, e);
    if (err)
        return err;
    if (naming.instance.copied)
        log_event(LOG_WARN, "database_is_a_copy", LOG_TEXT("instance", naming.instance.name),
                  LOG_INT("incarnation", naming.instance.incarnation));
    *ret = naming.instance;
    return ERR_OK;
}

static enum err create_broker(struct app *app, struct error *e)
{
    enum err err =
        paper_store_create(app->storage.writer, app->storage.readers, &app->paper_store, e);
    const struct paper_options options = {.clock = app->clock,
                                          .calendar = market_hours(app),
                                          .store = app->paper_store,
                                          .cash = app->config->paper_cash * DECIMAL_ONE,
                                          .latency_ns = app->config->paper_latency_ms * NS_PER_MS,
                                          .failed = app_fail,
                                          .context = app};
    return err ? err : paper_broker_create(&options, &app->broker, e);
}

static enum err create_desk(struct app *app, struct error *e)
{
    const struct config *config = app->config;
    struct instance instance;
    enum err err = find_name(app, &instance, e);
    if (err)
        return err;
    struct desk_options options = {
        .broker = app->broker,
        .store = app->order_store,
        .clock = app->clock,
        .calendar = market_hours(app),
        .incarnation = instance.incarnation,
        .limits = {.quantity = config->max_open_quantity * DECIMAL_ONE,
                   .notional = config->max_open_notional * DECIMAL_ONE,
                   .orders_per_minute = (int32_t)config->max_orders_minute},
        .listener = {.context = app,
                     .committed = committed,
                     .exposed = exposed,
                     .failed = app_fail},
        .poll_interval_ns = config->poll_interval_ms * NS_PER_MS,
        .orders_max = (int32_t)config->max_live_orders,
        .spare_threads = (int32_t)(config->http_threads + config->api_threads) + OTHER_THREADS,
    };
    memcpy(options.instance, instance.name, sizeof options.instance);
    return desk_create(&options, &app->desk, e);
}

/* A quote goes to the paper broker's market first. */
static enum err quotes_to_broker(void *context, const struct market_quote *quotes, size_t count,
                                 struct error *e)
{
    return paper_broker_quotes(context, quotes, count, e);
}

static bool broker_settled(void *context)
{
    return paper_broker_idle(context);
}

static enum err create_feed(struct app *app, struct error *e)
{
    const struct market_feed_options options = {
        .clock = app->clock,
        .broker = {.context = app->broker, .quotes = quotes_to_broker, .settled = broker_settled},
        .watchers = {market_watcher_desk(app->desk)},
        .watcher_count = 1,
    };
    return market_feed_create(&options, &app->market, e);
}

/* ---- life ------------------------------------------------------------------------------------ */

enum err app_orders_create(struct app *app, struct error *e)
{
    enum err err =
        order_store_create(app->storage.writer, app->storage.readers, &app->order_store, e);
    return err ? err : event_hub_create(app->order_store, &app->events, e);
}

enum err app_orders_start(struct app *app, struct error *e)
{
    enum err err = create_broker(app, e);
    if (!err)
        err = create_desk(app, e);
    if (!err)
        err = create_feed(app, e);
    if (!err)
        err = order_bodies_create(app->desk, app->clock, 0, &app->order_bodies, e);
    if (!err)
        err = order_pages_create(&app->order_pages, e);
    if (!err)
        err = alpaca_groups_create(app->order_store, &app->alpaca_groups, e);
    if (!err)
        err = desk_start(app->desk, e);
    return err ? err : event_hub_start(app->events, app->desk, app->jobs, e);
}

void app_orders_await(struct app *app)
{
    struct parker parker;
    parker_init(&parker);
    int64_t deadline_ns = clock_monotonic_ns(clock_real()) + APP_READY_MS * NS_PER_MS;
    while (!desk_ready(app->desk, NULL) && clock_monotonic_ns(clock_real()) < deadline_ns)
        parker_wait(&parker, clock_real(), clock_monotonic_ns(clock_real()) + NS_PER_MS);
    parker_release(&parker);
}

bool app_orders_stop(struct app *app)
{
    struct error e;
    event_hub_stop(app->events);
    if (!app->desk || desk_stop(app->desk, STOP_SECONDS * NS_PER_SECOND, &e) == ERR_OK)
        return true;
    log_event(LOG_ERROR, "desk_stop", LOG_TEXT("error", e.message));
    return false;
}

void app_orders_free(struct app *app)
{
    market_feed_free(app->market);
    desk_free(app->desk);
    order_bodies_free(app->order_bodies);
    order_pages_free(app->order_pages);
    alpaca_groups_free(app->alpaca_groups);
    if (app->broker)
        app->broker->operations->free(app->broker);
    event_hub_free(app->events);
    paper_store_free(app->paper_store);
    order_store_free(app->order_store);
}
