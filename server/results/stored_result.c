#include "server/results/stored_result.h"

#include "base/json_slice.h"
#include "server/app.h"

#include <assert.h>

#define RESULT_BYTES_MAX ((size_t)300 << 20)

static struct json_slice find_part(const struct job_row *row, const char *parent, const char *name)
{
    struct json_slice part = {0};
    if (!row->result)
        return part;
    part = json_slice_member(json_slice_of(row->result), "result");
    if (parent)
        part = json_slice_member(part, parent);
    return json_slice_member(part, name);
}

enum err stored_result_read(const struct job_results *job, const char *parent, const char *name,
                            struct json_value **ret, struct error *e)
{
    struct readers *readers = job->app->storage.readers;
    struct db_read reader = {0};
    struct arena arena;
    struct job_row row = {0};
    struct json_slice part = {0};
    arena_init(&arena, RESULT_BYTES_MAX);
    enum err err = readers_lease(readers, &reader, e);
    if (!err)
        err = job_repo_find(&reader, &job->id, &arena, &row, e);
    readers_return(readers, &reader);
    if (!err)
        part = find_part(&row, parent, name);
    if (!err && !part.text)
        err = error_set(e, ERR_DATA, "the stored result has no '%s'", name);
    if (!err)
        err = json_value_parse(part.text, part.length, ret, e);
    arena_release(&arena);
    return err;
}

void stored_columns_add(struct stored_columns *c, const char *name)
{
    assert(c->count < STORED_TABLE_COLUMNS);
    c->names[c->count++] = name;
}

enum err stored_columns_add_horizons(struct stored_columns *c, const struct job_results *job,
                                     const char *what, struct arena *arena, struct error *e)
{
    for (size_t i = 0; i < job->horizon_count; i++) {
        const char *name = arena_printf(arena, "%s_%s", what, job->horizons[i].name);
        if (!name)
            return error_set(e, ERR_NO_MEMORY, "out of memory for the table");
        stored_columns_add(c, name);
    }
    return ERR_OK;
}
