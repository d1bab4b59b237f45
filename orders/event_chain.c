#include "orders/event_chain.h"

#include "orders/step.h"

#include <string.h>

void event_chain_add(unsigned char hash[SHA256_BYTES], const struct uuid *id, int64_t seq,
                     const void *body, size_t body_bytes)
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add_string(&sha, "bracketd event");
    sha256_add(&sha, hash, SHA256_BYTES);
    sha256_add(&sha, id->bytes, sizeof(id->bytes));
    sha256_add_u64(&sha, (uint64_t)seq);
    sha256_add_u64(&sha, body_bytes);
    sha256_add(&sha, body, body_bytes);
    sha256_finish(&sha, hash);
}

static enum err broken(const struct stored_order *order, int64_t seq, struct error *e)
{
    char id[UUID_TEXT];
    uuid_format(&order->header.id, id);
    return error_set(e, ERR_DATA,
                     "the events of order %s are not as they were written, at seq %lld", id,
                     (long long)seq);
}

enum err event_chain_walk(const struct stored_order *order, event_chain_fn *visit, void *context,
                          struct bracket_state *ret, struct order_clock *ret_newest,
                          struct error *e)
{
    unsigned char hash[SHA256_BYTES] = {0};
    struct bracket_state state;
    struct order_event event = {.clock = {0}};
    bracket_state_init(&state);
    for (size_t i = 0; i < order->record_count; i++) {
        const struct order_record *r = &order->records[i];
        if (r->seq != (int64_t)i + 1 || memcmp(r->prev_hash, hash, SHA256_BYTES) != 0 ||
            order_event_decode(r->body, r->body_bytes, &event, NULL))
            return broken(order, (int64_t)i + 1, e);
        event_chain_add(hash, &order->header.id, r->seq, r->body, r->body_bytes);
        bracket_step(&state, &event, &state);
        if (visit)
            visit(context, r, &state);
    }
    if (memcmp(hash, order->header.head, SHA256_BYTES) != 0 ||
        order->header.rev != (int64_t)order->record_count)
        return broken(order, order->header.rev, e);
    if (ret_newest)
        *ret_newest = event.clock;
    *ret = state;
    return ERR_OK;
}

enum err event_chain_fold(const struct stored_order *order, struct bracket_state *ret,
                          struct order_clock *ret_newest, struct error *e)
{
    return event_chain_walk(order, NULL, NULL, ret, ret_newest, e);
}
