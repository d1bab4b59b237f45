#include "base/log.h"

#include "base/thread.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The log goes into a socket of packets: each write(2) is one message, so a read shows one write.
 */
static int log_end, test_end;

static int open_log(void **state)
{
    (void)state;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0)
        return -1;
    log_end = fds[0];
    test_end = fds[1];
    log_set_fd(log_end);
    log_set_level(LOG_INFO);
    return 0;
}

static int close_log(void **state)
{
    (void)state;
    log_set_fd(STDERR_FILENO);
    close(log_end);
    close(test_end);
    return 0;
}

static char line[64 * 1024];

/* The next write as text without its newline, which must be its only one; NULL when nothing was
 * written. */
static const char *next_line(void)
{
    ssize_t got = recv(test_end, line, sizeof line - 1, MSG_DONTWAIT);
    if (got <= 0)
        return NULL;
    line[got] = '\0';
    assert_int_equal(line[got - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), &line[got - 1]);
    line[got - 1] = '\0';
    return line;
}

static cJSON *next_object(void)
{
    const char *text = next_line();
    assert_non_null(text);
    cJSON *object = cJSON_Parse(text);
    assert_true(cJSON_IsObject(object));
    return object;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    assert_non_null(text);
    return text;
}

static void a_line_has_its_time_level_thread_event_and_fields_in_order(void **state)
{
    (void)state;
    char before[THREAD_NAME_MAX];
    thread_get_name(before);
    thread_set_name("http-0");
    log_event(LOG_INFO, "listening", LOG_TEXT("host", "127.0.0.1"), LOG_INT("port", 8080),
              LOG_NUMBER("share", 0.5), LOG_BOOL("tls", false), LOG_BOOL("keys", true));
    thread_set_name(before);
    const char *text = next_line();
    assert_non_null(text);
    assert_int_equal(strncmp(text, "{\"ts\":\"20", 9), 0);
    assert_string_equal(text + strlen("{\"ts\":\"2026-01-02T14:30:00.123Z\""),
                        ",\"level\":\"info\",\"thread\":\"http-0\",\"event\":\"listening\","
                        "\"host\":\"127.0.0.1\",\"port\":8080,\"share\":0.5,\"tls\":false,"
                        "\"keys\":true}");
    assert_null(next_line());
}

static void the_time_is_now_in_utc_with_milliseconds(void **state)
{
    (void)state;
    char from[32], to[32];
    time_t now = time(NULL);
    /* libc's calendar against ours. */
#undef gmtime_r
    struct tm tm;
    strftime(from, sizeof from, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &tm));
    log_event(LOG_INFO, "now");
    now = time(NULL) + 1;
    strftime(to, sizeof to, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &tm));
    cJSON *object = next_object();
    const char *stamp = text_of(object, "ts");
    assert_int_equal(strlen(stamp), strlen("2026-01-02T14:30:00.123Z"));
    assert_true(strncmp(stamp, from, 19) >= 0 && strncmp(stamp, to, 19) <= 0);
    assert_int_equal(stamp[19], '.');
    assert_int_equal(strspn(stamp + 20, "0123456789"), 3);
    assert_int_equal(stamp[23], 'Z');
    cJSON_Delete(object);
}

static void an_event_needs_no_fields(void **state)
{
    (void)state;
    log_event(LOG_ERROR, "stopped");
    cJSON *object = next_object();
    assert_string_equal(text_of(object, "level"), "error");
    assert_string_equal(text_of(object, "event"), "stopped");
    assert_int_equal(cJSON_GetArraySize(object), 4);
    cJSON_Delete(object);
}

static void text_is_escaped(void **state)
{
    (void)state;
    static const char hostile[] = "a\"b\\c\nd\re\tf\x01g\x7F\xC3\xA9\"},{";
    log_event(LOG_WARN, "odd", LOG_TEXT("path", hostile), LOG_TEXT("none", NULL));
    cJSON *object = next_object();
    assert_string_equal(text_of(object, "path"), hostile);
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, "none")));
    cJSON_Delete(object);
}

static void bad_utf8_becomes_the_replacement_character(void **state)
{
    (void)state;
    log_event(LOG_INFO, "bytes",
              LOG_TEXT("text", "a\xFF"
                               "b"));
    cJSON *object = next_object();
    assert_string_equal(text_of(object, "text"), "a\xEF\xBF\xBD"
                                                 "b");
    cJSON_Delete(object);
}

