#!/bin/bash
# The Makefile in a small tree of its own: what a change rebuilds, and what a new file needs (nothing).
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

tree()
{
    mkdir -p base engine server tests/base tests/engine
    cp -r "$REPO/Makefile" "$REPO/scripts" .
    echo >base/banned.h
    echo 'int low(void);' >base/low.h
    printf '#include "base/low.h"\nint low(void)\n{\n    return 1;\n}\n' >base/low.c
    test_program engine one
}

# test_program LAYER NAME: a test that calls low() and tells of one test.
test_program()
{
    printf '%s\n' '#include "base/low.h"' '#include <stdio.h>' 'int main(void)' '{' \
        '    return puts(low() == 1 ? "1 passed, 0 failed" : "0 passed, 1 failed") < 0;' '}' >"tests/$1/test_$2.c"
}

# The flags and variables of an outer make are none of this tree's business.
build()
{
    env -i HOME="$HOME" PATH="$PATH" make -j2 NO_SETUP=1 "$@"
}

# builds WHAT [ARGUMENT...]: make unit compiles or links a file whose line ends in WHAT.
builds()
{
    local what=$1
    shift
    says "^  (CC|AS|AR|LINK) .*$what\$" build unit "$@"
}

# The clock of the file system is coarser than these tests are quick.
touch_later()
{
    touch -d '2 seconds' "$@"
}

a_tree_with_empty_layers_builds_and_tests()
{
    tree
    says '^1 passed, 0 failed$' build unit
    [[ -f build/release/libserver.a ]] || build build/release/libserver.a
}

a_second_make_does_nothing()
{
    tree
    build unit
    fails says '^  (CC|AR|LINK)' build unit
}

a_changed_header_recompiles_what_includes_it()
{
    tree
    build unit
    touch_later base/low.h
    builds base/low.o
}

changed_flags_rebuild_everything()
{
    tree
    build unit
    builds base/low.o CFLAGS=-DCHANGED=1
    fails builds base/low.o CFLAGS=-DCHANGED=1
}

a_new_file_needs_no_line_in_the_makefile()
{
    tree
    build unit
    echo 'int more = 1;' >base/more.c
    mkdir engine/part
    echo 'int part = 1;' >engine/part/part.c
    test_program base two
    builds base/more.o
    nm build/release/libengine.a | grep -q part
    says '^2 passed, 0 failed$' build unit
}

a_removed_file_leaves_its_archive()
{
    tree
    echo 'int more = 1;' >base/more.c
    build unit
    nm build/release/libbase.a | grep -q more
    rm base/more.c
    build unit
    fails grep more <(nm build/release/libbase.a)
}

what_the_program_embeds_is_a_dependency()
{
    tree
    printf '.section .rodata\n.globl asset\nasset: .incbin "openapi.yaml"\n' >server/assets.S
    echo 'openapi: 3.1.0' >openapi.yaml
    build build/release/libserver.a
    touch_later openapi.yaml
    says 'AS +build/release/server/assets.o' build build/release/libserver.a
}

a_fuzz_target_is_a_test_of_its_seeds()
{
    tree
    mkdir -p tests/fuzz/seeds/one
    cp "$REPO"/tests/fuzz/{fuzz.h,replay.c} tests/fuzz/
    printf '%s\n' '#include "tests/fuzz/fuzz.h"' 'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)' '{' \
        '    FUZZ_REQUIRE(size == 0 || data[0] != 33, "no exclamations");' '    return 0;' '}' >tests/fuzz/fuzz_one.c
    echo hello >tests/fuzz/seeds/one/greeting
    says '^2 passed, 0 failed$' build unit
    mkdir -p tests/fuzz/regressions/one
    echo '!' >tests/fuzz/regressions/one/exclamation
    says '^    | tests/fuzz/regressions/one/exclamation$' build unit
    says '^1 passed, 1 failed$' build unit
}

variants_stand_side_by_side()
{
    tree
    build unit
    says '^1 passed, 0 failed$' build unit VARIANT=asan
    [[ -f build/release/tests/engine/test_one && -f build/asan/tests/engine/test_one ]]
    fails says '^  CC' build unit
    fails build unit VARIANT=fast
}

a_warning_is_an_error_in_ci_only()
{
    tree
    echo 'static int unused(void) { return 1; }' >>base/low.c
    build unit
    says 'Werror=unused-function' build unit CI=true
}

a_test_cannot_link_a_layer_above_its_own()
{
    tree
    printf 'int high(void);\nint high(void)\n{\n    return 1;\n}\n' >engine/high.c
    sed -e 's/low()/high()/; s/.*low.h.*/int high(void);/' tests/engine/test_one.c >tests/base/test_two.c
    says 'undefined reference to .high' build unit
    mv tests/base/test_two.c tests/engine/
    says '^2 passed, 0 failed$' build unit
}

a_failing_test_fails_make()
{
    tree
    sed -i 's/return 1/return 2/' base/low.c
    says '^0 passed, 1 failed$' build unit
    fails build unit
}

run_tests a_tree_with_empty_layers_builds_and_tests \
    a_second_make_does_nothing \
    a_changed_header_recompiles_what_includes_it \
    changed_flags_rebuild_everything \
    a_new_file_needs_no_line_in_the_makefile \
    a_removed_file_leaves_its_archive \
    what_the_program_embeds_is_a_dependency \
    a_fuzz_target_is_a_test_of_its_seeds \
    variants_stand_side_by_side \
    a_warning_is_an_error_in_ci_only \
    a_test_cannot_link_a_layer_above_its_own \
    a_failing_test_fails_make
