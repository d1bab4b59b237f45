/* A flag whose value is JSON: written out, in a file, or on standard input ("-"). */
#ifndef SERVER_CLI_FLAG_TEXT_H
#define SERVER_CLI_FLAG_TEXT_H

#include "base/arena.h"
#include "base/error.h"

/* *ret is `value` itself when it begins with a brace, else what the file holds, in the arena. The
 * message begins with `flag`. ERR_NOT_FOUND, ERR_IO, ERR_TOO_LARGE (above LIMIT_BODY_BYTES). */
enum err flag_text(const char *flag, const char *value, struct arena *arena, const char **ret,
                   struct error *e);

#endif