static void numbers_keep_their_value(void **state)
{
    (void)state;
    log_event(LOG_INFO, "numbers", LOG_INT("least", INT64_MIN), LOG_INT("greatest", INT64_MAX),
              LOG_NUMBER("nan", NAN), LOG_NUMBER("tenth", 0.1));
    const char *text = next_line();
    assert_non_null(strstr(text, "\"least\":-9223372036854775808,"));
    assert_non_null(strstr(text, "\"greatest\":9223372036854775807,"));
    assert_non_null(strstr(text, "\"nan\":null,"));
    assert_non_null(strstr(text, "\"tenth\":0.1}"));
}

static void events_below_the_level_are_dropped(void **state)
{
    (void)state;
    for (enum log_level least = LOG_DEBUG; least <= LOG_ERROR; least++) {
        log_set_level(least);
        for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            log_event(level, "e");
            assert_int_equal(next_line() != NULL, level >= least);
        }
    }
}

static void levels_are_parsed_exactly(void **state)
{
    (void)state;
    static const char *const level_names[] = {"debug", "info", "warn", "error"};
    enum log_level level;
    for (int i = 0; i < 4; i++) {
        assert_true(log_level_parse(level_names[i], &level));
        assert_int_equal(level, i);
    }
    static const char *const bad[] = {"", "INFO", "info ", "warning", "inf"};
    level = LOG_WARN;
    for (int i = 0; i < 5; i++) {
        assert_false(log_level_parse(bad[i], &level));
        assert_int_equal(level, LOG_WARN);
    }
}

static void a_line_that_is_too_long_loses_its_fields_and_says_so(void **state)
{
    (void)state;
    enum { LENGTH = 20000 };
    char *text = malloc(LENGTH + 1);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    log_event(LOG_INFO, "long", LOG_TEXT("text", text), LOG_INT("after", 1));
    cJSON *object = next_object();
    assert_string_equal(text_of(object, "event"), "long");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "truncated")));
    assert_int_equal(cJSON_GetArraySize(object), 5);
    cJSON_Delete(object);

    log_event(LOG_INFO, text);
    object = next_object();
    assert_string_equal(text_of(object, "event"), "log_line_lost");
    cJSON_Delete(object);
    free(text);
}

static void errno_is_kept(void **state)
{
    (void)state;
    log_set_fd(-1);
    errno = ENOENT;
    log_event(LOG_INFO, "nowhere");
    assert_int_equal(errno, ENOENT);
    log_set_fd(log_end);
    assert_null(next_line());
}

enum { THREADS = 4, LINES = 200, FIELD_BYTES = 6000 };

static void *write_many(void *context)
{
    char *text = malloc(FIELD_BYTES + 1);
    memset(text, *(const char *)context, FIELD_BYTES);
    text[FIELD_BYTES] = '\0';
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "many", LOG_INT("number", i), LOG_TEXT("text", text));
    free(text);
    return NULL;
}

/* Through a pipe, which takes lines longer than PIPE_BUF in parts: no line may be torn by another.
 */
static void lines_of_many_threads_never_mix(void **state)
{
    (void)state;
    static const char letters[THREADS + 1] = "abcd";
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_set_fd(fds[1]);
    struct thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&threads[i], &(struct thread_options){.name = "logger"},
                                      write_many, (void *)&letters[i], NULL),
                         ERR_OK);
    FILE *in = fdopen(fds[0], "r");
    int next_number[THREADS] = {0};
    for (int i = 0; i < THREADS * LINES; i++) {
        assert_non_null(fgets(line, sizeof line, in));
        cJSON *object = cJSON_Parse(line);
        assert_non_null(object);
        const char *text = text_of(object, "text");
        size_t thread = (size_t)(text[0] - 'a');
        assert_true(thread < THREADS);
        assert_int_equal(strspn(text, (char[]){text[0], '\0'}), FIELD_BYTES);
        int number = (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, "number"));
        assert_int_equal(number, next_number[thread]++);
        cJSON_Delete(object);
    }
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    log_set_fd(log_end);
    close(fds[1]);
    fclose(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_its_time_level_thread_event_and_fields_in_order,
                                        open_log, close_log),
        cmocka_unit_test_setup_teardown(the_time_is_now_in_utc_with_milliseconds, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(an_event_needs_no_fields, open_log, close_log),
        cmocka_unit_test_setup_teardown(text_is_escaped, open_log, close_log),
        cmocka_unit_test_setup_teardown(bad_utf8_becomes_the_replacement_character, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(numbers_keep_their_value, open_log, close_log),
        cmocka_unit_test_setup_teardown(events_below_the_level_are_dropped, open_log, close_log),
        cmocka_unit_test_setup_teardown(levels_are_parsed_exactly, open_log, close_log),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_loses_its_fields_and_says_so,
                                        open_log, close_log),
        cmocka_unit_test_setup_teardown(errno_is_kept, open_log, close_log),
        cmocka_unit_test_setup_teardown(lines_of_many_threads_never_mix, open_log, close_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
