#include "server/events/event_text.h"

#include "base/json_writer.h"
#include "server/orders/order_event_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_SLOTS = 64 };

/* What is told of an order with each of its events. */
struct brief {
    bool there;
    struct uuid id;
    bool readable;
    char client_order_id[CLIENT_ORDER_ID_BYTES + 1], symbol[LIMIT_SYMBOL_BYTES];
    enum bracket_status status;
    enum close_reason close_reason;
    int64_t rev, updated_at_ns;
    struct bracket_summary summary;
};

/* The store's cursor is closed before orders are looked up, which may need the store again. */
struct page {
    struct desk *desk;
    size_t count;
    struct uuid ids[EVENT_PAGE];
    struct order_record records[EVENT_PAGE];
    unsigned char bodies[EVENT_PAGE][ORDER_EVENT_BYTES_MAX];
    struct brief known[KNOWN_SLOTS]; /* by their ids' last bytes: pages repeat orders */
    struct desk_view view;
    struct strbuf text;
};

static bool collect(void *context, const struct uuid *id, const struct order_record *record)
{
    struct page *p = context;
    struct order_record *copy = &p->records[p->count];
    unsigned char *body = p->bodies[p->count];
    p->ids[p->count++] = *id;
    *copy = *record;
    if (record->body_bytes > ORDER_EVENT_BYTES_MAX)
        copy->body_bytes = 0; /* damage: it will not decode */
    memcpy(body, record->body, copy->body_bytes);
    copy->body = body;
    return p->count < EVENT_PAGE;
}

static const struct brief *brief_of(struct page *p, const struct uuid *id)
{
    struct brief *b = &p->known[id->bytes[15] % KNOWN_SLOTS];
    if (b->there && memcmp(&b->id, id, sizeof *id) == 0)
        return b;
    const struct desk_view *view = &p->view;
    *b = (struct brief){.there = true, .id = *id};
    b->readable = desk_load(p->desk, id, &p->view, NULL) == ERR_OK;
    if (!b->readable)
        return b;
    b->status = view->header.status;
    b->close_reason = view->state.close_reason;
    b->rev = view->header.rev;
    b->updated_at_ns = view->header.updated_at_ns;
    memcpy(b->client_order_id, view->header.client_order_id, sizeof b->client_order_id);
    memcpy(b->symbol, view->header.symbol, sizeof b->symbol);
    bracket_summarize(&view->state, view->clock, &b->summary);
    return b;
}

static void write_brief(struct json_writer *w, const struct brief *b)
{
    const struct bracket_summary *s = &b->summary;
    json_begin_object(w);
    json_member_int(w, "rev", b->rev);
    json_member_string(w, "client_order_id", b->client_order_id[0] ? b->client_order_id : NULL);
    order_symbol_members(b->symbol, w);
    json_member_string(w, "status", bracket_status_name(b->status));
    json_member_string(w, "close_reason",
                       b->close_reason == CLOSE_NONE ? NULL : close_reason_name(b->close_reason));
    json_member_decimal(w, "filled_quantity", s->filled_quantity);
    json_key(w, "average_fill_price");
    if (s->filled_quantity > 0)
        json_decimal(w, s->average_fill_price);
    else
        json_null(w);
    json_member_decimal(w, "open_quantity", s->open_quantity);
    json_member_decimal(w, "unprotected_quantity", s->unprotected_quantity);
    json_member_decimal(w, "realized_pnl", s->realized_pnl);
    json_member_time(w, "updated_at", b->updated_at_ns);
    json_end_object(w);
}

static void write_detail(struct json_writer *w, const struct order_record *record)
{
    struct order_event event;
    if (order_event_decode(record->body, record->body_bytes, &event, NULL) == ERR_OK)
        order_event_json(&event, w);
    else
        json_null(w);
}

static void render(struct page *p, size_t index)
{
    const struct order_record *record = &p->records[index];
    const struct brief *b = brief_of(p, &p->ids[index]);
    struct json_writer w;
    char id[UUID_TEXT];
    uuid_format(&p->ids[index], id);
    strbuf_clear(&p->text);
    strbuf_add_format(&p->text, "id: %" PRId64 "\nevent: order\ndata: ", record->sequence);
    json_writer_init(&w, &p->text);
    json_begin_object(&w);
    json_member_int(&w, "sequence", record->sequence);
    json_member_string(&w, "order_id", id);
    json_member_int(&w, "seq", record->seq);
    json_member_string(&w, "type", order_event_name(record->type));
    json_member_time(&w, "at", record->at_ns);
    json_key(&w, "detail");
    write_detail(&w, record);
    json_key(&w, "order");
    if (b->readable)
        write_brief(&w, b);
    else
        json_null(&w);
    json_end_object(&w);
    strbuf_add_string(&p->text, "\n\n");
}

enum err event_text_read(struct order_store *store, struct desk *desk, const struct uuid *order_id,
                         int64_t since, event_text_fn *tell, void *context, size_t *ret_count,
                         struct error *e)
{
    struct page *p = malloc(sizeof *p);
    if (!p)
        return error_set(e, ERR_NO_MEMORY, "no memory for a page of events");
    p->desk = desk;
    p->count = 0;
    memset(p->known, 0, sizeof p->known);
    strbuf_init(&p->text, EVENT_TEXT_BYTES);
    enum err err = store->operations->events(store, order_id, since, EVENT_PAGE, collect, p, e);
    for (size_t i = 0; i < p->count && err == ERR_OK; i++) {
        render(p, i);
        if (strbuf_failed(&p->text))
            err = error_set(e, ERR_NO_MEMORY, "no memory for an event");
        else
            tell(context, p->records[i].sequence, &p->ids[i], &p->text);
    }
    if (err == ERR_OK)
        *ret_count = p->count;
    strbuf_release(&p->text);
    free(p);
    return err;
}
