#include "base/json_fields.h"

#include "base/rfc3339.h"

#include <assert.h>
#include <string.h>

static const char *choice_of(const struct json_field *f, int32_t index)
{
    assert(index >= 0);
    for (int32_t i = 0; i <= index; i++)
        assert(f->choices[i]);
    return f->choices[index];
}

static void encode_flags(struct json_writer *w, const struct json_field *f, uint32_t flags)
{
    json_begin_array(w);
    for (int32_t i = 0; flags != 0; i++, flags >>= 1)
        if (flags & 1)
            json_string(w, choice_of(f, i));
    json_end_array(w);
}

static void encode_texts(struct json_writer *w, const struct json_texts *texts)
{
    json_begin_array(w);
    for (size_t i = 0; i < texts->count; i++)
        json_string(w, texts->items[i]);
    json_end_array(w);
}

static void encode_range(struct json_writer *w, const struct json_range *range)
{
    json_begin_array(w);
    json_int(w, range->from);
    json_int(w, range->to);
    json_end_array(w);
}

static void encode_duration(struct json_writer *w, int64_t ns)
{
    char text[RFC3339_MAX];
    json_string_n(w, text, duration_format(ns, text));
}

static void encode_time_of_day(struct json_writer *w, int32_t minutes)
{
    char text[TIME_OF_DAY_MAX];
    time_of_day_format(minutes, text);
    json_string(w, text);
}

static void encode_value(struct json_writer *w, const struct json_field *f, const void *member)
{
    switch (f->kind) {
    case JSON_TEXT:
    case JSON_SCALAR:
        json_string(w, *(const char *const *)member);
        break;
    case JSON_BOOL:
        json_bool(w, *(const bool *)member);
        break;
    case JSON_INT:
        json_int(w, *(const int64_t *)member);
        break;
    case JSON_NUMBER:
        json_number(w, *(const double *)member);
        break;
    case JSON_DECIMAL:
        json_decimal(w, *(const int64_t *)member);
        break;
    case JSON_ENUM:
        json_string(w, choice_of(f, *(const int32_t *)member));
        break;
    case JSON_FLAGS:
        encode_flags(w, f, *(const uint32_t *)member);
        break;
    case JSON_TIME:
        json_time(w, *(const int64_t *)member);
        break;
    case JSON_DATE:
        json_date(w, *(const int32_t *)member);
        break;
    case JSON_DURATION:
        encode_duration(w, *(const int64_t *)member);
        break;
    case JSON_TIME_OF_DAY:
        encode_time_of_day(w, *(const int32_t *)member);
        break;
    case JSON_TEXTS:
        encode_texts(w, member);
        break;
    case JSON_RANGE:
        encode_range(w, member);
        break;
    case JSON_OBJECT:
        json_begin_object(w);
        json_encode(w, f->fields, f->field_count, member);
        json_end_object(w);
        break;
    }
}

static bool is_present(const struct json_field *f, const void *in)
{
    if (f->present && !*(const bool *)((const char *)in + f->present - 1))
        return false;
    const void *member = (const char *)in + f->offset;
    bool is_text = f->kind == JSON_TEXT || f->kind == JSON_SCALAR;
    return !is_text || *(const char *const *)member != NULL;
}

void json_encode(struct json_writer *w, const struct json_field *fields, size_t field_count,
                 const void *in)
{
    for (size_t i = 0; i < field_count; i++) {
        if (!is_present(&fields[i], in))
            continue;
        json_key(w, fields[i].name);
        encode_value(w, &fields[i], (const char *)in + fields[i].offset);
    }
}
