/* A JSON pointer (RFC 6901) that grows and shrinks with a walk through a document.
 *
 * What does not fit into an error's pointer is left off: a place that is too deep or too long is
 * named by the nearest one around it.
 */
#ifndef BASE_JSON_POINTER_H
#define BASE_JSON_POINTER_H

#include "base/error.h"

struct json_pointer {
    char text[ERROR_POINTER_MAX]; /* "/window/from"; "" is the whole document */
    size_t length;
    size_t left_off; /* steps that did not fit, all at the end */
};

void json_pointer_init(struct json_pointer *p);
/* One step down. '~' and '/' in the name are written as ~0 and ~1. */
void json_pointer_push_name(struct json_pointer *p, const char *name, size_t length);
void json_pointer_push_index(struct json_pointer *p, size_t index);
/* One step up again. */
void json_pointer_pop(struct json_pointer *p);

#endif
