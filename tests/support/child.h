/* Runs a function in a forked child, for tests of what ends the process or changes its state. */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdbool.h>

/* True when fn(context) in a child ends by SIGABRT with every text of the NULL-terminated list on
 * its standard error. Otherwise says on standard error what happened. Call before starting threads.
 */
bool child_aborts(void (*fn)(void *), void *context, const char *const *texts);

/* True when fn(context) in a child returns and the child exits with 0. */
bool child_succeeds(void (*fn)(void *), void *context);

#endif
