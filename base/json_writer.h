/* A streaming JSON writer into a strbuf: commas and escapes are its business, structure the
 * caller's.
 *
 * Invariants: begin and end nest (asserted); inside an object every value follows a key. Strings
 * are UTF-8 already (json_scan let nothing else in); a byte that is not is written as U+FFFD.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/strbuf.h"

#include <stdint.h>

enum { JSON_WRITER_DEPTH = 32 };

struct json_writer {
    struct strbuf *out; /* borrowed */
    int depth;
    bool comma[JSON_WRITER_DEPTH];
    bool in_object[JSON_WRITER_DEPTH];
    bool after_key;
};

void json_writer_init(struct json_writer *w, struct strbuf *out);
void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *name);

void json_string(struct json_writer *w, const char *text); /* NULL writes null */
void json_string_n(struct json_writer *w, const char *text, size_t length);
void json_int(struct json_writer *w, int64_t value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
void json_number(struct json_writer *w, double x);       /* shortest; NaN and infinities as null */
void json_decimal(struct json_writer *w, int64_t value); /* "12.5", as a string */
void json_price(struct json_writer *w, double x);  /* a price as a decimal string; NaN is null */
void json_time(struct json_writer *w, int64_t ns); /* RFC 3339 string */
void json_date(struct json_writer *w, int32_t days);
void json_raw(struct json_writer *w, const char *json, size_t length); /* a finished value */

/* A member in one call: json_key then the value. */
void json_member_string(struct json_writer *w, const char *name, const char *text);
void json_member_int(struct json_writer *w, const char *name, int64_t value);
void json_member_bool(struct json_writer *w, const char *name, bool value);
void json_member_number(struct json_writer *w, const char *name, double x);
void json_member_decimal(struct json_writer *w, const char *name, int64_t value);
void json_member_time(struct json_writer *w, const char *name, int64_t ns);
/* The same where 0 says that there is none: null. */
void json_member_decimal_or_null(struct json_writer *w, const char *name, int64_t value);
void json_member_time_or_null(struct json_writer *w, const char *name, int64_t ns);

#endif
