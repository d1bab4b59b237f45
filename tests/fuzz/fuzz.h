/* What the fuzz targets share. A target, tests/fuzz/fuzz_<name>.c, is one function that takes any
 * bytes and aborts when something that must hold does not.
 *
 * It is linked twice: with libFuzzer (`make fuzz`), which makes inputs up, and with replay.c (`make
 * test`), which runs the files of tests/fuzz/seeds/<name> and tests/fuzz/regressions/<name>.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's name for it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says on standard error what did not hold, and aborts. */
#define FUZZ_REQUIRE(condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold: ", __FILE__, __LINE__, #condition);          \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The same number for the same bytes: seeds what a target varies beside its input. FNV-1a. */
static inline uint64_t fuzz_hash(const uint8_t *data, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* A copy in memory of just its size, so that the address sanitizer sees any byte read past the end.
 * `extra` zeroed bytes follow. free() it. */
static inline char *fuzz_copy(const void *data, size_t size, size_t extra)
{
    char *copy = malloc(size + extra > 0 ? size + extra : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    memset(copy + size, 0, extra);
    return copy;
}

#endif
