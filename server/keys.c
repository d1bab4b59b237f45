/* Keys are looked up on every request, on loop threads, so they live in memory: a hash table by the
 * first eight bytes of the SHA-256 of the key's text. What those bytes find is compared as a whole
 * in constant time; a miss compares against zeros, so that both take the same path. Hashing what a
 * client sends first means that timing tells nothing about a stored secret, whatever the table
 * does. */
#include "server/keys.h"

#include "base/digest.h"
#include "base/mutex.h"
#include "base/random.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct key_entry {
    uint64_t prefix; /* of secret_sha256: the table's key */
    unsigned char secret_sha256[SHA256_BYTES];
    struct uuid id;
    char id_text[UUID_TEXT]; /* as identities carry it, made once */
    char name[LIMIT_KEY_NAME_BYTES + 1];
    uint32_t scopes;
    struct key_limits limits;
    UT_hash_handle hh;
};

/* In a connection's struct http_memo: the last key that it has sent, good as long as none was
 * revoked since. The text is in the connection's own buffer anyway. */
struct key_memo {
    char text[KEY_TEXT + 1]; /* "" = none */
    int64_t revocations;
    struct http_identity identity;
};
static_assert(sizeof(struct key_memo) <= sizeof(struct http_memo), "a connection remembers a key");

struct keys {
    struct storage *storage;
    const struct clock *clock;
    struct mutex mutex;
    struct key_entry *table;  /* under mutex */
    atomic_llong revocations; /* counts up behind the table's change */
};

/* How the key of this process shows in logs and as the owner of jobs. */
static const struct uuid local_id = {{0}};

const char *const key_scope_names[] = {"read", "backtest", "trade", "admin", NULL};

enum err key_scopes_parse(const char *comma_separated, uint32_t *ret, struct error *e)
{
    uint32_t scopes = 0;
    for (const char *p = comma_separated;;) {
        size_t length = strcspn(p, ",");
        uint32_t bit = 0;
        for (size_t i = 0; key_scope_names[i]; i++)
            if (strlen(key_scope_names[i]) == length && memcmp(key_scope_names[i], p, length) == 0)
                bit = 1u << i;
        if (!bit)
            return error_set(e, ERR_INVALID,
                             "'%.*s' is no scope; they are read, backtest, trade and admin",
                             (int)length, p);
        scopes |= bit;
        if (p[length] == '\0')
            break;
        p += length + 1;
    }
    *ret = scopes;
    return ERR_OK;
}

void key_text_make(char ret_text[KEY_TEXT])
{
    unsigned char secret[32];
    random_secret(secret, sizeof(secret));
    memcpy(ret_text, "bk_", 3);
    sodium_bin2base64(ret_text + 3, KEY_TEXT - 3, secret, sizeof(secret),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof(secret));
}

static uint64_t prefix_of(const unsigned char digest[SHA256_BYTES])
{
    uint64_t prefix;
    memcpy(&prefix, digest, sizeof(prefix));
    return prefix;
}

static enum err table_add(struct keys *k, const struct key_row *key, struct error *e)
{
    struct key_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a key");
    memcpy(entry->secret_sha256, key->secret_sha256, SHA256_BYTES);
    entry->prefix = prefix_of(key->secret_sha256);
    entry->id = key->id;
    uuid_format(&key->id, entry->id_text);
    snprintf(entry->name, sizeof(entry->name), "%s", key->name);
    entry->scopes = key->scopes;
    entry->limits = key->limits;
    mutex_lock(&k->mutex);
    HASH_ADD(hh, k->table, prefix, sizeof(entry->prefix), entry);
    mutex_unlock(&k->mutex);
    return ERR_OK;
}

static enum err load(struct keys *k, struct error *e)
{
    struct arena arena;
    arena_init(&arena, (size_t)LIMIT_KEYS * 4096);
    struct db_read reader = {0};
    struct key_rows rows;
    enum err err = readers_lease(k->storage->readers, &reader, e);
    if (!err)
        err = key_repo_list(&reader, false, &arena, &rows, e);
    for (size_t i = 0; !err && i < rows.count; i++)
        err = table_add(k, &rows.items[i], e);
    readers_return(k->storage->readers, &reader);
    arena_release(&arena);
    return err;
}

