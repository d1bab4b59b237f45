/* Recursive indicators over a series that is cut and evaluated in parallel: the bits of one pass,
 * for periods up to 500 and pieces of many sizes. And a fresh start has forgotten where it began
 * after the warm-up that the kernel asks for, so that this is cheap as well as right.
 */
#include "engine/indicators/indicators.h"
#include "engine/study/scan.h"
#include "tests/engine/rule_fixture.h"

#include <math.h>

enum { BARS = 60000, WORKERS = 2 };

static const int periods[] = {1, 2, 14, 100, 500};
enum { PERIODS = sizeof(periods) / sizeof(periods[0]) };

/* "ema(14)", "macd(14, 29, 9)": the first period is n, a second one longer. */
static void write_call(const struct indicator *i, int n, char *out, size_t size)
{
    struct strbuf text;
    strbuf_init(&text, size);
    strbuf_add_format(&text, "%s(%s", i->name,
                      i->input[0] == INDICATOR_INPUT_RULE ? "close crosses sma(20)" : "");
    for (int32_t j = 0; j < i->parameter_count; j++) {
        const struct indicator_parameter *p = &i->parameter[j];
        double value = p->fallback;
        if (p->whole && j < 2)
            value = j == 0 ? n : 2 * n + 1;
        strbuf_add_format(&text, "%s%g", j == 0 ? "" : ", ", value < p->min ? p->min : value);
    }
    snprintf(out, size, "%s)", strbuf_text(&text));
    strbuf_release(&text);
}

static bool is_recursive(const struct indicator *i)
{
    return i->kernel->memory == INDICATOR_RECURSIVE;
}

typedef void check_function(const struct indicator *i, int n, const char *call,
                            const struct bars *bars, void *context);

static void for_each_call(check_function *check, void *context)
{
    const struct bars *bars = fixture_demo(9, BARS, 2);
    for (size_t k = 0; k < indicator_count(); k++) {
        const struct indicator *i = indicator_at(k);
        for (int p = 0; p < PERIODS && is_recursive(i); p++) {
            char call[128];
            if (p > 0 && (i->parameter_count == 0 || !i->parameter[0].whole))
                break;
            write_call(i, periods[p], call, sizeof(call));
            check(i, periods[p], call, bars, context);
        }
    }
    bars_unref(bars);
}

/* ---- pieces ------------------------------------------------------------------------------ */

/* What hangs on the last bit of a value as often as may be: is it above its own past? */
static struct rule *compile_sensitive(const char *call)
{
    char text[512];
    snprintf(text, sizeof(text), "%s > %s[1] or %s crosses %s[7]", call, call, call, call);
    return fixture_rule(text, NULL);
}

static void check_pieces(const struct indicator *i, int n, const char *call,
                         const struct bars *bars, void *context)
{
    static const int64_t sizes[] = {0, 64 * 7, 1024, 64 * 77, 16384};
    static uint64_t expected[BARS / 64 + 1], mask[BARS / 64 + 1];
    struct rule *rule = compile_sensitive(call);
    struct rule_run *run = fixture_run(rule, bars);
    rule_run_eval(run, BARS, expected);
    for (size_t k = n > 100 ? 2 : 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        memset(mask, 0xa5, sizeof(mask));
        assert_int_equal(scan_bits(rule, bars, context, sizes[k], NULL, mask, NULL, NULL), ERR_OK);
        if (memcmp(mask, expected, (BARS + 63) / 64 * sizeof(*mask)) != 0)
            fail_msg("%s of %s in pieces of %d differs", i->name, call, (int)sizes[k]);
    }
    rule_run_free(run);
    rule_free(rule);
}

static void recursive_indicators_have_the_bits_of_one_pass_in_any_pieces(void **state)
{
    (void)state;
    struct worker_pool *pool = NULL;
    assert_int_equal(worker_pool_create(WORKERS, false, &pool, NULL), ERR_OK);
    for_each_call(check_pieces, pool);
    worker_pool_free(pool);
}

/* ---- warm-up ----------------------------------------------------------------------------- */

/* How many starts of sessions have the state of the whole run after a warm-up before them. */
static void check_warmup(const struct indicator *i, int n, const char *call,
                         const struct bars *bars, void *context)
{
    (void)n;
    (void)context;
    if (strcmp(i->name, "obv") == 0)
        return; /* it counts from bar 0: a study goes through its bars in order */
    struct rule *rule = fixture_rule(call, NULL);
    struct rule_run *whole = fixture_run(rule, bars), *fresh = fixture_run(rule, bars);
    size_t size = rule_state_bytes(whole);
    unsigned char *expected = malloc(size), *actual = malloc(size);
    assert_true(expected != NULL && actual != NULL && size > 0);
    int equal = 0, tried = 0;
    for (int64_t s = 1; s < bars->session_count; s += 3) {
        int64_t at = bars->sessions[s].first, from = at - rule_warmup_bars(rule);
        rule_run_eval(whole, at, NULL);
        if (from <= 0)
            continue;
        rule_run_save(whole, expected);
        rule_run_start(fresh, bars->sessions[bars_session_of(bars, from)].first);
        rule_run_eval(fresh, at, NULL);
        rule_run_save(fresh, actual);
        tried++;
        equal += memcmp(expected, actual, size) == 0;
    }
    assert_true(tried > 10);
    if (equal * 100 < tried * 95)
        fail_msg("%s: %d of %d runs forgot where they began", call, equal, tried);
    free(expected);
    free(actual);
    rule_run_free(whole);
    rule_run_free(fresh);
    rule_free(rule);
}

static void a_fresh_start_is_forgotten_after_the_warm_up(void **state)
{
    (void)state;
    for_each_call(check_warmup, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursive_indicators_have_the_bits_of_one_pass_in_any_pieces),
        cmocka_unit_test(a_fresh_start_is_forgotten_after_the_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
