/* What a power cut takes beside the process: writes to files of the data folder that were not yet
 * synced. Each write keeps what it overwrote until its file is synced; a power cut puts that back,
 * all of it or by chance some, newest first.
 *
 * New names of files are not taken back: that a folder is synced where it must be, this does not
 * show. Calls on these files run one at a time, and none returns once the power is cut.
 */
#ifndef TESTS_FAULT_SHIM_POWER_H
#define TESTS_FAULT_SHIM_POWER_H

#include <stddef.h>
#include <sys/types.h>

/* Around each call on a file of the data folder. */
void fault_power_lock(void);
void fault_power_unlock(void);

/* Under the lock, before the file changes from offset on: `length` bytes, or all with -1 (cut). */
void fault_power_keep(int fd, off_t offset, ssize_t length);
/* Under the lock, after a sync that succeeded. */
void fault_power_synced(int fd);
/* Under the lock when the page says that power may go; never given back then. */
void fault_power_cut(void);

#endif
