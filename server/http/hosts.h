/* The names under which this server answers: a page of another site that points its own name at our
 * address (DNS rebinding) is told 421 and learns nothing.
 *
 * localhost, 127.0.0.1 and [::1] are always ours, with any port: a tunnel or a port mapping changes
 * the port, and rebinding needs a name, not a port.
 */
#ifndef SERVER_HTTP_HOSTS_H
#define SERVER_HTTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

struct hosts {
    const char *bound;        /* numeric address that the server is bound to */
    const char *const *names; /* "name" (any port) or "name:port" */
    size_t name_count;
};

/* `value` is a Host header or the authority of a target. */
bool hosts_allow(const struct hosts *hosts, const char *value);

#endif
