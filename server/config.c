/* The settings are one table of options (options.h). Each source only knows how to name them:
 * `--http-threads` on the command line, `BRACKETD_HTTP_THREADS` in the environment, `http-threads`
 * in the file. They are applied file first, so that what is stronger overwrites. inih reads the
 * file: it stops at a line, we say which. */
#include "server/config.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "engine/bars/calendar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

/* clang-format off */
#define SETTING(member, ...) {.offset = offsetof(struct config, member), __VA_ARGS__}
static const struct option settings[] = {
    SETTING(data, .name = "data", .kind = OPTION_TEXT, .value = "DIR",
            .help = "data folder (default bracketd-data)"),
    SETTING(listen, .name = "listen", .kind = OPTION_TEXT, .value = "ADDRESS:PORT",
            .help = "where to listen (default 127.0.0.1:8080; port 0 takes a free one)"),
    SETTING(workers, .name = "workers", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = LIMIT_WORKERS,
            .help = "threads that run backtests (default: the cores)"),
    SETTING(job_threads, .name = "job-threads", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = LIMIT_JOB_THREADS,
            .help = "backtests under way at a time, one of them kept for keys that have none (default 4)"),
    SETTING(job_budget, .name = "job-budget", .kind = OPTION_INTEGER, .value = "MILLIONS", .min = 1, .max = INT64_C(1) << 40,
            .help = "what one backtest may cost, in millions of operations on a bar (default 10000000: hours of a core)"),
    SETTING(http_threads, .name = "http-threads", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = LIMIT_HTTP_THREADS,
            .help = "threads that serve connections (default: the cores, at most 4)"),
    SETTING(api_threads, .name = "api-threads", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 64,
            .help = "threads for requests that may block (default 4)"),
    SETTING(cache_mb, .name = "cache-mb", .kind = OPTION_INTEGER, .value = "MB", .min = 16, .max = 1 << 20,
            .help = "decoded bars kept in memory (default 2048)"),
    SETTING(shard_cache_mb, .name = "shard-cache-mb", .kind = OPTION_INTEGER, .value = "MB", .min = 0, .max = 1 << 20,
            .help = "results of shards kept on disk (cache.db) for later jobs (default 1024; 0 keeps none)"),
    SETTING(disk_reserve_mb, .name = "disk-reserve-mb", .kind = OPTION_INTEGER, .value = "MB", .min = 0, .max = 1 << 20,
            .help = "refuse new orders, jobs and imports (507) when the disk has less left (default 64)"),
    SETTING(ballast_mb, .name = "ballast-mb", .kind = OPTION_INTEGER, .value = "MB", .min = 0, .max = 1 << 20,
            .help = "a file that is given up on a full disk, so that open orders go on (default 32; 0 makes none)"),
    SETTING(market_hours, .name = "market-hours", .kind = OPTION_TEXT, .value = "CALENDAR",
            .help = "when orders trade: XNYS, XNSE, or 24x7 for trials (default XNYS)"),
    SETTING(poll_interval_ms, .name = "poll-interval-ms", .kind = OPTION_INTEGER, .value = "MS", .min = 10, .max = 60000,
            .help = "how often each order is compared with the broker (default 1000)"),
    SETTING(paper_cash, .name = "paper-cash", .kind = OPTION_INTEGER, .value = "CASH", .min = 1, .max = LIMIT_ORDER_NOTIONAL / DECIMAL_ONE,
            .help = "cash of the paper broker's account, when it is made (default 100000)"),
    SETTING(paper_latency_ms, .name = "paper-latency-ms", .kind = OPTION_INTEGER, .value = "MS", .min = 0, .max = 60000,
            .help = "how long the paper broker's market takes to see an order (default 0)"),
    SETTING(max_live_orders, .name = "max-live-orders", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = LIMIT_ORDERS_LIVE,
            .help = "orders that are live at a time, each with a thread of its own (default 30000)"),
    SETTING(max_open_quantity, .name = "max-open-quantity", .kind = OPTION_INTEGER, .value = "N", .min = 0, .max = LIMIT_ORDER_QUANTITY / DECIMAL_ONE,
            .help = "refuse orders that could bring more of one contract (default 0: no limit)"),
    SETTING(max_open_notional, .name = "max-open-notional", .kind = OPTION_INTEGER, .value = "CASH", .min = 0, .max = LIMIT_ORDER_NOTIONAL / DECIMAL_ONE,
            .help = "refuse orders that could bring more in all, at their prices (default 0: no limit)"),
    SETTING(max_orders_minute, .name = "max-orders-per-minute", .kind = OPTION_INTEGER, .value = "N", .min = 0, .max = 1 << 30,
            .help = "refuse orders beyond so many in a minute (default 0: no limit)"),
    SETTING(hosts, .name = "host", .kind = OPTION_TEXTS, .value = "NAME[,NAME]",
            .help = "further names that a Host header may carry"),
    SETTING(behind_tls_proxy, .name = "behind-tls-proxy", .kind = OPTION_FLAG,
            .help = "a proxy in front terminates TLS: allows an address other than loopback"),
    SETTING(demo, .name = "demo", .kind = OPTION_FLAG,
            .help = "fill an empty data folder with demo bars of two symbols"),
    SETTING(log_level_name, .name = "log-level", .kind = OPTION_CHOICE, .value = "LEVEL", .choices = log_levels,
            .help = "debug, info, warn or error (default info)"),
};
/* clang-format on */
enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]) };

