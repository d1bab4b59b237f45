#include "engine/lean/lean_name.h"

#include "base/civil.h"
#include "tests/support/test.h"

#include <string.h>

static enum err parse(const char *name, struct lean_name *ret, struct error *e)
{
    return lean_name_parse(name, strlen(name), ret, e);
}

static void names_say_what_is_in_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum lean_kind kind;
        const char *symbol;
        bool is_option;
    } rows[] = {
        {"20151224_goog_minute_trade.csv", LEAN_MINUTE_TRADES, "GOOG", false},
        {"20151224_brk.b_minute_quote.csv", LEAN_MINUTE_QUOTES, "BRK.B", false},
        {"20151224_goog_minute_quote_american_call_7500000_20160115.csv", LEAN_MINUTE_QUOTES,
         "GOOG160115C00750000", true},
        {"20151224_goog_minute_trade_american_put_1875000_20160115.csv", LEAN_MINUTE_TRADES,
         "GOOG160115P00187500", true},
        {"20240105_spx_minute_trade_european_put_10_20240119.csv", LEAN_MINUTE_TRADES,
         "SPX240119P00000001", true},
        {"20240105_brk.b_minute_trade_american_call_3625000_20240119.csv", LEAN_MINUTE_TRADES,
         "BRKB240119C00362500", true},
        {"spy.csv", LEAN_DAYS_OR_HOURS, "SPY", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lean_name n;
        struct error e = {0};
        if (parse(rows[i].name, &n, &e))
            fail_msg("%s", e.message);
        assert_int_equal(n.kind, rows[i].kind);
        assert_string_equal(n.symbol, rows[i].symbol);
        assert_int_equal(n.is_option, rows[i].is_option);
    }
    struct lean_name n;
    assert_int_equal(parse("20151224_goog_minute_trade.csv", &n, NULL), ERR_OK);
    assert_int_equal(n.day, civil_to_days((struct civil_date){2015, 12, 24}));
}

static void other_names_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reason;
    } rows[] = {
        {"", ".csv"},
        {".csv", ".csv"},
        {"spy.txt", ".csv"},
        {"../spy.csv", "ticker"},
        {"a/b.csv", "ticker"},
        {".spy.csv", "ticker"},
        {"abcdefghijklmnopqrstu.csv", "ticker"},
        {"20151224_goog.csv", "neither 4 parts"},
        {"20151224_goog_minute_trade_american_call_7500000.csv", "neither 4 parts"},
        {"a_b_c_d_e_f_g_h_i.csv", "too many parts"},
        {"20151324_goog_minute_trade.csv", "date"},
        {"2015124_goog_minute_trade.csv", "date"},
        {"20151224__minute_trade.csv", "ticker"},
        {"20151224_goog_hour_trade.csv", "only minutes"},
        {"20151224_goog_minute_openinterest.csv", "only trades and quotes"},
        {"20151224_goog_minute_quote_asian_call_7500000_20160115.csv", "american or european"},
        {"20151224_goog_minute_quote_american_cull_7500000_20160115.csv", "call or a put"},
        {"20151224_goog_minute_quote_american_call_7500001_20160115.csv", "strike"},
        {"20151224_goog_minute_quote_american_call_0_20160115.csv", "strike"},
        {"20151224_goog_minute_quote_american_call_-10_20160115.csv", "strike"},
        {"20151224_goog_minute_quote_american_call_7500000_20160230.csv", "expiry"},
        {"20151224_goog_minute_quote_american_call_7500000_19990115.csv", "no OCC symbol"},
        {"20151224_goog_minute_quote_american_call_1000000000_20160115.csv", "no OCC symbol"},
        {"20151224_googlex_minute_quote_american_call_7500000_20160115.csv", "no OCC symbol"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lean_name n = {.day = 77};
        struct error e = {0};
        assert_int_equal(parse(rows[i].name, &n, &e), ERR_DATA);
        if (!strstr(e.message, rows[i].reason))
            fail_msg("%s: %s", rows[i].name, e.message);
        assert_int_equal(n.day, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_what_is_in_a_file),
        cmocka_unit_test(other_names_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
