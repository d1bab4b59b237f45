#!/bin/bash
# banned.h refuses what it names, with every compiler that builds the tree, and nothing else.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

# The names that banned.h bans.
banned_names()
{
    sed -n 's/^#define \([a-z_]*\)(\.\.\.).*/\1/p' "$REPO/base/banned.h"
}

compilers()
{
    local compiler
    for compiler in gcc clang-14; do
        if command -v "$compiler" >/dev/null; then
            echo "$compiler"
        fi
    done
}

# compile COMPILER: the C source on standard input, as the Makefile does.
compile()
{
    "$1" -std=gnu11 -D_GNU_SOURCE -I"$REPO" -include base/banned.h -Wall -Wextra -Werror -fsyntax-only -x c -
}

a_call_of_each_banned_name_is_an_error_that_names_a_substitute()
{
    local compiler name names
    names=$(banned_names)
    [[ $(wc -w <<<"$names") -gt 20 ]]
    for compiler in $(compilers); do
        for name in $names; do
            says "banned__${name}__use_" compile "$compiler" <<<"int f(void); int f(void) { $name(0); return 0; }"
            fails compile "$compiler" <<<"int f(void); int f(void) { $name(0); return 0; }" >/dev/null 2>&1
        done
    done
}

the_names_may_be_those_of_members_and_of_other_functions()
{
    local compiler
    for compiler in $(compilers); do
        compile "$compiler" <<<'struct s { int sleep, rand; int (*gets)(void); };
            int my_sleep(struct s *s); int my_sleep(struct s *s) { return s->sleep + s->rand; }'
    done
}

headers_that_come_later_still_compile()
{
    local compiler
    for compiler in $(compilers); do
        compile "$compiler" <<<'#include <curl/curl.h>
#include <dirent.h>
#include <ini.h>
#include <math.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>
#include <zlib.h>
#include <cjson/cJSON.h>'
    done
}

run_tests \
    a_call_of_each_banned_name_is_an_error_that_names_a_substitute \
    the_names_may_be_those_of_members_and_of_other_functions \
    headers_that_come_later_still_compile
