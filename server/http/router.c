#include "server/http/router.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

struct node {
    char *literal;                              /* owned; NULL for the root and for parameters */
    size_t length;                              /* of the literal */
    int first_child, next_sibling, param_child; /* indices of nodes, NONE */
    int routes[HTTP_METHOD_COUNT];              /* indices of entries, NONE */
};

/* A route with the names of its parameters, in the order of its segments. */
struct entry {
    const struct http_route *route;
    char *param_names[LIMIT_PATH_SEGMENTS]; /* owned */
    size_t param_count;
};

struct router {
    struct node *nodes;
    int node_count, node_capacity;
    struct entry *entries;
    size_t entry_count;
};

/* Segments of a pattern are few and short; out of memory here is out of memory at the start. */
static int add_node(struct router *router, const char *literal, size_t length)
{
    if (router->node_count == router->node_capacity) {
        int capacity = router->node_capacity ? router->node_capacity * 2 : 64;
        struct node *nodes = realloc(router->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes)
            return NONE;
        router->nodes = nodes;
        router->node_capacity = capacity;
    }
    char *copy = NULL;
    if (literal && !(copy = strndup(literal, length)))
        return NONE;
    struct node *node = &router->nodes[router->node_count];
    *node = (struct node){copy, length, NONE, NONE, NONE, {0}};
    for (int m = 0; m < HTTP_METHOD_COUNT; m++)
        node->routes[m] = NONE;
    return router->node_count++;
}

static int find_literal(const struct router *router, int parent, const char *text, size_t length)
{
    for (int i = router->nodes[parent].first_child; i != NONE; i = router->nodes[i].next_sibling) {
        const struct node *child = &router->nodes[i];
        if (child->length == length && memcmp(child->literal, text, length) == 0)
            return i;
    }
    return NONE;
}

static int descend_literal(struct router *router, int parent, const char *text, size_t length)
{
    int child = find_literal(router, parent, text, length);
    if (child != NONE)
        return child;
    child = add_node(router, text, length);
    if (child == NONE)
        return NONE;
    router->nodes[child].next_sibling = router->nodes[parent].first_child;
    router->nodes[parent].first_child = child;
    return child;
}

static int descend_param(struct router *router, int parent)
{
    if (router->nodes[parent].param_child == NONE) {
        int child = add_node(router, NULL, 0);
        if (child == NONE)
            return NONE;
        router->nodes[parent].param_child = child;
    }
    return router->nodes[parent].param_child;
}

static void check_route(const struct router *router, const struct http_route *route)
{
    assert(route->pattern && route->pattern[0] == '/' && route->handler && route->operation_id);
    assert(route->method != HTTP_HEAD && route->method != HTTP_OPTIONS);
    assert(route->max_body_bytes <= LIMIT_BODY_BYTES);
    assert(!(route->stream && (route->flags & HTTP_ROUTE_INLINE)));
    for (size_t i = 0; i < router->entry_count; i++)
        assert(strcmp(router->entries[i].route->operation_id, route->operation_id) != 0);
}

static bool add_route(struct router *router, const struct http_route *route)
{
    check_route(router, route);
    struct entry *entry = &router->entries[router->entry_count];
    *entry = (struct entry){.route = route};
    int node = 0;
    const char *p = route->pattern + 1;
    for (size_t segments = 0; *p || segments == 0; segments++) {
        size_t length = strcspn(p, "/");
        assert(segments < LIMIT_PATH_SEGMENTS);
        if (length > 2 && p[0] == '{' && p[length - 1] == '}') {
            char *name = strndup(p + 1, length - 2);
            entry->param_names[entry->param_count++] = name;
            node = name ? descend_param(router, node) : NONE;
        } else {
            assert(!memchr(p, '{', length));
            node = descend_literal(router, node, p, length);
        }
        if (node == NONE) {
            router->entry_count++; /* so that free finds the names */
            return false;
        }
        p += length;
        if (*p == '/')
            p++;
    }
    assert(router->nodes[node].routes[route->method] == NONE);
    router->nodes[node].routes[route->method] = (int)router->entry_count++;
    return true;
}

