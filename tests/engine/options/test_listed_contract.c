#include "engine/options/listed_contract.h"

#include "base/random.h"
#include "engine/options/black_scholes.h"
#include "tests/engine/make_bars.h"

#include <math.h>

static struct option_moment moment(const char *date, double spot)
{
    struct session session;
    assert_true(calendar_session(calendar_named("XNYS"), day_of(date), &session));
    return (struct option_moment){.calendar = calendar_named("XNYS"),
                                  .at_ns = session.open_ns + NS_PER_MINUTE,
                                  .day = session.day,
                                  .session_open_ns = session.open_ns,
                                  .spot = spot,
                                  .volatility = 0.3};
}

static struct contract_rule rule(int32_t dte_min, int32_t dte_max, const char *strike)
{
    struct contract_rule r = {
        .given = true, .dte_min = dte_min, .dte_max = dte_max, .has_model = true};
    assert_int_equal(contract_strike_parse(strike, strlen(strike), &r, NULL), ERR_OK);
    return r;
}

static void expiries_are_fridays_or_the_session_before(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        int32_t dte_min, dte_max;
        const char *expiry; /* NULL: none */
    } rows[] = {
        {"2024-07-02", 5, 9, NULL}, /* Tuesday: Fridays are 3 and 10 days away */
        {"2024-07-02", 0, 9, "2024-07-05"},
        {"2024-07-02", 5, 15, "2024-07-12"},
        {"2024-07-05", 0, 0, "2024-07-05"},  /* on a Friday, before its close */
        {"2024-07-05", 0, 14, "2024-07-12"}, /* 0, 7, 14: the middle one */
        {"2024-07-05", 1, 6, NULL},
        {"2024-03-26", 0, 5, "2024-03-28"}, /* Good Friday the 29th */
        {"2024-07-02", 300, 310, "2025-05-02"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct option_moment m = moment(rows[i].day, 100);
        struct contract_rule r = rule(rows[i].dte_min, rows[i].dte_max, "atm");
        struct trade_contract c = {0};
        assert_int_equal(listed_contract(&r, &m, &c), rows[i].expiry != NULL);
        if (rows[i].expiry)
            assert_int_equal(c.expiry_days, day_of(rows[i].expiry));
    }
}

static void after_the_close_of_its_day_a_contract_is_gone(void **state)
{
    (void)state;
    struct option_moment m = moment("2024-07-05", 100);
    struct contract_rule r = rule(0, 6, "atm");
    struct trade_contract c;
    assert_true(listed_contract(&r, &m, &c));
    m.at_ns = option_expiry_ns(m.calendar, m.day);
    assert_false(listed_contract(&r, &m, &c));
}

static void strikes_lie_on_the_grid_of_the_price(void **state)
{
    (void)state;
    static const struct {
        double spot;
        const char *strike;
        enum option_right right;
        int32_t milli; /* 0: none */
    } rows[] = {
        {12.3, "atm", OPTION_CALL, 12500},
        {12.25, "atm", OPTION_CALL, 12000}, /* equally near */
        {64.4, "otm2", OPTION_CALL, 66000},
        {64.4, "otm2", OPTION_PUT, 62000},
        {64.4, "itm1", OPTION_CALL, 63000},
        {187, "atm", OPTION_CALL, 187500},
        {748.54, "atm", OPTION_CALL, 750000},
        {4321, "otm1", OPTION_PUT, 4310000},
        {17000, "atm", OPTION_CALL, 17000000},
        {25040, "otm1", OPTION_CALL, 25100000},
        {1.2, "otm2", OPTION_PUT, 0},
        {0.2, "atm", OPTION_CALL, 0},
        {120000, "atm", OPTION_CALL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct option_moment m = moment("2024-07-02", rows[i].spot);
        struct contract_rule r = rule(0, 9, rows[i].strike);
        struct trade_contract c = {0};
        r.right = rows[i].right;
        bool found = listed_contract(&r, &m, &c);
        if (found != (rows[i].milli > 0) || c.strike_milli != rows[i].milli)
            fail_msg("%g %s: %d", rows[i].spot, rows[i].strike, (int)c.strike_milli);
        if (found)
            assert_true(c.prices == CONTRACT_MODEL && c.volatility == 0.3);
    }
}

static void the_strike_of_a_delta_is_the_nearest_of_all(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 30);
    for (int i = 0; i < 500; i++) {
        struct option_moment m = moment("2024-07-02", 20 + 500 * random_unit(&random));
        struct contract_rule r = rule(0, 60, "delta:0.5");
        r.right = i % 2 ? OPTION_PUT : OPTION_CALL;
        r.delta = 0.02 + 0.96 * random_unit(&random);
        m.volatility = 0.1 + random_unit(&random);
        struct trade_contract c;
        assert_true(listed_contract(&r, &m, &c));
        int32_t step = listed_strike_step(m.spot);
        double years = option_years(m.at_ns, option_expiry_ns(m.calendar, c.expiry_days));
        double chosen = NAN, nearest = INFINITY;
        for (int64_t k = 1; k * step < m.spot * 8000; k++) {
            struct option_terms terms = {r.right, (double)(k * step) / 1000, m.volatility, r.rate};
            double miss = fabs(fabs(black_scholes_delta(&terms, m.spot, years)) - r.delta);
            nearest = fmin(nearest, miss);
            if (k * step == c.strike_milli)
                chosen = miss;
        }
        assert_true(chosen <= nearest + 1e-12);
    }
}

static void without_a_volatility_there_is_none(void **state)
{
    (void)state;
    struct option_moment m = moment("2024-07-02", 100);
    struct contract_rule r = rule(0, 9, "atm");
    struct trade_contract c;
    m.volatility = NAN;
    assert_false(listed_contract(&r, &m, &c));
    m.volatility = 0;
    assert_false(listed_contract(&r, &m, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiries_are_fridays_or_the_session_before),
        cmocka_unit_test(after_the_close_of_its_day_a_contract_is_gone),
        cmocka_unit_test(strikes_lie_on_the_grid_of_the_price),
        cmocka_unit_test(the_strike_of_a_delta_is_the_nearest_of_all),
        cmocka_unit_test(without_a_volatility_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
