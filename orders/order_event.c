/* Events as bytes.
 *
 *   version, type, then for each member in the order of the table below: nothing when it is 0, else
 *   its number in the table (1, 2, ...) and its value; and a 0 to end with.
 *
 * Integers are zigzag and 7 bits a byte, low bits first. An event is mostly zeros, so a report
 * takes some 40 bytes. The table is append-only: a member that is added later gets a number that no
 * stored event has, and decodes as 0 from those, so the version changes only when a member changes
 * its meaning. Order, minimal integers and no zeros make the form canonical.
 */
#include "orders/order_event.h"

#include "orders/names.h"
#include <string.h>

void order_event_init(struct order_event *e, enum order_event_type type, struct order_clock clock)
{
    memset(e, 0, sizeof(*e));
    e->type = type;
    e->clock = clock;
}

NAME_OF(order_event_name, enum order_event_type, type, ORDER_EVENT_TABLE, NAME_SECOND_OF_2)

/* ---- members --------------------------------------------------------------------------------- */

enum member_kind { MEMBER_I32, MEMBER_I64, MEMBER_BYTES };

struct member {
    size_t offset;
    enum member_kind kind;
    size_t size_bytes;
};

#define I32(name) {offsetof(struct order_event, name), MEMBER_I32, 4},
#define I64(name) {offsetof(struct order_event, name), MEMBER_I64, 8},
#define BYTES(name, size) {offsetof(struct order_event, name), MEMBER_BYTES, size},

/* Append-only. */
/* clang-format off */
static const struct member members[] = {
    I32(leg) I64(clock.wall_ns) I64(clock.steady_ns)
    I64(quote.bid) I64(quote.ask) I64(quote.at_steady_ns) I32(quote.halted)
    I32(generation) I32(paired) I32(replacing) I32(order_type) I32(outcome) I32(reject) I32(status)
    I64(quantity) I64(limit_price) I64(stop_price) I64(second_price)
    I64(filled) I64(filled_value) I64(busted) I64(busted_value) I64(from_ns) I64(to_ns)
    BYTES(id, 16)
    BYTES(spec.contract.symbol, LIMIT_SYMBOL_BYTES) I32(spec.contract.kind)
    I32(spec.contract.multiplier) I32(spec.contract.right) I32(spec.contract.expiry_days)
    I64(spec.contract.strike_milli) I64(spec.contract.cutoff_ns) I64(spec.contract.end_ns)
    I32(spec.side) I32(spec.entry_type) I32(spec.time_in_force) I32(spec.exit_time_in_force)
    I32(spec.protection) I32(spec.arm) I32(spec.adopts_position)
    I64(spec.quantity) I64(spec.limit_price) I64(spec.stop_price)
    I32(spec.take_profit.kind) I64(spec.take_profit.value) I64(spec.take_profit.limit_price)
    I32(spec.stop_loss.kind) I64(spec.stop_loss.value) I64(spec.stop_loss.limit_price)
    I64(spec.flat_ns) I64(spec.take_profit_ttl_ns) I64(spec.quote_max_age_ns)
    I64(spec.not_found_bound_ns)
};
/* clang-format on */
enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]), VARINT_MAX = 10 };

/* A number below 128 for each member, its value, the head and the end: it always fits. */
_Static_assert(MEMBER_COUNT < 128 &&
                   MEMBER_COUNT * (1 + VARINT_MAX) + LIMIT_SYMBOL_BYTES + 16 + 4 <=
                       ORDER_EVENT_BYTES_MAX,
               "an event fits into ORDER_EVENT_BYTES_MAX");

static int64_t load(const unsigned char *event, const struct member *m)
{
    int32_t small;
    int64_t value;
    if (m->kind == MEMBER_I32) {
        memcpy(&small, event + m->offset, sizeof(small));
        return small;
    }
    memcpy(&value, event + m->offset, sizeof(value));
    return value;
}

static bool store(unsigned char *event, const struct member *m, int64_t value)
{
    int32_t small = (int32_t)value;
    if (m->kind == MEMBER_I32) {
        memcpy(event + m->offset, &small, sizeof(small));
        return small == value;
    }
    memcpy(event + m->offset, &value, sizeof(value));
    return true;
}

static bool all_zero(const unsigned char *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (bytes[i])
            return false;
    return true;
}

/* ---- encoding -------------------------------------------------------------------------------- */

static unsigned char *put(unsigned char *out, int64_t value)
{
    uint64_t x = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    for (; x >= 0x80; x >>= 7)
        *out++ = (unsigned char)(x | 0x80);
    *out++ = (unsigned char)x;
    return out;
}

size_t order_event_encode(const struct order_event *e, unsigned char out[ORDER_EVENT_BYTES_MAX])
{
    const unsigned char *event = (const unsigned char *)e;
    unsigned char *end = out;
    *end++ = ORDER_EVENT_VERSION;
    *end++ = (unsigned char)e->type;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct member *m = &members[i];
        if (all_zero(event + m->offset, m->size_bytes))
            continue;
        *end++ = (unsigned char)(i + 1);
        if (m->kind == MEMBER_BYTES) {
            memcpy(end, event + m->offset, m->size_bytes);
            end += m->size_bytes;
        } else {
            end = put(end, load(event, m));
        }
    }
    *end++ = 0;
    return (size_t)(end - out);
}

/* ---- decoding -------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at, *end;
};

static bool take_byte(struct reader *r, unsigned char *ret)
{
    if (r->at == r->end)
        return false;
    *ret = *r->at++;
    return true;
}

static bool take(struct reader *r, int64_t *ret)
{
    uint64_t x = 0;
    unsigned char byte;
    for (unsigned shift = 0;; shift += 7) {
        if (!take_byte(r, &byte) || (shift == 63 && byte > 1))
            return false;
        x |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *ret = (int64_t)(x >> 1 ^ (0 - (x & 1)));
        return byte || !shift; /* no zeros at the end */
    }
}

static bool take_member(struct reader *r, const struct member *m, unsigned char *event)
{
    int64_t value;
    if (m->kind != MEMBER_BYTES)
        return take(r, &value) && value && store(event, m, value);
    if ((size_t)(r->end - r->at) < m->size_bytes)
        return false;
    memcpy(event + m->offset, r->at, m->size_bytes);
    r->at += m->size_bytes;
    return !all_zero(event + m->offset, m->size_bytes);
}

static bool take_event(struct reader *r, struct order_event *ret)
{
    unsigned char version, type, number = 1, before = 0;
    memset(ret, 0, sizeof(*ret));
    if (!take_byte(r, &version) || version != ORDER_EVENT_VERSION || !take_byte(r, &type) ||
        type >= EVENT_COUNT)
        return false;
    ret->type = (enum order_event_type)type;
    while (take_byte(r, &number) && number) {
        if (number <= before || number > MEMBER_COUNT ||
            !take_member(r, &members[number - 1], (unsigned char *)ret))
            return false;
        before = number;
    }
    return number == 0 && r->at == r->end;
}

enum err order_event_decode(const void *bytes, size_t size_bytes, struct order_event *ret,
                            struct error *e)
{
    struct reader r = {.at = bytes, .end = (const unsigned char *)bytes + size_bytes};
    struct order_event event;
    if (!take_event(&r, &event))
        return error_set(e, ERR_DATA, "the bytes are no event of an order");
    *ret = event;
    return ERR_OK;
}
