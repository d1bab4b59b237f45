#include "tests/db/fixture.h"

#include "base/civil.h"
#include "base/rfc3339.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *fixture_folder(void)
{
    char *folder = strdup("/tmp/bracketd-test-XXXXXX");
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        unlink(path);
        return;
    }
    struct dirent *item;
    while ((item = readdir(dir)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        char *child = NULL;
        assert_true(asprintf(&child, "%s/%s", path, item->d_name) > 0);
        remove_tree(child);
        free(child);
    }
    closedir(dir);
    rmdir(path);
}

void fixture_remove(char *folder)
{
    remove_tree(folder);
    free(folder);
}

const char *fixture_path(const char *folder, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void fixture_database(const char *path, int32_t page_bytes, const struct migration_set *set)
{
    const struct db_options options = {.mode = DB_CREATE, .page_bytes = page_bytes};
    struct db_connection *c = NULL;
    assert_int_equal(db_open(path, &options, &c, NULL), ERR_OK);
    assert_int_equal(migrations_run(c, set, NULL), ERR_OK);
    db_close(c);
}

struct uuid fixture_uuid(int number)
{
    struct uuid id = {{0x01, 0x90}};
    id.bytes[14] = (unsigned char)(number >> 8);
    id.bytes[15] = (unsigned char)number;
    return id;
}

int32_t fixture_day(const char *date)
{
    int32_t day = 0;
    assert_true(civil_parse(date, strlen(date), &day));
    return day;
}

int64_t fixture_time(const char *stamp)
{
    int64_t ns = 0;
    assert_int_equal(rfc3339_parse(stamp, strlen(stamp), &ns, NULL), ERR_OK);
    return ns;
}

const struct calendar *fixture_calendar(const char *name)
{
    const struct calendar *c = NULL;
    assert_int_equal(calendar_find(name, &c, NULL), ERR_OK);
    return c;
}

const struct bars *fixture_bars(uint64_t seed, const char *from, const char *to)
{
    const struct demo_options options = {.seed = seed,
                                         .calendar = fixture_calendar("XNYS"),
                                         .from_day = fixture_day(from),
                                         .to_day = fixture_day(to),
                                         .first_price = 100,
                                         .price_decimals = 2,
                                         .missing_share = 0.02};
    const struct bars *bars = NULL;
    assert_int_equal(demo_bars(&options, &bars, NULL), ERR_OK);
    return bars;
}

struct bar_import fixture_import(const char *symbol)
{
    return (struct bar_import){.symbol = symbol,
                               .timeframe = {1},
                               .calendar = fixture_calendar("XNYS"),
                               .now_ns = fixture_time("2026-01-02T03:04:05Z")};
}

struct bar_import_result fixture_store(struct bar_store *store, const char *symbol,
                                       const struct bars *bars)
{
    struct bar_import import = fixture_import(symbol);
    struct bar_batch batch = bar_batch_of_bars(bars);
    struct bar_import_result result;
    struct error e = {0};
    if (bar_store_import(store, &import, &batch, &result, &e) != ERR_OK)
        fail_msg("import: %s", e.message);
    return result;
}

static void assert_same_session(const struct bars_session *a, const struct bars_session *b)
{
    assert_int_equal(a->day, b->day);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->open_ns, b->open_ns);
    assert_int_equal(a->close_ns, b->close_ns);
}

void assert_same_bars(const struct bars *a, const struct bars *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->session_count, b->session_count);
    assert_int_equal(a->price_decimals, b->price_decimals);
    for (int64_t i = 0; i < a->session_count; i++)
        assert_same_session(&a->sessions[i], &b->sessions[i]);
    size_t size_bytes = (size_t)a->count * sizeof(double);
    assert_memory_equal(a->time_ns, b->time_ns, size_bytes);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++) {
        assert_int_equal(a->column[c] != NULL, b->column[c] != NULL);
        if (a->column[c] != NULL)
            assert_memory_equal(a->column[c], b->column[c], size_bytes);
    }
}
