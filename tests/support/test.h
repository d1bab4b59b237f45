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

#endif
