#include "server/http/hosts.h"
#include "server/http/reply_cache.h"
#include "server/http/response_internal.h"
#include "server/http/router.h"
#include "server/http/target.h"

#include "tests/support/child.h"
#include "tests/support/test.h"

#include <string.h>

/* The parts that need no server. */

struct asked {
    struct http_request request;
    struct arena arena;
};

static struct asked *ask(const char *target)
{
    static struct asked asked;
    const char *authority;
    struct error e;
    arena_release(&asked.arena);
    asked = (struct asked){0};
    arena_init(&asked.arena, 1 << 20);
    asked.request.arena = &asked.arena;
    asked.request.method = HTTP_GET;
    if (target_parse(&asked.request, target, &authority, &e))
        fail_msg("%s: %s", target, e.message);
    return &asked;
}

static const struct http_request *with_header(const char *target, const char *name,
                                              const char *value)
{
    struct http_request *r = &ask(target)->request;
    r->headers[r->header_count++] = (struct http_field){name, value};
    return r;
}

static int release(void **state)
{
    (void)state;
    arena_release(&ask("/")->arena);
    return 0;
}

/* ---- targets ---- */

static void a_target_splits_into_decoded_segments(void **state)
{
    (void)state;
    const struct http_request *r = &ask("/v1/a%2fb/%25/+")->request;
    assert_int_equal(r->segment_count, 4);
    assert_string_equal(r->segments[1], "a/b");
    assert_string_equal(r->segments[2], "%");
    assert_string_equal(r->segments[3], "+");
    assert_string_equal(r->path, "/v1/a%2fb/%25/+");
}

static void a_query_is_decoded_as_a_form(void **state)
{
    (void)state;
    const struct http_request *r = &ask("/x?a=1+2%2B3&&b&c=%C3%A9&d==&e=?")->request;
    assert_int_equal(r->query_count, 5);
    assert_string_equal(http_query(r, "a"), "1 2+3");
    assert_string_equal(http_query(r, "b"), "");
    assert_string_equal(http_query(r, "c"), "\xc3\xa9");
    assert_string_equal(http_query(r, "d"), "=");
    assert_string_equal(http_query(r, "e"), "?");
    assert_null(http_query(r, "f"));
}

static void only_utf_8_comes_through(void **state)
{
    static const char *const bad[] = {"/%80",          "/%c0%af",    "/%ed%a0%80", "/%f4%90%80%80",
                                      "/%f5%80%80%80", "/%e2%82",    "/%c3",       "/%e0%80%80",
                                      "/?a=%ff",       "/?%c3%28=1", "/%F0%9F%98"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct asked *a = ask("/");
        const char *authority;
        assert_int_equal(target_parse(&a->request, bad[i], &authority, NULL), ERR_INVALID);
    }
    assert_string_equal(ask("/%F0%9F%98%80")->request.segments[0], "\xf0\x9f\x98\x80");
}

static void only_visible_ascii_comes_over_the_wire(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        const char text[] = {'/', 'a', (char)c, 'b', '\0'};
        const char *authority;
        struct asked *a = ask("/");
        bool plain = c > ' ' && c < 0x7f && c != '#' && c != '%';
        assert_int_equal(target_parse(&a->request, text, &authority, NULL),
                         plain ? ERR_OK : ERR_INVALID);
    }
}

static void targets_have_limits(void **state)
{
    char text[LIMIT_URL_BYTES + 2] = "/";
    const char *authority;
    struct asked *a = ask("/");
    (void)state;
    memset(text + 1, 'a', LIMIT_URL_BYTES);
    assert_int_equal(target_parse(&a->request, text, &authority, NULL), ERR_URI_TOO_LONG);
    text[LIMIT_URL_BYTES] = '\0';
    assert_int_equal(target_parse(&a->request, text, &authority, NULL), ERR_OK);
    assert_int_equal(
        target_parse(&a->request, "/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h", &authority, NULL),
        ERR_INVALID);
    size_t used = (size_t)snprintf(text, sizeof text, "/?");
    for (int i = 0; i <= LIMIT_QUERY_PARAMETERS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "p%d=1&", i);
    assert_int_equal(target_parse(&a->request, text, &authority, NULL), ERR_INVALID);
}