/* --config is not a setting: it says where settings are. */
struct command_line {
    struct config config;
    const char *file;
};
static const struct option config_option = {.name = "config",
                                            .kind = OPTION_TEXT,
                                            .offset = offsetof(struct command_line, file),
                                            .value = "FILE",
                                            .help = "read settings from an INI file first"};

static void config_defaults(struct config *c)
{
    memset(c, 0, sizeof(*c));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cores = cores < 1 ? 1 : cores > LIMIT_WORKERS ? LIMIT_WORKERS : cores;
    c->data = "bracketd-data";
    c->listen = "127.0.0.1:8080";
    c->workers = cores;
    c->job_threads = 4;
    c->job_budget = LIMIT_JOB_BUDGET / 1000000;
    c->http_threads = cores < 4 ? cores : 4;
    c->api_threads = 4;
    c->cache_mb = LIMIT_BAR_CACHE_BYTES >> 20;
    c->shard_cache_mb = LIMIT_SHARD_CACHE_BYTES >> 20;
    c->disk_reserve_mb = 64;
    c->ballast_mb = 32;
    c->market_hours = "XNYS";
    c->poll_interval_ms = 1000;
    c->paper_cash = 100000;
    c->max_live_orders = LIMIT_ORDERS_LIVE;
    c->log_level_name = "info";
}

struct file_reader {
    struct arena *arena;
    struct config *config;
    struct error error;
    bool failed;
};

/* inih calls this for each line; 0 makes ini_parse return that line's number. */
static int on_setting(void *user, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = user;
    if (reader->failed)
        return 1;
    const struct option *option = option_find(settings, SETTING_COUNT, name, strlen(name));
    if (*section != '\0') {
        error_set(&reader->error, ERR_INVALID, "sections such as [%s] are not used here", section);
    } else if (!option) {
        const char *near = option_nearest(settings, SETTING_COUNT, name, strlen(name));
        error_set(&reader->error, ERR_INVALID, "unknown setting '%s'%s%s%s", name,
                  near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    } else if (option_set(option, name, value, reader->arena, reader->config, &reader->error) ==
               ERR_OK) {
        return 1;
    }
    reader->failed = true;
    return 0;
}

static enum err read_file(const char *path, struct arena *arena, struct config *config,
                          struct error *e)
{
    struct file_reader reader = {.arena = arena, .config = config};
    int line = ini_parse(path, on_setting, &reader);
    if (line < 0)
        return error_errno(e, ERR_INVALID, "cannot read '%s'", path);
    if (line > 0)
        return error_at(e, ERR_INVALID, line, 1, "%s:%d: %s", path, line,
                        reader.failed ? reader.error.message
                                      : "neither 'name = value' nor a comment");
    return ERR_OK;
}

static enum err read_environment(struct arena *arena, struct config *config, struct error *e)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char name[64];
        int length = snprintf(name, sizeof(name), "BRACKETD_%s", settings[i].name);
        for (int k = 0; k < length; k++)
            name[k] = name[k] == '-' ? '_' : (char)toupper((unsigned char)name[k]);
        const char *value = getenv(name);
        enum err err = value ? option_set(&settings[i], name, value, arena, config, e) : ERR_OK;
        if (err)
            return err;
    }
    return ERR_OK;
}

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static enum err check_market_hours(const struct config *c, struct error *e)
{
    const struct calendar *calendar;
    struct error inner;
    enum err err = calendar_find(c->market_hours, &calendar, &inner);
    return err ? error_set(e, err, "--market-hours: %s", inner.message) : ERR_OK;
}

