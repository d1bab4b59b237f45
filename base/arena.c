#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of blocks, newest first; allocations are cut from the head. Blocks double up to a size at
 * which the cost of malloc no longer shows. What is large against a block gets one of its own,
 * behind the head, so that the rest of the head is not lost. */

enum {
    ALIGNMENT = 16,
    FIRST_BLOCK_BYTES = 4 * 1024,
    LARGEST_BLOCK_BYTES = 256 * 1024,
};

struct arena_block {
    struct arena_block *older;
    size_t size_bytes;
    size_t used_bytes;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
    *a = (struct arena){.max_bytes = max_bytes};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->head);
    a->head = NULL;
    a->used_bytes = 0;
}

void arena_clear(struct arena *a)
{
    a->used_bytes = 0;
    if (!a->head)
        return;
    free_blocks(a->head->older);
    a->head->older = NULL;
    a->head->used_bytes = 0;
}

static struct arena_block *block_create(size_t size_bytes)
{
    if (size_bytes > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = malloc(sizeof *block + size_bytes);
    if (!block)
        return NULL;
    block->older = NULL;
    block->size_bytes = size_bytes;
    block->used_bytes = 0;
    return block;
}

static size_t next_block_bytes(const struct arena *a)
{
    if (!a->head)
        return FIRST_BLOCK_BYTES;
    size_t doubled = a->head->size_bytes * 2;
    return doubled < LARGEST_BLOCK_BYTES ? doubled : LARGEST_BLOCK_BYTES;
}

/* A block with room for size_bytes, which the head has not. */
static struct arena_block *add_block(struct arena *a, size_t size_bytes)
{
    size_t block_bytes = next_block_bytes(a);
    bool own = a->head && size_bytes > block_bytes / 4;
    if (own || size_bytes > block_bytes)
        block_bytes = size_bytes;
    size_t left_bytes = a->max_bytes - a->used_bytes;
    if (block_bytes > left_bytes)
        block_bytes = left_bytes;

    struct arena_block *block = block_create(block_bytes);
    if (!block)
        return NULL;
    if (own) {
        block->older = a->head->older;
        a->head->older = block;
    } else {
        block->older = a->head;
        a->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
    if (size_bytes == 0)
        size_bytes = 1;
    if (size_bytes > SIZE_MAX - (ALIGNMENT - 1))
        return NULL;
    size_bytes = (size_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (size_bytes > a->max_bytes - a->used_bytes)
        return NULL;

    struct arena_block *block = a->head;
    if (!block || size_bytes > block->size_bytes - block->used_bytes)
        block = add_block(a, size_bytes);
    if (!block)
        return NULL;
    void *result = block->bytes + block->used_bytes;
    block->used_bytes += size_bytes;
    a->used_bytes += size_bytes;
    return memset(result, 0, size_bytes);
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size_bytes)
{
    size_t total_bytes;
    if (__builtin_mul_overflow(count, size_bytes, &total_bytes))
        return NULL;
    return arena_alloc(a, total_bytes);
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
    length = strnlen(text, length);
    char *copy = arena_alloc(a, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : arena_alloc(a, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}
