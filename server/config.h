/* Configuration of the server: flags over environment (BRACKETD_*) over a file (INI).
 *
 * One table of settings (config.c) drives all three, `bracketd serve --help`, and the messages. An
 * unknown key or a bad value stops the start with file and line, or the flag's name.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "server/options.h"

struct config {
    const char *data;   /* --data: the data folder; default "bracketd-data" */
    const char *listen; /* --listen: numeric "ADDRESS:PORT"; default 127.0.0.1:8080; port 0 = any */
    char address[46];   /* from listen, without brackets */
    uint16_t port;
    int64_t workers;           /* --workers: default the number of cores, 1..LIMIT_WORKERS */
    int64_t job_threads;       /* --job-threads: backtests under way at a time; default 4 */
    int64_t job_budget;        /* --job-budget: millions of units that one job may cost */
    int64_t http_threads;      /* --http-threads: default min(cores, 4) */
    int64_t api_threads;       /* --api-threads: default 4 */
    int64_t cache_mb;          /* --cache-mb: decoded bars in memory */
    int64_t shard_cache_mb;    /* --shard-cache-mb: results of shards kept on disk; 0 = none */
    int64_t disk_reserve_mb;   /* --disk-reserve-mb: new things are refused (507) below this */
    int64_t ballast_mb;        /* --ballast-mb: given up when the disk is full; 0 = none */
    struct option_texts hosts; /* --host: further names allowed in Host */
    /* orders; cash in whole units, 0 = no limit */
    const char *market_hours;  /* --market-hours: a calendar's name; default XNYS */
    int64_t poll_interval_ms;  /* --poll-interval-ms */
    int64_t paper_cash;        /* --paper-cash: of a new account */
    int64_t paper_latency_ms;  /* --paper-latency-ms */
    int64_t max_live_orders;   /* --max-live-orders: each has a thread */
    int64_t max_open_quantity; /* --max-open-quantity: of one contract */
    int64_t max_open_notional; /* --max-open-notional: of all */
    int64_t max_orders_minute; /* --max-orders-per-minute */
    bool behind_tls_proxy; /* --behind-tls-proxy: a proxy terminates TLS; allows a public address */
    bool demo;             /* --demo: fill an empty data folder with demo bars at the start */
    const char *log_level_name;
    enum log_level log_level; /* --log-level */
};

/* argv after the sub-command. --config FILE names the file; --help sets *ret_help. Strings live in
 * the arena. Refuses a public address without behind_tls_proxy. */
enum err config_load(int argc, char **argv, struct arena *arena, struct config *ret, bool *ret_help,
                     struct error *e);
/* The table of settings with defaults, environment names and what they mean. */
void config_write_help(struct strbuf *out);

#endif
