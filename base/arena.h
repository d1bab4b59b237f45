/* An arena: many small allocations with one life, freed whole. One per request, per compiled rule,
 * per shard.
 *
 * Invariants: never hands out more than max_bytes (each size rounded up to 16); every pointer is
 * aligned to 16 and stays valid until arena_release or arena_clear. Not thread safe: an arena has
 * one user at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used_bytes; /* handed out, all blocks */
    size_t max_bytes;
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_release(struct arena *a);
void arena_clear(struct arena *a); /* forgets all allocations, keeps one block */

/* Zeroed memory, or NULL when max_bytes would be passed or memory is out. size 0 gives a valid
 * pointer. */
void *arena_alloc(struct arena *a, size_t size_bytes);
/* count * size without overflow. */
void *arena_alloc_array(struct arena *a, size_t count, size_t size_bytes);
char *arena_strdup(struct arena *a, const char *text);
/* Up to `length` bytes, fewer when a NUL comes first. */
char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
