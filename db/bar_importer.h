/* The import of one series after the other into a transaction that is under way: each day of a
 * batch, merged with what is stored of it. Private to the bar store, which holds the connection.
 *
 * One thread at a time. After an error the transaction is to be rolled back.
 */
#ifndef DB_BAR_IMPORTER_H
#define DB_BAR_IMPORTER_H

#include "db/bar_store.h"
#include "db/sqlite.h"

struct day_columns;

struct bar_importer {
    struct db_write w;               /* the caller's: begins and ends it */
    struct bar_import_result result; /* of the series run last */
    /* of the series at hand */
    const struct bar_import *options;
    const struct bar_batch *bars;
    int64_t days_before; /* the series had: 0 spares looking for stored days */
    int32_t first_day, last_day;
    /* kept from series to series */
    struct strbuf blob;
    struct day_columns *stored, *merged; /* owned; made when first needed */
};

void bar_importer_init(struct bar_importer *im);
void bar_importer_release(struct bar_importer *im);

/* What can be told without a database: the symbol, the timeframe, that there are bars. */
enum err bar_import_check(const struct bar_import *o, const struct bar_batch *bars,
                          struct error *e);
/* The same check, then the import. Errors as bar_store_import. */
enum err bar_importer_run(struct bar_importer *im, const struct bar_import *import,
                          const struct bar_batch *bars, struct error *e);

#endif
