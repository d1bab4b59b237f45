/* Request targets and routes: "METHOD target", a method's name or any other word; lines behind it
 * are header fields, "Name: value".
 *
 * Any target: refused with a code that stands in target.h, or taken apart into segments and
 * parameters that are just what a plain decoder makes of it, UTF-8 without NUL. With every byte of
 * them escaped they are taken apart into the same. The route found is the one that a list of all
 * routes gives, with the parameters that its pattern names. What is refused becomes a problem
 * answer that is good JSON; a place comes back from its cursor.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict_json.h"

#include "base/utf8.h"
#include "server/api/api.h"
#include "server/api/cursor.h"
#include "server/api/import_options.h"
#include "server/api/range.h"
#include "server/http/response.h"
#include "server/http/router.h"
#include "server/http/target.h"

#include <strings.h>

enum { ARENA_BYTES = 256 * 1024, OWN_ROUTES = 9 };

static enum err answer(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)r;
    (void)out;
    (void)e;
    return ERR_OK;
}

/* Beside the program's own, routes where a literal leads nowhere and the parameter is right. */
#define ROUTE(m, p, id)                                                                            \
    {                                                                                              \
        .method = (m), .pattern = (p), .handler = answer, .operation_id = (id)                     \
    }
static const struct http_route own_routes[OWN_ROUTES] = {
    ROUTE(HTTP_GET, "/x/{a}", "x_a"),
    ROUTE(HTTP_GET, "/x/y", "x_y"),
    ROUTE(HTTP_POST, "/x/{a}/z", "x_a_z"),
    ROUTE(HTTP_DELETE, "/x/y/{b}", "x_y_b"),
    ROUTE(HTTP_GET, "/x/{a}/{b}/w", "x_a_b_w"),
    ROUTE(HTTP_GET, "/x/y/{b}/v", "x_y_b_v"),
    ROUTE(HTTP_PUT, "/{c}", "c"),
    ROUTE(HTTP_PATCH, "/{c}/{d}/{e}/{f}/{g}", "c_d_e_f_g"),
    ROUTE(HTTP_GET, "/", "root"),
};

static struct router *the_router(void)
{
    static struct router *router;
    struct http_route_table tables[API_TABLE_COUNT + 1];
    if (router == NULL) {
        api_tables(tables);
        tables[API_TABLE_COUNT] = HTTP_ROUTE_TABLE(own_routes);
        router = router_create(tables, API_TABLE_COUNT + 1);
        FUZZ_REQUIRE(router != NULL, "memory");
    }
    return router;
}

/* ---- a plain decoder ---- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Whether `text` is what the raw bytes [raw, end) stand for. */
static bool stands_for(const char *raw, const char *end, bool plus_is_space, const char *text)
{
    while (raw < end) {
        int c = (unsigned char)*raw++;
        if (c == '+' && plus_is_space)
            c = ' ';
        if (c == '%') {
            if (end - raw < 2 || hex(raw[0]) < 0 || hex(raw[1]) < 0)
                return false;
            c = hex(raw[0]) * 16 + hex(raw[1]);
            raw += 2;
        }
        if (c == 0 || (unsigned char)*text++ != c)
            return false;
    }
    return *text == '\0';
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text);
    for (size_t n; left > 0; text += n, left -= n)
        if ((n = utf8_length(text, left)) == 0)
            return false;
    return true;
}

static const char *find_any(const char *text, const char *end, const char *stops)
{
    while (text < end && !strchr(stops, *text))
        text++;
    return text;
}

static void check_query(const struct http_request *r, const char *raw, const char *end)
{
    size_t count = 0;
    while (raw <= end) {
        const char *stop = find_any(raw, end, "&"), *equals = find_any(raw, stop, "=");
        if (stop > raw) {
            FUZZ_REQUIRE(count < r->query_count, "a parameter is lost");
            const struct http_field *f = &r->query[count++];
            FUZZ_REQUIRE(*f->name && stands_for(raw, equals, true, f->name), "name '%s'", f->name);
            FUZZ_REQUIRE(stands_for(equals < stop ? equals + 1 : stop, stop, true, f->value),
                         "value '%s'", f->value);
            FUZZ_REQUIRE(is_utf8(f->name) && is_utf8(f->value), "not UTF-8");
            FUZZ_REQUIRE(http_query(r, f->name) == f->value, "%s is there twice", f->name);
        }
        raw = stop + 1;
    }
    FUZZ_REQUIRE(count == r->query_count, "%zu parameters of %zu", r->query_count, count);
}

