/* API keys in bracketd.db. Only the SHA-256 of a secret is kept. */
#ifndef DB_KEY_REPO_H
#define DB_KEY_REPO_H

#include "base/arena.h"
#include "base/digest.h"
#include "db/sqlite.h"

enum key_scope {
    KEY_SCOPE_READ = 1,
    KEY_SCOPE_BACKTEST = 2,
    KEY_SCOPE_TRADE = 4,
    KEY_SCOPE_ADMIN = 8,
};

/* What a key's orders may come to, in cash at 1e-6; 0 = no limit. */
struct key_limits {
    int64_t max_order_notional; /* of each */
    int64_t max_open_notional;  /* of all that are open or may still open */
};

struct key_row {
    struct uuid id;
    const char *name;
    uint32_t scopes; /* of key_scope */
    struct key_limits limits;
    unsigned char secret_sha256[SHA256_BYTES];
    int64_t created_at_ns;
    int64_t revoked_at_ns; /* 0 = in force */
};

struct key_rows {
    struct key_row *items;
    size_t count;
};

/* ERR_CONFLICT when a key in force has the name, or the secret is known; ERR_TOO_LARGE past
 * LIMIT_KEYS keys in force. */
enum err key_repo_create(struct db_write *w, const struct key_row *key, struct error *e);
/* ERR_NOT_FOUND when there is none in force with the id. */
enum err key_repo_revoke(struct db_write *w, const struct uuid *id, int64_t now_ns,
                         struct error *e);
/* The key in force with this secret; ERR_NOT_FOUND. Strings live in the arena. */
enum err key_repo_find_by_secret(const struct db_read *r,
                                 const unsigned char secret_sha256[SHA256_BYTES],
                                 struct arena *arena, struct key_row *ret, struct error *e);
/* By id, or by name among those in force (for the CLI); ERR_NOT_FOUND. */
enum err key_repo_find(const struct db_read *r, const struct uuid *id, struct arena *arena,
                       struct key_row *ret, struct error *e);
enum err key_repo_find_by_name(const struct db_read *r, const char *name, struct arena *arena,
                               struct key_row *ret, struct error *e);
/* All, newest first, revoked ones too when asked. */
enum err key_repo_list(const struct db_read *r, bool revoked, struct arena *arena,
                       struct key_rows *ret, struct error *e);
/* Keys in force. */
enum err key_repo_count(const struct db_read *r, int64_t *ret_count, struct error *e);

#endif
