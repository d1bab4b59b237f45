/* The part of the wiring (app.c) that has to do with orders: the broker, the desk, and who is told
 * of what they do.
 *
 * An end that nobody planned: when a COMMIT fails, nobody knows what is on disk. The desk then
 * calls the broker no more; those who wait are answered `outcome unknown`, and the process ends at
 * once (app_abandon). The next start reads what is true.
 */
#ifndef SERVER_APP_ORDERS_H
#define SERVER_APP_ORDERS_H

#include "server/app.h"

/* After storage: the orders' store and the event hub, which the jobs tell of their changes. On an
 * error, of the next one too, app_orders_free takes back what was made. */
enum err app_orders_create(struct app *app, struct error *e);
/* After the jobs, before the HTTP server: broker, desk, market; threads run from here on. */
enum err app_orders_start(struct app *app, struct error *e);
/* Waits a moment for the desk's gate, so that whoever is told that the server runs finds it open
 * unless something is in doubt. Blocks for APP_READY_MS at most. */
enum { APP_READY_MS = 1000 };
void app_orders_await(struct app *app);
/* After the HTTP server was stopped. false: a tracking thread is still inside a call of the
 * broker's, nothing may be freed, and the process can only end. */
bool app_orders_stop(struct app *app);
/* After app_orders_stop and after the jobs are freed, before storage is closed. */
void app_orders_free(struct app *app);

#endif