static void an_absolute_target_gives_its_authority(void **state)
{
    static const char *const targets[] = {"http://a:80/x?y=1", "HTTP://a:80/x?y=1"};
    struct asked *a;
    const char *authority;
    (void)state;
    for (int i = 0; i < 2; i++) {
        a = ask("/");
        assert_int_equal(target_parse(&a->request, targets[i], &authority, NULL), ERR_OK);
        assert_string_equal(authority, "a:80");
        assert_string_equal(a->request.path, "/x");
        assert_string_equal(http_query(&a->request, "y"), "1");
    }
    a = ask("/");
    assert_int_equal(target_parse(&a->request, "http://host?y=2", &authority, NULL), ERR_OK);
    assert_string_equal(authority, "host");
    assert_string_equal(a->request.path, "/");
    assert_string_equal(http_query(&a->request, "y"), "2");
}

/* ---- query helpers ---- */

static void whole_numbers_have_a_range(void **state)
{
    static const char *const bad[] = {"/?n=",     "/?n=abc",  "/?n=1.5",
                                      "/?n=11",   "/?n=-6",   "/?n=+1",
                                      "/?n=%201", "/?n=1%20", "/?n=99999999999999999999"};
    struct error e = {0};
    int64_t n = 7;
    (void)state;
    assert_int_equal(http_query_int(&ask("/")->request, "n", -5, 10, &n, &e), ERR_OK);
    assert_int_equal(n, 7); /* absent: the default stays */
    assert_int_equal(http_query_int(&ask("/?n=-5")->request, "n", -5, 10, &n, &e), ERR_OK);
    assert_int_equal(n, -5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(http_query_int(&ask(bad[i])->request, "n", -5, 10, &n, &e), ERR_INVALID);
        assert_string_equal(e.pointer, "?n");
    }
    assert_int_equal(n, -5);
}

