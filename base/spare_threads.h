/* Threads that only wait: they keep places within the system's limit on threads while somebody else
 * takes as many as there are, and give them to those that are started later. */
#ifndef BASE_SPARE_THREADS_H
#define BASE_SPARE_THREADS_H

#include "base/error.h"

#include <stdint.h>

struct spare_threads;

/* UNAVAILABLE when there are not so many threads to have; count 0 is fine. */
enum err spare_threads_create(int32_t count, struct spare_threads **ret, struct error *e);
/* Ends them. Joins threads, so it blocks; NULL is fine. */
void spare_threads_free(struct spare_threads *spare);

#endif
