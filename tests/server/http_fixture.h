/* A server with a few routes that show every way of answering, for the tests of server/http.
 *
 *   GET    /ping                       open, inline: "pong"
 *   GET    /v1/items/{id}              inline: the request as JSON
 *   POST   /v1/items                   JSON body of at most 1000 bytes, echoed
 *   GET    /v1/items/special           inline, a literal beside the parameter
 *   DELETE /v1/items/{id}              needs scope 2
 *   GET    /v1/items/{id}/parts        on an api thread: text
 *   GET    /v1/cached                  inline: a shared body with an entity tag
 *   GET    /v1/failing                 an internal error
 *   GET    /other/failing              the same where errors have a style of their own: text/plain
 *                                      "other: ...", 410 for 404
 *   GET    /v1/later?deadline_ms=      answered by fixture_complete, or at a cancel
 *   GET    /v1/later-inline            the same from a loop thread
 *   GET    /v1/moving?move             inline, or moved to an api thread: which of them answers
 *   GET    /v1/blocking                holds an api thread until fixture_open_gate
 *   GET    /v1/big?bytes=              that many bytes
 *   GET    /v1/made?parts=&bytes=&fail= that many parts of that many bytes (made one by one when
 *                                      asked for; the one of the number `fail` fails)
 *   POST   /v1/upload                  streamed; answers count and sum
 *
 * Keys: "reader" has scope 1, "admin" scopes 1 and 2.
 */
#ifndef TESTS_SERVER_HTTP_FIXTURE_H
#define TESTS_SERVER_HTTP_FIXTURE_H

#include "base/mutex.h"
#include "server/http/server.h"
#include "tests/server/http_client.h"

#include <stdatomic.h>

#define HOST "Host: localhost\r\n"
#define READER HOST "Authorization: Bearer reader\r\n"
#define ADMIN HOST "Authorization: Bearer admin\r\n"

struct waiter {
    struct waiter *next;
    struct http_request *request;
};

struct fixture {
    struct http_config config;    /* change it between _init and _start */
    struct http_route_table more; /* the same; of a test's own */
    struct http_server *server;
    uint16_t port;
    struct http_body *cached;
    struct mutex mutex;
    struct condition changed;
    struct waiter *waiters;
    bool gate_open;
    atomic_int blocked, handled, canceled[3]; /* by enum http_cancel */
    bool deaf;                                /* cancels are counted and not followed */
    atomic_int parts_made;
    atomic_int uploads_begun, uploads_aborted, uploads_done;
    atomic_int fail_begin, fail_chunk;
};

void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f); /* the server; may be called before _release */
void fixture_release(struct fixture *f);
/* Around a cmocka test: *state is a fixture that is initialised and not started. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

int fixture_waiting(struct fixture *f);
void fixture_complete(struct fixture *f, const char *text); /* all that wait */
void fixture_open_gate(struct fixture *f);
/* Waits, at most ten seconds, until *value is at least `wanted`. */
bool fixture_reaches(atomic_int *value, int wanted);
bool fixture_waits_for(struct fixture *f, int waiting);

#endif
