#include "server/http/reply_cache.h"

#include "base/civil.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

void http_date_format(int64_t seconds, char out[HTTP_DATE_BYTES])
{
    static const char weekdays[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int32_t days = (int32_t)(seconds / 86400);
    unsigned left = (unsigned)(seconds % 86400);
    struct civil_date date = civil_from_days(days);
    assert(seconds >= 0 && date.year <= 9999);
    snprintf(out, HTTP_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             weekdays[civil_weekday(days) - 1], (unsigned)date.day % 100, months[date.month - 1],
             (unsigned)date.year % 10000, left / 3600, left / 60 % 60, left % 60);
}

static bool add(struct MHD_Response *m, const char *name, const char *value)
{
    return MHD_add_response_header(m, name, value) == MHD_YES;
}

bool reply_add_common(struct MHD_Response *m, const char *request_id, const char *date,
                      const char *cache_control)
{
    return add(m, "Date", date) && add(m, "X-Request-Id", request_id) &&
           add(m, "X-Content-Type-Options", "nosniff") && add(m, "Cache-Control", cache_control);
}

static void free_shared(void *body)
{
    http_body_unref(body);
}

struct MHD_Response *reply_from_shared(struct http_body *body)
{
    return MHD_create_response_from_buffer_with_free_callback_cls(body->size_bytes, body->bytes,
                                                                  free_shared, body);
}

static void drop(struct reply_slot *slot)
{
    if (slot->response)
        MHD_destroy_response(slot->response);
    http_body_unref(slot->body);
    *slot = (struct reply_slot){0};
}

void reply_cache_clear(struct reply_cache *cache)
{
    for (int i = 0; i < REPLY_CACHE_SLOTS; i++) {
        drop(&cache->slots[i]);
        drop(&cache->unchanged[i]);
    }
}

/* libmicrohttpd's own copy of a header's value: memory that it allocated and nothing else reads
 * now. */
static char *value_of(struct MHD_Response *m, const char *name, size_t length)
{
    char *value = (char *)MHD_get_response_header(m, name);
    return value && strlen(value) == length ? value : NULL;
}

/* What every answer carries, and where it is stamped; false when memory is out. */
static bool fill(struct reply_slot *slot, const char *request_id, const char *date)
{
    if (!slot->response || !reply_add_common(slot->response, request_id, date, "no-store"))
        return false;
    slot->request_id = value_of(slot->response, "X-Request-Id", MADE_REQUEST_ID_BYTES);
    slot->date = value_of(slot->response, "Date", HTTP_DATE_BYTES - 1);
    return slot->request_id && slot->date;
}

static bool fill_with_body(struct reply_slot *slot, struct http_body *body, const char *request_id,
                           const char *date)
{
    slot->body = http_body_ref(body);
    slot->response = reply_from_shared(http_body_ref(body));
    if (!slot->response) {
        http_body_unref(body);
        return false;
    }
    return fill(slot, request_id, date) &&
           add(slot->response, "Content-Type", body->content_type) &&
           (!body->etag[0] || add(slot->response, "ETag", body->etag));
}

static bool fill_unchanged(struct reply_slot *slot, const char *etag, const char *request_id,
                           const char *date)
{
    snprintf(slot->etag, sizeof slot->etag, "%s", etag);
    slot->response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    return fill(slot, request_id, date) && add(slot->response, "ETag", etag);
}

/* The kept response as the answer to this request; NULL when the slot could not be filled. */
static struct MHD_Response *stamp(struct reply_slot *slot, bool filled, const char *request_id,
                                  const char *date)
{
    if (!filled) {
        drop(slot);
        return NULL;
    }
    memcpy(slot->request_id, request_id, MADE_REQUEST_ID_BYTES);
    memcpy(slot->date, date, HTTP_DATE_BYTES - 1);
    return slot->response;
}

struct MHD_Response *reply_cache_get(struct reply_cache *cache, struct http_body *body,
                                     const char *request_id, const char date[HTTP_DATE_BYTES])
{
    uintptr_t address = (uintptr_t)body;
    struct reply_slot *slot = &cache->slots[(address >> 4 ^ address >> 12) % REPLY_CACHE_SLOTS];
    if (slot->body == body)
        return stamp(slot, true, request_id, date);
    drop(slot);
    return stamp(slot, fill_with_body(slot, body, request_id, date), request_id, date);
}

struct MHD_Response *reply_cache_get_unchanged(struct reply_cache *cache, const char *etag,
                                               const char *request_id,
                                               const char date[HTTP_DATE_BYTES])
{
    size_t hash = 0;
    for (const char *p = etag; *p; p++)
        hash = hash * 31 + (unsigned char)*p;
    struct reply_slot *slot = &cache->unchanged[hash % REPLY_CACHE_SLOTS];
    if (strcmp(slot->etag, etag) == 0)
        return stamp(slot, true, request_id, date);
    drop(slot);
    return stamp(slot, fill_unchanged(slot, etag, request_id, date), request_id, date);
}
