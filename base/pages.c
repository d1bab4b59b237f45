#include "base/pages.h"

#include <sys/mman.h>

void *pages_take(size_t size_bytes)
{
    void *pages =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *pages_grow(void *pages, size_t size_bytes, size_t more_bytes)
{
    void *grown = mremap(pages, size_bytes, more_bytes, MREMAP_MAYMOVE);
    return grown == MAP_FAILED ? NULL : grown;
}

void pages_give(void *pages, size_t size_bytes)
{
    if (pages)
        munmap(pages, size_bytes);
}
