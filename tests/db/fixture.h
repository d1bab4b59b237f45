/* What the storage tests share: a folder of their own that goes away, and bars to put in it. */
#ifndef TESTS_DB_FIXTURE_H
#define TESTS_DB_FIXTURE_H

#include "db/migrations.h"
#include "db/storage.h"
#include "engine/bars/demo.h"
#include "tests/support/test.h"

/* A new empty folder under /tmp; fixture_remove deletes it with all that is in it and frees the
 * name. */
char *fixture_folder(void);
void fixture_remove(char *folder);
/* "folder/name" in a buffer that the next call overwrites. */
const char *fixture_path(const char *folder, const char *name);

/* A database with the tables of the set, closed again. */
void fixture_database(const char *path, int32_t page_bytes, const struct migration_set *set);

struct uuid fixture_uuid(int number); /* the same number, the same id; ordered */
int32_t fixture_day(const char *date);
int64_t fixture_time(const char *stamp);
const struct calendar *fixture_calendar(const char *name);

/* Seeded minute bars of XNYS on the days from..to, at 2 decimals, a fiftieth missing. */
const struct bars *fixture_bars(uint64_t seed, const char *from, const char *to);
/* Options of a plain import of 1m bars of XNYS. */
struct bar_import fixture_import(const char *symbol);
/* Imports and expects success. */
struct bar_import_result fixture_store(struct bar_store *store, const char *symbol,
                                       const struct bars *bars);
void assert_same_bars(const struct bars *a, const struct bars *b);

#endif
