#include "server/alpaca/alpaca_id.h"

#include "base/digest.h"

#include <assert.h>
#include <string.h>

enum {
    VERSION_BYTE = 6,
    VARIANT_BYTE = 8,
    LEG_SHIFT = 6, /* in byte 0 */
    TIME_MASK = 0x3F,
};

static int version_of(const struct uuid *u)
{
    return u->bytes[VERSION_BYTE] >> 4;
}

static void set_version(struct uuid *u, int version)
{
    u->bytes[VERSION_BYTE] = (unsigned char)(version << 4 | (u->bytes[VERSION_BYTE] & 0x0F));
}

struct uuid alpaca_leg_id(const struct uuid *bracket, enum leg leg)
{
    static_assert(LEG_ENTRY == 0 && LEG_COUNT == 4, "a leg fits in two bits, and is not 0");
    assert(leg != LEG_ENTRY && leg < LEG_COUNT && !(bracket->bytes[0] & ~TIME_MASK));
    struct uuid u = *bracket;
    u.bytes[0] |= (unsigned char)((unsigned)leg << LEG_SHIFT);
    set_version(&u, 8);
    return u;
}

bool alpaca_bracket_of(const struct uuid *order, struct uuid *ret_bracket)
{
    bool of_leg = (order->bytes[0] & ~TIME_MASK) != 0;
    if (version_of(order) != (of_leg ? 8 : 7))
        return false;
    *ret_bracket = *order;
    ret_bracket->bytes[0] &= TIME_MASK;
    set_version(ret_bracket, 7);
    return true;
}

struct uuid alpaca_named_id(const char *kind, const char *name)
{
    unsigned char digest[SHA256_BYTES];
    struct sha256 sha;
    struct uuid u;
    sha256_init(&sha);
    sha256_add_string(&sha, kind);
    sha256_add_string(&sha, name);
    sha256_finish(&sha, digest);
    memcpy(u.bytes, digest, sizeof u.bytes);
    set_version(&u, 8);
    u.bytes[VARIANT_BYTE] = (unsigned char)(0x80 | (u.bytes[VARIANT_BYTE] & 0x3F));
    return u;
}