enum err keys_create(struct storage *storage, const struct clock *clock, struct keys **ret,
                     struct error *e)
{
    struct keys *k = calloc(1, sizeof(*k));
    if (!k)
        return error_set(e, ERR_NO_MEMORY, "out of memory for keys");
    k->storage = storage;
    k->clock = clock;
    mutex_init(&k->mutex, MUTEX_KEYS);
    enum err err = load(k, e);
    if (err) {
        keys_free(k);
        return err;
    }
    *ret = k;
    return ERR_OK;
}

void keys_free(struct keys *k)
{
    if (!k)
        return;
    struct key_entry *entry, *next;
    HASH_ITER (hh, k->table, entry, next) {
        HASH_DEL(k->table, entry);
        free(entry);
    }
    mutex_release(&k->mutex);
    free(k);
}

static enum err create_work(struct db_write *w, void *context, struct error *e)
{
    return key_repo_create(w, context, e);
}

static enum err check_terms(const struct key_terms *terms, struct error *e)
{
    if (*terms->name == '\0' || strlen(terms->name) > LIMIT_KEY_NAME_BYTES)
        return error_field(e, ERR_INVALID, "/name", "a key's name has 1 to %d bytes",
                           LIMIT_KEY_NAME_BYTES);
    bool limited = terms->limits.max_order_notional || terms->limits.max_open_notional;
    bool trades = (terms->scopes & (KEY_SCOPE_TRADE | KEY_SCOPE_ADMIN)) == KEY_SCOPE_TRADE;
    if (limited && !trades)
        return error_field(e, ERR_INVALID, "/scopes",
                           "limits of notional are for keys with scope trade and without admin");
    return ERR_OK;
}

enum err keys_add(struct keys *k, const struct key_terms *terms, struct arena *arena,
                  struct key_row *ret_key, char ret_text[KEY_TEXT], struct error *e)
{
    enum err err = check_terms(terms, e);
    if (err)
        return err;
    struct key_row key = {.id = uuid_make(k->clock),
                          .name = arena_strdup(arena, terms->name),
                          .scopes = terms->scopes,
                          .limits = terms->limits,
                          .created_at_ns = clock_realtime_ns(k->clock)};
    if (!key.name)
        return error_set(e, ERR_NO_MEMORY, "out of memory for a key");
    key_text_make(ret_text);
    sha256_of(ret_text, KEY_TEXT - 1, key.secret_sha256);
    err = writer_call(k->storage->writer, create_work, &key, e);
    if (!err)
        err = table_add(k, &key, e);
    if (!err)
        *ret_key = key;
    return err;
}

struct revocation {
    const struct uuid *id;
    int64_t now_ns;
};

static enum err revoke_work(struct db_write *w, void *context, struct error *e)
{
    const struct revocation *r = context;
    return key_repo_revoke(w, r->id, r->now_ns, e);
}

enum err keys_revoke(struct keys *k, const struct uuid *id, struct error *e)
{
    struct revocation r = {.id = id, .now_ns = clock_realtime_ns(k->clock)};
    enum err err = writer_call(k->storage->writer, revoke_work, &r, e);
    if (err)
        return err;
    struct key_entry *entry, *next;
    mutex_lock(&k->mutex);
    HASH_ITER (hh, k->table, entry, next) {
        if (memcmp(&entry->id, id, sizeof(*id)) != 0)
            continue;
        HASH_DEL(k->table, entry);
        free(entry);
    }
    mutex_unlock(&k->mutex);
    atomic_fetch_add(&k->revocations, 1);
    return ERR_OK;
}

int64_t keys_count(struct keys *k)
{
    mutex_lock(&k->mutex);
    int64_t count = HASH_COUNT(k->table);
    mutex_unlock(&k->mutex);
    return count;
}

