/* Threads with a name (visible in `ps -T`), always joined by their owner, none detached. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/error.h"

#include <pthread.h>

enum { THREAD_NAME_MAX = 16 }; /* with the NUL: the kernel's bound */

/* Stays where it is until it was joined. */
struct thread {
    pthread_t handle;
    bool started;
    /* What it runs. */
    void *(*fn)(void *);
    void *context;
    int nice, creators_nice;
    char name[THREAD_NAME_MAX];
};

struct thread_options {
    const char *name;   /* at most 15 bytes; longer is cut */
    size_t stack_bytes; /* 0 = 256 KiB */
    void *stack;        /* of stack_bytes, from stacks.h; NULL = of its own, with a guard. Left
                         * alone in the variants with sanitizers. */
    int nice;           /* 0 = as the process; 10 for workers, so that trading is never slowed */
};

/* Starts fn(context) on a new thread with all signals blocked (main alone handles signals).
 * ERR_UNAVAILABLE when the system has no more threads. */
enum err thread_start(struct thread *t, const struct thread_options *options, void *(*fn)(void *),
                      void *context, struct error *e);
/* Waits for the end; a thread that was never started is fine. */
void thread_join(struct thread *t);
/* What a stack takes of which so many bytes are asked: the system's least, more for sanitizers. */
size_t thread_stack_bytes(size_t wanted);
/* Of the calling thread. */
void thread_set_name(const char *name);
void thread_get_name(char out[THREAD_NAME_MAX]);

#endif
