/* A growing byte string with a declared maximum.
 *
 * Invariants: data[length] is always '\0' once anything was added; length <= max_bytes. Past the
 * maximum, or out of memory, the buffer turns `failed` and stays so: further appends do nothing,
 * and the owner checks once at the end (strbuf_failed), not after each append.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *data; /* owned; NULL until the first append */
    size_t length;
    size_t capacity;
    size_t max_bytes;
    bool failed;
};

void strbuf_init(struct strbuf *b, size_t max_bytes);
void strbuf_release(struct strbuf *b);
void strbuf_clear(struct strbuf *b); /* keeps the memory; clears failed */

void strbuf_add(struct strbuf *b, const void *bytes, size_t length);
void strbuf_add_string(struct strbuf *b, const char *text);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_add_format(struct strbuf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for `length` more bytes, or NULL when failed. Then fill it and strbuf_commit what was used.
 */
char *strbuf_reserve(struct strbuf *b, size_t length);
void strbuf_commit(struct strbuf *b, size_t length);

bool strbuf_failed(const struct strbuf *b);
const char *strbuf_text(const struct strbuf *b); /* "" when empty */
/* Hands the memory to the caller, who frees it with free(); the buffer is empty afterwards. NULL
 * only when the buffer had failed (or "" itself finds no memory). ret_length may be NULL. */
char *strbuf_take(struct strbuf *b, size_t *ret_length);

#endif
