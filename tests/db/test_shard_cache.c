#include "db/shard_cache.h"

#include "base/thread.h"
#include "tests/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_BYTES = 1000 };

struct fixture {
    char *folder;
    char path[256];
    struct shard_cache *cache;
};

static void open_cache(struct fixture *f, int64_t max_bytes)
{
    struct error e = {0};
    shard_cache_free(f->cache);
    f->cache = NULL;
    if (shard_cache_create(f->path, max_bytes, &f->cache, &e) != ERR_OK)
        fail_msg("%s", e.message);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = fixture_folder();
    snprintf(f->path, sizeof f->path, "%s", fixture_path(f->folder, "cache.db"));
    open_cache(f, 1 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    shard_cache_free(f->cache);
    fixture_remove(f->folder);
    free(f);
    return 0;
}

static struct shard_cache_item item_of(int number, char *bytes, char fill)
{
    struct shard_cache_item item = {.bytes = bytes, .size_bytes = ITEM_BYTES};
    memset(bytes, fill, ITEM_BYTES);
    snprintf((char *)item.key, sizeof item.key, "key %d", number);
    return item;
}

static void put(struct fixture *f, int number, char fill)
{
    char bytes[ITEM_BYTES];
    struct shard_cache_item item = item_of(number, bytes, fill);
    assert_int_equal(shard_cache_put(f->cache, &item, 1, NULL), ERR_OK);
}

/* The first byte of what is kept; '\0' = nothing. */
static char get(struct fixture *f, int number)
{
    char bytes[ITEM_BYTES];
    struct shard_cache_item item = item_of(number, bytes, 0);
    struct strbuf into;
    strbuf_init(&into, 1 << 20);
    bool found = shard_cache_get(f->cache, item.key, &into);
    assert_int_equal(into.length, found ? ITEM_BYTES : 0);
    char first = found ? into.data[0] : '\0';
    strbuf_release(&into);
    return first;
}

static void what_is_put_is_got_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get(f, 1), '\0');
    put(f, 1, 'a');
    put(f, 2, 'b');
    put(f, 1, 'c'); /* replaces */
    for (int round = 0; round < 2; round++) {
        assert_int_equal(get(f, 1), 'c');
        assert_int_equal(get(f, 2), 'b');
        assert_int_equal(get(f, 3), '\0');
        struct shard_cache_stats s = shard_cache_stats(f->cache);
        assert_int_equal(s.entries, 2);
        assert_int_equal(s.size_bytes, 2 * ITEM_BYTES);
        assert_int_equal(s.hits, 2);
        assert_int_equal(s.misses, 2 - round);
        open_cache(f, 1 << 20);
    }
}

static void what_was_used_longest_ago_goes_first(void **state)
{
    struct fixture *f = *state;
    open_cache(f, 4 * ITEM_BYTES);
    for (int i = 0; i < 4; i++)
        put(f, i, 'x');
    assert_int_equal(get(f, 0), 'x'); /* used, and so newer than 1 */
    put(f, 4, 'x');
    assert_int_equal(get(f, 1), '\0');
    assert_int_equal(get(f, 0), 'x');
    assert_int_equal(shard_cache_stats(f->cache).evictions, 1);
    assert_int_equal(shard_cache_stats(f->cache).size_bytes, 4 * ITEM_BYTES);
    /* A put of nothing notes what was read, and a smaller limit holds from the next put on. */
    assert_int_equal(shard_cache_put(f->cache, NULL, 0, NULL), ERR_OK);
    open_cache(f, 2 * ITEM_BYTES);
    put(f, 5, 'x');
    assert_int_equal(get(f, 0), 'x');
    assert_int_equal(get(f, 5), 'x');
    for (int i = 1; i < 5; i++)
        assert_int_equal(get(f, i), '\0');
}

static void an_item_above_the_limit_is_left_out(void **state)
{
    struct fixture *f = *state;
    open_cache(f, ITEM_BYTES - 1);
    put(f, 1, 'a');
    assert_int_equal(get(f, 1), '\0');
    assert_int_equal(shard_cache_stats(f->cache).entries, 0);
}

static void a_damaged_file_is_thrown_away(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 'a');
    shard_cache_free(f->cache);
    f->cache = NULL;
    FILE *file = fopen(f->path, "wb");
    for (int i = 0; i < 20000; i++)
        fputs("nonsense", file);
    fclose(file);
    open_cache(f, 1 << 20);
    assert_int_equal(get(f, 1), '\0');
    put(f, 1, 'b');
    assert_int_equal(get(f, 1), 'b');
}

struct crowd {
    struct fixture *fixture;
    struct thread thread;
    int number;
    bool good;
};

static void *put_and_get(void *context)
{
    struct crowd *c = context;
    c->good = true;
    for (int i = 0; i < 40; i++) {
        put(c->fixture, i, (char)('a' + i % 26));
        char found = get(c->fixture, (i + 7 * c->number) % 40);
        c->good &= found == '\0' || found == (char)('a' + (i + 7 * c->number) % 40 % 26);
    }
    return NULL;
}

static void several_threads_share_it(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd[4] = {0};
    open_cache(f, 30 * ITEM_BYTES);
    for (int i = 0; i < 4; i++) {
        crowd[i] = (struct crowd){.fixture = f, .number = i};
        assert_int_equal(thread_start(&crowd[i].thread, &(struct thread_options){.name = "crowd"},
                                      put_and_get, &crowd[i], NULL),
                         ERR_OK);
    }
    for (int i = 0; i < 4; i++) {
        thread_join(&crowd[i].thread);
        assert_true(crowd[i].good);
    }
    assert_int_equal(shard_cache_stats(f->cache).size_bytes, 30 * ITEM_BYTES);
    assert_int_equal(shard_cache_stats(f->cache).entries, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_is_got_also_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_used_longest_ago_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_item_above_the_limit_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_thrown_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_threads_share_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
