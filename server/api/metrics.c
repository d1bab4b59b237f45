#include "base/decimal.h"
#include "base/number.h"
#include "orders/desk/desk.h"
#include "orders/paper/paper_broker.h"
#include "server/api/api.h"
#include "server/app.h"
#include "server/events/event_hub.h"
#include "server/jobs/job_service.h"
#include "server/market/replay_service.h"
#include "server/version.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum metric_kind { GAUGE, COUNTER };

static void add_metric(struct strbuf *out, enum metric_kind kind, const char *name,
                       const char *help, double value)
{
    char text[NUMBER_MAX_TEXT] = "NaN";
    if (isfinite(value))
        text[number_format(value, text)] = '\0';
    strbuf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, help, name,
                      kind == COUNTER ? "counter" : "gauge", name, text);
}

static void add_writer(struct strbuf *out, struct writer *writer)
{
    struct writer_stats s = writer_stats(writer);
    add_metric(out, COUNTER, "bracketd_writer_items_total", "Work items of the writer, done.",
               (double)s.items);
    add_metric(out, COUNTER, "bracketd_writer_commits_total", "Commits, each of a group of items.",
               (double)s.commits);
    add_metric(out, COUNTER, "bracketd_writer_checkpoints_total", "WAL checkpoints.",
               (double)s.checkpoints);
    add_metric(out, GAUGE, "bracketd_writer_largest_group", "Most items in one commit.",
               (double)s.largest_group);
    add_metric(out, GAUGE, "bracketd_writer_queued", "Items waiting now.", (double)s.queued);
}

static void add_disk(struct strbuf *out, const struct disk_guard *disk)
{
    struct disk_guard_stats s;
    disk_guard_stats(disk, &s);
    add_metric(out, GAUGE, "bracketd_disk_free_bytes", "Free where the data folder is.",
               (double)s.free_bytes);
    add_metric(out, GAUGE, "bracketd_disk_reserve_bytes", "Below it nothing new is taken.",
               (double)s.reserve_bytes);
    add_metric(out, GAUGE, "bracketd_disk_below_reserve", "1 while nothing new is taken.", s.below);
    add_metric(out, GAUGE, "bracketd_ballast_bytes", "Of the ballast file; 0 when given up.",
               (double)s.ballast_bytes);
    add_metric(out, COUNTER, "bracketd_ballast_given_up_total", "How often the disk was full.",
               (double)s.given_up);
}

static void add_bar_cache(struct strbuf *out, struct bar_cache *cache)
{
    struct bar_cache_stats s = bar_cache_stats(cache);
    add_metric(out, GAUGE, "bracketd_bar_cache_entries", "Series in memory.", (double)s.entries);
    add_metric(out, GAUGE, "bracketd_bar_cache_bytes", "Memory of decoded bars.",
               (double)s.size_bytes);
    add_metric(out, COUNTER, "bracketd_bar_cache_hits_total", "Requests served from memory.",
               (double)s.hits);
    add_metric(out, COUNTER, "bracketd_bar_cache_loads_total", "Loads from disk.", (double)s.loads);
    add_metric(out, COUNTER, "bracketd_bar_cache_evictions_total", "Series let go for memory.",
               (double)s.evictions);
}

static void add_shard_cache(struct strbuf *out, struct shard_cache *cache)
{
    struct shard_cache_stats s = {0};
    if (cache)
        s = shard_cache_stats(cache);
    add_metric(out, GAUGE, "bracketd_shard_cache_entries", "Results kept of shards and sums.",
               (double)s.entries);
    add_metric(out, GAUGE, "bracketd_shard_cache_bytes", "Their size on disk.",
               (double)s.size_bytes);
    add_metric(out, COUNTER, "bracketd_shard_cache_hits_total", "Results that were there.",
               (double)s.hits);
    add_metric(out, COUNTER, "bracketd_shard_cache_misses_total", "Results that were not.",
               (double)s.misses);
    add_metric(out, COUNTER, "bracketd_shard_cache_evictions_total", "Results let go for space.",
               (double)s.evictions);
}

static void add_jobs(struct strbuf *out, struct job_service *jobs)
{
    struct job_service_stats s = job_service_stats(jobs);
    add_metric(out, GAUGE, "bracketd_jobs_queued", "Backtests that wait.", (double)s.queued);
    add_metric(out, GAUGE, "bracketd_jobs_running", "Backtests under way.", (double)s.running);
    add_metric(out, COUNTER, "bracketd_jobs_succeeded_total", "Since the start.",
               (double)s.succeeded);
    add_metric(out, COUNTER, "bracketd_jobs_failed_total", "Since the start.", (double)s.failed);
    add_metric(out, COUNTER, "bracketd_jobs_canceled_total", "Since the start.",
               (double)s.canceled);
}

