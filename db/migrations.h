/* How a database gets its tables: an ordered, append-only array of scripts per database.
 *
 * `PRAGMA user_version` counts the scripts that ran; each runs in one transaction together with its
 * count, so a crash leaves a database at one version or the next. `PRAGMA application_id` tells our
 * files from others. A database of a newer program is refused.
 */
#ifndef DB_MIGRATIONS_H
#define DB_MIGRATIONS_H

#include "db/sqlite.h"

struct migration_set {
    const char *database; /* for messages: "bracketd.db" */
    int32_t application_id;
    const char *const *scripts;
    int64_t count;
};

extern const struct migration_set main_migrations;  /* bracketd.db */
extern const struct migration_set bar_migrations;   /* bars.db */
extern const struct migration_set cache_migrations; /* cache.db */

/* Brings the database to the newest version. ERR_CONFLICT, naming both versions, when the database
 * is newer than this program; ERR_DATA when the file belongs to another program. Nothing is changed
 * on error except by scripts that were committed before it. */
enum err migrations_run(struct db_connection *c, const struct migration_set *set, struct error *e);

#endif
