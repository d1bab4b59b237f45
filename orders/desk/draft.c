#include "orders/desk/draft.h"

#include "base/pages.h"
#include "base/text.h"
#include "orders/event_chain.h"
#include "orders/step.h"

#include <stdio.h>
#include <string.h>

struct draft *draft_create(void)
{
    struct draft *d = pages_take(sizeof *d);
    if (d)
        strbuf_init(&d->bodies, (size_t)DRAFT_EVENTS * ORDER_EVENT_BYTES_MAX + 1);
    return d;
}

void draft_free(struct draft *d)
{
    if (!d)
        return;
    strbuf_release(&d->bodies);
    pages_give(d, sizeof *d);
}

void draft_begin(struct draft *d, const struct order_header *header,
                 const struct bracket_state *state)
{
    d->before = &d->states[0];
    d->now = &d->states[1];
    d->spare = &d->states[2];
    memcpy(d->before, state, sizeof *state);
    memcpy(d->now, state, sizeof *state);
    d->header = *header;
    d->record_count = d->effect_count = 0;
    strbuf_clear(&d->bodies);
}

static bool append(struct draft *d, const struct order_event *e)
{
    char *body = strbuf_reserve(&d->bodies, ORDER_EVENT_BYTES_MAX);
    if (!body)
        return false;
    size_t body_bytes = order_event_encode(e, (unsigned char *)body);
    struct order_record *r = &d->records[d->record_count];
    *r = (struct order_record){.seq = d->header.rev + 1,
                               .at_ns = e->clock.wall_ns,
                               .type = e->type,
                               .body_bytes = body_bytes};
    d->offsets[d->record_count++] = d->bodies.length;
    memcpy(r->prev_hash, d->header.head, sizeof r->prev_hash);
    event_chain_add(d->header.head, &d->header.id, r->seq, body, body_bytes);
    strbuf_commit(&d->bodies, body_bytes);
    d->header.rev = r->seq;
    d->header.updated_at_ns = e->clock.wall_ns;
    return true;
}

bool draft_feed(struct draft *d, const struct order_event *e)
{
    bracket_step(d->now, e, d->spare);
    if (memcmp(d->now, d->spare, sizeof *d->now) == 0 || d->record_count == DRAFT_EVENTS ||
        !append(d, e))
        return false;
    struct bracket_state *stepped = d->spare;
    d->spare = d->now;
    d->now = stepped;
    return true;
}

void draft_derive(struct draft *d, struct order_clock clock, const struct order_quote *quote)
{
    size_t count = bracket_derive(d->now, clock, d->effects);
    d->effect_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bracket_action action = d->effects[i];
        struct order_event intent;
        if (bracket_action_intent(&action, clock, &intent)) {
            intent.quote = *quote;
            if (!draft_feed(d, &intent) || !bracket_action_stands(d->now, &action))
                continue;
        }
        d->effects[d->effect_count++] = action;
    }
}

/* ---- the batch ------------------------------------------------------------------------------- */

struct sealing {
    struct draft *draft;
    const struct draft_names *names;
    size_t intent_count, fill_count;
};

static enum order_side side_of(const struct bracket_state *s, enum leg leg)
{
    return leg == LEG_ENTRY ? s->spec.side : order_side_opposite(s->spec.side);
}

static void name(const struct sealing *s, const struct leg_order *o, char out[CLIENT_ID_TEXT])
{
    struct client_id id = {.incarnation = s->names->incarnation,
                           .bracket = s->draft->header.id,
                           .leg = o->leg,
                           .generation = o->generation};
    text_fit(s->names->instance, id.instance, sizeof id.instance);
    if (!client_id_format(&id, out))
        out[0] = '\0';
}

/* An order is new when a SUBMIT of this draft made it; a stray was never intended by us. */
static bool was_submitted(const struct draft *d, const struct leg_order *o)
{
    return !bracket_find(d->before, o->leg, o->generation) &&
           o->generation > d->before->legs[o->leg].generation &&
           o->status == ORDER_STATUS_PENDING_NEW;
}

static void add_intent(struct sealing *s, const struct leg_order *o, const struct leg_order *was,
                       const char *broker_order_id)
{
    bool creates = was_submitted(s->draft, o);
    if (!creates && was && was->status == o->status && was->cancel_ns == o->cancel_ns)
        return;
    struct order_intent *intent = &s->draft->intents[s->intent_count++];
    *intent = (struct order_intent){
        .creates = creates,
        .leg = o->leg,
        .generation = o->generation,
        .side = side_of(s->draft->now, o->leg),
        .type = o->type,
        .status = o->status,
        .cancel_intended = o->cancel_ns || o->status == ORDER_STATUS_PENDING_CANCEL,
        .quantity = o->quantity,
        .limit_price = o->limit_price,
        .stop_price = o->stop_price,
    };
    name(s, o, intent->client_id);
    text_fit(broker_order_id, intent->broker_order_id, sizeof intent->broker_order_id);
}

static void add_fill(struct sealing *s, const struct leg_order *o, int64_t quantity, int64_t value,
                     bool bust)
{
    if (quantity <= 0)
        return;
    struct draft *d = s->draft;
    struct order_fill *fill = &d->fills[s->fill_count++];
    *fill = (struct order_fill){
        .contract = d->now->spec.contract,
        .side = side_of(d->now, o->leg),
        .quantity = bust ? -quantity : quantity,
        .price = order_average(value, quantity),
        .at_ns = d->header.updated_at_ns,
    };
    text_fit(s->names->broker, fill->broker, sizeof fill->broker);
    char client_id[CLIENT_ID_TEXT];
    name(s, o, client_id);
    memcpy(fill->client_id, client_id, sizeof client_id);
    snprintf(fill->execution_id, sizeof fill->execution_id, "%s/%lld", client_id,
             (long long)(bust ? -o->busted : o->filled));
}

static void add_fills(struct sealing *s, const struct leg_order *o, const struct leg_order *was)
{
    static const struct leg_order none = {.generation = 0};
    const struct leg_order *b = was ? was : &none;
    add_fill(s, o, o->filled - b->filled, o->filled_value - b->filled_value, false);
    add_fill(s, o, o->busted - b->busted, o->busted_value - b->busted_value, true);
}

bool draft_seal(struct draft *d, const struct draft_names *names,
                const char *(*broker_order_id)(void *context, enum leg leg, int32_t generation),
                void *context)
{
    struct sealing s = {.draft = d, .names = names};
    if (strbuf_failed(&d->bodies))
        return false;
    for (size_t i = 0; i < d->record_count; i++)
        d->records[i].body = (const unsigned char *)d->bodies.data + d->offsets[i];
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &d->now->orders[i];
        if (!o->generation)
            continue;
        const struct leg_order *was = bracket_find(d->before, o->leg, o->generation);
        add_intent(&s, o, was, broker_order_id(context, o->leg, o->generation));
        add_fills(&s, o, was);
    }
    d->header.status = d->now->status;
    d->batch = (struct order_batch){
        .header = d->header,
        .records = d->records,
        .record_count = d->record_count,
        .intents = d->intents,
        .intent_count = s.intent_count,
        .fills = d->fills,
        .fill_count = s.fill_count,
        .room = d->room,
    };
    return true;
}
