#include "db/data_folder.h"

#include "tests/db/fixture.h"
#include "tests/support/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void opening_makes_a_private_folder_with_its_parents(void **state)
{
    (void)state;
    char *root = fixture_folder();
    char path[256];
    snprintf(path, sizeof path, "%s/a/b", root);
    struct data_folder *f = NULL;
    assert_int_equal(data_folder_open(path, &f, NULL), ERR_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_string_equal(data_folder_path(f), path);
    char main_path[300];
    snprintf(main_path, sizeof main_path, "%s/bracketd.db", path);
    assert_string_equal(data_folder_main_path(f), main_path);
    data_folder_close(f);
    fixture_remove(root);
}

static void a_held_folder_is_refused_with_the_holders_pid(void **state)
{
    (void)state;
    char *root = fixture_folder();
    char pid_text[32];
    snprintf(pid_text, sizeof pid_text, "held by pid %d", (int)getpid());
    pid_t pid = 0;
    assert_false(data_folder_is_held(root, &pid));
    struct data_folder *f = NULL, *second = NULL;
    struct error e = {0};
    assert_int_equal(data_folder_open(root, &f, NULL), ERR_OK);
    assert_int_equal(data_folder_open(root, &second, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.message, pid_text));
    assert_null(second);
    assert_true(data_folder_is_held(root, &pid));
    assert_int_equal(pid, getpid());
    /* Asking and failing to open must not have given the lock away. */
    assert_true(data_folder_is_held(root, NULL));
    data_folder_close(f);
    assert_false(data_folder_is_held(root, NULL));
    assert_int_equal(data_folder_open(root, &f, NULL), ERR_OK);
    data_folder_close(f);
    fixture_remove(root);
}

static void open_conflicts(void *context)
{
    struct data_folder *f = NULL;
    pid_t pid = 0;
    if (data_folder_open(context, &f, NULL) != ERR_CONFLICT)
        abort();
    if (!data_folder_is_held(context, &pid) || pid != getppid())
        abort();
}

static void a_second_process_sees_who_holds_it(void **state)
{
    (void)state;
    char *root = fixture_folder();
    struct data_folder *f = NULL;
    assert_int_equal(data_folder_open(root, &f, NULL), ERR_OK);
    assert_true(child_succeeds(open_conflicts, root));
    data_folder_close(f);
    fixture_remove(root);
}

static void a_killed_holder_leaves_the_folder_free(void **state)
{
    (void)state;
    char *root = fixture_folder();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct data_folder *f = NULL;
        char held = data_folder_open(root, &f, NULL) == ERR_OK ? 'y' : 'n';
        if (write(ready[1], &held, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char held = 0;
    assert_int_equal(read(ready[0], &held, 1), 1);
    assert_int_equal(held, 'y');
    pid_t pid = 0;
    assert_true(data_folder_is_held(root, &pid));
    assert_int_equal(pid, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_false(data_folder_is_held(root, NULL));
    close(ready[0]);
    close(ready[1]);
    fixture_remove(root);
}

static void a_file_is_no_folder(void **state)
{
    (void)state;
    char *root = fixture_folder();
    const char *path = fixture_path(root, "file");
    FILE *file = fopen(path, "w");
    fclose(file);
    struct data_folder *f = NULL;
    assert_int_equal(data_folder_open(path, &f, NULL), ERR_IO);
    assert_int_equal(data_folder_open("", &f, NULL), ERR_INVALID);
    assert_false(data_folder_is_held(path, NULL));
    fixture_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_makes_a_private_folder_with_its_parents),
        cmocka_unit_test(a_held_folder_is_refused_with_the_holders_pid),
        cmocka_unit_test(a_second_process_sees_who_holds_it),
        cmocka_unit_test(a_killed_holder_leaves_the_folder_free),
        cmocka_unit_test(a_file_is_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
