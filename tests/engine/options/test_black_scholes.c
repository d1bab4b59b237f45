#include "engine/options/black_scholes.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

/* Exactly, or to a tolerance. */
static void near(double actual, double expected, double tolerance)
{
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static double price(enum option_right right, double spot, double strike, double years, double rate,
                    double volatility)
{
    struct option_terms o = {right, strike, volatility, rate};
    return black_scholes_price(&o, spot, years);
}

static double delta(enum option_right right, double spot, double strike, double years, double rate,
                    double volatility)
{
    struct option_terms o = {right, strike, volatility, rate};
    return black_scholes_delta(&o, spot, years);
}

static void published_values_are_met(void **state)
{
    (void)state;
    /* Hull, Options, Futures, and Other Derivatives, the example of the Black-Scholes chapter. */
    near(price(OPTION_CALL, 42, 40, 0.5, 0.1, 0.2), 4.76, 0.005);
    near(price(OPTION_PUT, 42, 40, 0.5, 0.1, 0.2), 0.81, 0.005);
    /* The same, the stock that the chapter on Greek letters hedges: 300,000 for 100,000 options'
     * price of 240,000, delta 0.522. */
    near(price(OPTION_CALL, 49, 50, 20.0 / 52, 0.05, 0.2), 2.40, 0.005);
    near(delta(OPTION_CALL, 49, 50, 20.0 / 52, 0.05, 0.2), 0.522, 0.0005);
    /* Haug, The Complete Guide to Option Pricing Formulas, the generalised formula without carry.
     */
    near(price(OPTION_CALL, 60, 65, 0.25, 0.08, 0.30), 2.1334, 0.00005);
}

/* The expectation of the payoff over the lognormal spot, summed up plainly: no formula but the
 * density. */
static double price_by_integral(enum option_right right, double spot, double strike, double years,
                                double rate, double volatility)
{
    enum { STEPS = 20000 };
    double deviation = volatility * sqrt(years), sum = 0;
    double drift = (rate - volatility * volatility / 2) * years;
    for (int i = 0; i < STEPS; i++) {
        double z = -10 + 20.0 * (i + 0.5) / STEPS;
        double end = spot * exp(drift + deviation * z);
        double pays = right == OPTION_CALL ? end - strike : strike - end;
        sum += (pays > 0 ? pays : 0) * exp(-z * z / 2);
    }
    return sum * 20.0 / STEPS / sqrt(2 * M_PI) * exp(-rate * years);
}

static void the_expected_payoff_is_the_price(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 1973);
    for (int i = 0; i < 60; i++) {
        double spot = 20 + 100 * random_unit(&r), strike = spot * (0.7 + 0.6 * random_unit(&r));
        double years = 0.02 + random_unit(&r), volatility = 0.1 + 0.5 * random_unit(&r);
        double rate = -0.02 + 0.1 * random_unit(&r);
        enum option_right right = i % 2 ? OPTION_PUT : OPTION_CALL;
        near(price(right, spot, strike, years, rate, volatility),
             price_by_integral(right, spot, strike, years, rate, volatility), 1e-4);
    }
}

struct draw {
    double spot, strike, years, rate, volatility;
};

static struct draw draw(struct random *r)
{
    struct draw d = {.spot = exp(random_normal(r) * 2 + 4)};
    d.strike = d.spot * exp(random_normal(r) * 0.3);
    d.years = random_unit(r) * random_unit(r) * 3;
    d.rate = random_unit(r) * 0.15 - 0.03;
    d.volatility = 0.02 + random_unit(r) * 1.5;
    return d;
}

#define OF(d) (d).spot, (d).strike, (d).years, (d).rate, (d).volatility

static void call_less_put_is_the_forward(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        struct draw d = draw(&r);
        double forward = d.spot - d.strike * exp(-d.rate * d.years);
        double parity = price(OPTION_CALL, OF(d)) - price(OPTION_PUT, OF(d));
        near(parity, forward, 1e-12 * (d.spot + d.strike));
    }
}

