#!/bin/bash
# The core of orders/ is pure: no I/O, no allocation, no clock, no lock. Held by the linker: its objects
# alone may need nothing from outside but what is listed here.
# shellcheck source=tests/build/support.sh
source "$(dirname "$0")/support.sh"

core=(bracket bracket_spec derive exit_price leg_orders order order_event outcome positions risk settle step step_report transitions
      client_id)

# What the core may call: memory that it was given, texts for refusals, the price steps of a contract, and the
# compiler's division of 128 bits.
allowed='^(__divti3|mem(cpy|set|cmp|chr|move)|str(len|nlen|cmp|chr|str)|snprintf|error_(set|field)|contract_(tick|round))$'

# undefined_symbols FILE...: what the objects of these sources need from outside.
undefined_symbols()
{
    local name
    rm -f ./*.o
    for name in "$@"; do
        gcc -std=gnu11 -D_GNU_SOURCE -I"$REPO" -include base/banned.h -O1 -U_FORTIFY_SOURCE -fno-stack-protector \
            -c -o "$(basename "$name" .c).o" "$name"
    done
    ld -r -o core.linked ./*.o
    nm --undefined-only core.linked | awk '{ print $2 }' | grep -v '^_GLOBAL_OFFSET_TABLE_$' || true
}

sources_of_core()
{
    printf "$REPO/orders/%s.c\n" "${core[@]}"
}

the_core_needs_nothing_but_memory_and_texts()
{
    local sources found
    mapfile -t sources < <(sources_of_core)
    found=$(undefined_symbols "${sources[@]}" | grep -Ev "$allowed" || true)
    if [[ -n $found ]]; then
        printf 'the core calls: %s\n' "$found"
        return 1
    fi
}

a_call_of_the_clock_or_of_malloc_would_be_found()
{
    cat >impure.c <<'C'
#include <stdlib.h>
#include <time.h>
long impure(void);
long impure(void) { free(malloc(3)); return time(NULL); }
C
    says '^time$' undefined_symbols "$PWD/impure.c"
    [[ $(undefined_symbols "$PWD/impure.c" | grep -Evc "$allowed") -gt 0 ]]
}

run_tests the_core_needs_nothing_but_memory_and_texts a_call_of_the_clock_or_of_malloc_would_be_found
