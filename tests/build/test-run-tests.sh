#!/bin/bash
# run-tests counts what passed, and takes a crash, a hang and silence for a failure.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# program NAME: a test program with the script on stdin.
program()
{
    mkdir -p tests
    { echo '#!/bin/bash' && cat; } >"tests/$1"
    chmod +x "tests/$1"
}

run_suite()
{
    VARIANT=release "$REPO/scripts/run-tests" --logs logs "$@"
}

# The last line, and the only one of its form, is "$1"; the exit status agrees.
ends_in()
{
    local wanted=$1 output status=0
    shift
    output=$(run_suite "$@" 2>&1) || status=$?
    printf '%s\n(exit status %d)\n' "$output" "$status"
    [[ $(tail -n 1 <<<"$output") == "$wanted" ]]
    [[ $(grep -cE '^[0-9]+ passed, [0-9]+ failed' <<<"$output") == 1 ]]
    [[ $((status == 0)) == $([[ $wanted == *" 0 failed" ]] && echo 1 || echo 0) ]]
}

cmocka_passes()
{
    program "$1" <<'S'
echo '[==========] Running 2 test(s).'
echo '[ RUN      ] a'; echo '[       OK ] a'
echo '[ RUN      ] b'; echo '[       OK ] b'
echo '[==========] 2 test(s) run.'; echo '[  PASSED  ] 2 test(s).'
S
}

the_tests_of_all_programs_are_summed_up()
{
    cmocka_passes test_a
    cmocka_passes test_b
    ends_in '4 passed, 0 failed' tests/test_a tests/test_b
}

a_real_cmocka_program_is_understood()
{
    printf '%s\n' '#include <setjmp.h>' '#include <stdarg.h>' '#include <stddef.h>' \
        '#include <stdint.h>' '#include <cmocka.h>' \
        'static void good(void **s) { (void)s; }' \
        'static void bad(void **s) { (void)s; fail(); }' \
        'static void other(void **s) { (void)s; skip(); }' \
        'int main(void) { const struct CMUnitTest t[] = {cmocka_unit_test(good),' \
        'cmocka_unit_test(bad), cmocka_unit_test(other)}, u[] = {cmocka_unit_test(good)};' \
        'return cmocka_run_group_tests(t, NULL, NULL) | cmocka_run_group_tests(u, NULL, NULL); }' >test_real.c
    mkdir tests
    gcc -o tests/test_real test_real.c -lcmocka
    ends_in '2 passed, 1 failed' tests/test_real
    says '^1 skipped' run_suite tests/test_real
}

a_failure_shows_the_output_and_a_pass_does_not()
{
    cmocka_passes test_a
    program test_b <<'S'
echo 'what went wrong'
echo '1 passed, 1 failed'
exit 1
S
    ends_in '3 passed, 1 failed' tests/test_a tests/test_b
    says '^    \| what went wrong' run_suite tests/test_b
    fails says '\[ RUN ' run_suite tests/test_a
}

a_crash_counts_as_a_failure_beside_what_passed_before()
{
    program test_crash <<'S'
echo '[==========] Running 2 test(s).'
echo '[ RUN      ] a'; echo '[       OK ] a'
echo '[ RUN      ] b'
kill -SEGV $$
S
    ends_in '1 passed, 1 failed' tests/test_crash
    says 'killed by SIGSEGV' run_suite tests/test_crash
}

a_leak_found_after_the_last_test_counts_as_a_failure()
{
    cmocka_passes test_leak
    echo 'exit 1' >>tests/test_leak
    ends_in '2 passed, 1 failed' tests/test_leak
}

a_program_over_the_time_limit_counts_as_a_failure()
{
    program test_hang <<'S'
exec sleep 60
S
    TEST_LIMIT_SECONDS=1 ends_in '0 passed, 1 failed' tests/test_hang
    TEST_LIMIT_SECONDS=1 says 'over the limit of 1 s' run_suite tests/test_hang
}

a_program_without_a_test_and_a_missing_one_count_as_failures()
{
    program test_silent <<'S'
exit 0
S
    ends_in '0 passed, 2 failed' tests/test_silent tests/test_gone
}

the_command_after_the_programs_is_counted_by_its_last_line()
{
    cmocka_passes test_a
    program run.sh <<'S'
echo "ok something: $1"
echo '5 passed, 0 failed, 2 skipped'
S
    ends_in '7 passed, 0 failed' tests/test_a -- tests/run.sh --flag
    says '^2 skipped' run_suite -- tests/run.sh
}

no_program_at_all_is_no_success()
{
    says '^0 passed, 0 failed$' run_suite
    fails run_suite
}

run_tests the_tests_of_all_programs_are_summed_up \
    a_real_cmocka_program_is_understood \
    a_failure_shows_the_output_and_a_pass_does_not \
    a_crash_counts_as_a_failure_beside_what_passed_before \
    a_leak_found_after_the_last_test_counts_as_a_failure \
    a_program_over_the_time_limit_counts_as_a_failure \
    a_program_without_a_test_and_a_missing_one_count_as_failures \
    the_command_after_the_programs_is_counted_by_its_last_line \
    no_program_at_all_is_no_success
