/* What the repositories share: rows of a statement into the caller's arena. */
#ifndef DB_ROWS_H
#define DB_ROWS_H

#include "base/arena.h"
#include "db/sqlite.h"

/* Copies a text column into the arena; a null gives NULL. false when the arena is full. */
bool row_text(struct statement *s, const char *column, struct arena *arena, const char **ret);

/* Copies a blob column of exactly `size_bytes`; anything else gives zeros. */
void row_bytes(struct statement *s, const char *column, void *out, size_t size_bytes);

/* Room for one more item behind items[0..count): the array, grown and zeroed from there on when it
 * has to, or NULL when the arena is full. */
void *rows_grow(struct arena *arena, void *items, size_t count, size_t *capacity,
                size_t item_bytes);

/* ERR_NO_MEMORY for a full arena; finishes the statement. */
enum err rows_full(struct statement *s, struct error *e);

#endif
