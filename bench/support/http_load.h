/* A load generator over loopback: keep-alive connections, each with one request under way, on the
 * calling thread. It sends fixed bytes and counts answers by their length, so that it costs little
 * beside the server it drives.
 */
#ifndef BENCH_SUPPORT_HTTP_LOAD_H
#define BENCH_SUPPORT_HTTP_LOAD_H

#include <stddef.h>
#include <stdint.h>

struct http_load;

/* In a request: becomes another number each time that it is sent (an idempotency key). The head of
 * every answer is read then, as their lengths may differ. */
#define HTTP_LOAD_NUMBER "##########"

/* Opens `clients` connections to 127.0.0.1:port and learns the length of the answer to `request`,
 * which must be the same each time. Ends the program with a message when that fails. */
struct http_load *http_load_open(uint16_t port, int clients, const char *request);
/* What the generator does while no answer is there. To poll keeps it awake: a server that is a
 * little slower than the generator would else have to wake it for each answer, which takes longer
 * than much of what is compared. To sleep shows that too; answers then come in larger batches. */
enum http_load_wait { HTTP_LOAD_POLLS, HTTP_LOAD_SLEEPS };
/* Runs for about that long; answers per second. */
double http_load_run(struct http_load *l, double seconds, enum http_load_wait wait);
void http_load_close(struct http_load *l);

#endif