struct router *router_create(const struct http_route_table *tables, size_t table_count)
{
    size_t count = 0;
    for (size_t t = 0; t < table_count; t++)
        count += tables[t].count;
    struct router *router = calloc(1, sizeof *router);
    if (!router)
        return NULL;
    router->entries = calloc(count ? count : 1, sizeof *router->entries);
    bool ok = router->entries && add_node(router, NULL, 0) == 0;
    for (size_t t = 0; t < table_count && ok; t++)
        for (size_t i = 0; i < tables[t].count && ok; i++)
            ok = add_route(router, &tables[t].routes[i]);
    if (ok)
        return router;
    router_free(router);
    return NULL;
}

void router_free(struct router *router)
{
    if (!router)
        return;
    for (int i = 0; i < router->node_count; i++)
        free(router->nodes[i].literal);
    for (size_t i = 0; i < router->entry_count; i++)
        for (size_t p = 0; p < router->entries[i].param_count; p++)
            free(router->entries[i].param_names[p]);
    free(router->nodes);
    free(router->entries);
    free(router);
}

size_t router_route_count(const struct router *router)
{
    return router->entry_count;
}

const struct http_route *router_route(const struct router *router, size_t index)
{
    assert(index < router->entry_count);
    return router->entries[index].route;
}

static bool has_routes(const struct node *node)
{
    for (int m = 0; m < HTTP_METHOD_COUNT; m++)
        if (node->routes[m] != NONE)
            return true;
    return false;
}

/* The node of segments[at..], below `node`; the indices of captured segments go to captures. */
static int find_node(const struct router *router, int node, const struct http_request *r, size_t at,
                     size_t captures[LIMIT_PATH_SEGMENTS], size_t *capture_count)
{
    if (at == r->segment_count)
        return has_routes(&router->nodes[node]) ? node : NONE;
    int literal = find_literal(router, node, r->segments[at], strlen(r->segments[at]));
    if (literal != NONE) {
        int found = find_node(router, literal, r, at + 1, captures, capture_count);
        if (found != NONE)
            return found;
    }
    int param = router->nodes[node].param_child;
    if (param == NONE || r->segments[at][0] == '\0')
        return NONE;
    size_t mine = (*capture_count)++;
    captures[mine] = at;
    int found = find_node(router, param, r, at + 1, captures, capture_count);
    if (found == NONE)
        *capture_count = mine;
    return found;
}

static void write_allow(const struct node *node, char allow[ROUTER_ALLOW_MAX])
{
    static const enum http_method order[] = {HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH,
                                             HTTP_DELETE};
    size_t used = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (node->routes[order[i]] != NONE)
            used +=
                (size_t)snprintf(allow + used, ROUTER_ALLOW_MAX - used, "%s, ",
                                 order[i] == HTTP_GET ? "GET, HEAD" : http_method_name(order[i]));
    snprintf(allow + used, ROUTER_ALLOW_MAX - used, "OPTIONS");
}

struct router_match router_find(const struct router *router, struct http_request *r,
                                enum http_method method, char allow[ROUTER_ALLOW_MAX])
{
    size_t captures[LIMIT_PATH_SEGMENTS], capture_count = 0;
    int found = find_node(router, 0, r, 0, captures, &capture_count);
    if (found == NONE)
        return (struct router_match){.found = false};
    const struct node *node = &router->nodes[found];
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    if (wanted == HTTP_METHOD_COUNT || node->routes[wanted] == NONE) {
        write_allow(node, allow);
        return (struct router_match){.found = true};
    }
    const struct entry *entry = &router->entries[node->routes[wanted]];
    assert(capture_count == entry->param_count);
    for (size_t i = 0; i < capture_count; i++)
        r->params[i] = (struct http_field){entry->param_names[i], r->segments[captures[i]]};
    r->param_count = capture_count;
    return (struct router_match){true, entry->route, (size_t)node->routes[wanted]};
}
