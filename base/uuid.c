/* The bits of RFC 9562, section 5.7, most significant first:
 *
 *   48 ms since 1970 | 4 version | 12 fraction of the ms | 2 variant | 62 random
 *
 * The first 60 bits of time (fraction as in section 6.2, method 3) are kept as one number for the
 * whole process, and each id takes a greater one than the last: order needs no lock, and a clock
 * that stands or steps back only makes ids run ahead of it by 244 ns each.
 */
#include "base/uuid.h"

#include "base/digest.h"
#include "base/random.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

static _Atomic uint64_t last_stamp;

/* ms * 4096 + fraction of the ms in 1/4096. */
static uint64_t stamp_of(int64_t ns)
{
    if (ns < 0)
        return 0;
    uint64_t ms = (uint64_t)(ns / NS_PER_MS);
    uint64_t fraction = (uint64_t)(ns % NS_PER_MS) * 4096 / NS_PER_MS;
    return ms << 12 | fraction;
}

static uint64_t next_stamp(uint64_t now)
{
    uint64_t last = atomic_load(&last_stamp);
    uint64_t next;
    do {
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak(&last_stamp, &last, next));
    return next;
}

struct uuid uuid_make(const struct clock *clock)
{
    uint64_t stamp = next_stamp(stamp_of(clock_realtime_ns(clock)));
    struct uuid u;
    for (int i = 0; i < 6; i++)
        u.bytes[i] = (unsigned char)(stamp >> (52 - 8 * i));
    u.bytes[6] = (unsigned char)(0x70 | (stamp >> 8 & 0x0F));
    u.bytes[7] = (unsigned char)stamp;
    uint64_t random = random_of(stamp); /* no stamp comes twice */
    memcpy(u.bytes + 8, &random, sizeof random);
    u.bytes[8] = (unsigned char)(0x80 | (u.bytes[8] & 0x3F));
    return u;
}

/* Bytes between the dashes. */
static const size_t group_bytes[] = {4, 2, 2, 2, 6};
enum { GROUPS = sizeof group_bytes / sizeof *group_bytes };

void uuid_format(const struct uuid *u, char out[UUID_TEXT])
{
    const unsigned char *bytes = u->bytes;
    for (size_t i = 0; i < GROUPS; i++) {
        if (i > 0)
            *out++ = '-';
        hex_format(bytes, group_bytes[i], out);
        bytes += group_bytes[i];
        out += 2 * group_bytes[i];
    }
}

bool uuid_parse(const char *text, size_t length, struct uuid *ret_uuid)
{
    if (length != UUID_TEXT - 1)
        return false;
    struct uuid u;
    unsigned char *bytes = u.bytes;
    for (size_t i = 0; i < GROUPS; i++) {
        if (i > 0 && *text++ != '-')
            return false;
        if (!hex_parse(text, 2 * group_bytes[i], bytes, group_bytes[i]))
            return false;
        bytes += group_bytes[i];
        text += 2 * group_bytes[i];
    }
    *ret_uuid = u;
    return true;
}
