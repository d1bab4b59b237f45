/* Stacks for thousands of threads.
 *
 * glibc maps each thread's stack and its guard on its own: two mappings a thread, of which a
 * process may have 65,530, and three system calls a start. Here a mapping holds many stacks, and a
 * guard takes no mapping of its own where the kernel knows MADV_GUARD_INSTALL (Linux 6.13);
 * elsewhere it is protected as glibc does it.
 *
 * Any thread may call. Mappings are kept until the end; the memory of stacks that wait for a new
 * user is given back beyond a few.
 */
#ifndef BASE_STACKS_H
#define BASE_STACKS_H

#include "base/error.h"

#include <stddef.h>

struct stacks;

/* Of stack_bytes each, as thread_stack_bytes() rounds them, the guard below not counted. */
enum err stacks_create(size_t stack_bytes, struct stacks **ret, struct error *e);
void stacks_free(struct stacks *s); /* none has a user; NULL is fine */

/* The lowest address of a stack, or NULL without memory. */
void *stacks_take(struct stacks *s);
/* Its thread was joined. NULL is fine. */
void stacks_give(struct stacks *s, void *stack);
size_t stacks_bytes(const struct stacks *s); /* of one */

/* On the thread that runs on it: gives back the memory below the caller's frames. Elsewhere, as
 * with sanitizers (thread.h), it does nothing. */
void stack_trim(void *stack, size_t stack_bytes);

#endif