static void numbers_booleans_and_texts_are_checked(void **state)
{
    struct error e = {0};
    double x = 0;
    bool b = false;
    const char *text = "default";
    (void)state;
    assert_int_equal(http_query_number(&ask("/?x=2.5e0")->request, "x", 0, 3, &x, &e), ERR_OK);
    assert_true(x == 2.5);
    assert_int_equal(http_query_number(&ask("/?x=nan")->request, "x", 0, 3, &x, &e), ERR_INVALID);
    assert_int_equal(http_query_number(&ask("/?x=3.1")->request, "x", 0, 3, &x, &e), ERR_INVALID);
    assert_int_equal(http_query_bool(&ask("/?b")->request, "b", &b, &e), ERR_OK);
    assert_true(b);
    assert_int_equal(http_query_bool(&ask("/?b=false")->request, "b", &b, &e), ERR_OK);
    assert_false(b);
    assert_int_equal(http_query_bool(&ask("/?b=yes")->request, "b", &b, &e), ERR_INVALID);
    assert_int_equal(http_query_text(&ask("/?t=abc")->request, "t", 3, &text, &e), ERR_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(http_query_text(&ask("/?t=abcd")->request, "t", 3, &text, &e), ERR_INVALID);
    assert_int_equal(http_query_text(&ask("/?t=")->request, "t", 3, &text, &e), ERR_INVALID);
}

static void an_enum_lists_its_names(void **state)
{
    static const char *const names[] = {"merge", "replace", NULL};
    struct error e = {0};
    int mode = 0;
    (void)state;
    assert_int_equal(http_query_enum(&ask("/?m=replace")->request, "m", names, &mode, &e), ERR_OK);
    assert_int_equal(mode, 1);
    assert_int_equal(http_query_enum(&ask("/?m=x")->request, "m", names, &mode, &e), ERR_INVALID);
    assert_string_equal(e.message, "expected one of merge, replace, got 'x'");
}

static void a_time_is_a_date_or_rfc_3339(void **state)
{
    struct http_when w = {0};
    struct error e = {0};
    (void)state;
    assert_int_equal(http_query_when(&ask("/")->request, "at", &w, &e), ERR_OK);
    assert_false(w.given);
    assert_int_equal(http_query_when(&ask("/?at=1970-01-02")->request, "at", &w, &e), ERR_OK);
    assert_true(w.given && w.is_date);
    assert_int_equal(w.days, 1);
    static const char *const same[] = {"/?at=1970-01-01T05:30:01Z",
                                       "/?at=1970-01-01T11:00:01%2B05:30",
                                       "/?at=1970-01-01T11:00:01+05:30"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(http_query_when(&ask(same[i])->request, "at", &w, &e), ERR_OK);
        assert_false(w.is_date);
        assert_int_equal(w.ns, (5 * 3600 + 30 * 60 + 1) * NS_PER_SECOND);
    }
    static const char *const bad[] = {"/?at=", "/?at=yesterday", "/?at=1970-01-01T05:30",
                                      "/?at=1970-02-30"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(http_query_when(&ask(bad[i])->request, "at", &w, &e), ERR_INVALID);
}

static void unknown_parameters_are_refused_with_the_nearest(void **state)
{
    static const char *const names[] = {"limit", "cursor", NULL};
    struct error e = {0};
    (void)state;
    assert_int_equal(http_query_only(&ask("/?cursor=a&limit=1")->request, names, &e), ERR_OK);
    assert_int_equal(http_query_only(&ask("/?limt=1")->request, names, &e), ERR_INVALID);
    assert_string_equal(e.message, "unknown parameter 'limt', did you mean 'limit'?");
    assert_string_equal(e.pointer, "?limt");
    assert_int_equal(http_query_only(&ask("/?zzzzzzzzz=1")->request, names, &e), ERR_INVALID);
}

/* ---- conditions and formats ---- */

static void wait_comes_from_the_query_or_a_preference(void **state)
{
    static const struct {
        const char *target, *prefer;
        int64_t seconds;
    } cases[] = {
        {"/", NULL, 0},
        {"/?wait=5", NULL, 5},
        {"/?wait=5", "wait=9", 5},
        {"/", "wait=9", 9},
        {"/", "respond-async, wait=10", 10},
        {"/", "respond-async, Wait = \"7\"", 7},
        {"/", "waiting=10", 0},
        {"/", "wait=x", 0},
        {"/?wait=9999", NULL, LIMIT_WAIT_SECONDS},
    };
    int64_t seconds;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_request *r = cases[i].prefer
                                           ? with_header(cases[i].target, "Prefer", cases[i].prefer)
                                           : &ask(cases[i].target)->request;
        seconds = -1;
        assert_int_equal(http_request_wait(r, &seconds, NULL), ERR_OK);
        assert_int_equal(seconds, cases[i].seconds);
    }
    assert_int_equal(http_request_wait(&ask("/?wait=-1")->request, &seconds, NULL), ERR_INVALID);
}

static void accept_is_weighed(void **state)
{
    static const char *const types[] = {"application/json", "text/csv", "application/x-ndjson",
                                        NULL};
    static const struct {
        const char *accept;
        int index; /* -1: refused */
    } cases[] = {
        {"*/*", 0},
        {"application/json", 0},
        {"text/csv", 1},
        {"TEXT/CSV; charset=utf-8", 1},
        {"text/*", 1},
        {"text/html, application/x-ndjson;q=0.5, text/csv;q=0.4", 2},
        {"*/*;q=0.1, text/csv", 1},
        {"application/json;q=0, */*", 1},
        {"application/*;q=0.2, text/csv;q=0.2", 0},
        {"text/csv;q=0.001", 1},
        {"text/html", -1},
        {"text/csv;q=0", -1},
        {"image/*, text/html;q=1.0", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int index = -1;
        enum err err =
            http_negotiate(with_header("/", "accept", cases[i].accept), types, &index, NULL);
        if (index != cases[i].index || (err == ERR_OK) != (index >= 0))
            fail_msg("%s: %d", cases[i].accept, index);
    }
}

static void format_beats_accept(void **state)
{
    static const char *const types[] = {"application/json", "text/csv", NULL};
    struct error e = {0};
    int index = -1;
    (void)state;
    assert_int_equal(http_negotiate(&ask("/")->request, types, &index, &e), ERR_OK);
    assert_int_equal(index, 0);
    assert_int_equal(http_negotiate(with_header("/?format=csv", "Accept", "application/json"),
                                    types, &index, &e),
                     ERR_OK);
    assert_int_equal(index, 1);
    assert_int_equal(http_negotiate(&ask("/?format=ndjson")->request, types, &index, &e),
                     ERR_NOT_ACCEPTABLE);
    assert_int_equal(http_negotiate(&ask("/?format=xml")->request, types, &index, &e),
                     ERR_NOT_ACCEPTABLE);
    assert_string_equal(e.pointer, "?format");
}

static void only_reads_have_conditions(void **state)
{
    struct http_request *r = (struct http_request *)with_header("/", "If-None-Match", "\"a,b\"");
    (void)state;
    assert_true(http_request_matches_etag(r, "\"a,b\""));
    assert_false(http_request_matches_etag(r, "\"a\""));
    r->method = HTTP_POST;
    assert_false(http_request_matches_etag(r, "\"a,b\""));
}

static void hosts_are_allowed_by_name(void **state)
{
    static const char *const names[] = {"bars.example", "other.example:81"};
    static const struct hosts hosts = {"10.0.0.7", names, 2};
    static const char *const good[] = {"localhost",    "LocalHost:1",      "127.0.0.1:8080",
                                       "[::1]",        "[::1]:80",         "10.0.0.7:9",
                                       "bars.example", "BARS.example:443", "other.example:81"};
    static const char *const bad[] = {
        "",          "localhost.evil", "localhost:",       "localhost:x",       "[::1",
        "[::1]x",    "other.example",  "localhost:123456", "bars.example.evil", "other.example:8",
        "127.0.0.2", "a@localhost"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!hosts_allow(&hosts, good[i]))
            fail_msg("'%s' is ours", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (hosts_allow(&hosts, bad[i]))
            fail_msg("'%s' is not ours", bad[i]);
    assert_true(hosts_allow(&(struct hosts){"fe80::2", NULL, 0}, "[fe80::2]:80"));
}

/* ---- routes ---- */

static enum err nothing(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)r, (void)out, (void)e;
    return ERR_OK;
}

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/", nothing, 0, 0, 0, NULL, NULL, "root"},
    {HTTP_GET, "/v1/jobs", nothing, 0, 0, 0, NULL, NULL, "list"},
    {HTTP_POST, "/v1/jobs", nothing, 0, 0, 0, NULL, NULL, "create"},
    {HTTP_GET, "/v1/jobs/{id}", nothing, 0, 0, 0, NULL, NULL, "get"},
    {HTTP_GET, "/v1/jobs/compare", nothing, 0, 0, 0, NULL, NULL, "compare"},
    {HTTP_GET, "/v1/jobs/{id}/fires/{fire}", nothing, 0, 0, 0, NULL, NULL, "fire"},
};
static const struct http_route_table TABLE = HTTP_ROUTE_TABLE(ROUTES);

static void count_route(const struct http_route *route, void *context)
{
    (void)route;
    (*(int *)context)++;
}

static void routes_match_by_segment(void **state)
{
    static const struct {
        const char *path, *operation;
    } cases[] = {
        {"/", "root"},
        {"/v1/jobs", "list"},
        {"/v1/jobs/7", "get"},
        {"/v1/jobs/compare", "compare"},
        {"/v1/jobs/compare/fires/2", "fire"},
        {"/v1/jobs/", NULL},
        {"/v1", NULL},
        {"/v1/job", NULL},
        {"/v1/jobs/7/fires", NULL},
        {"/v1/jobs//fires/1", NULL},
        {"*", NULL},
    };
    struct router *router = router_create(&TABLE, 1);
    char allow[ROUTER_ALLOW_MAX];
    int count = 0;
    (void)state;
    assert_non_null(router);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct router_match m = router_find(router, &ask(cases[i].path)->request, HTTP_GET, allow);
        assert_int_equal(m.found, cases[i].operation != NULL);
        if (m.found)
            assert_string_equal(m.route->operation_id, cases[i].operation);
    }
    struct http_request *r = &ask("/v1/jobs/compare/fires/2")->request;
    router_find(router, r, HTTP_HEAD, allow);
    assert_string_equal(http_param(r, "id"), "compare");
    assert_string_equal(http_param(r, "fire"), "2");
    struct router_match m = router_find(router, &ask("/v1/jobs")->request, HTTP_PUT, allow);
    assert_true(m.found && !m.route);
    assert_string_equal(allow, "GET, HEAD, POST, OPTIONS");
    http_routes_each(&TABLE, 1, count_route, &count);
    assert_int_equal(count, router_route_count(router));
    router_free(router);
}

