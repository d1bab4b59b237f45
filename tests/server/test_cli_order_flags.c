#include "server/cli/order_flags.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct setting {
    struct order_flags flags;
    struct option_arguments words;
    struct order_request request;
    struct arena arena;
    struct strbuf body;
    struct error e;
};

static int set_up(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    arena_init(&s->arena, 1 << 20);
    strbuf_init(&s->body, 1 << 16);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *s = *state;
    arena_release(&s->arena);
    strbuf_release(&s->body);
    free(s);
    return 0;
}

static void word(struct setting *s, const char *text)
{
    s->words.items[s->words.count++] = text;
}

static enum err fill(struct setting *s)
{
    struct json_writer w;
    enum err err = order_flags_fill(&s->flags, &s->words, &s->arena, &s->request, &s->e);
    strbuf_clear(&s->body);
    json_writer_init(&w, &s->body);
    json_begin_object(&w);
    if (!err)
        order_request_encode(&s->request, &w);
    json_end_object(&w);
    return err;
}

static void assert_asks(struct setting *s, const char *part)
{
    assert_int_equal(fill(s), ERR_OK);
    if (!strstr(strbuf_text(&s->body), part))
        fail_msg("%s\nis not in\n%s", part, strbuf_text(&s->body));
}

static void assert_refused(struct setting *s, const char *part)
{
    assert_int_equal(fill(s), ERR_INVALID);
    if (!strstr(s->e.message, part))
        fail_msg("'%s' is not in '%s'", part, s->e.message);
}

static void a_contract_in_words(void **state)
{
    struct setting *s = *state;
    word(s, "AAPL");
    word(s, "2026-12-18");
    word(s, "200");
    word(s, "call");
    s->flags.buy = "2";
    s->flags.limit = "5.10";
    s->flags.take_profit = "7.00";
    s->flags.stop_loss = "4";
    assert_asks(s, "\"symbol\":\"AAPL\",\"expiry\":\"2026-12-18\",\"strike\":\"200\",\"right\":"
                   "\"call\",\"side\":\"buy\",\"quantity\":\"2\"");
    assert_asks(s, "\"entry\":{\"type\":\"limit\",\"limit_price\":\"5.1\"}");
    assert_asks(s, "\"take_profit\":{\"limit_price\":\"7\"}");
    assert_asks(s, "\"stop_loss\":{\"stop_price\":\"4\"}");
    s->words.items[3] = "p";
    assert_asks(s, "\"right\":\"put\"");
    s->words.items[3] = "both";
    assert_refused(s, "call or put");
    s->words.items[3] = "put";
    s->words.items[1] = "2026-13-18";
    assert_refused(s, "2026-13-18");
}

static void one_word_is_a_share_or_an_occ_symbol(void **state)
{
    struct setting *s = *state;
    word(s, "SPY");
    s->flags.sell = "10";
    assert_asks(s, "{\"symbol\":\"SPY\",\"side\":\"sell\",\"quantity\":\"10\"");
    s->words.items[0] = "AAPL261218C00200000";
    assert_asks(s, "{\"occ_symbol\":\"AAPL261218C00200000\",\"side\":\"sell\"");
    word(s, "2026-12-18");
    assert_refused(s, "which contract?");
}

static void exits_are_prices_percents_distances_or_trails(void **state)
{
    struct setting *s = *state;
    word(s, "SPY");
    s->flags.buy = "1";
    s->flags.take_profit = "40%";
    s->flags.stop_loss = "trail:10%";
    assert_asks(s, "\"take_profit\":{\"percent\":\"40\"}");
    assert_asks(s, "\"stop_loss\":{\"trail_percent\":\"10\"}");
    s->flags.take_profit = "+2.5";
    s->flags.stop_loss = "trail:0.5";
    assert_asks(s, "\"take_profit\":{\"offset\":\"2.5\"}");
    assert_asks(s, "\"stop_loss\":{\"trail_price\":\"0.5\"}");
    s->flags.stop_loss = "+1";
    s->flags.stop_limit = "3.9";
    assert_asks(s, "\"stop_loss\":{\"limit_price\":\"3.9\",\"offset\":\"1\"}");
    s->flags.stop_loss = "-1";
    assert_refused(s, "--stop-loss");
    s->flags.stop_loss = NULL;
    assert_refused(s, "--stop-limit goes with --stop-loss");
    s->flags.stop_limit = NULL;
    s->flags.take_profit = "%";
    assert_refused(s, "--take-profit");
}

static void the_entry_follows_from_its_prices(void **state)
{
    struct setting *s = *state;
    word(s, "SPY");
    s->flags.buy = "1";
    s->flags.stop = "510";
    assert_asks(s, "\"entry\":{\"type\":\"stop\",\"stop_price\":\"510\"}");
    s->flags.limit = "511";
    assert_asks(s, "\"type\":\"stop_limit\",\"limit_price\":\"511\",\"stop_price\":\"510\"");
    s->flags.held = true;
    assert_refused(s, "--held");
    s->flags.limit = s->flags.stop = NULL;
    assert_asks(s, "\"entry\":{\"type\":\"held\"}");
}

static void flags_override_the_order_given_whole(void **state)
{
    struct setting *s = *state;
    s->flags.order = "{\"symbol\":\"SPY\",\"side\":\"sell\",\"quantity\":3,"
                     "\"time_in_force\":\"gtc\",\"stop_loss\":{\"percent\":2}}";
    assert_asks(s, "{\"symbol\":\"SPY\",\"side\":\"sell\",\"quantity\":\"3\"");
    assert_asks(s, "\"time_in_force\":\"gtc\"");
    s->flags.buy = "4";
    s->flags.time_in_force = "day";
    s->flags.stop_loss = "5%";
    s->flags.client_order_id = "mine";
    word(s, "QQQ");
    assert_asks(s, "\"client_order_id\":\"mine\",\"symbol\":\"QQQ\",\"side\":\"buy\","
                   "\"quantity\":\"4\"");
    assert_asks(s, "\"stop_loss\":{\"percent\":\"5\"}");
    s->flags.order = "{\"symbol\":\"SPY\",\"sied\":\"sell\",\"quantity\":3}";
    assert_refused(s, "/sied");
}

static void what_is_missing_or_wrong_is_named(void **state)
{
    struct setting *s = *state;
    word(s, "SPY");
    assert_refused(s, "--buy");
    s->flags.buy = "1";
    s->flags.sell = "1";
    assert_refused(s, "exclude");
    s->flags.sell = NULL;
    s->flags.buy = "0";
    assert_refused(s, "above 0");
    s->flags.buy = "1";
    s->flags.time_in_force = "week";
    assert_refused(s, "--tif");
    s->flags.time_in_force = NULL;
    s->flags.flat_at = "25:00";
    assert_refused(s, "--flat-at");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_contract_in_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_word_is_a_share_or_an_occ_symbol, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exits_are_prices_percents_distances_or_trails, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_entry_follows_from_its_prices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_override_the_order_given_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_or_wrong_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
