/* JSON objects <-> C structs through a table of field descriptors: one table decodes a request,
 * encodes an answer and writes the messages for what is wrong, so that the three can't drift apart.
 *
 *   struct window { int32_t from_minute, to_minute; char *timezone; };
 *   static const struct json_field window_fields[] = {
 *       JSON_FIELD(struct window, from_minute, "from", JSON_TIME_OF_DAY, .required = true),
 *       ...
 *   };
 *
 * Decoding refuses unknown fields (naming the nearest known one), wrong types, values out of range
 * and missing required fields, each with its JSON pointer. Absent optional fields leave the
 * struct's member as the caller initialised it; JSON_PRESENT names a bool member that is set to
 * true by a field that is there. null is the same as absent.
 */
#ifndef BASE_JSON_FIELDS_H
#define BASE_JSON_FIELDS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json_writer.h"

enum json_kind {
    JSON_TEXT,        /* const char *; min..max are bytes */
    JSON_BOOL,        /* bool */
    JSON_INT,         /* int64_t; exact, all 64 bits; min..max */
    JSON_NUMBER,      /* double; finite; number_min..number_max */
    JSON_DECIMAL,     /* int64_t at 1e-6; JSON string or number in, both exact; string out */
    JSON_ENUM,        /* int32_t index into choices */
    JSON_FLAGS,       /* uint32_t: array of choices as bits; min..max items, none twice */
    JSON_TIME,        /* int64_t ns UTC: RFC 3339 */
    JSON_DATE,        /* int32_t days: "2024-01-31" */
    JSON_DURATION,    /* int64_t ns: "30m" */
    JSON_TIME_OF_DAY, /* int32_t minutes: "09:45" */
    JSON_TEXTS,       /* struct json_texts; min..max items */
    JSON_RANGE,       /* struct json_range: array of two whole numbers, each min..max, in order */
    JSON_SCALAR,      /* const char *: a string, or a number as it is written; string out */
    JSON_OBJECT,      /* nested struct at offset, described by fields */
};

struct json_texts {
    const char **items;
    size_t count;
};

struct json_range {
    int64_t from, to; /* from <= to */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    bool required;
    size_t offset;
    size_t present; /* JSON_PRESENT: a bool; 0 = none */
    /* Both 0 = no bounds; INT64_MIN or INT64_MAX (or an infinity) leaves one side open. They hold
     * for the value of every kind that is a number within: also decimals, times, dates and
     * durations. */
    int64_t min, max;
    double number_min, number_max;   /* JSON_NUMBER */
    const char *const *choices;      /* NULL-terminated, at most 32 */
    const struct json_field *fields; /* JSON_OBJECT */
    size_t field_count;
};

#define JSON_FIELD(type, member, json_name, json_kind, ...)                                        \
    {                                                                                              \
        .name = (json_name), .kind = (json_kind), .offset = offsetof(type, member), __VA_ARGS__    \
    }

/* The bool that says whether the field was there: its offset and 1, as any offset is a good one. */
#define JSON_PRESENT(type, member) .present = offsetof(type, member) + 1

/* Scans (json_scan), parses and decodes one object of at most 64 fields into *out. Strings and
 * arrays live in the arena. On error *out may be half filled and must not be used: ERR_INVALID with
 * the JSON pointer of the field, or ERR_NO_MEMORY when the arena is full. */
enum err json_decode(const char *text, size_t length, const struct json_field *fields,
                     size_t field_count, void *out, struct arena *arena, struct error *e);

/* Writes the fields as members of the object that the writer is in. A member whose present flag is
 * false (or whose const char * is NULL) is left out. */
void json_encode(struct json_writer *w, const struct json_field *fields, size_t field_count,
                 const void *in);

#endif
