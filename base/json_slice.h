/* Parts of a JSON text as they stand in it, found without parsing the rest: for texts that this
 * program wrote itself (stored requests and results) and hands out again in parts. The text must be
 * checked JSON (json_scan); nothing is copied.
 */
#ifndef BASE_JSON_SLICE_H
#define BASE_JSON_SLICE_H

#include "base/arena.h"

#include <stdbool.h>

/* A value; text NULL = none. Not NUL-terminated. */
struct json_slice {
    const char *text;
    size_t length;
};

/* The value of a whole text, without the space around it. */
struct json_slice json_slice_of(const char *text);
/* A member of an object: none when it is not there, or when the value is no object. */
struct json_slice json_slice_member(struct json_slice object, const char *name);
bool json_slice_is_object(struct json_slice value);
bool json_slice_equals(struct json_slice a, struct json_slice b); /* byte by byte; none is none */

/* The members of an object, or the items of an array, in order. */
struct json_slice_walk { /* private */
    const char *p;       /* the bracket that opens, then what is behind a value */
    bool of_object;
};
struct json_slice_walk json_slice_walk(struct json_slice value); /* of nothing else: empty */
/* False at the end. *ret_name is what stands between the quotes of a member's name (its escapes
 * are not resolved), none for an item; NULL allowed. */
bool json_slice_next(struct json_slice_walk *w, struct json_slice *ret_name,
                     struct json_slice *ret_value);

/* As plain text in the arena: a string without its quotes and escapes, anything else as it stands,
 * none and null as "". NULL when the arena is full. */
const char *json_slice_text(struct json_slice value, struct arena *arena);

#endif
