/* How the command line on the same machine reaches the server that holds a data folder: the file
 * `server.json` in it (mode 0600), with the server's URL and a key of this process alone. Whoever
 * can read the folder could read the databases as well, so the file gives nothing away; the key
 * dies with the process.
 */
#ifndef SERVER_LOCAL_ACCESS_H
#define SERVER_LOCAL_ACCESS_H

#include "base/error.h"
#include "server/keys.h"

struct local_access {
    char url[96];
    char key[KEY_TEXT];
};

/* Written to a temporary file and renamed: a reader sees all of it or the one before. */
enum err local_access_write(const char *folder, const struct local_access *access, struct error *e);
void local_access_remove(const char *folder);
/* ERR_NOT_FOUND when there is none. */
enum err local_access_read(const char *folder, struct local_access *ret, struct error *e);

#endif
