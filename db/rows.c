#include "db/rows.h"

#include <string.h>

enum { FIRST_CAPACITY = 16 };

bool row_text(struct statement *s, const char *column, struct arena *arena, const char **ret)
{
    const char *text = statement_text(s, column);
    char *copy = text == NULL ? NULL : arena_strdup(arena, text);
    if (text != NULL && copy == NULL)
        return false;
    *ret = copy;
    return true;
}

void row_bytes(struct statement *s, const char *column, void *out, size_t size_bytes)
{
    size_t have = 0;
    const void *bytes = statement_blob(s, column, &have);
    if (bytes != NULL && have == size_bytes)
        memcpy(out, bytes, size_bytes);
    else
        memset(out, 0, size_bytes);
}

void *rows_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? FIRST_CAPACITY : 2 * *capacity;
    void *grown = arena_alloc_array(arena, wanted, item_bytes);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * item_bytes);
    *capacity = wanted;
    return grown;
}

enum err rows_full(struct statement *s, struct error *e)
{
    (void)statement_finish(s, NULL);
    return error_set(e, ERR_NO_MEMORY, "the answer does not fit into memory");
}
