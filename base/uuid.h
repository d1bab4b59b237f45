/* UUIDv7 (RFC 9562): ids that sort by the time at which they were made. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

enum { UUID_TEXT = 37 }; /* with the NUL */

struct uuid {
    unsigned char bytes[16];
};

/* Strictly increasing within the process, from any thread. */
struct uuid uuid_make(const struct clock *clock);
void uuid_format(const struct uuid *u, char out[UUID_TEXT]);
/* The canonical form, in any case. */
bool uuid_parse(const char *text, size_t length, struct uuid *ret_uuid);

#endif
