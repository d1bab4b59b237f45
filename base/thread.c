#include "base/thread.h"

#include "base/mutex.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DEFAULT_STACK_BYTES = 256 * 1024 };

/* Sanitizers widen every stack frame. */
#ifdef VARIANT_SANITIZED
enum { STACK_FACTOR = 4 };
#else
enum { STACK_FACTOR = 1 };
#endif

/* What the new thread needs to start; the new thread frees it. */
struct start {
    void *(*fn)(void *);
    void *context;
    int nice;
    char name[THREAD_NAME_MAX];
};

void thread_set_name(const char *name)
{
    char cut[THREAD_NAME_MAX];
    snprintf(cut, sizeof cut, "%s", name);
    pthread_setname_np(pthread_self(), cut);
}

void thread_get_name(char out[THREAD_NAME_MAX])
{
    if (pthread_getname_np(pthread_self(), out, THREAD_NAME_MAX) != 0)
        out[0] = '\0';
}

/* On Linux nice is per thread. A refusal (only for going up again) leaves the thread as it is. */
static void set_nice(int nice)
{
    int process_nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    setpriority(PRIO_PROCESS, (id_t)gettid(), process_nice + nice);
}

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    thread_set_name(start.name);
    set_nice(start.nice);
    return start.fn(start.context);
}

static size_t stack_size_bytes(const struct thread_options *options)
{
    size_t wanted = options->stack_bytes ? options->stack_bytes : DEFAULT_STACK_BYTES;
    size_t least = (size_t)PTHREAD_STACK_MIN;
    return (wanted > least ? wanted : least) * STACK_FACTOR;
}

/* Signals are blocked around the creation, and so from the new thread's first instruction on. */
static int create_with_signals_blocked(pthread_t *handle, const pthread_attr_t *attributes,
                                       struct start *start)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(handle, attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

enum err thread_start(struct thread *t, const struct thread_options *options, void *(*fn)(void *),
                      void *context, struct error *e)
{
    t->started = false;
    struct start *start = malloc(sizeof *start);
    if (!start)
        return error_set(e, ERR_NO_MEMORY, "no memory to start thread '%s'", options->name);
    *start = (struct start){.fn = fn, .context = context, .nice = options->nice};
    snprintf(start->name, sizeof start->name, "%s", options->name);

    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result == 0) {
        result = pthread_attr_setstacksize(&attributes, stack_size_bytes(options));
        if (result == 0)
            result = create_with_signals_blocked(&t->handle, &attributes, start);
        pthread_attr_destroy(&attributes);
    }
    if (result != 0) {
        free(start);
        return error_set(e, ERR_UNAVAILABLE, "cannot start thread '%s': %s", options->name,
                         strerror_r(result, (char[64]){0}, 64));
    }
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
