/* Quotes as JSON: the body of POST /v1/quotes, and what is answered of them. */
#ifndef SERVER_MARKET_QUOTE_JSON_H
#define SERVER_MARKET_QUOTE_JSON_H

#include "base/json_writer.h"
#include "server/http/response.h"
#include "server/market/market_feed.h"

enum quote_format {
    QUOTE_JSON,   /* an array of quotes, or one alone */
    QUOTE_NDJSON, /* one in each line; empty lines are skipped */
};

/* What was sent, and what is wrong with it: either all of it is good or none is taken. */
struct quote_batch {
    struct market_quote *items; /* in the arena */
    size_t count, capacity;
    struct http_problem_detail problems[LIMIT_QUOTE_ERRORS]; /* one of each bad item; the texts live
                                                                in the arena */
    size_t problem_count;
    size_t bad; /* items; more than problems are not told one by one */
};

/* now_ns: UTC, what ts must not be ahead of. ERR_INVALID with the first bad item's pointer, ret's
 * problems tell them all, or with none when the text as a whole is not right; TOO_LARGE above
 * LIMIT_QUOTES_BATCH items. */
enum err quote_batch_decode(const char *text, size_t length, enum quote_format format,
                            int64_t now_ns, struct arena *arena, struct quote_batch *ret,
                            struct error *e);

/* One quote as an object. */
void quote_json_write(struct json_writer *w, const struct market_last *last);

#endif
