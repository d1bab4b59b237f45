#include "tests/server/http_client.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, READ_BYTES = 16384 };

void client_open(struct http_client *c, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *c = (struct http_client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&address, sizeof address), 0);
}

void client_close(struct http_client *c)
{
    close(c->fd);
    free(c->bytes);
    *c = (struct http_client){.fd = -1};
}

bool client_send_bytes(struct http_client *c, const void *bytes, size_t size_bytes)
{
    const char *p = bytes;
    while (size_bytes > 0) {
        ssize_t n = send(c->fd, p, size_bytes, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        size_bytes -= (size_t)n;
    }
    return true;
}

static void send_format(struct http_client *c, const char *format, va_list arguments)
{
    char *text;
    int length = vasprintf(&text, format, arguments);
    assert_true(length >= 0);
    assert_true(client_send_bytes(c, text, (size_t)length));
    free(text);
}

void client_send(struct http_client *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    send_format(c, format, arguments);
    va_end(arguments);
}

/* Bytes read; 0 at the end of the connection, -1 when nothing came. */
static ssize_t receive(struct http_client *c, int patience_ms)
{
    if (c->capacity - c->count < READ_BYTES) {
        c->capacity = c->capacity * 2 + READ_BYTES;
        c->bytes = realloc(c->bytes, c->capacity);
        assert_non_null(c->bytes);
    }
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (poll(&p, 1, patience_ms) <= 0)
        return -1;
    ssize_t n = recv(c->fd, c->bytes + c->count, READ_BYTES, 0);
    if (n < 0)
        return 0; /* reset */
    c->count += (size_t)n;
    return n;
}

static void drop(struct http_client *c, size_t count)
{
    memmove(c->bytes, c->bytes + count, c->count - count);
    c->count -= count;
}

static size_t head_length(const struct http_client *c)
{
    char *end = c->count ? memmem(c->bytes, c->count, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end + 4 - c->bytes) : 0;
}

/* Moves `count` received bytes into the body; false when they do not come. */
static bool take_body(struct http_client *c, struct http_reply *ret, size_t count)
{
    while (c->count < count)
        if (receive(c, PATIENCE_MS) <= 0)
            return false;
    if (ret->body_bytes + count >= ret->capacity) {
        ret->capacity = 2 * ret->capacity + count + 1;
        ret->body = realloc(ret->body, ret->capacity);
        assert_non_null(ret->body);
    }
    memcpy(ret->body + ret->body_bytes, c->bytes, count);
    ret->body_bytes += count;
    ret->body[ret->body_bytes] = '\0';
    drop(c, count);
    return true;
}

/* "1a\r\n": the length of the next chunk; 0 for the line end behind one; -1 at the end. */
static long long chunk_length(struct http_client *c)
{
    char *end;
    while (!(end = c->count ? memmem(c->bytes, c->count, "\r\n", 2) : NULL))
        if (receive(c, PATIENCE_MS) <= 0)
            return -1;
    long long length = end == c->bytes ? 0 : strtoll(c->bytes, NULL, 16);
    drop(c, (size_t)(end + 2 - c->bytes));
    return length;
}

static bool take_chunks(struct http_client *c, struct http_reply *ret)
{
    for (;;) {
        long long length = chunk_length(c);
        if (length < 0 || !take_body(c, ret, (size_t)length) || chunk_length(c) != 0)
            return false;
        if (length == 0)
            return true;
    }
}

/* False when the body ends before its end. */
static bool read_reply(struct http_client *c, struct http_reply *ret, bool has_body)
{
    size_t length;
    while ((length = head_length(c)) == 0)
        if (receive(c, PATIENCE_MS) <= 0)
            fail_msg("no answer; so far: %.*s", (int)c->count, c->bytes ? c->bytes : "");
    assert_true(length < sizeof ret->head);
    memcpy(ret->head, c->bytes, length);
    ret->head[length] = '\0';
    drop(c, length);
    assert_int_equal(sscanf(ret->head, "HTTP/1.%*d %d", &ret->status), 1);
    const char *date = strstr(ret->head, "\r\nDate: ");
    assert_true(!date || !strstr(date + 2, "\r\nDate: "));

    const char *content_length = reply_header(ret, "Content-Length");
    bool none = !has_body || ret->status == 304 || ret->status == 204 || ret->status < 200;
    size_t length_bytes = none || !content_length ? 0 : strtoull(content_length, NULL, 10);
    bool chunked = !none && reply_header(ret, "Transfer-Encoding");
    ret->body = NULL;
    ret->body_bytes = ret->capacity = 0;
    return take_body(c, ret, length_bytes) && (!chunked || take_chunks(c, ret));
}

void client_read(struct http_client *c, struct http_reply *ret)
{
    if (!read_reply(c, ret, true))
        fail_msg("the answer's body ends early");
}

bool client_read_broken(struct http_client *c, struct http_reply *ret)
{
    return read_reply(c, ret, true);
}

void client_read_head(struct http_client *c, struct http_reply *ret)
{
    read_reply(c, ret, false);
}

bool client_hears(struct http_client *c, const char *text)
{
    size_t length = strlen(text);
    for (;;) {
        char *found = c->count ? memmem(c->bytes, c->count, text, length) : NULL;
        if (found) {
            drop(c, (size_t)(found - c->bytes) + length);
            return true;
        }
        if (receive(c, PATIENCE_MS) <= 0)
            return false;
    }
}

bool client_is_silent(struct http_client *c, int ms)
{
    return c->count == 0 && receive(c, ms) < 0;
}

bool client_is_closed(struct http_client *c)
{
    return c->count == 0 && receive(c, PATIENCE_MS) == 0;
}

bool client_drains(struct http_client *c)
{
    ssize_t n;
    while ((n = receive(c, PATIENCE_MS)) > 0)
        ;
    return n == 0;
}

void reply_release(struct http_reply *r)
{
    free(r->body);
    r->body = NULL;
}

const char *reply_header(const struct http_reply *r, const char *name)
{
    static char value[1024];
    size_t name_length = strlen(name);
    for (const char *line = strstr(r->head, "\r\n"); line && line[2];
         line = strstr(line + 2, "\r\n")) {
        const char *p = line + 2;
        if (strncasecmp(p, name, name_length) != 0 || p[name_length] != ':')
            continue;
        p += name_length + 1;
        p += strspn(p, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(p, "\r"), p);
        return value;
    }
    return NULL;
}

static void check_status(const struct http_reply *r, int status)
{
    if (r->status != status)
        fail_msg("expected %d, got: %s%s", status, r->head, r->body);
}

void client_ask(struct http_client *c, int status, struct http_reply *ret, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    send_format(c, format, arguments);
    va_end(arguments);
    client_read(c, ret);
    check_status(ret, status);
}

void ask_once(uint16_t port, int status, const char *contains, const char *format, ...)
{
    struct http_client c;
    struct http_reply r;
    va_list arguments;
    client_open(&c, port);
    va_start(arguments, format);
    send_format(&c, format, arguments);
    va_end(arguments);
    client_read(&c, &r);
    check_status(&r, status);
    if (contains && !strstr(r.body, contains) && !strstr(r.head, contains))
        fail_msg("expected '%s' in: %s%s", contains, r.head, r.body);
    reply_release(&r);
    client_close(&c);
}
