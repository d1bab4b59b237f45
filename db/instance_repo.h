/* What client order ids begin with (orders/client_id.h), kept with the database so that after any
 * restart the same order has the same name at the broker.
 *
 * The instance is made at random when the database is new. The incarnation is raised when the file
 * turns out to be a copy of the one that it was: another process may have gone on with the first,
 * and neither may take the other's orders for its own. Orders that are open keep the name under
 * which they were sent, so a copy with open orders goes on under the old one until none is left.
 */
#ifndef DB_INSTANCE_REPO_H
#define DB_INSTANCE_REPO_H

#include "db/sqlite.h"
#include "orders/client_id.h"

struct instance {
    char name[CLIENT_ID_INSTANCE_MAX + 1];
    int32_t incarnation;
    bool copied; /* the file is a copy */
};

/* `file` tells this file from its copies: data_folder_main_identity. */
enum err instance_repo_take(struct db_write *w, const char *file, struct instance *ret,
                            struct error *e);

#endif
