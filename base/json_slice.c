#include "base/json_slice.h"

#include "base/json_text.h"

#include <string.h>

static struct json_slice slice_at(const char *p)
{
    return (struct json_slice){p, (size_t)(json_skip_value(p) - p)};
}

struct json_slice json_slice_of(const char *text)
{
    const char *p = json_skip_space(text);
    if (*p == '{' || *p == '[' || *p == '"')
        return slice_at(p);
    return (struct json_slice){p, strcspn(p, " \n\r\t")};
}

bool json_slice_is_object(struct json_slice value)
{
    return value.text && value.text[0] == '{';
}

bool json_slice_equals(struct json_slice a, struct json_slice b)
{
    if (!a.text || !b.text)
        return !a.text && !b.text;
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

struct json_slice_walk json_slice_walk(struct json_slice value)
{
    bool walkable = value.text && (value.text[0] == '{' || value.text[0] == '[');
    return (struct json_slice_walk){walkable ? value.text : NULL, json_slice_is_object(value)};
}

bool json_slice_next(struct json_slice_walk *w, struct json_slice *ret_name,
                     struct json_slice *ret_value)
{
    struct json_slice name = {0};
    if (!w->p || *w->p == '}' || *w->p == ']')
        return false;
    const char *p = json_skip_space(w->p + 1);
    w->p = p;
    if (*p == '}' || *p == ']')
        return false;
    if (w->of_object) {
        name = (struct json_slice){p + 1, (size_t)(json_skip_value(p) - p) - 2};
        p = json_find_member_value(p);
    }
    if (ret_name)
        *ret_name = name;
    *ret_value = slice_at(p);
    w->p = json_skip_space(ret_value->text + ret_value->length);
    return true;
}

struct json_slice json_slice_member(struct json_slice object, const char *name)
{
    const struct json_slice wanted = {name, strlen(name)};
    struct json_slice member, value;
    if (!json_slice_is_object(object))
        return (struct json_slice){0};
    struct json_slice_walk walk = json_slice_walk(object);
    while (json_slice_next(&walk, &member, &value))
        if (json_slice_equals(member, wanted))
            return value;
    return (struct json_slice){0};
}

const char *json_slice_text(struct json_slice value, struct arena *arena)
{
    if (!value.text || (value.length == 4 && memcmp(value.text, "null", 4) == 0))
        return "";
    if (value.text[0] != '"')
        return arena_strndup(arena, value.text, value.length);
    char *text = arena_alloc(arena, value.length); /* escapes only shrink */
    struct json_unescape u = json_unescape_of(value.text + 1, value.length - 2);
    size_t length = 0;
    for (int c; text && (c = json_unescape_next(&u)) >= 0;)
        text[length++] = (char)c;
    return text;
}
