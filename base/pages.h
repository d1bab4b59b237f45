/* Memory in whole pages of its own, for what is large and comes and goes: malloc would keep it for
 * the process, in holes between what stays.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* Zeros; NULL without memory. size_bytes > 0. */
void *pages_take(size_t size_bytes);
/* More of the same, perhaps elsewhere; what is new is zeros. NULL without memory: `pages` is then
 * as it was. */
void *pages_grow(void *pages, size_t size_bytes, size_t more_bytes);
/* Back to the system at once. NULL is fine. */
void pages_give(void *pages, size_t size_bytes);

#endif
