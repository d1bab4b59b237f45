/* Idempotency-Key in bracketd.db: what a key answered, stored in the transaction of what it made.
 *
 * Looked up and stored inside one writer item, so that of two requests with the same key exactly
 * one creates. Kept for IDEMPOTENCY_KEEP_HOURS at least; pruning removes what is older.
 */
#ifndef DB_IDEMPOTENCY_REPO_H
#define DB_IDEMPOTENCY_REPO_H

#include "base/arena.h"
#include "base/digest.h"
#include "db/sqlite.h"

enum { IDEMPOTENCY_KEEP_HOURS = 24 };

struct idempotency_row {
    int32_t status;       /* HTTP */
    const char *response; /* body */
    struct uuid resource_id;
    int64_t created_at_ns;
};

/* Has this API key used `key` before? *ret_found tells; then *ret is what was answered.
 * ERR_IDEMPOTENCY when it was with another body. */
enum err idempotency_repo_find(const struct db_read *r, const struct uuid *key_id, const char *key,
                               const unsigned char body_sha256[SHA256_BYTES], struct arena *arena,
                               bool *ret_found, struct idempotency_row *ret, struct error *e);
/* ERR_CONFLICT when the pair is stored already. Removes some rows that are past their time, counted
 * from row->created_at_ns. */
enum err idempotency_repo_put(struct db_write *w, const struct uuid *key_id, const char *key,
                              const unsigned char body_sha256[SHA256_BYTES],
                              const struct idempotency_row *row, struct error *e);

#endif
