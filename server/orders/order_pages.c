#include "server/orders/order_pages.h"

#include "base/mutex.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 64 };

struct slot {
    char key[ORDER_PAGE_KEY];
    int64_t sequence;
    struct http_body *page; /* one reference; NULL = free */
};

struct order_pages {
    struct mutex mutex; /* PAGES */
    struct slot slots[SLOTS];
};

/* FNV-1a. */
static struct slot *slot_of(struct order_pages *p, const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return &p->slots[hash % SLOTS];
}

enum err order_pages_create(struct order_pages **ret, struct error *e)
{
    struct order_pages *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(e, ERR_NO_MEMORY, "no memory for lists of orders");
    mutex_init(&p->mutex, MUTEX_PAGES);
    *ret = p;
    return ERR_OK;
}

void order_pages_free(struct order_pages *p)
{
    if (!p)
        return;
    for (int i = 0; i < SLOTS; i++)
        http_body_unref(p->slots[i].page);
    mutex_release(&p->mutex);
    free(p);
}

struct http_body *order_pages_find(struct order_pages *p, const char *key, int64_t sequence)
{
    struct http_body *page = NULL;
    struct slot *s = slot_of(p, key);
    mutex_lock(&p->mutex);
    if (s->page && s->sequence == sequence && strcmp(s->key, key) == 0)
        page = http_body_ref(s->page);
    mutex_unlock(&p->mutex);
    return page;
}

void order_pages_keep(struct order_pages *p, const char *key, int64_t sequence,
                      struct http_body *page)
{
    size_t size_bytes;
    http_body_text(page, &size_bytes);
    if (strlen(key) >= ORDER_PAGE_KEY || size_bytes > ORDER_PAGE_BYTES)
        return;
    struct http_body *old = NULL;
    struct slot *s = slot_of(p, key);
    mutex_lock(&p->mutex);
    if (!s->page || s->sequence <= sequence) {
        old = s->page;
        s->page = http_body_ref(page);
        s->sequence = sequence;
        snprintf(s->key, sizeof s->key, "%s", key);
    }
    mutex_unlock(&p->mutex);
    http_body_unref(old);
}
