#include "base/digest.h"
#include "server/api/api.h"
#include "server/http/response.h"

#include <pthread.h>

/* server/assets.S */
extern const char asset_openapi[];
extern const uint64_t asset_openapi_size_bytes;

static char etag[2 * DATA_HASH_BYTES + 3];

static void make_etag(void)
{
    unsigned char hash[DATA_HASH_BYTES];
    char text[2 * DATA_HASH_BYTES + 1];
    data_hash_of(asset_openapi, asset_openapi_size_bytes, hash);
    hex_format(hash, sizeof hash, text);
    snprintf(etag, sizeof etag, "\"%s\"", text);
}

static enum err get_openapi(struct http_request *r, struct http_response *out, struct error *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    enum err err = api_no_parameters(r, e);
    if (err)
        return err;
    pthread_once(&once, make_etag);
    out->cache_control = "no-cache"; /* kept, and asked for again with the tag */
    if (http_respond_not_modified(r, out, etag))
        return ERR_OK;
    http_set_etag(out, "%s", etag);
    strbuf_add(&out->body, asset_openapi, asset_openapi_size_bytes);
    return http_respond_text(out, 200, "application/yaml", e);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/openapi.yaml",
     .handler = get_openapi,
     .flags = HTTP_ROUTE_OPEN | HTTP_ROUTE_INLINE,
     .operation_id = "getOpenapi"},
};
const struct http_route_table openapi_routes = {routes, sizeof routes / sizeof routes[0]};