static void add_desk(struct strbuf *out, struct desk *desk, const struct desk_stats *s)
{
    add_metric(out, GAUGE, "bracketd_orders_ready", "1 while new orders are accepted.",
               desk_ready(desk, NULL) && !desk_paused(desk));
    add_metric(out, GAUGE, "bracketd_orders_live", "Orders in the book.", (double)s->live);
    add_metric(out, GAUGE, "bracketd_orders_threads", "Tracking threads.", (double)s->threads);
    add_metric(out, GAUGE, "bracketd_orders_shared", "Orders without a thread of their own.",
               (double)s->shared);
    add_metric(out, GAUGE, "bracketd_orders_stuck", "Threads that do not come back from a turn.",
               (double)s->stuck);
    add_metric(out, GAUGE, "bracketd_orders_unprotected", "Open without protection.",
               (double)s->unprotected);
    add_metric(out, GAUGE, "bracketd_orders_unprotected_quantity",
               "Of all positions; what is between two orders for a moment counts too.",
               (double)s->unprotected_quantity / (double)DECIMAL_ONE);
    add_metric(out, GAUGE, "bracketd_orders_needs_review", "A person has to look at.",
               (double)s->needs_review);
    add_metric(out, GAUGE, "bracketd_orders_in_doubt", "That keep new orders out after a start.",
               (double)s->unresolved);
    add_metric(out, GAUGE, "bracketd_orders_unstored",
               "Whose newest commit was refused: nothing of them moves until one is stored.",
               (double)s->unstored);
    add_metric(out, COUNTER, "bracketd_orders_placed_total", "Accepted.", (double)s->placed);
    add_metric(out, COUNTER, "bracketd_orders_refused_total", "Refused by limits or room.",
               (double)s->refused);
    add_metric(out, COUNTER, "bracketd_orders_retired_total", "That have left the book.",
               (double)s->retired);
    add_metric(out, COUNTER, "bracketd_order_commits_total", "Batches of events.",
               (double)s->commits);
    add_metric(out, COUNTER, "bracketd_order_commits_refused_total",
               "Batches that the store refused; each is tried again.", (double)s->commits_refused);
    add_metric(out, COUNTER, "bracketd_order_events_total", "Events.", (double)s->events);
    add_metric(out, COUNTER, "bracketd_order_polls_total", "Comparisons with the broker.",
               (double)s->polls);
}

static void add_broker(struct strbuf *out, const struct desk_stats *s)
{
    add_metric(out, COUNTER, "bracketd_broker_snapshots_total", "Complete listings.",
               (double)s->snapshots);
    add_metric(out, COUNTER, "bracketd_broker_calls_total", "Calls.", (double)s->broker_calls);
    add_metric(out, COUNTER, "bracketd_broker_unknown_total", "Calls whose outcome was not known.",
               (double)s->broker_unknown);
    add_metric(out, GAUGE, "bracketd_broker_snapshot_age_seconds",
               "Of the newest complete listing; NaN before the first.",
               s->snapshot_age_ns == INT64_MAX ? NAN : (double)s->snapshot_age_ns / 1e9);
}

static void add_paper(struct strbuf *out, struct broker *broker)
{
    struct paper_stats s;
    paper_broker_stats(broker, &s);
    add_metric(out, GAUGE, "bracketd_paper_orders_live", "Orders at the paper broker.",
               (double)s.live);
    add_metric(out, GAUGE, "bracketd_paper_positions", "Positions that are not flat.",
               (double)s.positions);
    add_metric(out, GAUGE, "bracketd_paper_symbols", "With a quote, an order or a position.",
               (double)s.markets);
    add_metric(out, GAUGE, "bracketd_paper_quotes_queued", "Quotes that wait for the market.",
               (double)s.quotes_waiting);
    add_metric(out, GAUGE, "bracketd_paper_batches_queued", "Batches that wait for the disk.",
               (double)s.batches_waiting);
    add_metric(out, COUNTER, "bracketd_paper_quotes_total", "Quotes taken.", (double)s.quotes);
    add_metric(out, COUNTER, "bracketd_paper_quotes_ignored_total",
               "Older than the last one, or of a symbol too many.", (double)s.quotes_ignored);
    add_metric(out, COUNTER, "bracketd_paper_accepted_total", "Orders accepted.",
               (double)s.accepted);
    add_metric(out, COUNTER, "bracketd_paper_refused_total", "Orders rejected.", (double)s.refused);
    add_metric(out, COUNTER, "bracketd_paper_fills_total", "Executions.", (double)s.fills);
}

static void add_market(struct strbuf *out, struct market_feed *feed, struct replay_service *replays)
{
    struct market_feed_stats s = market_feed_stats(feed);
    add_metric(out, GAUGE, "bracketd_market_symbols", "With a quote.", (double)s.symbols);
    add_metric(out, COUNTER, "bracketd_market_quotes_total", "Quotes, posted and replayed.",
               (double)s.accepted);
    add_metric(out, COUNTER, "bracketd_market_quotes_ignored_total", "Older than the newest.",
               (double)s.ignored);
    add_metric(out, COUNTER, "bracketd_market_quotes_refused_total",
               "In batches for which there was no room; replays offer theirs again.",
               (double)s.refused);
    add_metric(out, GAUGE, "bracketd_replays_live", "Running or paused.",
               (double)replay_service_live(replays));
}