static void check_parts(const struct http_request *r, const char *raw, const char *authority)
{
    const char *end = raw + strlen(raw), *path = raw;
    if (authority) {
        path = find_any(raw + strlen("http://"), end, "/?");
        size_t length = (size_t)(path - raw) - strlen("http://");
        FUZZ_REQUIRE(strncasecmp(raw, "http://", 7) == 0 && strlen(authority) == length &&
                         memcmp(authority, raw + 7, length) == 0,
                     "authority '%s'", authority);
    }
    if (strcmp(path, "*") == 0) {
        FUZZ_REQUIRE(r->segment_count == 0 && r->query_count == 0, "segments of *");
        return;
    }
    const char *path_end = find_any(path, end, "?"), *at = path;
    size_t count = 0;
    if (at < path_end) {
        FUZZ_REQUIRE(strncmp(r->path, path, (size_t)(path_end - path)) == 0 &&
                         strlen(r->path) == (size_t)(path_end - path),
                     "path '%s'", r->path);
        for (; at < path_end; count++) {
            const char *stop = find_any(at + 1, path_end, "/");
            FUZZ_REQUIRE(count < r->segment_count, "a segment is lost");
            FUZZ_REQUIRE(stands_for(at + 1, stop, false, r->segments[count]), "segment '%s'",
                         r->segments[count]);
            FUZZ_REQUIRE(is_utf8(r->segments[count]), "not UTF-8");
            at = stop;
        }
    } else { /* an authority alone: "/" */
        FUZZ_REQUIRE(strcmp(r->path, "/") == 0 && *r->segments[0] == '\0', "path '%s'", r->path);
        count = 1;
    }
    FUZZ_REQUIRE(count == r->segment_count, "%zu segments of %zu", r->segment_count, count);
    if (path_end < end)
        check_query(r, path_end + 1, end);
}

/* ---- escaped and again ---- */

static void escape(struct strbuf *out, const char *text)
{
    for (; *text; text++)
        strbuf_add_format(out, "%%%02x", (unsigned char)*text);
}

static void check_escaped(const struct http_request *r)
{
    static struct http_request again;
    struct strbuf target;
    struct arena arena;
    const char *authority;
    struct error e = {0};
    strbuf_init(&target, 4 * LIMIT_URL_BYTES);
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < r->segment_count; i++) {
        strbuf_add_char(&target, '/');
        escape(&target, r->segments[i]);
    }
    for (size_t i = 0; i < r->query_count; i++) {
        strbuf_add_char(&target, i ? '&' : '?');
        escape(&target, r->query[i].name);
        strbuf_add_char(&target, '=');
        escape(&target, r->query[i].value);
    }
    if (r->segment_count > 0 && target.length <= LIMIT_URL_BYTES) {
        again = (struct http_request){.arena = &arena};
        FUZZ_REQUIRE(target_parse(&again, strbuf_text(&target), &authority, &e) == ERR_OK, "%s: %s",
                     strbuf_text(&target), e.message);
        FUZZ_REQUIRE(again.segment_count == r->segment_count && again.query_count == r->query_count,
                     "%s", strbuf_text(&target));
        for (size_t i = 0; i < r->segment_count; i++)
            FUZZ_REQUIRE(strcmp(r->segments[i], again.segments[i]) == 0, "%s", r->segments[i]);
        for (size_t i = 0; i < r->query_count; i++)
            FUZZ_REQUIRE(strcmp(r->query[i].name, again.query[i].name) == 0 &&
                             strcmp(r->query[i].value, again.query[i].value) == 0,
                         "%s=%s", r->query[i].name, r->query[i].value);
    }
    arena_release(&arena);
    strbuf_release(&target);
}

/* ---- routes ---- */

/* A pattern beside the segments: false when it does not fit. *ret_literals has a bit for each
 * literal segment, the first in the highest place: of two patterns that fit the greater one wins.
 */
