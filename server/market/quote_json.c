/* The whole text is scanned once, then each item is decoded by the table: what is wrong with an
 * item stays its own, so that every bad one can be told. */
#include "server/market/quote_json.h"

#include "base/json_fields.h"
#include "base/json_scan.h"
#include "base/json_slice.h"
#include "base/json_text.h"
#include "server/market/market_symbol.h"

#include <stdio.h>
#include <string.h>

struct posted_quote {
    const char *symbol;
    int64_t bid, ask, bid_size, ask_size, last, ts_ns;
    bool halted, has_bid, has_ask, has_last, has_halted;
};

/* clang-format off */
#define QUOTE(member, name, kind, ...) JSON_FIELD(struct posted_quote, member, name, kind, __VA_ARGS__)
#define HAS(member) JSON_PRESENT(struct posted_quote, member)
#define PRICE .min = 0, .max = LIMIT_ORDER_PRICE
#define SIZE .min = 1, .max = LIMIT_ORDER_QUANTITY

static const struct json_field fields[] = {
    QUOTE(symbol, "symbol", JSON_TEXT, .required = true, .min = 1, .max = LIMIT_SYMBOL_BYTES - 1),
    QUOTE(bid, "bid", JSON_DECIMAL, PRICE, HAS(has_bid)),
    QUOTE(ask, "ask", JSON_DECIMAL, PRICE, HAS(has_ask)),
    QUOTE(bid_size, "bid_size", JSON_DECIMAL, SIZE),
    QUOTE(ask_size, "ask_size", JSON_DECIMAL, SIZE),
    QUOTE(last, "last", JSON_DECIMAL, PRICE, HAS(has_last)),
    QUOTE(ts_ns, "ts", JSON_TIME, .min = 1, .max = INT64_MAX),
    QUOTE(halted, "halted", JSON_BOOL, HAS(has_halted)),
};
/* clang-format on */
enum {
    FIELD_COUNT = sizeof(fields) / sizeof(fields[0]),
    QUOTE_BYTES_MIN = 2, /* of an item with its comma, good or bad */
};

struct decoding {
    struct quote_batch *batch;
    struct arena *arena;
    int64_t now_ns;
    int64_t line; /* of NDJSON; 0 = the text is one value */
    bool alone;   /* the text is one quote, not an array */
};

static enum err out_of_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "out of memory for the quotes");
}

/* ---- one item -------------------------------------------------------------------------------- */

static enum err settle(const struct posted_quote *p, int64_t now_ns, struct market_quote *ret,
                       struct error *e)
{
    struct error inner;
    memset(ret, 0, sizeof(*ret));
    if (market_symbol_parse(p->symbol, ret->symbol, &inner))
        return error_field(e, ERR_INVALID, "/symbol", "%s", inner.message);
    if (!p->has_bid && !p->has_ask && !p->has_last && !p->has_halted)
        return error_field(e, ERR_INVALID, "", "one of bid, ask, last and halted is needed");
    if (p->ts_ns > now_ns + LIMIT_QUOTE_AHEAD_MS * NS_PER_MS)
        return error_field(e, ERR_INVALID, "/ts",
                           "'ts' is more than %d s ahead of this server's clock",
                           LIMIT_QUOTE_AHEAD_MS / 1000);
    ret->bid = p->bid;
    ret->ask = p->ask;
    ret->bid_size = p->bid_size;
    ret->ask_size = p->ask_size;
    ret->last = p->last;
    ret->at_ns = p->ts_ns;
    ret->halted = p->halted;
    return ERR_OK;
}

static enum err add_problem(struct decoding *d, size_t index, const struct error *why)
{
    struct quote_batch *b = d->batch;
    if (b->bad++ < LIMIT_QUOTE_ERRORS) {
        struct http_problem_detail *problem = &b->problems[b->problem_count];
        problem->pointer = d->alone ? arena_strdup(d->arena, why->pointer)
                                    : arena_printf(d->arena, "/%zu%s", index, why->pointer);
        problem->line = d->line;
        problem->column = d->line ? why->column : 0;
        problem->detail = arena_strdup(d->arena, why->message);
        if (!problem->pointer || !problem->detail)
            return ERR_NO_MEMORY;
        b->problem_count++;
    }
    return ERR_OK;
}

