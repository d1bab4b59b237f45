#include "server/results/listing.h"

#include "server/api/cursor.h"
#include "server/app.h"

#include <stdlib.h>

/* "major:minor", as listing_respond writes it. */
static enum err read_place(const struct http_request *r, struct listing *l, struct error *e)
{
    char place[CURSOR_PLACE], *end;
    enum err err = cursor_read(r, l->kind, place, e);
    if (err || !place[0])
        return err;
    l->place.major = strtoll(place, &end, 10);
    if (end == place || *end != ':')
        return cursor_refuse(e);
    char *second = end + 1;
    l->place.minor = strtoll(second, &end, 10);
    if (end == second || *end != '\0' || l->place.major < 0 || l->place.minor < 0)
        return cursor_refuse(e);
    return ERR_OK;
}

enum err listing_query(const struct http_request *r, struct listing *l, struct error *e)
{
    enum err err;
    l->left = LIMIT_PAGE_ITEMS_DEFAULT;
    if ((err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &l->left, e)) ||
        (err = read_place(r, l, e)) || (err = rows_negotiate(r, &l->format, e)))
        return err;
    l->whole = l->format != ROWS_JSON && !http_query(r, "limit");
    return ERR_OK;
}

bool listing_is_full(const struct listing *l)
{
    return l->whole ? l->rows.out->length >= HTTP_PART_BYTES : l->left == 0;
}

void listing_row_done(struct listing *l)
{
    l->left--;
}

static enum err read_snapshot(struct listing *l, bool *ret_more, struct error *e)
{
    struct readers *readers = l->job->app->storage.readers;
    struct db_read reader = {0};
    enum job_status status;
    enum err err = readers_lease(readers, &reader, e);
    if (!err)
        err = db_read_begin(&reader, e);
    if (!err)
        err = job_repo_status(&reader, &l->job->id, &status, e);
    if (!err)
        err = l->read(l, &reader, ret_more, e);
    readers_return(readers, &reader); /* ends the snapshot too */
    return err;
}

static enum err produce(void *context, struct strbuf *out, bool *ret_more, struct error *e)
{
    struct listing *l = context;
    rows_go_on(&l->rows, out);
    return read_snapshot(l, ret_more, e);
}

enum err listing_respond(struct http_request *r, struct http_response *out, struct listing *l,
                         struct error *e)
{
    rows_begin(&l->rows, out, l->format, l->columns, l->column_count);
    if (l->whole)
        return http_respond_parts(out, rows_media_type(l->format), produce, l, e);
    bool more = false;
    enum err err = read_snapshot(l, &more, e);
    char cursor[CURSOR_TEXT];
    if (!err && more)
        cursor_write(cursor, l->kind, "%lld:%lld", (long long)l->place.major,
                     (long long)l->place.minor);
    return err ? err : rows_respond(&l->rows, r, out, more ? cursor : NULL, e);
}
