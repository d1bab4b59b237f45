#include "base/sodium_ready.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

static void init(void)
{
    /* Fails only where the system has no source of random bytes: nothing secret could be made. */
    if (sodium_init() < 0)
        abort();
}

void sodium_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}