static void create_with_a_double(void *context)
{
    static const struct http_route twice[] = {
        {HTTP_GET, "/a/{x}", nothing, 0, 0, 0, NULL, NULL, "one"},
        {HTTP_GET, "/a/{y}", nothing, 0, 0, 0, NULL, NULL, "two"},
    };
    (void)context;
    router_create(&HTTP_ROUTE_TABLE(twice), 1);
}

static void two_routes_for_one_path_abort(void **state)
{
    (void)state;
    assert_true(child_aborts(create_with_a_double, NULL, (const char *const[]){"add_route", NULL}));
}

/* ---- answers ---- */

static void a_problem_has_all_its_members(void **state)
{
    struct error e;
    struct strbuf out;
    struct http_problem_detail details[] = {{NULL, 4, 2, "high below low"},
                                            {"?mode", 0, 0, "unknown"}};
    (void)state;
    strbuf_init(&out, 4096);
    error_at(&e, ERR_RULE, 1, 5, "unknown name");
    http_problem_write(&out, &e, "id-1", NULL, 0);
    assert_string_equal(
        strbuf_text(&out),
        "{\"type\":\"urn:bracketd:problem:invalid_rule\",\"title\":\"The rule is not valid\","
        "\"status\":422,\"detail\":\"unknown name\",\"code\":\"invalid_rule\","
        "\"request_id\":\"id-1\",\"line\":1,\"column\":5,"
        "\"errors\":[{\"line\":1,\"column\":5,\"detail\":\"unknown name\"}]}\n");
    strbuf_clear(&out);
    error_set(&e, ERR_DATA, "2 bad rows");
    http_problem_write(&out, &e, "id-1", details, 2);
    assert_non_null(strstr(strbuf_text(&out),
                           "\"errors\":[{\"line\":4,\"column\":2,\"detail\":\"high below low\"},"
                           "{\"parameter\":\"mode\",\"detail\":\"unknown\"}]}"));
    strbuf_release(&out);
}

