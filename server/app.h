/* The running server as one value: everything that handlers reach, wired in app.c and nowhere else.
 * There is no global; handlers get it as http_request.app.
 *
 * Start: data folder and lock -> migrations -> keys -> worker pool -> jobs (resuming) -> orders
 * (app_orders.c: the desk loads what is open, its threads start) -> HTTP -> ready; the desk's gate
 * opens by itself once the broker has told of everything that is in doubt. Stop, the other way
 * round: not ready -> HTTP refuses and answers who waits -> the desk's threads end (what is open
 * stays with the broker) -> jobs stop (unfinished ones stay queued for the next start) -> pool ->
 * storage.
 */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "base/clock.h"
#include "db/storage.h"
#include "engine/pool/worker_pool.h"
#include "server/config.h"
#include "server/http/server.h"
#include "server/keys.h"

struct alpaca_groups;  /* server/alpaca/alpaca_groups.h */
struct broker;         /* orders/broker.h */
struct calendar;       /* engine/bars/calendar.h */
struct desk;           /* orders/desk/desk.h */
struct event_hub;      /* server/events/event_hub.h */
struct job_service;    /* server/jobs/job_service.h */
struct market_feed;    /* server/market/market_feed.h */
struct order_bodies;   /* server/orders/order_bodies.h */
struct order_pages;    /* server/orders/order_pages.h */
struct order_store;    /* orders/order_store.h */
struct paper_store;    /* orders/paper/paper_store.h */
struct replay_service; /* server/market/replay_service.h */

enum app_phase { APP_STARTING, APP_READY, APP_STOPPING };

struct app {
    const struct config *config;
    const struct clock *clock;
    const struct calendar *hours; /* in which orders trade: --market-hours */
    struct storage storage;
    struct keys *keys;
    struct worker_pool *pool; /* backtests and checks, at low priority */
    struct job_service *jobs;
    struct order_store *order_store;
    struct paper_store *paper_store;
    struct broker *broker;
    struct desk *desk;
    struct order_bodies *order_bodies;
    struct order_pages *order_pages;
    struct alpaca_groups *alpaca_groups;
    struct event_hub *events;
    struct market_feed *market;
    struct replay_service *replays;
    struct http_server *http;
    _Atomic int phase;        /* enum app_phase */
    _Atomic bool failed;      /* app_fail was called: end by app_abandon */
    _Atomic bool stop_checks; /* cancels the checks under way when the server stops */
    char first_key[KEY_TEXT]; /* the admin key made at the very first start, "" otherwise: shown
                                 once */
    bool demo_made;
};

/* ERR_CONFLICT when another server holds the folder (main exits with 3 then). On error nothing is
 * left open. */
enum err app_start(struct app *app, const struct config *config, const struct clock *clock,
                   struct error *e);
/* Ends the process itself when a call of the broker's does not return: then nothing can be freed.
 */
void app_stop(struct app *app);
/* What is on disk is not known any more (db/writer.h, orders/desk/desk.h), so nothing may go on:
 * logs why, once, and has main end the process. From any thread, never blocks; a listener whose
 * context is the struct app. */
void app_fail(void *context, const struct error *e);
/* After `failed`: lets the answers to those who wait go out, for a second or two, and ends the
 * process with status 1. Nothing is written any more. */
_Noreturn void app_abandon(struct app *app);

#endif
