#!/bin/bash
# check sums up its steps, whatever becomes of each; lint tells each check. make is a stand-in.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# fake_make: answers "lint", "test" and "test VARIANT=x" with the text in answers/<words>, and fails
# when answers/<words>.fails exists.
fake_make()
{
    mkdir -p answers
    cat >fake-make <<'S'
#!/bin/bash
[[ $1 == --no-print-directory ]] && shift
[[ $1 == --keep-going ]] && shift
cat "answers/$*"
[[ ! -e "answers/$*.fails" ]]
S
    chmod +x fake-make
    printf '%s\n' 'lint: 8 checks, 0 with findings' >answers/lint
    printf '%s\n' 'ok a' '2 skipped' '10 passed, 0 failed' >answers/test
    printf '%s\n' 'ok a' '10 passed, 0 failed' >'answers/test VARIANT=asan'
}

check()
{
    MAKE=./fake-make "$REPO/scripts/check" "$@"
}

# The output ends in the line given, which is the only one of its form.
ends_in()
{
    local wanted=$1
    shift
    "$@" >out 2>&1 || true
    cat out
    [[ $(tail -n 1 out) == "$wanted" ]]
    [[ $(grep -cE '^[0-9]+ passed, [0-9]+ failed' out) == 1 ]]
}

the_sums_of_all_steps_are_added()
{
    fake_make
    check lint release asan
    ends_in '28 passed, 0 failed' check lint release asan
    says '^release: 10 passed, 0 failed$' check release
}

a_failed_step_does_not_stop_those_after_it()
{
    fake_make
    printf '%s\n' 'lint: 8 checks, 3 with findings' >answers/lint
    touch answers/lint.fails
    fails check lint release
    ends_in '15 passed, 3 failed' check lint release
}

a_build_that_breaks_counts_as_a_failure()
{
    fake_make
    echo 'make: *** [x.o] Error 1' >answers/test
    touch answers/test.fails
    ends_in '10 passed, 1 failed' check release asan
}

a_failure_after_a_good_sum_counts_as_a_failure()
{
    fake_make
    touch answers/test.fails
    ends_in '10 passed, 1 failed' check release
}

lint_shows_the_findings_of_the_checks_that_have_any()
{
    fake_make
    echo 'nothing to see' >answers/lint-text
    echo 'a.c:1: a finding' >answers/lint-tidy
    touch answers/lint-tidy.fails
    export MAKE=./fake-make
    fails "$REPO/scripts/lint" text tidy
    says '^    \| a.c:1: a finding' "$REPO/scripts/lint" text tidy
    says '^lint: 2 checks, 1 with findings$' "$REPO/scripts/lint" text tidy
    fails says 'nothing to see' "$REPO/scripts/lint" text tidy
}

run_tests the_sums_of_all_steps_are_added \
    a_failed_step_does_not_stop_those_after_it \
    a_build_that_breaks_counts_as_a_failure \
    a_failure_after_a_good_sum_counts_as_a_failure \
    lint_shows_the_findings_of_the_checks_that_have_any
