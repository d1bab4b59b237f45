/* Listening sockets: one for each loop on the same address, so that the kernel spreads connections.
 */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include "base/error.h"

#include <stdint.h>

/* Opens `count` non-blocking listening sockets on a numeric address; port 0 picks a free one.
 * ERR_CONFLICT when the port is in use: SO_REUSEPORT alone would let a second server of the same
 * user share it silently. On an error nothing stays open. */
enum err listen_open(const char *host, uint16_t port, int count, int *ret_fds, uint16_t *ret_port,
                     struct error *e);

#endif