static bool fits(const char *pattern, const struct http_request *r, uint32_t *ret_literals)
{
    size_t i = 0;
    *ret_literals = 0;
    for (const char *p = pattern; *p; i++) {
        size_t length = strcspn(++p, "/");
        if (i == r->segment_count)
            return false;
        if (*p == '{') {
            if (*r->segments[i] == '\0')
                return false;
        } else {
            if (strlen(r->segments[i]) != length || memcmp(p, r->segments[i], length) != 0)
                return false;
            *ret_literals |= 1u << (LIMIT_PATH_SEGMENTS - i);
        }
        p += length;
    }
    return i == r->segment_count;
}

static void check_params(const struct http_request *r, const char *pattern)
{
    size_t segment = 0, count = 0;
    for (const char *p = pattern; *p; segment++) {
        size_t length = strcspn(++p, "/");
        if (*p == '{') {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)length - 2, p + 1);
            FUZZ_REQUIRE(strcmp(http_param(r, name), r->segments[segment]) == 0, "{%s}", name);
            count++;
        }
        p += length;
    }
    FUZZ_REQUIRE(count == r->param_count, "%zu parameters of %s", r->param_count, pattern);
}

/* The pattern that wins is found; with its method, the route. */
static void check_route(struct http_request *r, enum http_method method)
{
    const struct router *router = the_router();
    char allow[ROUTER_ALLOW_MAX] = "";
    struct router_match match = router_find(router, r, method, allow);
    const char *best = NULL;
    uint32_t best_literals = 0, literals;
    for (size_t i = 0; i < router_route_count(router); i++) {
        const char *pattern = router_route(router, i)->pattern;
        if (fits(pattern, r, &literals) && (best == NULL || literals > best_literals)) {
            best = pattern;
            best_literals = literals;
        }
    }
    FUZZ_REQUIRE(match.found == (best != NULL), "%s", best ? best : r->path);
    if (!match.found)
        return;
    const struct http_route *wanted = NULL;
    for (size_t i = 0; i < router_route_count(router); i++) {
        const struct http_route *route = router_route(router, i);
        if (fits(route->pattern, r, &literals) && literals == best_literals &&
            route->method == (method == HTTP_HEAD ? HTTP_GET : method))
            wanted = route;
    }
    FUZZ_REQUIRE(match.route == wanted, "%s", best);
    if (wanted == NULL) {
        FUZZ_REQUIRE(strstr(allow, "OPTIONS") != NULL, "allow '%s'", allow);
        return;
    }
    FUZZ_REQUIRE(router_route(router, match.index) == wanted, "index");
    r->route = wanted;
    check_params(r, wanted->pattern);
}

/* ---- parameters by their kinds ---- */

static void check_problem(const struct error *e)
{
    struct strbuf body;
    strbuf_init(&body, 1 << 16);
    http_problem_write(&body, e, "id", NULL, 0);
    FUZZ_REQUIRE(!strbuf_failed(&body) && strict_json_is_good(body.data, body.length), "%s",
                 strbuf_text(&body));
    strbuf_release(&body);
}

static void read_parameters(const struct http_request *r)
{
    static const char *const names[] = {"asc", "desc", NULL};
    static const char *const types[] = {"application/json", "text/csv", NULL};
    struct error e;
    int64_t whole = 0;
    double number = 0;
    bool truth = false;
    int choice = 0;
    const char *text = NULL;
    char place[CURSOR_PLACE];
    struct time_range_ends ends = {0};
    struct time_range range;
    if (http_query_int(r, "n", -5, 1000, &whole, &e) == ERR_OK)
        FUZZ_REQUIRE(whole >= -5 && whole <= 1000, "n");
    if (http_query_number(r, "x", -1, 1, &number, &e) == ERR_OK)
        FUZZ_REQUIRE(number >= -1 && number <= 1, "x");
    http_query_bool(r, "truth", &truth, &e);
    if (http_query_enum(r, "order", names, &choice, &e) == ERR_OK)
        FUZZ_REQUIRE(choice >= 0 && choice < 2, "order");
    if (http_query_text(r, "text", 8, &text, &e) == ERR_OK)
        FUZZ_REQUIRE(text == NULL || (*text && strlen(text) <= 8), "text");
    if (http_request_wait(r, &whole, &e) == ERR_OK)
        FUZZ_REQUIRE(whole >= 0 && whole <= LIMIT_WAIT_SECONDS, "wait");
    if (http_negotiate(r, types, &choice, &e) == ERR_OK)
        FUZZ_REQUIRE(choice >= 0 && choice < 2, "format");
    if (cursor_read(r, "fires", place, &e) == ERR_OK)
        FUZZ_REQUIRE(strlen(place) < CURSOR_PLACE, "cursor");
    if (time_range_query(r, &ends, &e) == ERR_OK &&
        time_range_settle(&ends, zone_utc(), "?to", &range, &e) == ERR_OK)
        FUZZ_REQUIRE(range.from_ns < range.to_ns, "from and to");
    if (http_request_matches_etag(r, "\"17-3\""))
        FUZZ_REQUIRE(http_header(r, "If-None-Match") != NULL, "no entity tag is asked for");
    if (http_query_only(r, names, &e) != ERR_OK)
        check_problem(&e);
}

