/* SIGINT and SIGTERM as a flag, for commands that have something to wind down. The second one ends
 * the process at once. There is one such flag in a process, as there is one such signal.
 */
#ifndef SERVER_CLI_INTERRUPT_H
#define SERVER_CLI_INTERRUPT_H

#include <stdbool.h>

/* Turns true when the first signal comes. Installs the handlers at the first call; call it on the
 * main thread, before others start. */
const _Atomic bool *interrupt_flag(void);
/* Lets time pass; less when the signal comes (or came before). False then. */
bool interrupt_wait_ms(int milliseconds);

#endif
