#!/bin/bash
# check-text finds what nobody should commit: one planted line per test.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# A user who only builds has no git, and nothing to commit.
if ! command -v git >/dev/null; then
    echo "no git here"
    echo "0 passed, 0 failed, 9 skipped"
    exit 0
fi

# plant PATH TEXT: a repository with that file, the text taken by printf.
plant()
{
    git init -q .
    mkdir -p "$(dirname "$1")"
    # shellcheck disable=SC2059
    printf "$2" >"$1"
}

check()
{
    "$REPO/scripts/check-text"
}

a_clean_file_has_no_findings()
{
    plant base/a.c 'int a; /* caf\303\251, /tmp/x, a /work in progress */\n'
    check
}

white_space_at_the_end_of_a_line_is_found()
{
    plant a.md 'one\ntwo \n'
    says '^a.md:2: white space' check
    fails check
}

carriage_returns_and_a_missing_last_newline_are_found()
{
    plant a.md 'one\r\ntwo'
    says '^a.md:1: a carriage return' check
    says '^a.md:2: no newline' check
}

tabs_are_found_in_c_and_not_in_a_makefile()
{
    plant a.c '\tint a;\n'
    plant Makefile 'all:\n\ttrue\n'
    says '^a.c:1: a tab' check
    fails says '^Makefile' check
}

a_path_of_one_machine_is_found()
{
    plant a.sh 'cd /ho''me/me/tree\n'
    says '^a.sh:1: a path of one machine' check
}

a_conflict_mark_and_a_note_of_work_left_are_found()
{
    plant a.c '<<<<<<< mine\nint a;\n=======\n// TO''DO later\n'
    says '^a.c:1: a mark of a merge conflict' check
    says '^a.c:3: a mark of a merge conflict' check
    says '^a.c:4: a note of work left to do' check
}

text_that_is_not_utf8_is_found_and_a_binary_file_is_not()
{
    plant a.c 'int a;\n/* \377 */\n'
    plant b.gz '\037\213\000\r\n'
    says '^a.c:2: not UTF-8' check
    fails says '^b.gz' check
}

samples_of_what_users_send_are_left_alone()
{
    plant tests/engine/data/bars.csv 'time,open\r\n1, \r\n'
    check
}

what_git_ignores_is_left_alone()
{
    plant build/a.c 'int a; \n'
    echo /build/ >.gitignore
    check
}

run_tests a_clean_file_has_no_findings \
    white_space_at_the_end_of_a_line_is_found \
    carriage_returns_and_a_missing_last_newline_are_found \
    tabs_are_found_in_c_and_not_in_a_makefile \
    a_path_of_one_machine_is_found \
    a_conflict_mark_and_a_note_of_work_left_are_found \
    text_that_is_not_utf8_is_found_and_a_binary_file_is_not \
    samples_of_what_users_send_are_left_alone \
    what_git_ignores_is_left_alone
