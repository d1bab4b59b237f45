#include "tests/server/http_fixture.h"

#include "base/json_writer.h"
#include "base/thread.h"
#include "tests/support/test.h"

#include <string.h>

static struct fixture *fixture_of(struct http_request *r)
{
    return r->app;
}

/* ---- handlers ---- */

static enum err ping(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)r;
    strbuf_add_string(&out->body, "pong");
    return http_respond_text(out, 200, "text/plain", e);
}

static void write_fields(struct json_writer *w, const char *name, const struct http_field *fields,
                         size_t count)
{
    json_key(w, name);
    json_begin_object(w);
    for (size_t i = 0; i < count; i++)
        json_member_string(w, fields[i].name, fields[i].value);
    json_end_object(w);
}

static enum err show(struct http_request *r, struct http_response *out, struct error *e)
{
    struct json_writer w;
    json_writer_init(&w, &out->body);
    json_begin_object(&w);
    json_member_string(&w, "operation", r->route->operation_id);
    json_member_string(&w, "path", r->path);
    json_member_string(&w, "key", r->identity.id);
    json_member_string(&w, "content_type", r->content_type);
    write_fields(&w, "params", r->params, r->param_count);
    write_fields(&w, "query", r->query, r->query_count);
    json_member_string(&w, "body", r->body);
    json_end_object(&w);
    return http_respond_json(out, 200, e);
}

static enum err parts(struct http_request *r, struct http_response *out, struct error *e)
{
    atomic_fetch_add(&fixture_of(r)->handled, 1);
    strbuf_add_format(&out->body, "parts of %s", http_param(r, "id"));
    return http_respond_text(out, 200, "text/plain", e);
}

static enum err create(struct http_request *r, struct http_response *out, struct error *e)
{
    if (r->body_bytes == 0)
        return error_field(e, ERR_INVALID, "/name", "a name is needed");
    http_add_header(r, out, "Location", "/v1/items/%zu", r->body_bytes);
    strbuf_add(&out->body, r->body, r->body_bytes);
    return http_respond_json(out, 201, e);
}

static enum err removed(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)r;
    (void)e;
    http_respond_empty(out, 204);
    return ERR_OK;
}

static enum err cached(struct http_request *r, struct http_response *out, struct error *e)
{
    struct http_body *body = fixture_of(r)->cached;
    (void)e;
    if (!http_respond_not_modified(r, out, http_body_etag(body)))
        http_respond_shared(out, 200, body);
    return ERR_OK;
}

static enum err failing(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)r;
    strbuf_add_string(&out->body, "half an answer");
    return error_set(e, ERR_INTERNAL, "a secret of the inside");
}

static enum err big(struct http_request *r, struct http_response *out, struct error *e)
{
    int64_t bytes = 0;
    enum err err = http_query_int(r, "bytes", 0, 64 << 20, &bytes, e);
    if (err)
        return err;
    char *room = strbuf_reserve(&out->body, (size_t)bytes);
    assert_non_null(room);
    memset(room, 'x', (size_t)bytes);
    strbuf_commit(&out->body, (size_t)bytes);
    return http_respond_text(out, 200, "text/plain", e);
}

static enum err blocking(struct http_request *r, struct http_response *out, struct error *e)
{
    struct fixture *f = fixture_of(r);
    atomic_fetch_add(&f->blocked, 1);
    mutex_lock(&f->mutex);
    while (!f->gate_open)
        condition_wait(&f->changed, &f->mutex);
    mutex_unlock(&f->mutex);
    strbuf_add_string(&out->body, "through");
    return http_respond_text(out, 200, "text/plain", e);
}

/* ---- answering later ---- */

static void answer(struct http_request *r, const char *text)
{
    struct http_response *out = http_request_response(r);
    strbuf_add_string(&out->body, text);
    http_respond_text(out, 200, "text/plain", NULL);
    http_request_complete(r);
}

static bool take_waiter(struct fixture *f, struct waiter *wanted)
{
    bool found = false;
    mutex_lock(&f->mutex);
    for (struct waiter **p = &f->waiters; *p && !found; p = &(*p)->next) {
        if (*p == wanted) {
            *p = wanted->next;
            found = true;
            break;
        }
    }
    mutex_unlock(&f->mutex);
    return found;
}

static void on_cancel(struct http_request *r, enum http_cancel why, void *context)
{
    static const char *const texts[] = {"deadline", "gone", "stop"};
    struct fixture *f = fixture_of(r);
    atomic_fetch_add(&f->canceled[why], 1);
    if (!f->deaf && take_waiter(f, context))
        answer(r, texts[why]);
}

static enum err later(struct http_request *r, struct http_response *out, struct error *e)
{
    struct fixture *f = fixture_of(r);
    int64_t deadline_ms = 0;
    (void)out;
    enum err err = http_query_int(r, "deadline_ms", 1, 60000, &deadline_ms, e);
    if (err)
        return err;
    struct waiter *w = arena_alloc(r->arena, sizeof *w);
    assert_non_null(w);
    w->request = r;
    int64_t now_ns = clock_monotonic_ns(r->clock);
    http_request_defer(r, deadline_ms ? now_ns + deadline_ms * NS_PER_MS : 0, on_cancel, w);
    mutex_lock(&f->mutex);
    w->next = f->waiters;
    f->waiters = w;
    mutex_unlock(&f->mutex);
    return ERR_OK;
}

