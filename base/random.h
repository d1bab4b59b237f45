/* Random numbers: a seeded generator for tests, demo data and jitter (the same seed, the same
 * numbers on every machine), and the system's for secrets.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_seed(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t bound); /* uniform in [0, bound), bound > 0 */
double random_unit(struct random *r);                    /* uniform in [0, 1) */
double random_normal(struct random *r);                  /* mean 0, variance 1 */

void random_secret(void *out, size_t size_bytes); /* libsodium */
/* What only this process knows of a number: SipHash under a key made at the first call. For
 * different numbers as good as random_secret, without a system call. */
uint64_t random_of(uint64_t number);

#endif
