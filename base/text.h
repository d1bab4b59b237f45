/* Small helpers on text: the nearest known name, a caret under a place, a copy that fits. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/strbuf.h"

#include <stddef.h>

/* The candidate nearest to `name` by edit distance, case folded, or NULL when none is near enough
 * to be meant (distance over a third of its length, rounded up, or nothing of it in common). Two
 * neighbours swapped count as one edit. Ties go to the first. Names over 64 bytes have no nearest.
 */
const char *text_nearest(const char *name, size_t length, const char *const *candidates,
                         size_t candidate_count);

/* Two lines: the line of `text` around `offset` (cut to 72 columns, "..." where it was), and a
 * caret under the place. No newline at the end. Control characters and bad UTF-8 are shown as one
 * "?", a tab as a space. An offset past the end is the end. */
void text_add_caret(struct strbuf *out, const char *text, size_t length, size_t offset);

/* Copies as much of `text` as fits into `room` bytes with its NUL; room > 0. As snprintf would, but
 * fast and without the 2 KiB that it takes of a stack. */
void text_fit(const char *text, char *out, size_t room);

#endif
