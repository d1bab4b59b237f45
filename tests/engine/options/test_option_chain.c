#include "engine/options/option_chain.h"

#include "base/limits.h"
#include "tests/engine/trades/option_market.h"

#include <stdatomic.h>

struct fixture {
    const struct bars *symbol;
    struct option_market market;
    struct option_source source;
    _Atomic int64_t held_bytes;
    struct option_chain *chain;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.symbol = generated_bars("XNYS", "2024-06-27", "2024-06-28", 4, 0, 500);
    option_market_init(&f.market, f.symbol, 11, INT64_MAX);
    f.source = option_market_source(&f.market);
    assert_int_equal(option_chain_create(&f.source, 0, &f.held_bytes, &f.chain, NULL), ERR_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    option_chain_free(f->chain);
    option_market_release(&f->market);
    bars_unref(f->symbol);
    return 0;
}

static bool is_before(const struct option_listing *a, const struct option_listing *b)
{
    if (a->right != b->right)
        return a->right < b->right;
    if (a->expiry_days != b->expiry_days)
        return a->expiry_days < b->expiry_days;
    return a->strike_milli < b->strike_milli;
}

static void contracts_are_in_order_and_found(void **state)
{
    struct fixture *f = *state;
    size_t count = option_chain_count(f->chain);
    assert_int_equal(count, MARKET_CONTRACTS);
    for (size_t i = 0; i < count; i++) {
        const struct option_listing *l = option_chain_at(f->chain, i);
        assert_true(i == 0 || is_before(option_chain_at(f->chain, i - 1), l));
        assert_int_equal(
            option_chain_lower_bound(f->chain, l->right, l->expiry_days, l->strike_milli), i);
        assert_int_equal(
            option_chain_lower_bound(f->chain, l->right, l->expiry_days, l->strike_milli + 1),
            i + 1);
    }
    assert_int_equal(option_chain_lower_bound(f->chain, OPTION_CALL, INT32_MIN, 0), 0);
    assert_int_equal(option_chain_lower_bound(f->chain, OPTION_PUT, INT32_MAX, 0), count);
}

static void a_series_is_loaded_once_and_counted(void **state)
{
    struct fixture *f = *state;
    int64_t bytes = 0;
    int stored = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < option_chain_count(f->chain); i++)
            for (int s = 0; s < OPTION_SERIES_COUNT; s++) {
                const struct bars *bars, *again;
                enum option_series series = (enum option_series)s;
                bool there = option_chain_at(f->chain, i)->series[s].stored;
                assert_int_equal(option_chain_bars(f->chain, i, series, &bars, NULL), ERR_OK);
                assert_int_equal(bars != NULL, there);
                assert_int_equal(option_chain_bars(f->chain, i, series, &again, NULL), ERR_OK);
                assert_ptr_equal(bars, again);
                bytes += round == 0 && bars ? bars_size_bytes(bars) : 0;
                stored += round == 0 && bars;
            }
    assert_int_equal(f->market.loads, stored);
    assert_int_equal(f->held_bytes, bytes);
}

static void past_the_limit_loading_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct bars *bars;
    struct error e = {0};
    size_t i = 0;
    while (!option_chain_at(f->chain, i)->series[OPTION_ASK].stored)
        i++;
    atomic_store(&f->held_bytes, LIMIT_OPTION_BARS_BYTES);
    assert_int_equal(option_chain_bars(f->chain, i, OPTION_ASK, &bars, &e), ERR_TOO_LARGE);
    assert_non_null(strstr(e.message, "shorter range"));
}

static void hash_text(const struct option_chain *c, char out[SHA256_TEXT])
{
    struct sha256 h;
    unsigned char hash[SHA256_BYTES];
    sha256_init(&h);
    option_chain_hash(c, &h);
    sha256_finish(&h, hash);
    hex_format(hash, sizeof hash, out);
}

static void the_hash_is_of_what_was_looked_at(void **state)
{
    struct fixture *f = *state;
    char nothing[SHA256_TEXT], one[SHA256_TEXT], two[SHA256_TEXT];
    const struct bars *bars = NULL;
    size_t i = 0;
    hash_text(f->chain, nothing);
    for (; !bars; i++)
        assert_int_equal(option_chain_bars(f->chain, i, OPTION_BID, &bars, NULL), ERR_OK);
    hash_text(f->chain, one);
    for (bars = NULL; !bars; i++)
        assert_int_equal(option_chain_bars(f->chain, i, OPTION_BID, &bars, NULL), ERR_OK);
    hash_text(f->chain, two);
    assert_string_not_equal(nothing, one);
    assert_string_not_equal(one, two);
}

static void a_symbol_without_contracts_has_an_empty_chain(void **state)
{
    struct fixture *f = *state;
    struct option_market none = {.count = 0};
    const struct option_source source = option_market_source(&none);
    struct option_chain *chain = NULL;
    assert_int_equal(option_chain_create(&source, 0, &f->held_bytes, &chain, NULL), ERR_OK);
    assert_int_equal(option_chain_count(chain), 0);
    assert_int_equal(option_chain_lower_bound(chain, OPTION_CALL, 0, 0), 0);
    option_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(contracts_are_in_order_and_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_series_is_loaded_once_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(past_the_limit_loading_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_hash_is_of_what_was_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_symbol_without_contracts_has_an_empty_chain, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
