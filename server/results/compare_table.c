#include "server/results/compare_table.h"

#include <string.h>

static struct compare_row *find_row(struct compare_table *t, const char *field)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].field, field) == 0)
            return &t->rows[i];
    return NULL;
}

static struct compare_row *make_row(struct compare_table *t, const char *field)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 64;
        struct compare_row *grown = arena_alloc_array(t->arena, capacity, sizeof(*grown));
        if (!grown)
            return NULL;
        if (t->count > 0)
            memcpy(grown, t->rows, t->count * sizeof(*grown));
        t->rows = grown;
        t->capacity = capacity;
    }
    struct compare_row *row = &t->rows[t->count];
    row->field = arena_strdup(t->arena, field);
    t->count += row->field != NULL;
    return row->field ? row : NULL;
}

static enum err add_value(struct compare_table *t, size_t job, const char *field,
                          struct json_slice value, struct error *e)
{
    struct compare_row *row = find_row(t, field);
    if (!row)
        row = make_row(t, field);
    if (!row)
        return error_set(e, ERR_NO_MEMORY, "out of memory for the comparison");
    row->values[job] = value;
    return ERR_OK;
}

enum err compare_table_add(struct compare_table *t, size_t job, const char *field,
                           struct json_slice value, struct error *e)
{
    if (!json_slice_is_object(value))
        return add_value(t, job, field, value, e);
    struct json_slice name, member;
    struct json_slice_walk walk = json_slice_walk(value);
    enum err err = ERR_OK;
    while (!err && json_slice_next(&walk, &name, &member)) {
        const char *below = arena_printf(t->arena, "%s%s%.*s", field, field[0] ? "/" : "",
                                         (int)name.length, name.text);
        err = below ? compare_table_add(t, job, below, member, e)
                    : error_set(e, ERR_NO_MEMORY, "out of memory for the comparison");
    }
    return err;
}

bool compare_row_differs(const struct compare_row *row, size_t job_count)
{
    for (size_t i = 1; i < job_count; i++)
        if (!json_slice_equals(row->values[i], row->values[0]))
            return true;
    return false;
}