static enum err decode_item(struct decoding *d, size_t index, const char *text, size_t length,
                            struct error *e)
{
    struct posted_quote posted = {0};
    struct error why;
    if (index == LIMIT_QUOTES_BATCH)
        return error_set(e, ERR_TOO_LARGE, "more than %d quotes in one request",
                         LIMIT_QUOTES_BATCH);
    error_clear(&why);
    enum err err = json_decode(text, length, fields, FIELD_COUNT, &posted, d->arena, &why);
    if (!err)
        err = settle(&posted, d->now_ns, &d->batch->items[index], &why);
    if (err == ERR_INVALID)
        err = add_problem(d, index, &why);
    if (err)
        return out_of_memory(e);
    d->batch->count = index + 1;
    return ERR_OK;
}

/* ---- the text -------------------------------------------------------------------------------- */

static enum err decode_json(struct decoding *d, const char *text, size_t length, struct error *e)
{
    enum err err = json_scan(text, length, e);
    if (err)
        return err;
    struct json_slice whole = json_slice_of(text), item;
    d->alone = json_slice_is_object(whole);
    if (d->alone)
        return decode_item(d, 0, whole.text, whole.length, e);
    if (whole.text[0] != '[')
        return error_field(e, ERR_INVALID, "", "an array of quotes is needed, or one quote");
    struct json_slice_walk walk = json_slice_walk(whole);
    for (size_t i = 0; !err && json_slice_next(&walk, NULL, &item); i++)
        err = decode_item(d, i, item.text, item.length, e);
    return err;
}

static bool is_blank(const char *text, size_t length)
{
    while (length > 0 &&
           (text[length - 1] == ' ' || text[length - 1] == '\r' || text[length - 1] == '\t'))
        length--;
    return length == 0;
}

static enum err decode_lines(struct decoding *d, const char *text, size_t length, struct error *e)
{
    const char *end = text + length;
    enum err err = ERR_OK;
    size_t index = 0;
    while (!err && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        d->line++;
        if (!is_blank(text, (size_t)(line_end - text)))
            err = decode_item(d, index++, text, (size_t)(line_end - text), e);
        text = line_end + 1;
    }
    return err;
}

/* The first bad item's place and text, beside how many there are. */
static enum err refuse(const struct quote_batch *b, struct error *e)
{
    const struct http_problem_detail *first = &b->problems[0];
    if (b->bad == 1)
        return error_field(e, ERR_INVALID, first->pointer, "%s", first->detail);
    return error_field(e, ERR_INVALID, first->pointer,
                       "%zu of %zu quotes are not valid, so none was taken: %s", b->bad, b->count,
                       first->detail);
}

enum err quote_batch_decode(const char *text, size_t length, enum quote_format format,
                            int64_t now_ns, struct arena *arena, struct quote_batch *ret,
                            struct error *e)
{
    struct decoding d = {.batch = ret, .arena = arena, .now_ns = now_ns};
    memset(ret, 0, sizeof(*ret));
    ret->capacity = length / QUOTE_BYTES_MIN + 1;
    if (ret->capacity > LIMIT_QUOTES_BATCH)
        ret->capacity = LIMIT_QUOTES_BATCH;
    ret->items = arena_alloc_array(arena, ret->capacity, sizeof(*ret->items));
    if (!ret->items)
        return out_of_memory(e);
    enum err err = format == QUOTE_NDJSON ? decode_lines(&d, text, length, e)
                                          : decode_json(&d, text, length, e);
    if (err)
        return err;
    if (ret->count == 0)
        return error_field(e, ERR_INVALID, "", "there is no quote in it");
    return ret->bad ? refuse(ret, e) : ERR_OK;
}

/* ---- out ------------------------------------------------------------------------------------- */

void quote_json_write(struct json_writer *w, const struct market_last *last)
{
    const struct market_quote *q = &last->quote;
    json_begin_object(w);
    json_member_string(w, "symbol", q->symbol);
    json_member_decimal_or_null(w, "bid", q->bid);
    json_member_decimal_or_null(w, "ask", q->ask);
    json_member_decimal_or_null(w, "bid_size", q->bid_size);
    json_member_decimal_or_null(w, "ask_size", q->ask_size);
    json_member_decimal_or_null(w, "last", q->last);
    json_member_time(w, "ts", q->at_ns);
    json_member_bool(w, "halted", q->halted);
    json_member_int(w, "age_ms", last->age_ns / NS_PER_MS);
    json_end_object(w);
}
