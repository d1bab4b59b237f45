/* A value is cJSON's node under another name: nothing is copied, and cJSON stays behind base/. */
#include "base/json_value.h"

#include "base/json_scan.h"

#include <cjson/cJSON.h>

#include <math.h>

static const cJSON *node_of(const struct json_value *v)
{
    return (const cJSON *)v;
}

static const struct json_value *value_of(const cJSON *node)
{
    return (const struct json_value *)node;
}

enum err json_value_parse(const char *text, size_t length, struct json_value **ret, struct error *e)
{
    enum err err = json_scan(text, length, e);
    if (err)
        return err;
    cJSON *node = cJSON_ParseWithLength(text, length);
    if (!node)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a JSON text");
    *ret = (struct json_value *)node;
    return ERR_OK;
}

void json_value_free(struct json_value *v)
{
    cJSON_Delete((cJSON *)v);
}

const struct json_value *json_value_member(const struct json_value *v, const char *name)
{
    return cJSON_IsObject(node_of(v)) ? value_of(cJSON_GetObjectItemCaseSensitive(node_of(v), name))
                                      : NULL;
}

const struct json_value *json_value_first(const struct json_value *v)
{
    const cJSON *node = node_of(v);
    return cJSON_IsObject(node) || cJSON_IsArray(node) ? value_of(node->child) : NULL;
}

const struct json_value *json_value_next(const struct json_value *v)
{
    return v ? value_of(node_of(v)->next) : NULL;
}

size_t json_value_count(const struct json_value *v)
{
    size_t count = 0;
    for (const struct json_value *c = json_value_first(v); c; c = json_value_next(c))
        count++;
    return count;
}

const char *json_value_name(const struct json_value *v)
{
    return v && node_of(v)->string ? node_of(v)->string : "";
}

const char *json_value_text(const struct json_value *v)
{
    return cJSON_GetStringValue(node_of(v));
}

double json_value_number(const struct json_value *v)
{
    return cJSON_IsNumber(node_of(v)) ? node_of(v)->valuedouble : (double)NAN;
}

int64_t json_value_int(const struct json_value *v)
{
    double x = json_value_number(v);
    /* 2^63 itself is out; NaN fails both comparisons. */
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : 0;
}

bool json_value_is_true(const struct json_value *v)
{
    return cJSON_IsTrue(node_of(v));
}

const char *json_value_member_text(const struct json_value *v, const char *name)
{
    return json_value_text(json_value_member(v, name));
}

double json_value_member_number(const struct json_value *v, const char *name)
{
    return json_value_number(json_value_member(v, name));
}

int64_t json_value_member_int(const struct json_value *v, const char *name)
{
    return json_value_int(json_value_member(v, name));
}
