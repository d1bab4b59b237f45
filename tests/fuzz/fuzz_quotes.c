/* Bodies of POST /v1/quotes: the first byte says the form (`l` lines, anything else JSON), the rest
 * is the body.
 *
 * It is refused with a message, and with a place in it for each bad quote; or every quote is one
 * that the market may have: a symbol that reads as itself, numbers in range, a time not ahead.
 */
#include "tests/fuzz/fuzz.h"

#include "base/clock.h"
#include "server/market/market_symbol.h"
#include "server/market/quote_json.h"

enum { NOW_S = 1795000000, ARENA_BYTES = 4 << 20 };

static bool is_size(int64_t size)
{
    return size >= 0 && size <= LIMIT_ORDER_QUANTITY;
}

static bool is_price(int64_t price)
{
    return price >= 0 && price <= LIMIT_ORDER_PRICE;
}

static void check_quote(const struct market_quote *q)
{
    char symbol[LIMIT_SYMBOL_BYTES];
    FUZZ_REQUIRE(market_symbol_parse(q->symbol, symbol, NULL) == ERR_OK, "'%s'", q->symbol);
    FUZZ_REQUIRE(strcmp(symbol, q->symbol) == 0, "'%s', '%s'", symbol, q->symbol);
    FUZZ_REQUIRE(is_price(q->bid) && is_price(q->ask) && is_price(q->last), "'%s'", q->symbol);
    FUZZ_REQUIRE(is_size(q->bid_size) && is_size(q->ask_size), "'%s'", q->symbol);
    FUZZ_REQUIRE(q->at_ns >= 0 &&
                     q->at_ns <= NOW_S * NS_PER_SECOND + LIMIT_QUOTE_AHEAD_MS * NS_PER_MS,
                 "'%s'", q->symbol);
}

static void check_refusal(const struct quote_batch *b, enum err err, const struct error *e)
{
    FUZZ_REQUIRE((err == ERR_INVALID || err == ERR_TOO_LARGE) && e->code == err && e->message[0],
                 "code %d", (int)err);
    FUZZ_REQUIRE(b->problem_count <= b->bad && b->problem_count <= LIMIT_QUOTE_ERRORS, "%zu of %zu",
                 b->problem_count, b->bad);
    for (size_t i = 0; i < b->problem_count; i++)
        FUZZ_REQUIRE(b->problems[i].pointer && b->problems[i].detail[0], "problem %zu", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct quote_batch batch;
    struct arena arena;
    struct error e;
    char *text = fuzz_copy(data + 1, size - 1, 1);
    arena_init(&arena, ARENA_BYTES);
    error_clear(&e);
    enum err err = quote_batch_decode(text, size - 1, data[0] == 'l' ? QUOTE_NDJSON : QUOTE_JSON,
                                      NOW_S * NS_PER_SECOND, &arena, &batch, &e);
    if (err) {
        check_refusal(&batch, err, &e);
    } else {
        FUZZ_REQUIRE(batch.count > 0 && batch.count <= batch.capacity && batch.bad == 0, "%zu",
                     batch.count);
        for (size_t i = 0; i < batch.count; i++)
            check_quote(&batch.items[i]);
    }
    arena_release(&arena);
    free(text);
    return 0;
}
