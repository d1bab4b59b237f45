/* Finds the route of a path: a tree of segments, built once and then read by all loops without a
 * lock. Matching allocates nothing and takes time by the number of segments; a literal segment is
 * tried before a parameter, and the parameter when the literal leads nowhere.
 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include "server/http/request.h"
#include "server/http/route.h"

#include <stdbool.h>

struct router;

/* A broken table (two routes for one method and pattern, a bad pattern, no handler, two operations
 * of one name) is our bug and aborts. NULL when memory is out. */
struct router *router_create(const struct http_route_table *tables, size_t table_count);
void router_free(struct router *r);

size_t router_route_count(const struct router *r);
const struct http_route *router_route(const struct router *r, size_t index);

enum { ROUTER_ALLOW_MAX = 64 };

struct router_match {
    bool found;                     /* the path is known */
    const struct http_route *route; /* NULL: known, but not with this method */
    size_t index;                   /* of the route, 0..router_route_count */
};

/* By r->segments and `method` (HTTP_METHOD_COUNT = none that we know); fills r->params on success.
 * HEAD finds GET's route. `allow` gets the value of an Allow header whenever the path is known. */
struct router_match router_find(const struct router *router, struct http_request *r,
                                enum http_method method, char allow[ROUTER_ALLOW_MAX]);

#endif
