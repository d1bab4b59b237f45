/* xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded by splitmix64 as its authors advise: 256 bits
 * of state, so that even the seed 0 gives a good one.
 *
 * The same seed must give the same numbers everywhere, also the normal ones. libm's log may differ
 * in the last bit between machines, so the logarithm is made here, from operations that IEEE 754
 * fixes.
 */
#include "base/random.h"

#include "base/sodium_ready.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <sodium.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void random_seed(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->state[i] = splitmix64(&seed);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t random_next(struct random *r)
{
    uint64_t *s = r->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Multiply and keep the high half (Lemire, 2019): the low half tells the few draws that would make
 * some results more likely than others, and those are drawn again. */
uint64_t random_below(struct random *r, uint64_t bound)
{
    assert(bound > 0);
    uint64_t refused_below = -bound % bound;
    for (;;) {
        unsigned __int128 product = (unsigned __int128)random_next(r) * bound;
        if ((uint64_t)product >= refused_below)
            return (uint64_t)(product >> 64);
    }
}

double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* Natural logarithm of x in (0, 1): x = m * 2^k with m near 1, and log m = 2 artanh((m - 1) / (m +
 * 1)) as a series, whose terms past the 23rd power are below the last bit. */
static double logarithm(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    double s = (m - 1) / (m + 1);
    double square = s * s;
    double sum = 0;
    for (int power = 23; power >= 1; power -= 2)
        sum = sum * square + 1.0 / power;
    return 2 * s * sum + exponent * 0.69314718055994531;
}

/* Marsaglia's polar method. Its second number is thrown away: state would have to remember it. */
double random_normal(struct random *r)
{
    for (;;) {
        double x = 2 * random_unit(r) - 1;
        double y = 2 * random_unit(r) - 1;
        double square = x * x + y * y;
        if (square > 0 && square < 1)
            return x * sqrt(-2 * logarithm(square) / square);
    }
}

void random_secret(void *out, size_t size_bytes)
{
    sodium_ready();
    randombytes_buf(out, size_bytes);
}

static unsigned char mapping_key[crypto_shorthash_KEYBYTES];

static void make_mapping_key(void)
{
    random_secret(mapping_key, sizeof mapping_key);
}

uint64_t random_of(uint64_t number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t ret;
    _Static_assert(sizeof ret == crypto_shorthash_BYTES, "one hash is one number");
    pthread_once(&once, make_mapping_key);
    crypto_shorthash((unsigned char *)&ret, (const unsigned char *)&number, sizeof number,
                     mapping_key);
    return ret;
}
