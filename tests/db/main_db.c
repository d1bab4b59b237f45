#include "tests/db/main_db.h"

#include <stdlib.h>

int main_db_setup(void **state)
{
    struct main_db *t = calloc(1, sizeof *t);
    const struct db_options options = {.mode = DB_READ_WRITE};
    t->folder = fixture_folder();
    const char *path = fixture_path(t->folder, "bracketd.db");
    fixture_database(path, 0, &main_migrations);
    assert_int_equal(db_open(path, &options, &t->connection, NULL), ERR_OK);
    assert_int_equal(db_begin(t->connection, &t->w, NULL), ERR_OK);
    arena_init(&t->arena, 1 << 20);
    *state = t;
    return 0;
}

int main_db_teardown(void **state)
{
    struct main_db *t = *state;
    assert_int_equal(db_commit(&t->w, NULL), ERR_OK);
    db_close(t->connection);
    arena_release(&t->arena);
    fixture_remove(t->folder);
    free(t);
    return 0;
}
