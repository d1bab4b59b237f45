/* Strings as they stand in a JSON text, for what has been checked already or is being checked. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the bytes that a string stands for, one by one: its escapes are resolved. */
struct json_unescape {
    const char *p, *end; /* what is left between the quotes; valid JSON */
    char pending[4];     /* of a \u escape */
    uint8_t pending_count, pending_next;
};

static inline struct json_unescape json_unescape_of(const char *inside, size_t length)
{
    return (struct json_unescape){.p = inside, .end = inside + length};
}

/* The next byte, 0..255, or -1 at the end. */
int json_unescape_next(struct json_unescape *u);

/* The value of four hexadecimal digits, or -1. */
int32_t json_hex4(const char *text, size_t left);

#endif
