#include "server/config.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loaded {
    struct config config;
    struct error error;
    struct arena arena;
    bool help;
};

static enum err load(struct loaded *l, int argc, const char *const *argv)
{
    memset(l, 0, sizeof(*l));
    arena_init(&l->arena, 1 << 16);
    return config_load(argc, (char **)argv, &l->arena, &l->config, &l->help, &l->error);
}

static enum err load_one(struct loaded *l, const char *flag, const char *value)
{
    const char *argv[] = {flag, value};
    return load(l, 2, argv);
}

/* Writes a file that goes away with unlink(path). */
static void write_file(char path[32], const char *text)
{
    snprintf(path, 32, "/tmp/bracketd-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void defaults_are_a_loopback_server(void **state)
{
    (void)state;
    struct loaded l;
    assert_int_equal(load(&l, 0, NULL), ERR_OK);
    assert_string_equal(l.config.address, "127.0.0.1");
    assert_int_equal(l.config.port, 8080);
    assert_true(l.config.workers >= 1);
    assert_int_equal(l.config.log_level, LOG_INFO);
    arena_release(&l.arena);
}

static void flags_win_over_the_environment_and_that_over_the_file(void **state)
{
    (void)state;
    struct loaded l;
    char path[32];
    write_file(path, "# ours\nworkers = 3\napi-threads = 5\ncache-mb = 64\n");
    setenv("BRACKETD_API_THREADS", "6", 1);
    setenv("BRACKETD_CACHE_MB", "65", 1);
    const char *argv[] = {"--config", path, "--cache-mb", "66"};
    assert_int_equal(load(&l, 4, argv), ERR_OK);
    assert_int_equal(l.config.workers, 3);
    assert_int_equal(l.config.api_threads, 6);
    assert_int_equal(l.config.cache_mb, 66);
    arena_release(&l.arena);
    setenv("BRACKETD_API_THREADS", "none", 1);
    assert_int_equal(load(&l, 0, NULL), ERR_INVALID);
    assert_non_null(strstr(l.error.message, "BRACKETD_API_THREADS"));
    arena_release(&l.arena);
    unsetenv("BRACKETD_API_THREADS");
    unsetenv("BRACKETD_CACHE_MB");
    unlink(path);
}

static void a_wrong_line_of_the_file_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        int line;
    } cases[] = {
        {"workers = 2\nwrokers = 3\n", "did you mean 'workers'", 2},
        {"workers = 0\n", "workers: '0'", 1},
        {"\n[section]\nworkers = 1\n", "sections", 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct loaded l;
        char path[32];
        write_file(path, cases[i].text);
        assert_int_equal(load_one(&l, "--config", path), ERR_INVALID);
        if (!strstr(l.error.message, cases[i].words))
            fail_msg("%s", l.error.message);
        assert_int_equal(l.error.line, cases[i].line);
        arena_release(&l.arena);
        unlink(path);
    }
    struct loaded l;
    assert_int_equal(load_one(&l, "--config", "/nowhere/bracketd.ini"), ERR_INVALID);
    arena_release(&l.arena);
}

static void addresses_are_numeric_and_local_unless_a_proxy_is_in_front(void **state)
{
    (void)state;
    static const char *const refused[] = {"localhost:80", "127.0.0.1",   "127.0.0.1:99999",
                                          "127.0.0.1:",   "0.0.0.0:80",  "[::]:80",
                                          "8.8.8.8:80",   "127.0.0.1:8x"};
    struct loaded l;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(load_one(&l, "--listen", refused[i]), ERR_INVALID);
        arena_release(&l.arena);
    }
    assert_int_equal(load_one(&l, "--listen", "[::1]:0"), ERR_OK);
    assert_string_equal(l.config.address, "::1");
    arena_release(&l.arena);
    const char *argv[] = {"--listen", "0.0.0.0:80", "--behind-tls-proxy"};
    assert_int_equal(load(&l, 3, argv), ERR_OK);
    arena_release(&l.arena);
}

static void stray_words_are_refused_and_help_is_seen(void **state)
{
    (void)state;
    struct loaded l;
    const char *stray[] = {"now"}, *help[] = {"--help"};
    assert_int_equal(load(&l, 1, stray), ERR_INVALID);
    arena_release(&l.arena);
    assert_int_equal(load(&l, 1, help), ERR_OK);
    assert_true(l.help);
    arena_release(&l.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_a_loopback_server),
        cmocka_unit_test(flags_win_over_the_environment_and_that_over_the_file),
        cmocka_unit_test(a_wrong_line_of_the_file_is_named),
        cmocka_unit_test(addresses_are_numeric_and_local_unless_a_proxy_is_in_front),
        cmocka_unit_test(stray_words_are_refused_and_help_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
