#!/bin/bash
# check-layers finds what it is there for: each test plants one violation in a small tree of its own.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# file PATH TEXT...: one line per text.
file()
{
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "${@:2}" >"$1"
}

check()
{
    "$REPO/scripts/check-layers" "$@"
}

# library LAYER SOURCE-TEXT...: lib<layer>.a of one object.
library()
{
    local layer=$1
    shift
    mkdir -p obj
    printf '%s\n' "$@" | gcc -O0 -w -x c -c -o "obj/$layer.o" -
    ar rcs "lib$layer.a" "obj/$layer.o"
}

empty_libraries()
{
    local layer
    for layer in base engine orders db server; do
        library "$layer" ''
    done
}

a_tree_that_keeps_the_rule_has_no_findings()
{
    file base/a.h ''
    file engine/b.c '#include "base/a.h"' '#include <stdio.h>'
    file server/http/c.c '#include "base/a.h"' '#include <microhttpd.h>'
    file tests/engine/test_b.c '#include "base/a.h"' '#include <sqlite3.h>'
    empty_libraries
    library engine 'int low(void); int high(void) { return low(); }'
    library base 'int low(void) { return 1; }'
    check --build .
}

an_include_of_a_higher_layer_is_found()
{
    file engine/b.h ''
    file base/a.c '' '#include "engine/b.h"'
    says '^base/a.c:2: base/ must not see "engine/b.h"' check
    fails check
}

a_test_of_a_lower_layer_may_not_include_a_higher_one()
{
    file db/b.h ''
    file tests/engine/test_a.c '#include "db/b.h"'
    says '^tests/engine/test_a.c:1: engine/ must not see' check
}

an_include_that_is_not_named_from_the_root_is_found()
{
    file base/a.h ''
    file base/a.c '#include "a.h"'
    says '^base/a.c:1: "a.h" is not named from the root' check
}

an_include_of_a_file_that_does_not_exist_is_found()
{
    file base/a.c '# include "base/gone.h"'
    says '^base/a.c:1: "base/gone.h" does not exist' check
}

the_program_may_not_include_what_belongs_to_tests()
{
    file tests/support/t.h ''
    file server/a.c '#include "tests/support/t.h"'
    says '^server/a.c:1: the program must not see' check
}

a_wrapped_library_is_seen_by_its_wrapper_alone()
{
    file server/api/a.c '#include <microhttpd.h>'
    file db/jobs.c '#include <sqlite3.h>'
    file base/text.c '#include <cjson/cJSON.h>'
    file server/http/b.c '#include <curl/curl.h>'
    says '^server/api/a.c:1: <microhttpd.h> is only for' check
    says '^db/jobs.c:1: <sqlite3.h> is only for' check
    says '^base/text.c:1: <cjson/cJSON.h> is only for' check
    says '^server/http/b.c:1: <curl/curl.h> is only for' check
}

a_third_file_that_sees_sqlite_is_found()
{
    file db/sqlite.c '#include <sqlite3.h>'
    file db/sqlite.h '#include <sqlite3.h>'
    check
    file db/sqlite_more.c '#include <sqlite3.h>'
    says '<sqlite3.h> is included by 3 files, 2 at most' check
}

a_call_into_a_higher_layer_is_found()
{
    empty_libraries
    library base 'int high(void); int low(void) { return high(); }'
    library engine 'int high(void) { return 1; }'
    says '^base/base.o:1: calls high of engine/, a layer above' check --build .
}

a_symbol_defined_in_two_layers_is_found()
{
    empty_libraries
    library base 'int twice(void) { return 1; }'
    library db 'int twice(void) { return 2; }'
    says 'twice is defined a second time' check --build .
}

a_call_of_a_wrapped_library_from_elsewhere_is_found()
{
    empty_libraries
    library engine 'int sqlite3_step(void *); int a(void) { return sqlite3_step(0); }'
    says '^engine/engine.o:1: calls sqlite3_step: <sqlite3.h> is for db/' check --build .
}

a_forbidden_call_is_found()
{
    empty_libraries
    library base 'char *cJSON_GetErrorPtr(void); char *a(void) { return cJSON_GetErrorPtr(); }'
    library engine 'long time(long *); long now(void) { return time(0); }'
    says '^base/base.o:1: calls cJSON_GetErrorPtr: ' check --build .
    says '^engine/engine.o:1: calls time: engine/ does no I/O' check --build .
}

a_missing_archive_is_told()
{
    says 'libserver.a:1: is not built' check --build .
}

run_tests a_tree_that_keeps_the_rule_has_no_findings \
    an_include_of_a_higher_layer_is_found \
    a_test_of_a_lower_layer_may_not_include_a_higher_one \
    an_include_that_is_not_named_from_the_root_is_found \
    an_include_of_a_file_that_does_not_exist_is_found \
    the_program_may_not_include_what_belongs_to_tests \
    a_wrapped_library_is_seen_by_its_wrapper_alone \
    a_third_file_that_sees_sqlite_is_found \
    a_call_into_a_higher_layer_is_found \
    a_symbol_defined_in_two_layers_is_found \
    a_call_of_a_wrapped_library_from_elsewhere_is_found \
    a_forbidden_call_is_found \
    a_missing_archive_is_told