static void add_events(struct strbuf *out, struct event_hub *hub)
{
    struct event_hub_stats s;
    event_hub_stats(hub, &s);
    add_metric(out, GAUGE, "bracketd_event_streams", "Streams of events that are open.",
               (double)s.streams);
    add_metric(out, GAUGE, "bracketd_event_waits", "Requests that wait for an order to change.",
               (double)s.waits);
    add_metric(out, COUNTER, "bracketd_event_log_reads_total",
               "Pages read from the log by streams that were behind.", (double)s.log_reads);
}

static void add_app(struct strbuf *out, struct app *app)
{
    strbuf_add_string(out, "# HELP bracketd_build_info The program, always 1.\n"
                           "# TYPE bracketd_build_info gauge\n"
                           "bracketd_build_info{version=\"" BRACKETD_VERSION "\"} 1\n");
    add_metric(out, GAUGE, "bracketd_ready", "1 while the server takes work.",
               app->phase == APP_READY);
    add_metric(out, GAUGE, "bracketd_workers", "Worker threads.", worker_pool_size(app->pool));
    add_metric(out, GAUGE, "bracketd_keys", "Keys in force, the process' own included.",
               (double)keys_count(app->keys));
}

/* ---- the process, from /proc/self/stat ---- */

struct process_stat {
    double cpu_s, started_s, threads, resident_bytes;
};

/* Fields of proc(5), counted from the third one, which follows the name in parentheses. */
enum { STAT_UTIME = 14, STAT_STIME = 15, STAT_THREADS = 20, STAT_STARTED = 22, STAT_RESIDENT = 24 };

static bool parse_stat(const char *text, double field[STAT_RESIDENT + 1])
{
    const char *p = strrchr(text, ')');
    if (!p || strlen(p) < 4)
        return false;
    p += 3; /* ") S": the third field is a letter */
    for (int i = 4; i <= STAT_RESIDENT; i++) {
        char *end;
        field[i] = strtod(p, &end);
        if (end == p)
            return false;
        p = end;
    }
    return true;
}

static bool read_process_stat(struct process_stat *ret)
{
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    double field[STAT_RESIDENT + 1];
    struct timespec since_boot;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    if (!parse_stat(text, field) || clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0)
        return false;
    *ret = (struct process_stat){
        .cpu_s = (field[STAT_UTIME] + field[STAT_STIME]) / ticks,
        .started_s = field[STAT_STARTED] / ticks - (double)since_boot.tv_sec -
                     (double)since_boot.tv_nsec / 1e9, /* negative: before now */
        .threads = field[STAT_THREADS],
        .resident_bytes = field[STAT_RESIDENT] * (double)sysconf(_SC_PAGESIZE),
    };
    return true;
}

static void add_process(struct strbuf *out, const struct clock *clock)
{
    struct process_stat s;
    if (!read_process_stat(&s))
        return;
    double now_s = (double)(clock_realtime_ns(clock) / NS_PER_MS) / 1e3;
    add_metric(out, COUNTER, "process_cpu_seconds_total", "User and system time.", s.cpu_s);
    add_metric(out, GAUGE, "process_start_time_seconds", "When it started, UTC since 1970.",
               round((now_s + s.started_s) * 100) / 100);
    add_metric(out, GAUGE, "bracketd_uptime_seconds", "Since the process started.",
               round(-s.started_s * 100) / 100);
    add_metric(out, GAUGE, "process_threads", "Threads.", s.threads);
    add_metric(out, GAUGE, "process_resident_memory_bytes", "Resident memory.", s.resident_bytes);
}

static enum err get_metrics(struct http_request *r, struct http_response *out, struct error *e)
{
    struct app *app = r->app;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    http_server_write_metrics(app->http, &out->body);
    add_writer(&out->body, app->storage.writer);
    add_disk(&out->body, app->storage.disk);
    add_bar_cache(&out->body, app->storage.bar_cache);
    add_shard_cache(&out->body, app->storage.shard_cache);
    struct desk_stats desk;
    desk_stats(app->desk, &desk);
    add_desk(&out->body, app->desk, &desk);
    add_broker(&out->body, &desk);
    add_paper(&out->body, app->broker);
    add_market(&out->body, app->market, app->replays);
    add_events(&out->body, app->events);
    add_jobs(&out->body, app->jobs);
    add_app(&out->body, app);
    add_process(&out->body, app->clock);
    return http_respond_text(out, 200, "text/plain; version=0.0.4; charset=utf-8", e);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/metrics",
     .handler = get_metrics,
     .scope = KEY_SCOPE_READ,
     .operation_id = "getMetrics"},
};
const struct http_route_table metrics_routes = {routes, sizeof routes / sizeof routes[0]};