/* "127.0.0.1:8080" or "[::1]:8080" */
static enum err split_listen(struct config *c, struct error *e)
{
    const char *colon = strrchr(c->listen, ':');
    const char *begin = c->listen;
    size_t length = colon ? (size_t)(colon - begin) : 0;
    if (length >= 2 && begin[0] == '[' && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    struct in6_addr any;
    char *end = NULL;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : -1;
    if (length == 0 || length >= sizeof(c->address) || port < 0 || port > 65535 || *end != '\0')
        return error_set(e, ERR_INVALID, "--listen: '%s' is not ADDRESS:PORT", c->listen);
    memcpy(c->address, begin, length);
    c->address[length] = '\0';
    c->port = (uint16_t)port;
    if (inet_pton(AF_INET, c->address, &any) != 1 && inet_pton(AF_INET6, c->address, &any) != 1)
        return error_set(e, ERR_INVALID, "--listen: '%s' is not a numeric address", c->address);
    if (!is_loopback(c->address) && !c->behind_tls_proxy)
        return error_set(
            e, ERR_INVALID,
            "--listen: keys would travel in the clear from %s; listen on 127.0.0.1, or "
            "say --behind-tls-proxy when a proxy in front terminates TLS",
            c->address);
    return ERR_OK;
}

enum err config_load(int argc, char **argv, struct arena *arena, struct config *ret, bool *ret_help,
                     struct error *e)
{
    struct option options[SETTING_COUNT + 1];
    memcpy(options, settings, sizeof(settings));
    options[SETTING_COUNT] = config_option;

    /* Once only to find --config and refuse what is wrong, then again over file and environment. */
    struct command_line line = {0};
    struct option_arguments rest;
    config_defaults(&line.config);
    enum err err = options_parse(argc, argv, options, SETTING_COUNT + 1, arena, &line, &rest, e);
    if (err)
        return err;
    *ret_help = rest.help;
    if (rest.help)
        return ERR_OK;
    if (rest.count)
        return error_set(e, ERR_INVALID, "unexpected argument '%s'", rest.items[0]);

    struct command_line merged = {0};
    config_defaults(&merged.config);
    const char *file = line.file ? line.file : getenv("BRACKETD_CONFIG");
    if (file && (err = read_file(file, arena, &merged.config, e)))
        return err;
    if ((err = read_environment(arena, &merged.config, e)) ||
        (err = options_parse(argc, argv, options, SETTING_COUNT + 1, arena, &merged, &rest, e)))
        return err;
    *ret = merged.config;
    log_level_parse(ret->log_level_name, &ret->log_level);
    err = check_market_hours(ret, e);
    return err ? err : split_listen(ret, e);
}

void config_write_help(struct strbuf *out)
{
    options_write_help(out, settings, SETTING_COUNT);
    options_write_help(out, &config_option, 1);
    strbuf_add_string(out,
                      "\nEvery option is also a line `name = value` of the file, and a variable\n"
                      "BRACKETD_NAME of the environment. Flags win over the environment, and the\n"
                      "environment over the file.\n");
}