/* The name of the thread that answers, which is an api thread's with ?move. */
static enum err moving(struct http_request *r, struct http_response *out, struct error *e)
{
    char name[THREAD_NAME_MAX];
    if (http_query(r, "move") && !http_request_on_api(r)) {
        http_request_move_to_api(r);
        return ERR_OK;
    }
    thread_get_name(name);
    strbuf_add_format(&out->body, "%.3s", name);
    return http_respond_text(out, 200, "text/plain", e);
}

static enum err at_once(struct http_request *r, struct http_response *out, struct error *e)
{
    (void)out;
    (void)e;
    http_request_defer(r, 0, on_cancel, NULL);
    answer(r, "at once");
    return ERR_OK;
}

/* ---- parts ---- */

struct making {
    struct fixture *fixture;
    int64_t parts, bytes, fail, made;
    char thread[THREAD_NAME_MAX];
};

/* The letters tell which part a byte is of. */
static enum err make_part(void *context, struct strbuf *out, bool *ret_more, struct error *e)
{
    struct making *m = context;
    thread_get_name(m->thread);
    assert_memory_equal(m->thread, "api", 3);
    if (++m->made == m->fail)
        return error_set(e, ERR_CONFLICT, "no such part");
    if (m->bytes > 0) {
        char *room = strbuf_reserve(out, (size_t)m->bytes);
        assert_non_null(room);
        memset(room, 'a' + (int)((m->made - 1) % 26), (size_t)m->bytes);
        strbuf_commit(out, (size_t)m->bytes);
    }
    atomic_fetch_add(&m->fixture->parts_made, 1);
    *ret_more = m->made < m->parts;
    return ERR_OK;
}

static enum err made(struct http_request *r, struct http_response *out, struct error *e)
{
    struct making *m = arena_alloc(r->arena, sizeof *m);
    enum err err;
    m->fixture = fixture_of(r);
    if ((err = http_query_int(r, "parts", 1, 1 << 20, &m->parts, e)) ||
        (err = http_query_int(r, "bytes", 0, 1 << 20, &m->bytes, e)) ||
        (err = http_query_int(r, "fail", 1, 1 << 20, &m->fail, e)))
        return err;
    return http_respond_parts(out, "text/plain", make_part, m, e);
}

/* ---- streaming ---- */

struct upload {
    size_t count_bytes;
    uint64_t sum;
};

static enum err upload_begin(struct http_request *r, struct error *e)
{
    struct fixture *f = fixture_of(r);
    if (atomic_load(&f->fail_begin))
        return error_set(e, ERR_CONFLICT, "no upload now");
    atomic_fetch_add(&f->uploads_begun, 1);
    r->user = arena_alloc(r->arena, sizeof(struct upload));
    return ERR_OK;
}

static enum err upload_chunk(struct http_request *r, const void *bytes, size_t size_bytes,
                             struct error *e)
{
    struct upload *u = r->user;
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size_bytes; i++)
        u->sum += p[i];
    u->count_bytes += size_bytes;
    if (atomic_load(&fixture_of(r)->fail_chunk))
        return error_at(e, ERR_DATA, 3, 7, "a bad row");
    return ERR_OK;
}

static void upload_abort(struct http_request *r)
{
    atomic_fetch_add(&fixture_of(r)->uploads_aborted, 1);
}

static enum err upload_done(struct http_request *r, struct http_response *out, struct error *e)
{
    struct upload *u = r->user;
    atomic_fetch_add(&fixture_of(r)->uploads_done, 1);
    strbuf_add_format(&out->body, "%zu %llu", u->count_bytes, (unsigned long long)u->sum);
    return http_respond_text(out, 200, "text/plain", e);
}

