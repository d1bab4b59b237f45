/* Who may write orders to bracketd.db, and whether entries are paused: one row.
 *
 * The folder's lock keeps a second process out; the epoch is for what a lock cannot know, such as a
 * copy of the folder behind it: each owner raises it, and whoever finds a newer one has been
 * replaced.
 */
#ifndef DB_OWNER_REPO_H
#define DB_OWNER_REPO_H

#include "db/sqlite.h"

/* Raises the epoch and notes this process. */
enum err owner_repo_take(struct db_write *w, int64_t *ret_epoch, struct error *e);
/* CONFLICT when somebody took it since. */
enum err owner_repo_check(const struct db_read *r, int64_t epoch, struct error *e);

enum err owner_repo_set_paused(struct db_write *w, bool paused, struct error *e);
enum err owner_repo_get_paused(const struct db_read *r, bool *ret, struct error *e);

#endif
