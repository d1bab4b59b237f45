# Shared by tests/build/test-*.sh: a test is a function whose name reads as a sentence; it fails when
# a command of it fails. Source this, define the functions, end with `run_tests NAME...`.
#
# Each test runs in a subshell of its own, in an empty folder that is removed afterwards. REPO is the
# root of the tree.
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# says PATTERN COMMAND...: the command's output has a line that matches; the whole is shown when not.
says()
{
    local pattern=$1 output
    shift
    output=$("$@" 2>&1) || true
    grep -qE -- "$pattern" <<<"$output" || {
        printf 'no line matches "%s" in:\n%s\n' "$pattern" "$output"
        return 1
    }
}

# fails COMMAND...: it does.
fails()
{
    if "$@"; then
        printf 'this succeeded: %s\n' "$*"
        return 1
    fi
}

run_tests()
{
    local test passed=0 failed=0 folder status
    for test in "$@"; do
        folder=$(mktemp -d)
        # Not in a condition: that would switch set -e off.
        (
            set -e
            cd "$folder"
            "$test"
        )
        status=$?
        rm -rf "$folder"
        if [[ $status == 0 ]]; then
            passed=$((passed + 1))
            echo "ok   $test"
        else
            failed=$((failed + 1))
            echo "FAIL $test"
        fi
    done
    echo "$passed passed, $failed failed"
    [[ $failed == 0 ]]
}
