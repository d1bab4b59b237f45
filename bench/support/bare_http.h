/* A bare libmicrohttpd server, beside which ours is measured, and how both are.
 *
 * Its handler sends the same bytes of body with one response that was made beforehand, looks at no
 * header, knows no route and no key: the fastest that the library can be asked for. One event loop,
 * our own, over libmicrohttpd's epoll set.
 */
#ifndef BENCH_SUPPORT_BARE_HTTP_H
#define BENCH_SUPPORT_BARE_HTTP_H

#include "bench/support/bare_store.h"
#include "bench/support/http_load.h"

#include <stddef.h>
#include <stdint.h>

struct bare_http;

/* Answers `status` with `body` (borrowed until the stop) to whatever it is asked; with a store,
 * once a row for it is on disk. Ends the program with a message when it does not start. */
struct bare_http *bare_http_start(int status, const char *body, size_t body_bytes,
                                  struct bare_store *store);
uint16_t bare_http_port(const struct bare_http *b);
void bare_http_stop(struct bare_http *b);

struct http_measured {
    double rate;   /* answers per second */
    double cpu_us; /* that the servers of this process take for one */
};
/* Of one server by the generator on this thread, for a sixth of a second; the others idle. */
struct http_measured http_measure(uint16_t port, int clients, const char *request,
                                  enum http_load_wait wait);

#endif
