#include "base/json_merge.h"

#include <string.h>

static bool is_null(struct json_slice value)
{
    return value.length == 4 && memcmp(value.text, "null", 4) == 0;
}

/* The target's members, each with what the patch has for it. */
static bool keep_members(struct json_slice target, struct json_slice patch, struct arena *arena,
                         struct json_writer *w)
{
    struct json_slice_walk walk = json_slice_walk(target);
    struct json_slice name, value;
    while (json_slice_next(&walk, &name, &value)) {
        const char *key = arena_strndup(arena, name.text, name.length);
        if (!key)
            return false;
        struct json_slice change = json_slice_member(patch, key);
        if (change.text && is_null(change))
            continue;
        json_key(w, key);
        if (!change.text)
            json_raw(w, value.text, value.length);
        else if (!json_merge_patch(value, change, arena, w))
            return false;
    }
    return true;
}

static bool add_members(struct json_slice target, struct json_slice patch, struct arena *arena,
                        struct json_writer *w)
{
    static const struct json_slice nothing = {.text = NULL};
    struct json_slice_walk walk = json_slice_walk(patch);
    struct json_slice name, value;
    while (json_slice_next(&walk, &name, &value)) {
        const char *key = arena_strndup(arena, name.text, name.length);
        if (!key)
            return false;
        if (is_null(value) || json_slice_member(target, key).text)
            continue;
        json_key(w, key);
        if (!json_merge_patch(nothing, value, arena, w))
            return false;
    }
    return true;
}

bool json_merge_patch(struct json_slice target, struct json_slice patch, struct arena *arena,
                      struct json_writer *w)
{
    static const struct json_slice nothing = {.text = NULL};
    if (!json_slice_is_object(patch)) {
        json_raw(w, patch.text, patch.length);
        return true;
    }
    struct json_slice object = json_slice_is_object(target) ? target : nothing;
    json_begin_object(w);
    bool merged = keep_members(object, patch, arena, w) && add_members(object, patch, arena, w);
    json_end_object(w);
    return merged;
}
