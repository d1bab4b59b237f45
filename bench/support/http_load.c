#include "bench/support/http_load.h"

#include "bench/support/bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256 };
static const double PATIENCE_S = 2;

struct client {
    int fd;
    size_t received; /* of the answer under way */
    size_t awaited;  /* its length; 0 = not known yet */
};

struct http_load {
    char *request;
    char *number; /* its place in the request, or NULL */
    size_t request_bytes, answer_bytes;
    int epoll_fd, count;
    struct client *clients;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Ascending over the whole run, whatever loads there are. */
static void put_next_number(char *place)
{
    static long numbers;
    char digits[sizeof HTTP_LOAD_NUMBER];
    snprintf(digits, sizeof digits, "%0*ld", (int)sizeof digits - 1, numbers++);
    memcpy(place, digits, sizeof digits - 1);
}

static void send_request(struct http_load *l, struct client *c)
{
    c->received = 0;
    c->awaited = l->number ? 0 : l->answer_bytes;
    if (l->number)
        put_next_number(l->number);
    if (send(c->fd, l->request, l->request_bytes, MSG_NOSIGNAL) != (ssize_t)l->request_bytes)
        fail("http_load: send");
}

static void open_client(struct http_load *l, struct client *c, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("http_load: connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail("http_load: epoll_ctl");
}

/* Of the body that follows `head`, which is whole; SIZE_MAX when it does not say. */
static size_t body_length(const char *head)
{
    const char *field = strcasestr(head, "\r\nContent-Length: ");
    if (strncmp(head, "HTTP/1.1 304", 12) == 0)
        return 0;
    return field ? strtoull(field + 18, NULL, 10) : SIZE_MAX;
}

/* Of an answer whose head is whole; 0 when it is not, or does not tell. */
static size_t answer_length(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    size_t body = end ? body_length(answer) : SIZE_MAX;
    if (body == SIZE_MAX)
        return 0;
    if (strncmp(answer, "HTTP/1.1 20", 11) != 0 && strncmp(answer, "HTTP/1.1 304", 12) != 0) {
        fprintf(stderr, "http_load: unexpected answer: %.500s\n", answer);
        exit(1);
    }
    return (size_t)(end + 4 - answer) + body;
}

static void learn_answer(struct http_load *l)
{
    static char answer[1 << 20];
    size_t count = 0, length = 0;
    send_request(l, &l->clients[0]);
    while (length == 0 || count < length) {
        ssize_t n = recv(l->clients[0].fd, answer + count, sizeof answer - 1 - count, 0);
        if (n <= 0)
            fail("http_load: recv");
        count += (size_t)n;
        answer[count] = '\0';
        length = answer_length(answer);
    }
    l->answer_bytes = length;
}

struct http_load *http_load_open(uint16_t port, int clients, const char *request)
{
    struct http_load *l = calloc(1, sizeof *l);
    if (!l || !(l->request = strdup(request)) ||
        !(l->clients = calloc((size_t)clients, sizeof *l->clients)))
        fail("http_load: memory");
    l->request_bytes = strlen(request);
    l->number = strstr(l->request, HTTP_LOAD_NUMBER);
    l->count = clients;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < clients; i++)
        open_client(l, &l->clients[i], port);
    learn_answer(l);
    return l;
}

/* True when that was the last byte of the answer. */
static int receive(struct client *c)
{
    static char scratch[65536];
    ssize_t n = recv(c->fd, scratch, sizeof scratch - 1, MSG_DONTWAIT);
    if (n <= 0)
        fail("http_load: the server ended a connection");
    c->received += (size_t)n;
    if (c->awaited == 0) {
        scratch[n] = '\0';
        c->awaited = answer_length(scratch);
    }
    if (c->awaited == 0)
        fail("http_load: a head in two pieces");
    return c->received >= c->awaited;
}

static int wait_for_answers(const struct http_load *l, enum http_load_wait wait,
                            struct epoll_event events[EVENTS])
{
    double until_s = bench_now_s() + PATIENCE_S;
    int timeout_ms = wait == HTTP_LOAD_POLLS ? 0 : (int)(PATIENCE_S * 1000);
    for (;;) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS, timeout_ms);
        if (n > 0)
            return n;
        if (n < 0 || bench_now_s() > until_s)
            fail("http_load: the server does not answer");
    }
}

/* Takes answers until all have come in (or, while `end_s` has not passed, asks again). */
static long pump(struct http_load *l, double end_s, enum http_load_wait wait)
{
    struct epoll_event events[EVENTS];
    long answers = 0;
    int open = l->count;
    while (open > 0) {
        int n = wait_for_answers(l, wait, events);
        int again = bench_now_s() < end_s;
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!receive(c))
                continue;
            answers++;
            if (again)
                send_request(l, c);
            else
                open--;
        }
    }
    return answers;
}

double http_load_run(struct http_load *l, double seconds, enum http_load_wait wait)
{
    double start_s = bench_now_s();
    for (int i = 0; i < l->count; i++)
        send_request(l, &l->clients[i]);
    long answers = pump(l, start_s + seconds, wait);
    return (double)answers / (bench_now_s() - start_s);
}

void http_load_close(struct http_load *l)
{
    for (int i = 0; i < l->count; i++)
        close(l->clients[i].fd);
    close(l->epoll_fd);
    free(l->clients);
    free(l->request);
    free(l);
}
