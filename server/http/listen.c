#include "server/http/listen.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size_bytes;
};

static enum err parse_address(const char *host, uint16_t port, struct address *ret, struct error *e)
{
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(port);
        ret->size_bytes = sizeof ret->v4;
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        ret->size_bytes = sizeof ret->v6;
        return ERR_OK;
    }
    return error_set(e, ERR_INVALID, "'%s' is not a numeric address to listen on", host);
}

/* A bound socket, not listening. SO_REUSEADDR passes over connections that linger from an earlier
 * run, but not over somebody who listens; SO_REUSEPORT passes over our own other loops. */
static enum err open_bound(const struct address *address, int share, const char *host,
                           uint16_t port, int *ret_fd, struct error *e)
{
    int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(e, ERR_IO, "cannot open a socket");
    int failed = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!failed && share)
        failed = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (!failed)
        failed = bind(fd, &address->any, address->size_bytes);
    if (!failed) {
        *ret_fd = fd;
        return ERR_OK;
    }
    enum err code = errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO;
    error_errno(e, code, "cannot listen on %s port %u", host, port);
    close(fd);
    return code;
}

static enum err bound_port(int fd, uint16_t *ret_port, struct error *e)
{
    struct address bound = {.size_bytes = sizeof bound.v6};
    if (getsockname(fd, &bound.any, &bound.size_bytes) != 0)
        return error_errno(e, ERR_IO, "cannot tell the bound port");
    *ret_port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
    return ERR_OK;
}

static enum err open_listening(const char *host, uint16_t port, int *ret_fd, struct error *e)
{
    struct address address;
    enum err err = parse_address(host, port, &address, e);
    if (!err)
        err = open_bound(&address, 1, host, port, ret_fd, e);
    if (err)
        return err;
    if (listen(*ret_fd, BACKLOG) == 0)
        return ERR_OK;
    err = error_errno(e, errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO, "cannot listen on %s port %u",
                      host, port);
    close(*ret_fd);
    return err;
}

enum err listen_open(const char *host, uint16_t port, int count, int *ret_fds, uint16_t *ret_port,
                     struct error *e)
{
    assert(count >= 1);
    struct address address;
    int probe = -1, opened = 0;
    enum err err = parse_address(host, port, &address, e);
    if (err)
        return err;
    /* The probe does not share: it fails when anybody listens. It is held until ours listen. */
    err = open_bound(&address, 0, host, port, &probe, e);
    if (err)
        return err;
    err = bound_port(probe, &port, e);
    for (; !err && opened < count; opened += !err)
        err = open_listening(host, port, &ret_fds[opened], e);
    close(probe);
    if (!err) {
        *ret_port = port;
        return ERR_OK;
    }
    while (opened > 0)
        close(ret_fds[--opened]);
    return err;
}
