#include "server/orders/order_question.h"

#include "server/api/cursor.h"
#include "server/api/range.h"

#include <ctype.h>
#include <string.h>

/* "open": every status that is not final. */
static uint32_t statuses_named(const char *name, size_t length)
{
    uint32_t statuses = 0;
    bool open = length == 4 && memcmp(name, "open", 4) == 0;
    for (int status = BRACKET_NONE + 1; status < BRACKET_STATUS_COUNT; status++) {
        const char *own = bracket_status_name((enum bracket_status)status);
        bool is_named = strlen(own) == length && memcmp(own, name, length) == 0;
        if (open ? !bracket_status_final((enum bracket_status)status) : is_named)
            statuses |= 1u << status;
    }
    return statuses;
}

static enum err read_statuses(const struct http_request *r, uint32_t *ret, struct error *e)
{
    const char *text = http_query(r, "status");
    uint32_t statuses = 0;
    while (text) {
        size_t length = strcspn(text, ",");
        uint32_t some = statuses_named(text, length);
        if (!some)
            return error_field(e, ERR_INVALID, "?status",
                               "expected statuses of orders, or open, with commas between; got "
                               "'%.40s'",
                               text);
        statuses |= some;
        text = text[length] ? text + length + 1 : NULL;
    }
    *ret = statuses;
    return ERR_OK;
}

static enum err read_symbol(const struct http_request *r, const char **ret, struct error *e)
{
    const char *text = NULL;
    enum err err = http_query_text(r, "symbol", LIMIT_SYMBOL_BYTES - 1, &text, e);
    if (err || !text)
        return err;
    char *upper = arena_strdup(r->arena, text);
    if (!upper)
        return error_set(e, ERR_NO_MEMORY, "no memory for the request");
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    *ret = upper;
    return ERR_OK;
}

static enum err read_range(const struct http_request *r, struct order_query *q, struct error *e)
{
    struct time_range_ends ends;
    struct time_range range;
    enum err err = time_range_query(r, &ends, e);
    if (!err)
        err = time_range_settle(&ends, zone_utc(), "?to", &range, e);
    if (err)
        return err;
    q->has_from = ends.from.given;
    q->from_ns = range.from_ns;
    q->has_to = ends.to.given;
    q->to_ns = range.to_ns;
    return ERR_OK;
}

static enum err read_place(const struct http_request *r, struct order_query *q, struct error *e)
{
    char place[CURSOR_PLACE];
    enum err err = cursor_read(r, "order", place, e);
    if (err || !place[0])
        return err;
    q->has_before = true;
    return uuid_parse(place, strlen(place), &q->before) ? ERR_OK : cursor_refuse(e);
}

static enum err read_since(const struct http_request *r, struct order_question *q, struct error *e)
{
    enum err err = http_query_int(r, "since", 0, INT64_MAX, &q->since, e);
    if (!err)
        err = http_request_wait(r, &q->wait_seconds, e);
    if (err)
        return err;
    q->has_since = http_query(r, "since") != NULL;
    if (q->has_since && q->query.has_before)
        return error_field(e, ERR_INVALID, "?cursor",
                           "not with since: go on with the 'sequence' of the answer");
    if (q->has_since)
        return ERR_OK;
    if (http_query(r, "wait"))
        return error_field(e, ERR_INVALID, "?wait",
                           "goes with since=<sequence>: waits until an order changes");
    q->wait_seconds = 0; /* a preference, which may go unheeded */
    return ERR_OK;
}

/* It names one order: whatever else is asked of it says nothing. */
static enum err check_client_order_id(const struct order_question *q, struct error *e)
{
    const struct order_query *query = &q->query;
    if (q->client_order_id && (query->statuses || query->underlying || query->has_from ||
                               query->has_to || query->has_before || q->has_since))
        return error_field(e, ERR_INVALID, "?client_order_id",
                           "names one order: leave the other filters out");
    return ERR_OK;
}

enum err order_question_read(const struct http_request *r, struct order_question *ret,
                             struct error *e)
{
    static const char *const names[] = {"limit", "cursor",          "format", "status", "symbol",
                                        "from",  "client_order_id", "to",     "since",  "wait",
                                        NULL};
    struct order_question q = {.query.limit = 0};
    int64_t limit = LIMIT_PAGE_ITEMS_DEFAULT;
    enum err err;
    if ((err = http_query_only(r, names, e)) ||
        (err = http_query_int(r, "limit", 1, LIMIT_PAGE_ITEMS, &limit, e)) ||
        (err = read_statuses(r, &q.query.statuses, e)) ||
        (err = read_symbol(r, &q.query.underlying, e)) ||
        (err =
             http_query_text(r, "client_order_id", CLIENT_ORDER_ID_BYTES, &q.client_order_id, e)) ||
        (err = read_range(r, &q.query, e)) || (err = read_place(r, &q.query, e)) ||
        (err = read_since(r, &q, e)) || (err = rows_negotiate(r, &q.format, e)) ||
        (err = check_client_order_id(&q, e)))
        return err;
    q.query.limit = (int32_t)limit;
    q.whole = q.format != ROWS_JSON && !q.has_since && !http_query(r, "limit");
    *ret = q;
    return ERR_OK;
}
