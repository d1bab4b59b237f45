/* API keys at work: made with libsodium's random, kept as SHA-256, checked on every request from
 * memory.
 *
 * A key reads "bk_" and 43 characters of URL-safe base64 (32 random bytes). All keys in force are
 * held in a table by digest prefix; the digest itself is compared in constant time. Changes go
 * through the writer first, then into the table. Thread safe.
 */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include "base/clock.h"
#include "db/key_repo.h"
#include "db/storage.h"
#include "server/http/request.h"

enum { KEY_TEXT = 47 }; /* with the NUL */

struct keys;

/* Loads the keys in force. */
enum err keys_create(struct storage *storage, const struct clock *clock, struct keys **ret,
                     struct error *e);
void keys_free(struct keys *k); /* NULL is fine */

/* What a new key is to be. */
struct key_terms {
    const char *name;
    uint32_t scopes;
    struct key_limits limits; /* only with scope trade and without admin, which knows none */
};
/* Makes and stores a key; the text goes to the caller alone. ERR_CONFLICT when the name is in
 * force. */
enum err keys_add(struct keys *k, const struct key_terms *terms, struct arena *arena,
                  struct key_row *ret_key, char ret_text[KEY_TEXT], struct error *e);
enum err keys_revoke(struct keys *k, const struct uuid *id, struct error *e);
/* How many are in force. */
int64_t keys_count(struct keys *k);

/* A key of this process alone: admin, never stored, for the command line on the same machine, which
 * reads it from the data folder (local_access.h). */
enum err keys_set_local(struct keys *k, const char text[KEY_TEXT], struct error *e);
void key_text_make(char ret_text[KEY_TEXT]);

/* For http_config.authenticate's body: memory only, no locks held on return. admin includes all
 * scopes. */
enum err keys_authenticate(struct keys *k, const char *token, struct http_identity *ret,
                           struct error *e);

/* The same for a connection, which mostly sends the key that it has sent before. */
enum err keys_authenticate_again(struct keys *k, struct http_memo *memo, const char *token,
                                 struct http_identity *ret, struct error *e);

/* Whether the key that `identity` was made of is still in force, for an answer that stays open.
 * *seen is the caller's, -1 at first: a look at an atomic as long as no key is revoked. */
bool keys_in_force(struct keys *k, const struct http_identity *identity, int64_t *seen);

/* Whether `name` is the id or the name of the key that `identity` was made of. */
bool keys_named(struct keys *k, const struct http_identity *identity, const char *name);

/* "read" "backtest" "trade" "admin" <-> KEY_SCOPE_* */
extern const char *const key_scope_names[]; /* NULL-terminated, bit order */
enum err key_scopes_parse(const char *comma_separated, uint32_t *ret, struct error *e);

#endif
