/* Where a command's work happens: in a data folder that this process takes, or on a server.
 *
 *   --url URL    that server, with the key of --key or BRACKETD_KEY
 *   --data DIR   the folder itself when nobody holds it; else the server that holds it, by the
 *                access file that it keeps there (local_access.h). Default BRACKETD_DATA, else
 *                bracketd-data
 *
 * So the same command works either way, and nowhere else is asked which.
 */
#ifndef SERVER_CLI_TARGET_H
#define SERVER_CLI_TARGET_H

#include "db/storage.h"
#include "server/cli/api_client.h"
#include "server/cli/command.h"

struct target_options {
    const char *data, *url, *key; /* NULL = not given */
};

/* The rows of a command's table of options whose struct is `type` and has these at `at`. */
/* clang-format off */
#define TARGET_OPTION_ROWS(type, at)                                                                        \
    {.name = "data", .kind = OPTION_TEXT, .offset = offsetof(type, at data), .value = "DIR",                \
     .help = "data folder (BRACKETD_DATA, else bracketd-data)"},                                            \
    {.name = "url", .kind = OPTION_TEXT, .offset = offsetof(type, at url), .value = "URL",                  \
     .help = "ask this server instead of a folder"},                                                        \
    {.name = "key", .kind = OPTION_TEXT, .offset = offsetof(type, at key), .value = "KEY",                  \
     .help = "API key for --url (better in BRACKETD_KEY)"}
/* clang-format on */

enum target_need {
    TARGET_EXISTING, /* a folder that is not there is an error: nothing can be in it */
    TARGET_CREATE,   /* it is made */
    TARGET_SERVER,   /* the work is the server's: a folder that nobody serves is an error */
};

struct target {
    struct api_client *client; /* of the server, or NULL: */
    struct storage storage;    /* of the folder, held by this process */
};

/* ERR_INVALID for options that contradict each other or are no URL; ERR_NOT_FOUND for a folder that
 * is not there; ERR_UNAVAILABLE for one that no server holds, where one is needed; ERR_CONFLICT
 * when another process holds the folder and no server answers for it within seconds; ERR_CANCELED
 * when the wait for that was interrupted. */
enum err target_open(const struct target_options *o, enum target_need need, struct target *ret,
                     struct error *e);
void target_close(struct target *t); /* a zeroed one is fine */
/* After target_open failed: says so on standard error. The exit code. */
int target_fail(const struct command_frame *frame, const struct error *e);

#endif
