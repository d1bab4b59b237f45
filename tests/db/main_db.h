/* A connection to a new bracketd.db inside a write transaction, for tests of its repositories. */
#ifndef TESTS_DB_MAIN_DB_H
#define TESTS_DB_MAIN_DB_H

#include "base/arena.h"
#include "tests/db/fixture.h"

struct main_db {
    char *folder;
    struct db_connection *connection;
    struct db_write w;
    struct arena arena;
};

int main_db_setup(void **state); /* *state = struct main_db * */
int main_db_teardown(void **state);

#endif
