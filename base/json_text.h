/* Strings and values as they stand in a JSON text that json_scan has checked or is checking. */
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

/* A cursor over checked text. Each is given a place inside an object and moves on: to what is not
 * space; behind the value at p; from behind '{' or ',' to the value of the member there. */
const char *json_skip_space(const char *p);
const char *json_skip_value(const char *p);
const char *json_find_member_value(const char *p);

#endif
