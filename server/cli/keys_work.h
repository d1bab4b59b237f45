/* API keys, made, listed and revoked: on a folder straight in its database, on a server through
 * /v1/keys. The answers are the same JSON either way.
 */
#ifndef SERVER_CLI_KEYS_WORK_H
#define SERVER_CLI_KEYS_WORK_H

#include "base/json_value.h"
#include "server/cli/target.h"
#include "server/keys.h"

/* Appends a NewKey of openapi.yaml. ERR_CONFLICT when the name is in force. */
enum err keys_work_create(struct target *t, const struct key_terms *terms, struct strbuf *ret,
                          struct error *e);
/* Appends a KeyPage with all keys, newest first, the revoked ones too. */
enum err keys_work_list(struct target *t, struct strbuf *ret, struct error *e);
/* By its id, in its canonical form. ERR_NOT_FOUND when none in force has it. */
enum err keys_work_revoke(struct target *t, const char *id, struct error *e);

#endif
