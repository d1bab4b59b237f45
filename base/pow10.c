/* The table is computed instead of written down: 617 rows of digits can't be reviewed, this can.
 * Powers upward are products of an exact big integer; powers downward are quotients of 2^1152,
 * where the floor of a floor is the floor. It takes some 30 us, once.
 */
#include "base/pow10.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { LIMBS = 36, LIMB_BITS = 32 }; /* 1152 bits: 10^324 has 1077, 2^1152 / 10^292 has 182 */

static struct pow10 table[POW10_MAX - POW10_MIN + 1];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

/* Little-endian limbs. */
struct big {
    uint32_t limb[LIMBS + 1];
};

static void multiply_by_10(struct big *b)
{
    uint64_t carry = 0;
    for (int i = 0; i <= LIMBS; i++) {
        carry += (uint64_t)b->limb[i] * 10;
        b->limb[i] = (uint32_t)carry;
        carry >>= LIMB_BITS;
    }
    assert(carry == 0);
}

static void divide_by_10(struct big *b)
{
    uint64_t rest = 0;
    for (int i = LIMBS; i >= 0; i--) {
        rest = rest << LIMB_BITS | b->limb[i];
        b->limb[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
}

/* The highest 128 bits, the first of them 1; *ret_exact tells whether all bits below are 0. */
static unsigned __int128 top_bits(const struct big *b, int *ret_exact)
{
    int top = LIMBS;
    while (b->limb[top] == 0)
        top--;
    unsigned __int128 bits = 0;
    for (int i = top; i > top - 4; i--)
        bits = bits << LIMB_BITS | (i >= 0 ? b->limb[i] : 0);
    int shift = __builtin_clz(b->limb[top]);
    uint32_t next = top >= 4 ? b->limb[top - 4] : 0;
    if (shift > 0) {
        bits = bits << shift | next >> (LIMB_BITS - shift);
        next <<= shift;
    }
    *ret_exact = next == 0;
    for (int i = top - 5; i >= 0; i--)
        *ret_exact = *ret_exact && b->limb[i] == 0;
    return bits;
}

static void put_row(int k, unsigned __int128 bits)
{
    table[k - POW10_MIN] = (struct pow10){(uint64_t)(bits >> 64), (uint64_t)bits};
}

static void make_table(void)
{
    struct big b = {{1}};
    for (int k = 0; k <= POW10_MAX; k++) {
        int exact = 0;
        unsigned __int128 bits = top_bits(&b, &exact);
        put_row(k, bits + !exact);
        if (k < POW10_MAX)
            multiply_by_10(&b);
    }
    memset(&b, 0, sizeof b);
    b.limb[LIMBS] = 1;
    for (int k = -1; k >= POW10_MIN; k--) {
        int exact = 0;
        divide_by_10(&b);
        put_row(k, top_bits(&b, &exact) + 1); /* no quotient is exact: 5 does not divide 2^n */
    }
}

struct pow10 pow10_of(int k)
{
    assert(k >= POW10_MIN && k <= POW10_MAX);
    pthread_once(&table_once, make_table);
    return table[k - POW10_MIN];
}
