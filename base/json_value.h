/* A JSON text as a tree to walk, for answers of which only a part is wanted (a table, a report):
 * what is to be checked field by field goes through json_fields.h instead.
 *
 * Every reader takes NULL, and a value of another kind, and answers with nothing; so a path is a
 * chain of calls with one look at its end. Numbers are doubles: whole numbers are exact up to 2^53.
 * A tree is immutable; values live as long as it does.
 */
#ifndef BASE_JSON_VALUE_H
#define BASE_JSON_VALUE_H

#include "base/error.h"

struct json_value;

/* Any JSON value, checked by json_scan. ERR_INVALID with its place. */
enum err json_value_parse(const char *text, size_t length, struct json_value **ret,
                          struct error *e);
void json_value_free(struct json_value *v); /* the root alone; NULL is fine */

const struct json_value *json_value_member(const struct json_value *v, const char *name);
/* The members of an object or the items of an array, in order; NULL at the end. */
const struct json_value *json_value_first(const struct json_value *v);
const struct json_value *json_value_next(const struct json_value *v);
size_t json_value_count(const struct json_value *v);

const char *json_value_name(const struct json_value *v); /* of a member; "" otherwise */
const char *json_value_text(const struct json_value *v); /* NULL when it is no string */
double json_value_number(const struct json_value *v);    /* NaN when it is no number */
int64_t json_value_int(const struct json_value *v);      /* 0 when it is no number */
bool json_value_is_true(const struct json_value *v);

/* Of a member, in one call. */
const char *json_value_member_text(const struct json_value *v, const char *name);
double json_value_member_number(const struct json_value *v, const char *name);
int64_t json_value_member_int(const struct json_value *v, const char *name);

#endif
