/* A key as JSON: the `Key` of openapi.yaml, for the API and for the command line. */
#ifndef SERVER_KEY_JSON_H
#define SERVER_KEY_JSON_H

#include "base/json_writer.h"
#include "db/key_repo.h"

/* The members, into the object that the writer is in: whoever made the key adds it itself. */
void key_json_members(struct json_writer *w, const struct key_row *key);

#endif
