/* What every test file includes: cmocka with the headers that it wants before it, and a bounded
 * wait. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Lets real time pass; only for tests of time itself and of other processes. */
void test_pause_ms(int64_t ms);

/* Looks at done(context) each millisecond until it is true; false when timeout_ms passed before. */
bool test_wait(bool (*done)(void *), void *context, int64_t timeout_ms);

enum { TEST_PATIENCE_MS = 20000 };

/* Fails unless the condition holds in the end; looks each millisecond. */
#define EVENTUALLY(condition)                                                                      \
    do {                                                                                           \
        for (int looks_ = 0; !(condition); looks_++) {                                             \
            if (looks_ == TEST_PATIENCE_MS)                                                        \
                fail_msg("never: %s", #condition);                                                 \
            test_pause_ms(1);                                                                      \
        }                                                                                          \
    } while (0)

#endif