enum err keys_set_local(struct keys *k, const char text[KEY_TEXT], struct error *e)
{
    struct key_row key = {.id = local_id, .name = "", .scopes = KEY_SCOPE_ADMIN};
    sha256_of(text, KEY_TEXT - 1, key.secret_sha256);
    return table_add(k, &key, e);
}

/* Under the lock: the key in force of which `identity` was made, or NULL. */
static const struct key_entry *entry_of(struct keys *k, const struct http_identity *identity)
{
    struct key_entry *entry, *next;
    HASH_ITER (hh, k->table, entry, next)
        if (strcmp(entry->id_text, identity->id) == 0)
            return entry;
    return NULL;
}

bool keys_in_force(struct keys *k, const struct http_identity *identity, int64_t *seen)
{
    int64_t revocations = atomic_load(&k->revocations);
    if (*seen == revocations)
        return true;
    mutex_lock(&k->mutex);
    bool in_force = entry_of(k, identity) != NULL;
    mutex_unlock(&k->mutex);
    *seen = in_force ? revocations : -1;
    return in_force;
}

bool keys_named(struct keys *k, const struct http_identity *identity, const char *name)
{
    if (strcmp(identity->id, name) == 0)
        return true;
    if (!*name)
        return false;
    mutex_lock(&k->mutex);
    const struct key_entry *entry = entry_of(k, identity);
    bool named = entry && strcmp(entry->name, name) == 0;
    mutex_unlock(&k->mutex);
    return named;
}

enum err keys_authenticate(struct keys *k, const char *token, struct http_identity *ret,
                           struct error *e)
{
    static const struct key_entry nobody;
    if (!token)
        return error_set(e, ERR_UNAUTHORIZED, "send the key as 'Authorization: Bearer <key>'");
    unsigned char digest[SHA256_BYTES];
    sha256_of(token, strlen(token), digest);
    uint64_t prefix = prefix_of(digest);

    mutex_lock(&k->mutex);
    struct key_entry *entry;
    HASH_FIND(hh, k->table, &prefix, sizeof(prefix), entry);
    const struct key_entry *candidate = entry ? entry : &nobody;
    bool known = equal_in_constant_time(candidate->secret_sha256, digest, SHA256_BYTES) && entry;
    uint32_t scopes = candidate->scopes;
    struct key_limits limits = candidate->limits;
    memcpy(ret->id, candidate->id_text, UUID_TEXT);
    mutex_unlock(&k->mutex);

    if (!known)
        return error_set(e, ERR_UNAUTHORIZED, "this key is not known, or it was revoked");
    static_assert((int)UUID_TEXT <= (int)HTTP_IDENTITY_ID_MAX, "an identity holds a key's id");
    ret->scopes = scopes & KEY_SCOPE_ADMIN
                      ? KEY_SCOPE_READ | KEY_SCOPE_BACKTEST | KEY_SCOPE_TRADE | KEY_SCOPE_ADMIN
                      : scopes;
    ret->max_order_notional = limits.max_order_notional;
    ret->max_open_notional = limits.max_open_notional;
    return ERR_OK;
}

/* Any text of a key's length takes the same time. */
static bool remembers(const struct key_memo *memo, int64_t revocations, const char *token)
{
    return memo->text[0] && memo->revocations == revocations && strlen(token) == KEY_TEXT - 1 &&
           equal_in_constant_time(memo->text, token, KEY_TEXT - 1);
}

enum err keys_authenticate_again(struct keys *k, struct http_memo *memo, const char *token,
                                 struct http_identity *ret, struct error *e)
{
    struct key_memo *last = (struct key_memo *)(void *)memo->bytes;
    int64_t revocations = atomic_load(&k->revocations); /* before the table is asked */
    if (token && remembers(last, revocations, token)) {
        *ret = last->identity;
        return ERR_OK;
    }
    enum err err = keys_authenticate(k, token, ret, e);
    if (!err && strlen(token) == KEY_TEXT - 1) {
        memcpy(last->text, token, KEY_TEXT);
        last->revocations = revocations;
        last->identity = *ret;
    }
    return err;
}
