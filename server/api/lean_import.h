/* One import of a zip of LEAN's market data (engine/lean/): every file in it becomes one or two
 * series, all of them or none. For the server and for the command line alike.
 */
#ifndef SERVER_API_LEAN_IMPORT_H
#define SERVER_API_LEAN_IMPORT_H

#include "base/json_writer.h"
#include "db/storage.h"

struct lean_settings {
    enum bar_import_mode mode;
    bool dry_run;
    int64_t now_ns;
    const _Atomic bool *cancel; /* NULL allowed */
    const char *file;           /* for messages */
};

/* What the bars of a series are. */
enum lean_series_kind { LEAN_SERIES_TRADE, LEAN_SERIES_BID, LEAN_SERIES_ASK, LEAN_SERIES_KINDS };

struct lean_report {
    bool dry_run;
    int64_t files;     /* in the zip */
    int64_t contracts; /* of these, of an option */
    int64_t rows;
    int64_t outside; /* rows outside every session, dropped */
    int64_t empty;   /* sides of quotes without a price */
    struct {
        int64_t series, bars;
    } kind[LEAN_SERIES_KINDS]; /* bars read inside sessions */
    int64_t inserted, duplicates, replaced;
    int64_t first_ns, last_ns; /* of all bars; there are some */
    int64_t elapsed_ns;        /* the caller's to fill in */
};

/* Reads `fd` (a regular file; stays the caller's) and stores its bars in one transaction. ERR_DATA:
 * no zip, damaged, a name that says nothing, a row that is no bar (file, line and column in the
 * message), or no bars at all; ERR_TOO_LARGE past LIMIT_ZIP_FILE_BYTES or
 * LIMIT_IMPORT_INFLATED_BYTES; those of bar_store_import_each. Blocks on disk and while another
 * import runs. */
enum err lean_import_run(struct storage *storage, const struct lean_settings *settings, int fd,
                         struct lean_report *ret, struct error *e);

/* The answer of POST /v1/bars?format=lean, as one object. */
void lean_report_write(struct json_writer *w, const struct lean_report *report);

#endif