/* A page that begins after `place` is asked for with the cursor that was written for it. */
static void check_cursor(struct arena *arena, const char *place)
{
    char cursor[CURSOR_TEXT], again[CURSOR_PLACE];
    struct http_request r = {.arena = arena, .query_count = 1};
    if (!*place || strlen(place) >= CURSOR_PLACE)
        return;
    cursor_write(cursor, "fires", "%s", place);
    r.query[0] = (struct http_field){"cursor", cursor};
    FUZZ_REQUIRE(cursor_read(&r, "fires", again, NULL) == ERR_OK && strcmp(place, again) == 0,
                 "'%s' comes back as '%s'", place, again);
    FUZZ_REQUIRE(cursor_read(&r, "fire", again, NULL) == ERR_INVALID, "another list's cursor");
}

/* As POST /v1/bars/{symbol} reads them. */
static void read_import_options(const struct http_request *r)
{
    struct import_options options;
    struct import_settings settings;
    struct error e = {0};
    enum err err = import_options_from_query(r, &options, &e);
    if (err == ERR_OK)
        err = import_options_settle(&options, &settings, &e);
    FUZZ_REQUIRE(err == ERR_OK || (err == ERR_INVALID && e.message[0] != '\0'), "code %d",
                 (int)err);
    FUZZ_REQUIRE(err != ERR_OK || (settings.csv.price_scale >= 1 &&
                                   settings.csv.price_scale <= IMPORT_PRICE_SCALE_MAX),
                 "price scale");
}

static enum http_method method_named(const char *name, size_t length)
{
    int m = 0;
    while (m < HTTP_METHOD_COUNT &&
           (strlen(http_method_name((enum http_method)m)) != length ||
            memcmp(http_method_name((enum http_method)m), name, length) != 0))
        m++;
    return (enum http_method)m;
}

/* Cuts the text into lines; those behind the first become header fields of the request. */
static void take_headers(struct http_request *r, char *text)
{
    char *line = strchr(text, '\n');
    while (line && r->header_count < HTTP_HEADERS_MAX) {
        *line++ = '\0';
        char *next = strchr(line, '\n'), *colon = strchr(line, ':');
        if (next)
            *next = '\0';
        if (colon && colon > line) {
            *colon = '\0';
            r->headers[r->header_count++] =
                (struct http_field){line, colon + 1 + strspn(colon + 1, " ")};
        }
        line = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request request;
    struct arena arena;
    struct error e = {0};
    const char *authority = NULL;
    const char *space = memchr(data, ' ', size);
    if (space == NULL)
        return 0;
    enum http_method method =
        method_named((const char *)data, (size_t)(space - (const char *)data));
    char *raw = fuzz_copy(space + 1, size - (size_t)(space + 1 - (const char *)data), 1);
    arena_init(&arena, ARENA_BYTES);
    request = (struct http_request){.arena = &arena, .method = method};
    take_headers(&request, raw);
    enum err err = target_parse(&request, raw, &authority, &e);
    if (err == ERR_OK) {
        check_parts(&request, raw, authority);
        check_escaped(&request);
        check_route(&request, method);
        read_parameters(&request);
        read_import_options(&request);
        if (request.segment_count > 0)
            check_cursor(&arena, request.segments[0]);
    } else {
        FUZZ_REQUIRE((err == ERR_INVALID || err == ERR_URI_TOO_LONG) && e.code == err &&
                         e.message[0] != '\0',
                     "code %d: %s", (int)err, e.message);
        FUZZ_REQUIRE(is_utf8(e.message) && is_utf8(e.pointer), "the message is not UTF-8");
        check_problem(&e);
    }
    arena_release(&arena);
    free(raw);
    return 0;
}
