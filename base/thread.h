/* Threads with a name (visible in `ps -T`), always joined by their owner, none detached. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/error.h"

#include <pthread.h>

enum { THREAD_NAME_MAX = 16 }; /* with the NUL: the kernel's bound */

struct thread {
    pthread_t handle;
    bool started;
};

struct thread_options {
    const char *name;   /* at most 15 bytes; longer is cut */
    size_t stack_bytes; /* 0 = 256 KiB */
    int nice;           /* 0 = as the process; 10 for workers, so that trading is never slowed */
};

/* Starts fn(context) on a new thread with all signals blocked (main alone handles signals).
 * ERR_UNAVAILABLE when the system has no more threads. */
enum err thread_start(struct thread *t, const struct thread_options *options, void *(*fn)(void *),
                      void *context, struct error *e);
/* Waits for the end; a thread that was never started is fine. */
void thread_join(struct thread *t);
/* Of the calling thread. */
void thread_set_name(const char *name);
void thread_get_name(char out[THREAD_NAME_MAX]);

#endif
