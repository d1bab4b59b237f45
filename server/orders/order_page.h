/* One page of orders as an answer: read from the store, made of the orders' renderings.
 */
#ifndef SERVER_ORDERS_ORDER_PAGE_H
#define SERVER_ORDERS_ORDER_PAGE_H

#include "server/app.h"
#include "server/orders/order_question.h"

struct order_page {
    int64_t told; /* the log's end as it was told before the look */
    size_t count;
    bool more;        /* behind `last`; with since: behind `sequence` */
    struct uuid last; /* the oldest order on it; without since */
    int64_t sequence; /* everything up to here is on it; the next `since` */
    struct uuid ids[LIMIT_PAGE_ITEMS + 1];
};

/* Which orders are on it. Blocks. */
enum err order_page_read(struct app *app, const struct order_question *q, struct order_page *ret,
                         struct error *e);

/* Writes orders in the form asked for. */
struct order_writer {
    struct app *app;
    enum rows_format format;
    struct strbuf *out;
    struct rows rows;   /* CSV's */
    struct arena arena; /* for texts of one order */
    bool first;
};
/* Writes what comes before them into out->body. */
void order_writer_begin(struct order_writer *w, struct app *app, enum rows_format format,
                        struct http_response *out);
void order_writer_release(struct order_writer *w);
/* Goes on in another buffer; not JSON. */
void order_writer_go_on(struct order_writer *w, struct strbuf *out);
/* An order that cannot be read is an error. Blocks. */
enum err order_writer_add(struct order_writer *w, const struct order_page *page, struct error *e);
/* What comes behind them; next_cursor NULL = there is no next page. */
void order_writer_end(struct order_writer *w, const char *next_cursor, int64_t sequence);

#endif
