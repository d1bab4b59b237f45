#include "server/http/route.h"

#include <assert.h>

const char *http_method_name(enum http_method method)
{
    static const char *const names[HTTP_METHOD_COUNT] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS",
    };
    assert(method >= 0 && method < HTTP_METHOD_COUNT);
    return names[method];
}

void http_routes_each(const struct http_route_table *tables, size_t table_count,
                      void (*fn)(const struct http_route *route, void *context), void *context)
{
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            fn(&tables[t].routes[i], context);
}
