#include "tests/fault/shim/page.h"

#include "tests/fault/shim/power.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct fault_page *shared;

/* A shim that does not do what the test believes would prove nothing. */
_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "fault shim: %s\n", what);
    _exit(70);
}

__attribute__((constructor)) static void map_page(void)
{
    const char *path = getenv("FAULT_PAGE");
    if (!path)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED
                          : mmap(NULL, FAULT_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || ((struct fault_page *)mapped)->magic != FAULT_PAGE_MAGIC)
        give_up("FAULT_PAGE is no page of faults");
    close(fd);
    shared = mapped;
}

struct fault_page *fault_page(void)
{
    return shared;
}

void *fault_next(const char *name)
{
    void *next = dlsym(RTLD_NEXT, name);
    if (!next)
        give_up(name);
    return next;
}

static enum fault_how rule_for(enum fault_class class, int64_t number, int *ret_error)
{
    for (int i = 0; i < FAULT_RULES; i++) {
        const struct fault_rule *rule = &shared->rules[i];
        enum fault_how how = (enum fault_how)__atomic_load_n(&rule->how, __ATOMIC_ACQUIRE);
        if (how == FAULT_NOTHING || rule->class != (int64_t) class || number < rule->first ||
            number > rule->last)
            continue;
        if (how == FAULT_ERROR) {
            *ret_error = (int)rule->error;
            __atomic_add_fetch(&shared->errors, 1, __ATOMIC_RELAXED);
        } else {
            shared->killed_at = number;
            shared->killed_class = class;
        }
        return how;
    }
    return FAULT_NOTHING;
}

enum fault_how fault_count(enum fault_class class, int *ret_error)
{
    if (!shared)
        return FAULT_NOTHING;
    int64_t number = __atomic_add_fetch(&shared->calls[class], 1, __ATOMIC_RELAXED);
    enum fault_how how = rule_for(class, number, ret_error);
    if (how != FAULT_NOTHING || class == FAULT_THREAD)
        return how;
    number = __atomic_add_fetch(&shared->calls[FAULT_ANY], 1, __ATOMIC_RELAXED);
    return rule_for(FAULT_ANY, number, ret_error);
}

int64_t fault_now_ns(void)
{
    struct timespec now;
    FAULT_NEXT(clock_gettime)(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void fault_took_since(int64_t begin_ns)
{
    int64_t beyond_ns = fault_now_ns() - begin_ns - FAULT_STALL_NS;
    if (beyond_ns > 0)
        __atomic_add_fetch(&shared->stalled_ns, beyond_ns, __ATOMIC_RELAXED);
}

void fault_kill(void)
{
    fault_power_cut();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