static void a_shared_body_outlives_its_maker(void **state)
{
    struct strbuf text;
    struct http_response out;
    size_t size;
    (void)state;
    strbuf_init(&text, 100);
    strbuf_add_string(&text, "{}");
    struct http_body *body = http_body_create(&text, "application/json", "\"1\"");
    assert_int_equal(text.length, 0);
    http_response_init(&out);
    http_respond_shared(&out, 200, body);
    http_body_unref(body);
    assert_string_equal(http_body_text(out.shared, &size), "{}");
    assert_int_equal(size, 2);
    assert_string_equal(out.etag, "\"1\"");
    http_response_release(&out);
}

static void dates_read_as_rfc_9110_wants_them(void **state)
{
    char date[HTTP_DATE_BYTES];
    (void)state;
    http_date_format(784111777, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_date_format(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date_format(1709251199, date);
    assert_string_equal(date, "Thu, 29 Feb 2024 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_routes_for_one_path_abort),
        cmocka_unit_test(a_target_splits_into_decoded_segments),
        cmocka_unit_test(a_query_is_decoded_as_a_form),
        cmocka_unit_test(only_utf_8_comes_through),
        cmocka_unit_test(only_visible_ascii_comes_over_the_wire),
        cmocka_unit_test(targets_have_limits),
        cmocka_unit_test(an_absolute_target_gives_its_authority),
        cmocka_unit_test(whole_numbers_have_a_range),
        cmocka_unit_test(numbers_booleans_and_texts_are_checked),
        cmocka_unit_test(an_enum_lists_its_names),
        cmocka_unit_test(a_time_is_a_date_or_rfc_3339),
        cmocka_unit_test(unknown_parameters_are_refused_with_the_nearest),
        cmocka_unit_test(wait_comes_from_the_query_or_a_preference),
        cmocka_unit_test(accept_is_weighed),
        cmocka_unit_test(format_beats_accept),
        cmocka_unit_test(only_reads_have_conditions),
        cmocka_unit_test(hosts_are_allowed_by_name),
        cmocka_unit_test(routes_match_by_segment),
        cmocka_unit_test(a_problem_has_all_its_members),
        cmocka_unit_test(a_shared_body_outlives_its_maker),
        cmocka_unit_test(dates_read_as_rfc_9110_wants_them),
    };
    return cmocka_run_group_tests_name("http_request", tests, NULL, release);
}
