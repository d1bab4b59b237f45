/* cJSON makes the tree and resolves the strings; numbers are taken from the text instead
 * (json_exact.h), because cJSON keeps them as doubles. A cursor walks the text beside the tree:
 * json_scan has checked it, so finding where a value ends takes no more than counting brackets.
 */
#include "base/json_fields.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/json_exact.h"
#include "base/json_pointer.h"
#include "base/json_scan.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "base/text.h"

#include <cjson/cJSON.h>

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELDS_MAX = 64, /* of one object */
    CHOICES_MAX = 32,
    BOUND_MAX = 40, /* the longest bound as text */
};

struct decoder {
    struct arena *arena;
    struct error *e;
    struct json_pointer pointer;
};

/* One value: its field, the node of the tree and the text. */
struct value {
    const struct json_field *field;
    const cJSON *node;
    const char *raw;
    size_t raw_length;
};

/* "'name' <message>", with the pointer */
static enum err refuse(struct decoder *d, const struct json_field *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err refuse(struct decoder *d, const struct json_field *field, const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return error_field(d->e, ERR_INVALID, d->pointer.text, "'%s' %s", field->name, message);
}

static enum err out_of_memory(struct decoder *d)
{
    return error_set(d->e, ERR_NO_MEMORY, "out of memory for the fields of the JSON text");
}

/* ---- bounds ---- */

static void format_bound(enum json_kind kind, int64_t value, char out[BOUND_MAX])
{
    switch (kind) {
    case JSON_DECIMAL:
        decimal_format(value, out);
        break;
    case JSON_TIME:
        rfc3339_format(value, out);
        break;
    case JSON_DATE:
        civil_format((int32_t)value, out);
        break;
    case JSON_DURATION:
        duration_format(value, out);
        break;
    case JSON_TIME_OF_DAY:
        time_of_day_format((int32_t)value, out);
        break;
    default:
        snprintf(out, BOUND_MAX, "%lld", (long long)value);
    }
}

/* `what` is empty, or " bytes long" and the like. */
static enum err check_bounds(struct decoder *d, const struct json_field *f, enum json_kind kind,
                             int64_t value, const char *what)
{
    if ((f->min == 0 && f->max == 0) || (value >= f->min && value <= f->max))
        return ERR_OK;
    char min[BOUND_MAX];
    char max[BOUND_MAX];
    char given[BOUND_MAX];
    format_bound(kind, value, given);
    if (f->max == INT64_MAX) {
        format_bound(kind, f->min, min);
        return refuse(d, f, "must be at least %s%s, not %s", min, what, given);
    }
    format_bound(kind, f->max, max);
    if (f->min == INT64_MIN)
        return refuse(d, f, "must be at most %s%s, not %s", max, what, given);
    format_bound(kind, f->min, min);
    return refuse(d, f, "must be %s to %s%s, not %s", min, max, what, given);
}

static enum err check_number_bounds(struct decoder *d, const struct json_field *f, double x)
{
    if ((f->number_min == 0 && f->number_max == 0) || (x >= f->number_min && x <= f->number_max))
        return ERR_OK;
    char min[NUMBER_MAX_TEXT];
    char max[NUMBER_MAX_TEXT];
    char given[NUMBER_MAX_TEXT];
    number_format(x, given);
    if (isfinite(f->number_min))
        number_format(f->number_min, min);
    if (isfinite(f->number_max))
        number_format(f->number_max, max);
    if (!isfinite(f->number_max))
        return refuse(d, f, "must be at least %s, not %s", min, given);
    if (!isfinite(f->number_min))
        return refuse(d, f, "must be at most %s, not %s", max, given);
    return refuse(d, f, "must be %s to %s, not %s", min, max, given);
}

/* ---- kinds ---- */

static const char *type_name(const cJSON *node)
{
    if (cJSON_IsString(node))
        return "a string";
    if (cJSON_IsNumber(node))
        return "a number";
    if (cJSON_IsBool(node))
        return "true or false";
    if (cJSON_IsArray(node))
        return "an array";
    return cJSON_IsObject(node) ? "an object" : "null";
}

static enum err refuse_type(struct decoder *d, const struct value *v, const char *expected)
{
    return refuse(d, v->field, "must be %s, not %s", expected, type_name(v->node));
}

static enum err decode_text(struct decoder *d, const struct value *v, const char **ret_text)
{
    if (!cJSON_IsString(v->node))
        return refuse_type(d, v, "a string");
    size_t length = strlen(v->node->valuestring);
    enum err err = check_bounds(d, v->field, JSON_INT, (int64_t)length, " bytes long");
    if (err)
        return err;
    const char *text = arena_strndup(d->arena, v->node->valuestring, length);
    if (!text)
        return out_of_memory(d);
    *ret_text = text;
    return ERR_OK;
}

static enum err decode_scalar(struct decoder *d, const struct value *v, const char **ret_text)
{
    if (!cJSON_IsNumber(v->node) && !cJSON_IsString(v->node))
        return refuse_type(d, v, "a number or a string");
    if (cJSON_IsString(v->node))
        return decode_text(d, v, ret_text);
    const char *text = arena_strndup(d->arena, v->raw, v->raw_length);
    if (!text)
        return out_of_memory(d);
    *ret_text = text;
    return check_bounds(d, v->field, JSON_INT, (int64_t)v->raw_length, " bytes long");
}

static enum err decode_int(struct decoder *d, const struct value *v, int64_t *ret_value)
{
    struct error why = {0};
    if (!cJSON_IsNumber(v->node))
        return refuse_type(d, v, "a whole number");
    if (json_exact_int(v->raw, v->raw_length, ret_value, &why))
        return refuse(d, v->field, "must be a whole number: %s", why.message);
    return check_bounds(d, v->field, JSON_INT, *ret_value, "");
}

static enum err decode_decimal(struct decoder *d, const struct value *v, int64_t *ret_value)
{
    struct error why = {0};
    enum err err;
    if (cJSON_IsString(v->node))
        err = decimal_parse(v->node->valuestring, strlen(v->node->valuestring), ret_value, &why);
    else if (cJSON_IsNumber(v->node))
        err = json_exact_decimal(v->raw, v->raw_length, ret_value, &why);
    else
        return refuse_type(d, v, "a decimal such as \"12.5\"");
    if (err)
        return refuse(d, v->field, "must be a decimal: %s", why.message);
    return check_bounds(d, v->field, JSON_DECIMAL, *ret_value, "");
}

static enum err decode_number(struct decoder *d, const struct value *v, double *ret_x)
{
    if (!cJSON_IsNumber(v->node))
        return refuse_type(d, v, "a number");
    bool ok = number_parse(v->raw, v->raw_length, ret_x);
    assert(ok); /* json_scan has seen to it */
    return check_number_bounds(d, v->field, *ret_x);
}

/* Decoded from a string by one of the parsers of rfc3339.h. */
static enum err decode_time(struct decoder *d, const struct value *v, int64_t *ret_value)
{
    enum json_kind kind = v->field->kind;
    if (!cJSON_IsString(v->node))
        return refuse_type(d, v,
                           kind == JSON_DURATION ? "a duration such as \"30m\""
                                                 : "a time such as \"2024-01-31T14:30:00Z\"");
    const char *text = v->node->valuestring;
    struct error why = {0};
    enum err err = kind == JSON_DURATION ? duration_parse(text, strlen(text), ret_value, &why)
                                         : rfc3339_parse(text, strlen(text), ret_value, &why);
    if (err)
        return refuse(d, v->field, "cannot be read: %s", why.message);
    return check_bounds(d, v->field, kind, *ret_value, "");
}

static enum err decode_date(struct decoder *d, const struct value *v, int32_t *ret_days)
{
    if (!cJSON_IsString(v->node))
        return refuse_type(d, v, "a date such as \"2024-01-31\"");
    const char *text = v->node->valuestring;
    if (!civil_parse(text, strlen(text), ret_days))
        return refuse(d, v->field, "must be a date such as 2024-01-31, not '%.40s'", text);
    return check_bounds(d, v->field, JSON_DATE, *ret_days, "");
}

static enum err decode_time_of_day(struct decoder *d, const struct value *v, int32_t *ret_minutes)
{
    if (!cJSON_IsString(v->node))
        return refuse_type(d, v, "a time of day such as \"09:45\"");
    const char *text = v->node->valuestring;
    struct error why = {0};
    if (time_of_day_parse(text, strlen(text), ret_minutes, &why))
        return refuse(d, v->field, "cannot be read: %s", why.message);
    return check_bounds(d, v->field, JSON_TIME_OF_DAY, *ret_minutes, "");
}

static enum err find_choice(struct decoder *d, const struct json_field *f, const cJSON *node,
                            int32_t *ret_index)
{
    const struct value v = {.field = f, .node = node};
    if (!cJSON_IsString(node))
        return refuse_type(d, &v, "a string");
    size_t count = 0;
    size_t length = 0;
    char all[256] = "";
    for (; f->choices[count]; count++) {
        assert(count < CHOICES_MAX);
        if (strcmp(f->choices[count], node->valuestring) == 0) {
            *ret_index = (int32_t)count;
            return ERR_OK;
        }
        if (length < sizeof all)
            length += (size_t)snprintf(all + length, sizeof all - length, "%s%s",
                                       count > 0 ? ", " : "", f->choices[count]);
    }
    const char *text = node->valuestring;
    const char *nearest = text_nearest(text, strlen(text), f->choices, count);
    return refuse(d, f, "must be one of %s, not '%.40s'%s%s%s", all, text,
                  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static enum err decode_flags(struct decoder *d, const struct value *v, uint32_t *ret_flags)
{
    if (!cJSON_IsArray(v->node))
        return refuse_type(d, v, "an array of strings");
    enum err bounds = check_bounds(d, v->field, JSON_INT, cJSON_GetArraySize(v->node), " items");
    if (bounds)
        return bounds;
    uint32_t flags = 0;
    size_t index = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, v->node) {
        int32_t choice = 0;
        json_pointer_push_index(&d->pointer, index++);
        enum err err = find_choice(d, v->field, item, &choice);
        if (!err && (flags >> choice & 1))
            err = refuse(d, v->field, "has '%s' twice", item->valuestring);
        if (err)
            return err;
        json_pointer_pop(&d->pointer);
        flags |= UINT32_C(1) << choice;
    }
    *ret_flags = flags;
    return ERR_OK;
}

static enum err decode_texts(struct decoder *d, const struct value *v, struct json_texts *ret_texts)
{
    if (!cJSON_IsArray(v->node))
        return refuse_type(d, v, "an array of strings");
    size_t count = (size_t)cJSON_GetArraySize(v->node);
    enum err err = check_bounds(d, v->field, JSON_INT, (int64_t)count, " items");
    if (err)
        return err;
    const char **items = arena_alloc_array(d->arena, count, sizeof *items);
    if (!items)
        return out_of_memory(d);
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, v->node) {
        if (!cJSON_IsString(node)) {
            json_pointer_push_index(&d->pointer, index);
            return refuse(d, v->field, "must hold strings, not %s", type_name(node));
        }
        items[index] = arena_strdup(d->arena, node->valuestring);
        if (!items[index++])
            return out_of_memory(d);
    }
    *ret_texts = (struct json_texts){items, count};
    return ERR_OK;
}

/* The numbers are small here: as doubles they are exact. */
static enum err decode_range(struct decoder *d, const struct value *v, struct json_range *ret)
{
    int64_t ends[2];
    if (!cJSON_IsArray(v->node) || cJSON_GetArraySize(v->node) != 2)
        return refuse(d, v->field, "must be an array of two whole numbers");
    for (int i = 0; i < 2; i++) {
        const cJSON *item = cJSON_GetArrayItem(v->node, i);
        double x = cJSON_IsNumber(item) ? item->valuedouble : NAN;
        if (!(fabs(x) <= (double)(INT64_C(1) << 53)) || x != floor(x))
            return refuse(d, v->field, "must be an array of two whole numbers");
        ends[i] = (int64_t)x;
        enum err err = check_bounds(d, v->field, JSON_INT, ends[i], "");
        if (err)
            return err;
    }
    if (ends[0] > ends[1])
        return refuse(d, v->field, "must have the lower number first");
    *ret = (struct json_range){ends[0], ends[1]};
    return ERR_OK;
}

static enum err decode_object(struct decoder *d, const cJSON *object, const char *raw,
                              const struct json_field *fields, size_t field_count, void *out);

static enum err decode_value(struct decoder *d, const struct value *v, void *out)
{
    void *member = (char *)out + v->field->offset;
    switch (v->field->kind) {
    case JSON_TEXT:
        return decode_text(d, v, member);
    case JSON_BOOL:
        if (!cJSON_IsBool(v->node))
            return refuse_type(d, v, "true or false");
        *(bool *)member = cJSON_IsTrue(v->node);
        return ERR_OK;
    case JSON_INT:
        return decode_int(d, v, member);
    case JSON_NUMBER:
        return decode_number(d, v, member);
    case JSON_DECIMAL:
        return decode_decimal(d, v, member);
    case JSON_ENUM:
        return find_choice(d, v->field, v->node, member);
    case JSON_FLAGS:
        return decode_flags(d, v, member);
    case JSON_TIME:
    case JSON_DURATION:
        return decode_time(d, v, member);
    case JSON_DATE:
        return decode_date(d, v, member);
    case JSON_TIME_OF_DAY:
        return decode_time_of_day(d, v, member);
    case JSON_TEXTS:
        return decode_texts(d, v, member);
    case JSON_RANGE:
        return decode_range(d, v, member);
    case JSON_SCALAR:
        return decode_scalar(d, v, member);
    case JSON_OBJECT:
        if (!cJSON_IsObject(v->node))
            return refuse_type(d, v, "an object");
        return decode_object(d, v->node, v->raw, v->field->fields, v->field->field_count, member);
    }
    assert(false); /* a kind that is none */
    return ERR_INTERNAL;
}

/* ---- objects ---- */

static enum err refuse_unknown(struct decoder *d, const struct json_field *fields,
                               size_t field_count, const char *name)
{
    const char *names[FIELDS_MAX];
    for (size_t i = 0; i < field_count; i++)
        names[i] = fields[i].name;
    const char *nearest = text_nearest(name, strlen(name), names, field_count);
    return error_field(d->e, ERR_INVALID, d->pointer.text, "unknown field '%.60s'%s%s%s", name,
                       nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

static enum err require_fields(struct decoder *d, const struct json_field *fields,
                               size_t field_count, uint64_t seen)
{
    for (size_t i = 0; i < field_count; i++) {
        if (!fields[i].required || (seen >> i & 1))
            continue;
        json_pointer_push_name(&d->pointer, fields[i].name, strlen(fields[i].name));
        return refuse(d, &fields[i], "is required");
    }
    return ERR_OK;
}

static enum err decode_member(struct decoder *d, const struct value *member,
                              const struct json_field *fields, size_t field_count, void *out,
                              uint64_t *seen)
{
    const char *name = member->node->string;
    size_t i = 0;
    while (i < field_count && strcmp(fields[i].name, name) != 0)
        i++;
    if (i == field_count)
        return refuse_unknown(d, fields, field_count, name);
    if (cJSON_IsNull(member->node))
        return ERR_OK;
    struct value v = *member;
    v.field = &fields[i];
    enum err err = decode_value(d, &v, out);
    if (err)
        return err;
    *seen |= UINT64_C(1) << i;
    if (fields[i].present)
        *(bool *)((char *)out + fields[i].present - 1) = true;
    return ERR_OK;
}

/* `raw` is the object's '{'. */
static enum err decode_object(struct decoder *d, const cJSON *object, const char *raw,
                              const struct json_field *fields, size_t field_count, void *out)
{
    assert(field_count <= FIELDS_MAX);
    uint64_t seen = 0;
    const char *p = raw + 1;
    const cJSON *node;
    cJSON_ArrayForEach (node, object) {
        struct value v = {.node = node, .raw = json_find_member_value(p)};
        p = json_skip_value(v.raw);
        v.raw_length = (size_t)(p - v.raw);
        p = json_skip_space(p) + 1; /* behind the comma */
        json_pointer_push_name(&d->pointer, node->string, strlen(node->string));
        enum err err = decode_member(d, &v, fields, field_count, out, &seen);
        if (err)
            return err;
        json_pointer_pop(&d->pointer);
    }
    return require_fields(d, fields, field_count, seen);
}

enum err json_decode(const char *text, size_t length, const struct json_field *fields,
                     size_t field_count, void *out, struct arena *arena, struct error *e)
{
    enum err err = json_scan(text, length, e);
    if (err)
        return err;
    struct decoder d = {.arena = arena, .e = e};
    json_pointer_init(&d.pointer);
    cJSON *root = cJSON_ParseWithLength(text, length);
    if (!root)
        return out_of_memory(&d); /* the text is valid: nothing else can fail */
    if (cJSON_IsObject(root))
        err = decode_object(&d, root, json_skip_space(text), fields, field_count, out);
    else
        err = error_field(e, ERR_INVALID, "", "the JSON text must be an object, not %s",
                          type_name(root));
    cJSON_Delete(root);
    return err;
}