static void prices_lie_within_their_bounds_and_grow_with_volatility(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 2);
    for (int i = 0; i < 20000; i++) {
        struct draw d = draw(&r), more = d;
        double discounted = d.strike * exp(-d.rate * d.years);
        double call = price(OPTION_CALL, OF(d)), put = price(OPTION_PUT, OF(d));
        assert_true(call >= fmax(d.spot - discounted, 0) && call <= d.spot);
        assert_true(put >= fmax(discounted - d.spot, 0) && put <= discounted * (1 + 1e-15));
        more.volatility *= 1 + random_unit(&r);
        assert_true(price(OPTION_CALL, OF(more)) >= call - 1e-12 * d.spot);
        assert_true(price(OPTION_PUT, OF(more)) >= put - 1e-12 * d.spot);
    }
}

static void a_call_rises_with_the_spot_and_a_put_falls(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 3);
    for (int i = 0; i < 20000; i++) {
        struct draw d = draw(&r), higher = d;
        higher.spot *= 1 + 0.2 * random_unit(&r);
        double slack = 1e-12 * d.spot;
        assert_true(price(OPTION_CALL, OF(higher)) >= price(OPTION_CALL, OF(d)) - slack);
        assert_true(price(OPTION_PUT, OF(higher)) <= price(OPTION_PUT, OF(d)) + slack);
    }
}

static void delta_is_the_slope_of_the_price(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 4);
    for (int i = 0; i < 5000; i++) {
        struct draw d = draw(&r);
        d.years += 0.01;
        struct draw up = d, down = d;
        double h = d.spot * 1e-5;
        up.spot += h;
        down.spot -= h;
        for (int right = OPTION_CALL; right <= OPTION_PUT; right++) {
            enum option_right o = (enum option_right)right;
            double slope = (price(o, OF(up)) - price(o, OF(down))) / (2 * h);
            near(delta(o, OF(d)), slope, 1e-6);
        }
    }
}

static void without_time_or_volatility_only_the_certain_value_is_left(void **state)
{
    (void)state;
    near(price(OPTION_CALL, 110, 100, 0, 0.05, 0.3), 10, 0);
    near(price(OPTION_CALL, 90, 100, 0, 0.05, 0.3), 0, 0);
    near(price(OPTION_PUT, 90, 100, 0, 0.05, 0.3), 10, 0);
    near(price(OPTION_PUT, 110, 100, 0, 0.05, 0.3), 0, 0);
    near(price(OPTION_CALL, 110, 100, 1, 0.05, 0), 110 - 100 * exp(-0.05), 1e-12);
    near(price(OPTION_PUT, 90, 100, 1, 0.05, 0), 100 * exp(-0.05) - 90, 1e-12);
    near(price(OPTION_CALL, 0, 100, 1, 0.05, 0.3), 0, 0);
    near(price(OPTION_PUT, 0, 100, 1, 0, 0.3), 100, 0);
    near(delta(OPTION_CALL, 110, 100, 0, 0, 0.3), 1, 0);
    near(delta(OPTION_CALL, 100, 100, 0, 0, 0.3), 0.5, 0);
    near(delta(OPTION_CALL, 90, 100, 0, 0, 0.3), 0, 0);
    near(delta(OPTION_PUT, 90, 100, 0, 0, 0.3), -1, 0);
    near(delta(OPTION_PUT, 100, 100, 0, 0, 0.3), -0.5, 0);
}

static void deep_in_and_out_of_the_money_nothing_is_lost(void **state)
{
    (void)state;
    near(price(OPTION_CALL, 1000, 1, 0.1, 0.02, 0.2), 1000 - exp(-0.002), 1e-10);
    near(price(OPTION_PUT, 1, 1000, 0.1, 0.02, 0.2), 1000 * exp(-0.002) - 1, 1e-9);
    double tail = price(OPTION_CALL, 100, 200, 0.1, 0, 0.2);
    assert_true(tail > 0 && tail < 1e-20);
    assert_true(isfinite(price(OPTION_CALL, 1e-300, 1e5, 1e-9, 0, 10)));
}

