/* libsodium wants one sodium_init before anything else; its users call this first. Thread safe,
 * cheap. */
#ifndef BASE_SODIUM_READY_H
#define BASE_SODIUM_READY_H

void sodium_ready(void);

#endif
