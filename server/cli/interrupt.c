#include "server/cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

static _Atomic bool interrupted;
static bool installed;

static void on_signal(int number)
{
    (void)number;
    interrupted = true;
}

const _Atomic bool *interrupt_flag(void)
{
    if (!installed) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        installed = true;
    }
    return &interrupted;
}

/* The signal is let in while poll waits and at no other time, so that it can't slip in between the
 * look at the flag and the wait. */
bool interrupt_wait_ms(int milliseconds)
{
    sigset_t block, before;
    struct timespec timeout = {.tv_sec = milliseconds / 1000,
                               .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    if (!interrupted)
        ppoll(NULL, 0, &timeout, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !interrupted;
}