static void the_implied_volatility_gives_the_price_back(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 5);
    int found = 0;
    for (int i = 0; i < 20000; i++) {
        struct draw d = draw(&r);
        enum option_right right = i % 2 ? OPTION_PUT : OPTION_CALL;
        struct option_terms o = {right, d.strike, NAN, d.rate};
        double paid = price(right, OF(d)), volatility;
        if (!black_scholes_implied_volatility(&o, d.spot, d.years, paid, &volatility))
            continue;
        found++;
        o.volatility = volatility;
        near(black_scholes_price(&o, d.spot, d.years), paid, 1e-8 * d.spot);
    }
    assert_true(found > 15000);
    struct option_terms o = {OPTION_CALL, 100, 0, 0.03};
    double volatility;
    assert_true(black_scholes_implied_volatility(
        &o, 100, 0.25, price(OPTION_CALL, 100, 100, 0.25, 0.03, 0.2345), &volatility));
    near(volatility, 0.2345, 1e-9);
}

static void a_price_that_no_volatility_gives_has_none(void **state)
{
    (void)state;
    struct option_terms o = {OPTION_CALL, 100, 0, 0};
    double volatility = 77;
    assert_false(black_scholes_implied_volatility(&o, 110, 0.5, 10, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 110, 0.5, 9, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 110, 0.5, 110, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 110, 0.5, 0, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 110, 0.5, NAN, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 110, 0, 11, &volatility));
    assert_false(black_scholes_implied_volatility(&o, 0, 1, 11, &volatility));
    near(volatility, 77, 0);
}

static int64_t instant(const char *text)
{
    int64_t ns = 0;
    assert_int_equal(rfc3339_parse(text, strlen(text), &ns, NULL), ERR_OK);
    return ns;
}

static void contracts_expire_at_the_close_of_their_last_session(void **state)
{
    (void)state;
    const struct calendar *xnys;
    assert_int_equal(calendar_find("XNYS", &xnys, NULL), ERR_OK);
    static const struct {
        struct civil_date day;
        const char *expiry;
    } rows[] = {
        {{2024, 1, 19}, "2024-01-19T21:00:00Z"},  /* winter */
        {{2024, 7, 19}, "2024-07-19T20:00:00Z"},  /* summer */
        {{2015, 12, 24}, "2015-12-24T18:00:00Z"}, /* half day */
        {{2014, 1, 18}, "2014-01-17T21:00:00Z"},  /* a Saturday */
        {{2014, 4, 19}, "2014-04-17T20:00:00Z"},  /* a Saturday after Good Friday */
        {{2050, 1, 21}, "2050-01-21T21:00:00Z"},  /* beyond the calendar */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(option_expiry_ns(xnys, civil_to_days(rows[i].day)),
                         instant(rows[i].expiry));
}

static void time_is_exact_and_ends_at_the_expiry(void **state)
{
    (void)state;
    int64_t expiry = instant("2024-01-19T21:00:00Z");
    near(option_years(expiry - 365 * NS_PER_DAY, expiry), 1, 0);
    near(option_years(expiry - NS_PER_MINUTE, expiry), 1.0 / 525600, 1e-18);
    near(option_years(expiry, expiry), 0, 0);
    near(option_years(expiry + 1, expiry), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_are_met),
        cmocka_unit_test(the_expected_payoff_is_the_price),
        cmocka_unit_test(call_less_put_is_the_forward),
        cmocka_unit_test(prices_lie_within_their_bounds_and_grow_with_volatility),
        cmocka_unit_test(a_call_rises_with_the_spot_and_a_put_falls),
        cmocka_unit_test(delta_is_the_slope_of_the_price),
        cmocka_unit_test(without_time_or_volatility_only_the_certain_value_is_left),
        cmocka_unit_test(deep_in_and_out_of_the_money_nothing_is_lost),
        cmocka_unit_test(the_implied_volatility_gives_the_price_back),
        cmocka_unit_test(a_price_that_no_volatility_gives_has_none),
        cmocka_unit_test(contracts_expire_at_the_close_of_their_last_session),
        cmocka_unit_test(time_is_exact_and_ends_at_the_expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
