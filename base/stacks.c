#include "base/stacks.h"

#include "base/mutex.h"
#include "base/thread.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACKS_PER_SLAB = 64, WARM_MAX = 64, GUARD_INSTALL = 102 }; /* MADV_GUARD_INSTALL */
/* Of the calling frame and what it calls, while the rest goes. */
enum { TRIM_MARGIN_BYTES = 256 };

struct slab {
    struct slab *next;
    void *memory;
};

/* At the lowest address of a stack that has no user. */
struct free_stack {
    struct free_stack *next;
};

struct stacks {
    struct mutex mutex;
    size_t stack_bytes, page_bytes;
    struct slab *slabs;
    char *fresh; /* not handed out yet, of the newest slab */
    size_t fresh_count;
    /* Of stacks that were used: their memory is there, or but the lowest page was given back. */
    struct free_stack *warm, *cold;
    size_t warm_count;
};

enum err stacks_create(size_t stack_bytes, struct stacks **ret, struct error *e)
{
    struct stacks *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, ERR_NO_MEMORY, "no memory for the stacks of threads");
    mutex_init(&s->mutex, MUTEX_STACKS);
    s->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    s->stack_bytes = (thread_stack_bytes(stack_bytes) + s->page_bytes - 1) & ~(s->page_bytes - 1);
    *ret = s;
    return ERR_OK;
}

static size_t slab_bytes(const struct stacks *s)
{
    return (s->page_bytes + s->stack_bytes) * STACKS_PER_SLAB;
}

void stacks_free(struct stacks *s)
{
    if (!s)
        return;
    while (s->slabs) {
        struct slab *slab = s->slabs;
        s->slabs = slab->next;
        munmap(slab->memory, slab_bytes(s));
        free(slab);
    }
    mutex_release(&s->mutex);
    free(s);
}

static bool add_slab(struct stacks *s) REQUIRES(s->mutex)
{
    struct slab *slab = malloc(sizeof *slab);
    void *memory = mmap(NULL, slab_bytes(s), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (!slab || memory == MAP_FAILED) {
        free(slab);
        if (memory != MAP_FAILED)
            munmap(memory, slab_bytes(s));
        return false;
    }
    madvise(memory, slab_bytes(s), MADV_NOHUGEPAGE);
    *slab = (struct slab){.next = s->slabs, .memory = memory};
    s->slabs = slab;
    s->fresh = memory;
    s->fresh_count = STACKS_PER_SLAB;
    return true;
}

static void *take_fresh(struct stacks *s) REQUIRES(s->mutex)
{
    if (!s->fresh_count && !add_slab(s))
        return NULL;
    char *guard = s->fresh;
    if (madvise(guard, s->page_bytes, GUARD_INSTALL) != 0 &&
        mprotect(guard, s->page_bytes, PROT_NONE) != 0)
        return NULL;
    s->fresh += s->page_bytes + s->stack_bytes;
    s->fresh_count--;
    return guard + s->page_bytes;
}

static void *pop(struct free_stack **list)
{
    struct free_stack *f = *list;
    if (f)
        *list = f->next;
    return f;
}

void *stacks_take(struct stacks *s)
{
    mutex_lock(&s->mutex);
    void *stack = pop(&s->warm);
    s->warm_count -= stack != NULL;
    if (!stack)
        stack = pop(&s->cold);
    if (!stack)
        stack = take_fresh(s);
    mutex_unlock(&s->mutex);
    return stack;
}

void stacks_give(struct stacks *s, void *stack)
{
    if (!stack)
        return;
    mutex_lock(&s->mutex);
    bool warm = s->warm_count < WARM_MAX;
    s->warm_count += warm;
    if (!warm)
        madvise((char *)stack + s->page_bytes, s->stack_bytes - s->page_bytes, MADV_DONTNEED);
    struct free_stack **list = warm ? &s->warm : &s->cold, *f = stack;
    f->next = *list;
    *list = f;
    mutex_unlock(&s->mutex);
}

size_t stacks_bytes(const struct stacks *s)
{
    return s->stack_bytes;
}

void stack_trim(void *stack, size_t stack_bytes)
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE), low = (uintptr_t)stack;
    uintptr_t end = (uintptr_t)__builtin_frame_address(0) - TRIM_MARGIN_BYTES;
    end &= ~(page_bytes - 1);
    if (end > low && end < low + stack_bytes)
        madvise(stack, end - low, MADV_DONTNEED);
}
