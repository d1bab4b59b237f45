/* The data folder: where the databases live, and the lock that keeps two programs apart.
 *
 * Holding a folder is holding an exclusive lock on its file `bracketd.lock`, which carries the
 * holder's pid. The lock goes with the process, however it ends. A folder may be held once per
 * machine; opening it twice in one process is refused as well.
 */
#ifndef DB_DATA_FOLDER_H
#define DB_DATA_FOLDER_H

#include "base/error.h"

#include <sys/types.h>

struct data_folder;

/* Makes the folder when it is not there (and its parents; mode 0700) and takes the lock.
 * ERR_CONFLICT
 * "... is held by pid N" when another has it; ERR_IO otherwise. May block on disk. */
enum err data_folder_open(const char *path, struct data_folder **ret, struct error *e);
void data_folder_close(struct data_folder *f); /* NULL is fine */

const char *data_folder_path(const struct data_folder *f);
const char *data_folder_main_path(const struct data_folder *f);  /* bracketd.db */
const char *data_folder_bars_path(const struct data_folder *f);  /* bars.db */
const char *data_folder_cache_path(const struct data_folder *f); /* cache.db */

/* What tells the file bracketd.db from any copy of it, across restarts and reboots: its inode, and
 * when that was made, as a text. ERR_IO. */
enum { DATA_FILE_IDENTITY = 64 };
enum err data_folder_main_identity(const struct data_folder *f, char out[DATA_FILE_IDENTITY],
                                   struct error *e);

/* Whether some process holds the folder now, without touching the lock; *ret_pid (NULL allowed) is
 * who, 0 when unknown. A folder that does not exist is not held. */
bool data_folder_is_held(const char *path, pid_t *ret_pid);

#endif
