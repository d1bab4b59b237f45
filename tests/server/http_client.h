/* A raw HTTP client for tests: what is sent is exactly what the test writes. Every wait is bounded.
 */
#ifndef TESTS_SERVER_HTTP_CLIENT_H
#define TESTS_SERVER_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client {
    int fd;
    char *bytes; /* received, not yet taken */
    size_t count, capacity;
};

struct http_reply {
    int status;
    char head[8192]; /* status line and headers, NUL-terminated */
    char *body;      /* NUL-terminated; owned */
    size_t body_bytes, capacity;
};

void client_open(struct http_client *c, uint16_t port);
void client_close(struct http_client *c);
void client_send(struct http_client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* False when the connection breaks before all is written. */
bool client_send_bytes(struct http_client *c, const void *bytes, size_t size_bytes);

/* Reads one answer; fails the test when none comes within ten seconds, or when its body ends early.
 */
void client_read(struct http_client *c, struct http_reply *ret);
/* The same, of an answer that the server may break off: false when it did. */
bool client_read_broken(struct http_client *c, struct http_reply *ret);
/* An answer to HEAD: no body follows, whatever Content-Length says. */
void client_read_head(struct http_client *c, struct http_reply *ret);
/* Waits for these bytes in what comes, chunks' lengths and all; what came up to them is dropped. */
bool client_hears(struct http_client *c, const char *text);
/* Nothing for that long. */
bool client_is_silent(struct http_client *c, int ms);
/* The server ends the connection within ten seconds without another byte. */
bool client_is_closed(struct http_client *c);
/* The same, whatever bytes come before. */
bool client_drains(struct http_client *c);

void reply_release(struct http_reply *r);
/* Value of a header, or NULL; valid until the next call. */
const char *reply_header(const struct http_reply *r, const char *name);

/* Sends, reads, checks the status, and hands out the answer. */
void client_ask(struct http_client *c, int status, struct http_reply *ret, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same on a connection of its own; the answer is dropped but for a look into its body:
 * `contains` may be NULL. */
void ask_once(uint16_t port, int status, const char *contains, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