static const struct http_stream upload_stream = {upload_begin, upload_chunk, upload_abort};

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/ping", ping, 0, HTTP_ROUTE_OPEN | HTTP_ROUTE_INLINE, 0, NULL, NULL, "ping"},
    {HTTP_GET, "/v1/items/{id}", show, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getItem"},
    {HTTP_POST, "/v1/items", create, 1, 0, 1000, "application/json", NULL, "createItem"},
    {HTTP_GET, "/v1/items/special", show, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getSpecial"},
    {HTTP_DELETE, "/v1/items/{id}", removed, 2, 0, 0, NULL, NULL, "deleteItem"},
    {HTTP_GET, "/v1/items/{id}/parts", parts, 1, 0, 0, NULL, NULL, "listParts"},
    {HTTP_GET, "/v1/cached", cached, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getCached"},
    {HTTP_GET, "/v1/failing", failing, 1, 0, 0, NULL, NULL, "getFailing"},
    {HTTP_GET, "/other/failing", failing, 1, 0, 0, NULL, NULL, "getOtherFailing"},
    {HTTP_GET, "/v1/later", later, 1, 0, 0, NULL, NULL, "getLater"},
    {HTTP_GET, "/v1/later-inline", later, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getLaterInline"},
    {HTTP_GET, "/v1/at-once", at_once, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getAtOnce"},
    {HTTP_GET, "/v1/moving", moving, 1, HTTP_ROUTE_INLINE, 0, NULL, NULL, "getMoving"},
    {HTTP_GET, "/v1/blocking", blocking, 1, 0, 0, NULL, NULL, "getBlocking"},
    {HTTP_GET, "/v1/big", big, 1, 0, 0, NULL, NULL, "getBig"},
    {HTTP_GET, "/v1/made", made, 1, 0, 0, NULL, NULL, "getMade"},
};

static const struct http_route UPLOADS[] = {
    {HTTP_POST, "/v1/upload", upload_done, 1, 0, 0, "text/csv, application/gzip", &upload_stream,
     "upload"},
};

/* ---- life cycle ---- */

static enum err authenticate(void *app, const struct http_request *r, const char *token,
                             struct http_identity *ret_identity, struct error *e)
{
    (void)app;
    (void)r;
    bool admin = token && strcmp(token, "admin") == 0;
    if (!admin && !(token && strcmp(token, "reader") == 0))
        return error_set(e, ERR_UNAUTHORIZED, "send the key as 'Authorization: Bearer <key>'");
    snprintf(ret_identity->id, sizeof ret_identity->id, "%s", token);
    ret_identity->scopes = admin ? 3 : 1;
    return ERR_OK;
}

static int other_status(const struct error *e)
{
    return err_http_status(e->code) == 404 ? 410 : err_http_status(e->code);
}

static void other_write(const struct error *e, struct strbuf *out)
{
    strbuf_add_format(out, "other: %s", e->message);
}

void fixture_init(struct fixture *f)
{
    static const struct http_error_style other = {"other", "text/plain", other_status, other_write};
    static const char *const scope_names[] = {"read", "admin"};
    memset(f, 0, sizeof *f);
    http_config_defaults(&f->config);
    f->config.port = 0;
    f->config.loop_count = 2;
    f->config.scan_ms = 10;
    f->config.error_style = &other;
    f->config.authenticate = authenticate;
    f->config.scope_names = scope_names;
    f->config.scope_name_count = 2;
    f->config.app = f;
    mutex_init(&f->mutex, MUTEX_JOBS);
    condition_init(&f->changed);
    struct strbuf text;
    strbuf_init(&text, 1000);
    strbuf_add_string(&text, "{\"cached\":true}");
    f->cached = http_body_create(&text, "application/json", "\"7-1\"");
    strbuf_release(&text);
    assert_non_null(f->cached);
}

void fixture_start(struct fixture *f)
{
    const struct http_route_table tables[] = {HTTP_ROUTE_TABLE(ROUTES), HTTP_ROUTE_TABLE(UPLOADS),
                                              f->more};
    struct error e = {0};
    if (http_server_create(&f->config, tables, 3, &f->server, &e) ||
        http_server_start(f->server, &e))
        fail_msg("no server: %s", e.message);
    f->port = http_server_port(f->server);
    assert_true(f->port > 0);
}

void fixture_stop(struct fixture *f)
{
    http_server_stop(f->server);
}

void fixture_release(struct fixture *f)
{
    if (f->server)
        http_server_stop(f->server);
    http_server_free(f->server);
    http_body_unref(f->cached);
    condition_release(&f->changed);
    mutex_release(&f->mutex);
}

int fixture_set_up(void **state)
{
    struct fixture *f = test_malloc(sizeof *f);
    fixture_init(f);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state)
{
    fixture_release(*state);
    test_free(*state);
    return 0;
}

/* ---- what tests steer ---- */

int fixture_waiting(struct fixture *f)
{
    int count = 0;
    mutex_lock(&f->mutex);
    for (struct waiter *w = f->waiters; w; w = w->next)
        count++;
    mutex_unlock(&f->mutex);
    return count;
}

void fixture_complete(struct fixture *f, const char *text)
{
    mutex_lock(&f->mutex);
    struct waiter *w = f->waiters;
    f->waiters = NULL;
    mutex_unlock(&f->mutex);
    while (w) {
        struct waiter *next = w->next;
        answer(w->request, text);
        w = next;
    }
}

void fixture_open_gate(struct fixture *f)
{
    mutex_lock(&f->mutex);
    f->gate_open = true;
    condition_broadcast(&f->changed);
    mutex_unlock(&f->mutex);
}

struct goal {
    struct fixture *fixture;
    atomic_int *value;
    int wanted;
};

static bool value_is_reached(void *context)
{
    struct goal *g = context;
    return atomic_load(g->value) >= g->wanted;
}

bool fixture_reaches(atomic_int *value, int wanted)
{
    struct goal g = {NULL, value, wanted};
    return test_wait(value_is_reached, &g, 10000);
}

static bool enough_wait(void *context)
{
    struct goal *g = context;
    return fixture_waiting(g->fixture) >= g->wanted;
}

bool fixture_waits_for(struct fixture *f, int waiting)
{
    struct goal g = {f, NULL, waiting};
    return test_wait(enough_wait, &g, 10000);
}
