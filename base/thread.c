#include "base/thread.h"

#include "base/mutex.h"
#include "base/text.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DEFAULT_STACK_BYTES = 256 * 1024 };

/* Sanitizers widen every stack frame, and keep things of their own on a stack. */
#ifdef VARIANT_SANITIZED
enum { STACK_FACTOR = 4, STACKS_GIVEN = false };
#else
enum { STACK_FACTOR = 1, STACKS_GIVEN = true };
#endif

void thread_set_name(const char *name)
{
    char cut[THREAD_NAME_MAX];
    text_fit(name, cut, sizeof cut);
    pthread_setname_np(pthread_self(), cut);
}

void thread_get_name(char out[THREAD_NAME_MAX])
{
    if (pthread_getname_np(pthread_self(), out, THREAD_NAME_MAX) != 0)
        out[0] = '\0';
}

/* How much nicer than the process this thread is, as it was started; a new thread begins with what
 * its creator has. */
static _Thread_local int nice_here;

/* On Linux nice is per thread. A refusal (only for going up again) leaves the thread as it is. */
static void set_nice(int nice)
{
    int process_nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    setpriority(PRIO_PROCESS, (id_t)gettid(), process_nice + nice);
}

/* Without a malloc or free of its own: with the first of them a thread gets a cache of blocks. */
static void *run(void *thread)
{
    const struct thread *t = thread;
    thread_set_name(t->name);
    nice_here = t->nice;
    if (t->nice != t->creators_nice)
        set_nice(t->nice);
    return t->fn(t->context);
}

size_t thread_stack_bytes(size_t wanted)
{
    size_t least = (size_t)PTHREAD_STACK_MIN;
    return (wanted > least ? wanted : least) * STACK_FACTOR;
}

static int set_stack(pthread_attr_t *attributes, const struct thread_options *options)
{
    if (options->stack && STACKS_GIVEN)
        return pthread_attr_setstack(attributes, options->stack, options->stack_bytes);
    size_t wanted = options->stack_bytes ? options->stack_bytes : DEFAULT_STACK_BYTES;
    return pthread_attr_setstacksize(attributes, thread_stack_bytes(wanted));
}

/* Signals are blocked from the new thread's first instruction on. */
static int block_signals(pthread_attr_t *attributes)
{
    sigset_t all;
    sigfillset(&all);
    return pthread_attr_setsigmask_np(attributes, &all);
}

enum err thread_start(struct thread *t, const struct thread_options *options, void *(*fn)(void *),
                      void *context, struct error *e)
{
    *t = (struct thread){
        .fn = fn, .context = context, .nice = options->nice, .creators_nice = nice_here};
    text_fit(options->name, t->name, sizeof t->name);

    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result == 0) {
        result = set_stack(&attributes, options);
        if (result == 0)
            result = block_signals(&attributes);
        if (result == 0)
            result = pthread_create(&t->handle, &attributes, run, t);
        pthread_attr_destroy(&attributes);
    }
    if (result != 0)
        return error_set(e, ERR_UNAVAILABLE, "cannot start thread '%s': %s", options->name,
                         strerror_r(result, (char[64]){0}, 64));
    t->started = true;
    return ERR_OK;
}

void thread_join(struct thread *t)
{
    may_block("thread_join");
    if (!t->started)
        return;
    pthread_join(t->handle, NULL);
    t->started = false;
}
