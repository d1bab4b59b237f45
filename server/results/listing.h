/* Lists of a job's records, each written once for all their forms: a page of JSON, CSV or NDJSON by
 * `?limit=` and `?cursor=`, or, as CSV or NDJSON without a limit, all there is from the cursor on.
 * That goes out in parts (http_respond_parts), each read on its own: between them no connection to
 * the database is held. A job removed meanwhile breaks the answer off.
 */
#ifndef SERVER_RESULTS_LISTING_H
#define SERVER_RESULTS_LISTING_H

#include "server/api/rows.h"
#include "server/results/job_results.h"

struct listing;

/* Writes rows, calling listing_row_done behind each, until there are none left or listing_is_full.
 * Leaves l->place where the next call begins, and tells whether there is more. Reads within one
 * snapshot, in which the job is there. */
typedef enum err listing_read(struct listing *l, const struct db_read *reader, bool *ret_more,
                              struct error *e);

/* In the request's arena: it outlives the handler. */
struct listing {
    const char *kind; /* of its cursors */
    listing_read *read;
    struct job_results *job;    /* set before listing_respond */
    const char *const *columns; /* the same */
    size_t column_count;
    struct {
        int64_t major, minor; /* what they count is the list's business; both >= 0 */
    } place;
    struct rows rows;
    /* private */
    enum rows_format format;
    bool whole;
    int64_t left; /* rows of the page */
};

/* The names of query parameters that every list knows, for http_query_only. */
#define LISTING_PARAMETERS "limit", "cursor", "format"

/* Reads ?limit, ?cursor and ?format. ERR_INVALID, ERR_NOT_ACCEPTABLE. */
enum err listing_query(const struct http_request *r, struct listing *l, struct error *e);
/* The answer. */
enum err listing_respond(struct http_request *r, struct http_response *out, struct listing *l,
                         struct error *e);

bool listing_is_full(const struct listing *l);
void listing_row_done(struct listing *l);

#endif
